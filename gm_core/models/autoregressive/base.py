"""What all autoregressive models share: p(x) as an exact product over pixels, whatever computes the factors."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Categorical

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.heads import Head, SoftmaxHead
from gm_core.models.autoregressive.sampling import (
    NaivePixels,
    PixelEvent,
    Pixels,
    cached_pixels,
    draw_noise,
    rebuild,
    stream_pixels,
)
from gm_core.models.base import Batch, Loss, Model, ModelConfig, check_sizes
from gm_core.models.inputs import check_guidance, check_images, check_labels, check_temperature


@dataclass(frozen=True, kw_only=True)
class AutoregressiveConfig(ModelConfig):
    """What an autoregressive model draws, and what it knows of a pixel.

    Attributes:
        image: The pictures it was made for; the network itself runs on any size.
        classes: Number of classes; "any class" comes on top.
        embedding: Width of the learned embedding of a pixel's level.
    """

    classes: int = 10
    embedding: int = 16

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "an autoregressive model", optional=("embedding",))


class Autoregressive(Model):
    r"""A density over pictures, pixel by pixel: :math:`p(x \mid y) = \prod_t p(x_t \mid x_{<t}, y)`.

    Every factor is computed by a network that sees only earlier pixels; its numbers become a distribution in the head.
    The label y is optional: the model knows one label more than there are classes, "any class".

    Args:
        config: What it draws.
        head: From the network's numbers to a pixel's distribution; a softmax over all levels when left out.
    """

    config: AutoregressiveConfig
    compiles: ClassVar[bool] = True
    noun: ClassVar[str] = "order of pixels to draw them in"

    def __init__(self, config: AutoregressiveConfig, head: Head | None = None) -> None:
        super().__init__(config)
        self.head = head or SoftmaxHead(config.image.levels)
        if self.head.channels != config.image.channels:
            raise ValueError(f"this model draws pictures of 1 channel, not of {config.image.channels}")
        self.features = PixelFeatures(config.image.levels, config.embedding, config.image.channels)

    @abstractmethod
    def outputs(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """The network's numbers for every pixel, from pixel features; differentiable in the features.

        Args:
            features: Output of ``self.features``, ``float32`` (B, F, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class"; ``None`` is any class for all.

        Returns:
            What the head takes, (B, H, W, ``head.size``).
        """

    def distribution(self, images: Tensor, labels: Tensor | None = None) -> Categorical:
        """The distribution of every value given the values before it, those of the pixel's earlier channels included.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Categorical over the levels, batch shape (B, C, H, W).
        """
        values = self._values(images)
        logits = self.head.level_log_prob(self._outputs(values, labels), values)
        return Categorical(logits=logits.movedim(-2, 1), validate_args=False)

    def pixel_log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Exact log-probability of every value given those before it.

        Args:
            images: ``uint8`` (B, C, H, W), values below ``levels``.
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Nats, ``float32`` (B, C, H, W).

        Raises:
            ValueError: Images or labels are of the wrong type, shape or range.
        """
        values = self._values(images)
        return self.head.log_prob(self._outputs(values, labels), values).movedim(-1, 1)

    def log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Exact log p(x), or log p(x | y).

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Nats per image, (B,).
        """
        return self.pixel_log_prob(images, labels).flatten(1).sum(dim=1)

    def surprise(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The surprise of every value, -log p, and its mean and variance before the value was seen.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            The surprise in nats, the entropy of the distribution in nats, and the variance of the surprise in nats
            squared, ``float32`` (B, C, H, W) each.
        """
        values = self._values(images)
        surprise, entropy, variance = self.head.surprise(self._outputs(values, labels), values)
        return surprise.movedim(-1, 1), entropy.movedim(-1, 1), variance.movedim(-1, 1)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean negative log-likelihood, exact; dropout takes torch's own random numbers."""
        values = batch.images.movedim(1, -1).long()
        return {"model": self.loss_in_bits(self.head.loss(self._outputs(values, batch.labels), values))}

    def stream(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        start: Tensor | None = None,
        keep: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        guidance: float = 1.0,
        size: tuple[int, int] | None = None,
        noise: Tensor | None = None,
        chunk: int = 1,
        naive: bool = False,
    ) -> Iterator[PixelEvent]:
        """Draw pictures, with an event for every pixel as it is drawn.

        Args:
            n: Number of pictures, drawn side by side.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            start: Picture whose pixels are given where ``keep`` says so, ``uint8`` (n or 1, C, H, W).
            keep: Which pixels are given, ``bool`` of the same shape; all of ``start`` above are when ``None``.
            generator: CPU source of randomness; the same state gives the same pictures.
            temperature: Below 1 favours the likeliest values, above 1 the others.
            guidance: Weight of the label: at 1 pictures are drawn from p(x | y), above 1 from a sharper distribution,
                whose log-probabilities the events then hold; see :func:`gm_core.models.autoregressive.sampling.guide`.
            size: Height H and width W of the pictures; those of ``start``, or else the config's, when left out.
            noise: All the randomness, in place of the generator's: uniform numbers, ``float64`` (n or 1, H, W), or
                (n or 1, H, W, C) for more than one channel, as returned by :func:`gm_core.draw_noise`. Those of one
                picture serve all n.
            chunk: Pixels per event.
            naive: Use the slow reference sampler.

        Returns:
            Iterator of events.

        Raises:
            ValueError: An argument is out of range.
        """
        if n < 1:
            raise ValueError(f"the number of pictures must be at least 1, not {n}")
        if size is not None and min(size) < 1:
            raise ValueError(f"a picture must have at least 1x1 pixels, not {size[0]}x{size[1]}")
        if chunk < 1:
            raise ValueError(f"an event must have at least 1 pixel, not {chunk}")
        temperature, guidance = check_temperature(temperature), check_guidance(guidance)
        if start is None and keep is not None:
            raise ValueError("keep says which pixels of start are given, so it needs a start")
        if start is not None:
            start = check_images(start, channels=self.config.image.channels, levels=self.config.image.levels)
            if size is not None and tuple(size) != start.shape[2:]:
                raise ValueError(f"start is of {start.shape[2]}x{start.shape[3]} pixels, not {size[0]}x{size[1]}")
            size = start.shape[2], start.shape[3]
            keep = torch.ones_like(start, dtype=torch.bool) if keep is None else keep
            if keep.dtype != torch.bool or keep.shape[1:] != start.shape[1:]:
                raise ValueError(
                    f"keep must be bool of shape {tuple(start.shape)}, not {keep.dtype} {tuple(keep.shape)}"
                )
            if len(start) not in (1, n) or len(keep) not in (1, n):
                raise ValueError(f"start and keep must hold 1 picture or {n}, not {len(start)} and {len(keep)}")
            start, keep = (part.cpu().expand(n, -1, -1, -1) for part in (start, keep))
        height, width = size or (self.config.image.height, self.config.image.width)
        if noise is None:
            noise = draw_noise(n, height, width, generator, self.config.image.channels)
        shape = (height, width) if self.config.image.channels == 1 else (height, width, self.config.image.channels)
        if noise.dtype != torch.float64 or noise.shape not in {(1, *shape), (n, *shape)}:
            raise ValueError(f"noise must be float64 of shape {(n, *shape)}, not {noise.dtype} {tuple(noise.shape)}")
        if not bool(((noise >= 0) & (noise < 1)).all()):
            raise ValueError("noise must be numbers from 0 to below 1")
        noise = noise.expand(n, *shape)
        device = self.device
        if device.type != "mps":  # which has no float64
            noise = noise.to(device)
        labels = torch.full((n,), -1) if labels is None else check_labels(labels, n, self.config.classes)
        if guidance != 1:
            labels = torch.stack([labels, torch.full_like(labels, -1)], dim=1).flatten()
        pixels = self._pixels(labels, height, width, naive)
        return stream_pixels(
            pixels, noise, start=start, keep=keep, temperature=temperature, guidance=guidance, chunk=chunk
        )

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        size: tuple[int, int] | None = None,
        guidance: float = 1.0,
    ) -> Tensor:
        """Draw pictures.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Below 1 favours the likeliest values, above 1 the others.
            size: Height H and width W; those of the config when left out.
            guidance: Weight of the label; see :meth:`stream`.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: An argument is out of range.
        """
        height, width = size or (self.config.image.height, self.config.image.width)
        events = self.stream(
            n,
            labels,
            generator=generator,
            temperature=temperature,
            guidance=guidance,
            size=(height, width),
            chunk=width,
        )
        return rebuild(events, height, width)[0]

    def outputs_of(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """The network's numbers for every pixel of pictures, which the head makes distributions of.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            (B, H, W, ``head.size``).
        """
        return self._outputs(self._values(images), labels)

    def _pixels(self, labels: Tensor, height: int, width: int, naive: bool) -> Pixels:
        if naive:
            shape = len(labels), self.config.image.channels, height, width
            return NaivePixels(lambda values: self._outputs(values, labels), self.head, shape, self.device)
        return cached_pixels(self, self.condition(labels, len(labels)), height, width)

    def _outputs(self, values: Tensor, labels: Tensor | None) -> Tensor:
        """The network's numbers for pictures of these values, ``int64`` (B, H, W, C)."""
        return self.outputs(self.features(values), labels)

    def _values(self, images: Tensor) -> Tensor:
        """Levels with the channels last, ``int64`` (B, H, W, C), of images that have been checked."""
        shape = self.config.image
        return check_images(images, channels=shape.channels, levels=shape.levels).to(self.device).movedim(1, -1).long()

    def condition(self, labels: Tensor | None, n: int) -> Tensor:
        """Index of each picture's label embedding, (n,): its class, or the last for "any class"."""
        if labels is None:
            return torch.full((n,), self.config.classes, device=self.device)
        labels = check_labels(labels, n, self.config.classes).to(self.device)
        return torch.where(labels < 0, self.config.classes, labels)
