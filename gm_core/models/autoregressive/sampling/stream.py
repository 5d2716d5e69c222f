"""The one loop that draws pictures pixel by pixel, whatever computes the logits."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from gm_core.models.autoregressive.sampling.events import PixelEvent

_turns = threading.Semaphore(2)
"""Sessions that draw at the same time, the others waiting: one computes while the other is in the interpreter.

More would wrestle for the interpreter's lock; sixteen got half as much done as one.
"""


class Pixels(Protocol):
    """Pictures that are being drawn, in raster order a run of pixels at a time.

    Wherever a grey pixel has one number, one of C channels has C, in a dimension after the pixels'.
    """

    height: int
    width: int
    at_once: int
    """Pixels that are better drawn together, even if an event has fewer."""

    def draw(
        self, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """Draw a run of k pixels in raster order; those before them have been drawn.

        Args:
            begin: Index of the first, ``row * width + column``.
            uniform: Numbers in [0, 1) to draw with, ``float64`` (n, k).
            given: Values that are given, -1 where a value is to be drawn, ``int64`` (n, k).
            temperature: Of the draws.
            guidance: Weight of the label; see :func:`guide`. Other than at 1 there are 2n conditions for n pictures.

        Returns:
            The values, ``int64`` (n, k), and the normalised log-probabilities of all levels at temperature 1,
            ``float32`` (n, k, levels).
        """
        ...


class PixelByPixel(ABC):
    """:class:`Pixels` out of two smaller things: a pixel's logits, and being given its value."""

    height: int
    width: int
    at_once = 1

    @abstractmethod
    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of a pixel given those already put, ``float32`` (n, levels)."""

    @abstractmethod
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a pixel's values, ``int64`` (n,)."""

    def draw(
        self, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Pixels.draw`."""
        values, logits = [], []
        for k in range(uniform.shape[1]):
            row, column = divmod(begin + k, self.width)
            log_p = guide(self.logits(row, column).to(uniform.device), guidance)
            value = inverse_cdf(log_p, uniform[:, k], temperature)
            value = torch.where(given[:, k] < 0, value, given[:, k])
            self.put(row, column, for_both(value, guidance))
            values.append(value)
            logits.append(log_p)
        return torch.stack(values, dim=1), torch.stack(logits, dim=1)


def guide(log_p: Tensor, guidance: float) -> Tensor:
    r"""A pixel's distribution with more, or less, weight on the label.

    .. math:: q(x_i) \propto p(x_i | x_{<i}) \left( \frac{p(x_i | x_{<i}, y)}{p(x_i | x_{<i})} \right)^w

    At w = 1 it is p given the label, above it is sharper, and the pictures are no draws from p(x | y).

    Args:
        log_p: Log-probabilities of n pictures, each given its label, followed by itself of any class, (2n, levels); at
            a weight of 1 the former alone, (n, levels).
        guidance: The weight w of the label.

    Returns:
        Normalised log-probabilities, (n, levels).

    References:
        Ho and Salimans (2022), "Classifier-Free Diffusion Guidance", section 3.2, there for scores.
        https://arxiv.org/abs/2207.12598
    """
    if guidance == 1:
        return log_p
    given_class, any_class = log_p[::2], log_p[1::2]
    return torch.log_softmax(any_class + guidance * (given_class - any_class), dim=-1)


def for_both(values: Tensor, guidance: float) -> Tensor:
    """The values of n pictures for all that is computed of them: see :func:`guide`."""
    return values if guidance == 1 else values.repeat_interleave(2, dim=0)


def draw_noise(n: int, height: int, width: int, generator: torch.Generator | None = None, channels: int = 1) -> Tensor:
    """Uniform numbers, one for each channel of each pixel: all the randomness of a picture.

    Drawn picture by picture on the CPU, so a picture depends neither on the device nor on how many are drawn with it.

    Args:
        n: Number of pictures.
        height: Height.
        width: Width.
        generator: Source of randomness.
        channels: Channels C of a pixel.

    Returns:
        Numbers in [0, 1), ``float64`` (n, H, W), or (n, H, W, C) for more than one channel.
    """
    shape = (n, height, width) if channels == 1 else (n, height, width, channels)
    return torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")


def inverse_cdf(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """The level at which the cumulative probability passes a uniform number.

    Args:
        logits: Log-probabilities, (..., levels).
        uniform: Numbers in [0, 1), ``float64`` (...).
        temperature: Divides the logits; below 1 sharpens, above 1 flattens.

    Returns:
        Levels, ``int64`` (...).
    """
    cdf = torch.softmax(logits.double() / temperature, dim=-1).cumsum(dim=-1)
    # Scaled by the last entry, which rounding leaves near but not at 1.
    return (cdf <= uniform.unsqueeze(-1) * cdf[..., -1:]).sum(dim=-1).clamp_max(logits.shape[-1] - 1)


def stream_pixels(
    pixels: Pixels,
    noise: Tensor,
    *,
    start: Tensor | None = None,
    keep: Tensor | None = None,
    temperature: float = 1.0,
    guidance: float = 1.0,
    chunk: int = 1,
) -> Iterator[PixelEvent]:
    """Draw pictures in raster order, with an event for every run of pixels.

    Args:
        pixels: What computes the logits; used up by this call.
        noise: One uniform number per value, ``float64`` (n, H, W) or (n, H, W, C); see :func:`draw_noise`.
        start: Values of given pixels, ``uint8`` (n, C, H, W).
        keep: Which values of ``start`` are given, ``bool`` (n, C, H, W). The rest is drawn.
        temperature: Of the draws, above 0.
        guidance: Weight of the label.
        chunk: Pixels per event (the last may have fewer).

    Yields:
        Events that together cover every pixel once, in order.
    """
    if start is None or keep is None:
        given = torch.full(noise.shape, -1, device=noise.device)
    else:
        given = torch.where(keep, start.long(), -1).to(noise.device).movedim(1, -1).reshape(noise.shape)
    n, height, width = noise.shape[:3]
    canvas = torch.zeros(n, height, width, noise[0, 0, 0].numel(), dtype=torch.uint8)
    noise, given, pixel = noise.flatten(1, 2), given.flatten(1, 2), canvas.flatten(1, 2)
    total, drawn, reported = height * width, 0, 0
    enough = max(chunk, pixels.at_once)
    waiting: list[tuple[Tensor, Tensor]] = []
    while reported < total:
        # Not held open across the yield: a generator may be resumed by another thread.
        with _turns, torch.inference_mode():
            run = slice(drawn, min(total, reported + enough))
            waiting.append(pixels.draw(drawn, noise[:, run], given[:, run], temperature, guidance))
            drawn = run.stop
            values, logits = (_join(list(parts)) for parts in zip(*waiting, strict=True))
            ready = drawn - reported if drawn == total else (drawn - reported) // chunk * chunk
            waiting = [(values[:, ready:], logits[:, ready:])] if reported + ready < drawn else []
            # One channel has no dimension of its own up to here.
            levels = values.to(torch.uint8).reshape(*values.shape[:2], -1)
            log_prob = logits.gather(-1, values[..., None]).reshape(levels.shape)
            logits = logits.reshape(*levels.shape, -1)
            pixel[:, reported : reported + levels.shape[1]] = levels.cpu()
            columns = [whole[:, :ready].split(chunk, dim=1) for whole in (levels, log_prob, logits)]
            events = [
                PixelEvent(index, total, value, log_p, all_logits, canvas, temperature)
                for index, value, log_p, all_logits in zip(
                    range(reported, reported + ready, chunk), *columns, strict=True
                )
            ]
            reported += ready
        yield from events


def _join(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
