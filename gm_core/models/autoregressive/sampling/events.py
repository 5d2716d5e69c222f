"""What a sampler reports while it draws."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from gm_core.numerics import isolate


@dataclass(frozen=True)
class PixelEvent:
    """A run of pixels that have just been drawn (or given), for n pictures at once: a frame that holds pixels.

    An event stands for itself: applying it twice, or events in another order, changes nothing.

    Attributes:
        index: Position of the first pixel in raster order, ``row * width + column``.
        total: Pixels of a picture, H·W.
        values: The pixels' values, ``uint8`` (n, k, C).
        log_prob: Their log-probabilities in nats under the model at temperature 1, ``float32`` (n, k, C).
        logits: Log-probabilities of all levels at temperature 1, ``float32`` (n, k, C, levels). What a value was
            drawn from is ``softmax(logits / temperature)``.
        canvas: Where the pictures are being drawn, ``uint8`` (n, H, W, C): all events of a stream share it.
        temperature: Temperature of the draw.
    """

    index: int
    total: int
    values: Tensor
    log_prob: Tensor
    logits: Tensor
    canvas: Tensor
    temperature: float = 1.0

    @property
    def images(self) -> Tensor:
        """The pictures up to and with these pixels, ``uint8`` (n, C, H, W); 0 where nothing is drawn yet."""
        drawn = self.canvas.clone()
        drawn.flatten(1, 2)[:, self.index + self.values.shape[1] :] = 0
        return drawn.permute(0, 3, 1, 2).contiguous()

    @property
    def entropy(self) -> Tensor:
        """How undecided the model was before each value, at temperature 1: nats, ``float32`` (n, k, C)."""
        return torch.special.entr(self.logits.exp()).sum(dim=-1)


@isolate
def rebuild(events: Iterable[PixelEvent], height: int, width: int) -> tuple[Tensor, Tensor]:
    """The pictures and their log-probabilities, from events alone.

    Args:
        events: Events in any order, each once or more; at least one.
        height: Height of the pictures.
        width: Width of the pictures.

    Returns:
        Images, ``uint8`` (n, C, H, W), and the log-probability of every value, nats, ``float32`` (n, C, H, W).
        Pixels without an event are 0 in both.

    Raises:
        ValueError: There is no event.
    """
    images: Tensor | None = None
    for event in events:
        if images is None:
            n, _, channels = event.values.shape
            images = torch.zeros(n, height * width, channels, dtype=torch.uint8)
            log_prob = torch.zeros(n, height * width, channels)
        span = slice(event.index, event.index + event.values.shape[1])
        images[:, span] = event.values.cpu()
        log_prob[:, span] = event.log_prob.cpu()
    if images is None:
        raise ValueError("there is no event to rebuild a picture from")
    shape = (images.shape[0], height, width, -1)
    return images.reshape(shape).permute(0, 3, 1, 2).contiguous(), log_prob.reshape(shape).permute(0, 3, 1, 2)
