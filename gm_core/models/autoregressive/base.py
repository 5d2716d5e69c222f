"""What every PixelCNN has in common: p(x) as an exact product over pixels, whatever network computes the factors."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.sampling import NaivePixels, PixelEvent, Pixels, draw_noise, rebuild, stream_pixels
from gm_core.models.autoregressive.sampling.stream import check_temperature
from gm_core.models.inputs import check_images, check_labels


@dataclass(frozen=True, kw_only=True)
class PictureConfig:
    """What a PixelCNN draws, and what it is told of a pixel.

    Attributes:
        height: Height of the pictures it was made for; the network itself runs on any.
        width: Width of the pictures.
        levels: Grey levels of a pixel.
        classes: Number of classes; "any class" comes on top.
        embedding: Width of the learned embedding of a pixel's level.
    """

    height: int = 28
    width: int = 28
    levels: int = 256
    classes: int = 10
    embedding: int = 16

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        least = {"levels": 2, "embedding": 0}
        for name, value in vars(self).items():
            if self.__dataclass_fields__[name].type in (float, bool):  # whoever adds it checks it
                continue
            sizes = value if isinstance(value, tuple) else (value,)
            if not sizes or not all(isinstance(size, int) and size >= least.get(name, 1) for size in sizes):
                raise ValueError(f"{self} is not a shape that a PixelCNN can have: {name}")
        if self.levels > 256:
            raise ValueError(f"a pixel is a byte, so it cannot have {self.levels} levels")


class PixelCNN(nn.Module, ABC):
    r"""A density over pictures, pixel by pixel: :math:`p(x \mid y) = \prod_t p(x_t \mid x_{<t}, y)`.

    Every factor is computed by a network that sees only earlier pixels. Here it is a softmax over all levels of grey;
    a model with another says so. The label y is optional: the model knows one label more than there are classes, "any
    class".

    Args:
        config: What it draws.
        channels: Channels C of its pictures.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks": the softmax over levels (section 2.2).
        https://arxiv.org/abs/1601.06759
    """

    family: ClassVar[str]
    loss_unit: ClassVar[tuple[str, float]] = ("bits/dim", 1 / math.log(2))
    """What training shows of a pixel's share of the loss, and the factor to it."""

    def __init__(self, config: PictureConfig, channels: int = 1) -> None:
        super().__init__()
        self.config = config
        self.channels = channels
        self.features = PixelFeatures(config.levels, config.embedding, channels)

    @abstractmethod
    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """What a pixel's distribution is made of, from pixel features; differentiable in the features.

        Args:
            features: Output of ``self.features``, ``float32`` (B, F, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class"; ``None`` is any class for all.

        Returns:
            Unnormalised logits, (B, H, W, levels); of a model with another distribution, its parameters.
        """

    @abstractmethod
    def cached_pixels(self, condition: Tensor, height: int, width: int) -> Pixels:
        """Pictures in the making, with no activation computed twice.

        Args:
            condition: Index of each picture's label embedding, (n,).
            height: Height.
            width: Width.
        """

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def distribution(self, images: Tensor, labels: Tensor | None = None) -> Categorical:
        """The distribution of every value given the values before it, those of the pixel's earlier channels included.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Categorical over the levels, batch shape (B, C, H, W).
        """
        return Categorical(logits=self._forward(images, labels), validate_args=False)

    def pixel_log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Exact log-probability of every value given those before it.

        Args:
            images: ``uint8`` (B, C, H, W), values below ``levels``.
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Nats, ``float32`` (B, C, H, W).

        Raises:
            ValueError: Images or labels are of the wrong kind.
        """
        images = self._checked(images)
        return self.distribution(images, labels).log_prob(images.long())

    def log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Exact log p(x), or log p(x | y).

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Nats a picture, (B,).
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
        log_p = self.distribution(images, labels).logits
        p = log_p.exp()
        surprise = -log_p.gather(-1, images.to(log_p.device).long().unsqueeze(-1)).squeeze(-1)
        weighted = p.mul_(log_p)  # p log p
        entropy = -weighted.sum(dim=-1)
        variance = weighted.mul_(log_p).sum(dim=-1) - entropy.square()
        return surprise, entropy, variance.clamp_min_(0)

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Mean negative log-likelihood in nats a picture, for training.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".
            generator: Unused: the likelihood is exact.

        Returns:
            A number.
        """
        values = images[:, 0].long()
        logits = self.logits(self.features(values), labels)
        # Levels last and contiguous: the layout in which cross-entropy is fastest.
        nats = F.cross_entropy(logits.reshape(-1, self.config.levels).float(), values.reshape(-1))
        return nats * values[0].numel()

    def stream(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        start: Tensor | None = None,
        keep: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        size: tuple[int, int] | None = None,
        noise: Tensor | None = None,
        chunk: int = 1,
        naive: bool = False,
    ) -> Iterator[PixelEvent]:
        """Draw pictures, telling of every pixel as it is drawn.

        Args:
            n: Number of pictures, drawn side by side.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            start: Picture whose pixels are given where ``keep`` says so, ``uint8`` (n or 1, C, H, W).
            keep: Which pixels are given, ``bool`` of the same shape; all of ``start`` above are when ``None``.
            generator: CPU source of randomness; the same state gives the same pictures.
            temperature: Below 1 bolder, above 1 wilder.
            size: Height H and width W of the pictures; those of ``start``, or else the config's, when left out.
            noise: All the randomness, in place of the generator's: uniform numbers, ``float64`` (n or 1, H, W), or
                (n or 1, H, W, C) for more than one channel, as of :func:`gm_core.draw_noise`. Those of one picture
                serve all n.
            chunk: Pixels an event.
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
        temperature = check_temperature(temperature)
        if start is None and keep is not None:
            raise ValueError("keep says which pixels of start are given, so it needs a start")
        if start is not None:
            start = check_images(start, channels=self.channels, levels=self.config.levels)
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
            start, keep = (part.expand(n, -1, -1, -1) for part in (start, keep))
        height, width = size or (self.config.height, self.config.width)
        if noise is None:
            noise = draw_noise(n, height, width, generator, self.channels)
        shape = (height, width) if self.channels == 1 else (height, width, self.channels)
        if noise.dtype != torch.float64 or noise.shape not in {(1, *shape), (n, *shape)}:
            raise ValueError(f"noise must be float64 of shape {(n, *shape)}, not {noise.dtype} {tuple(noise.shape)}")
        noise = noise.expand(n, *shape)
        device = self.device
        if device.type != "mps":  # which has no float64
            noise = noise.to(device)
        pixels = self._pixels(n, labels, height, width, naive)
        return stream_pixels(pixels, noise, start=start, keep=keep, temperature=temperature, chunk=chunk)

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Draw pictures.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Below 1 bolder, above 1 wilder.
            size: Height H and width W; those of the config when left out.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: An argument is out of range.
        """
        height, width = size or (self.config.height, self.config.width)
        events = self.stream(n, labels, generator=generator, temperature=temperature, size=(height, width), chunk=width)
        return rebuild(events, height, width)[0]

    def bits_per_dim(self, log_prob: Tensor, pixels: int | None = None) -> Tensor:
        """Bits a value (a channel of a pixel) from nats a picture.

        Args:
            log_prob: Nats, any shape.
            pixels: Pixels of a picture; those of the config's size when left out.
        """
        return -log_prob / ((pixels or self.config.height * self.config.width) * self.channels * math.log(2))

    def _pixels(self, n: int, labels: Tensor | None, height: int, width: int, naive: bool) -> Pixels:
        if naive:
            return NaivePixels(
                lambda images: torch.log_softmax(self._forward(images, labels), dim=-1), n, height, width, self.device
            )
        return self.cached_pixels(self._condition(labels, n), height, width)

    def _forward(self, images: Tensor, labels: Tensor | None) -> Tensor:
        images = self._checked(images)
        return self.logits(self.features(images[:, 0].long()), labels).unsqueeze(1)

    def _checked(self, images: Tensor) -> Tensor:
        return check_images(images, channels=self.channels, levels=self.config.levels).to(self.device)

    def _condition(self, labels: Tensor | None, n: int) -> Tensor:
        """Index of the label embedding: a class, or the last for "any class"."""
        if labels is None:
            return torch.full((n,), self.config.classes, device=self.device)
        labels = check_labels(labels, n, self.config.classes).to(self.device)
        return torch.where(labels < 0, self.config.classes, labels)
