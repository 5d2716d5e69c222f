"""PixelCNN++: a mixture of logistics over the channels of a pixel, from stacks at several resolutions."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from gm_core.distributions.discretized import ChannelMixture
from gm_core.models.autoregressive.base import PictureConfig, PixelCNN
from gm_core.models.autoregressive.sampling import NaiveMixturePixels, Pixels
from gm_core.models.autoregressive.sampling.strided import StridedPixels
from gm_core.models.autoregressive.strided_layers import StridedStacks


@dataclass(frozen=True, kw_only=True)
class PixelCNNPPConfig(PictureConfig):
    """Shape of a :class:`PixelCNNPP`; see :class:`PictureConfig` for the rest.

    Attributes:
        channels: Channels of a picture, 1 or 3.
        vertical: Width of the vertical stack at each resolution, the full one first, even; each next is half as fine.
        horizontal: Width of the horizontal stack likewise.
        blocks: Blocks at each resolution on the way down; as many on the way up, the lowest being passed once.
        kernel_size: Width of the blocks' convolutions, odd and at least 3.
        mixture: Number of logistics in a mixture.
        dropout: Chance of a dropped channel in training, from 0 to below 1.
    """

    height: int = 32
    width: int = 32
    embedding: int = 0
    channels: int = 3
    vertical: tuple[int, ...] = (16, 32, 48)
    horizontal: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (2, 3, 4)
    kernel_size: int = 5
    mixture: int = 5
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        super().__post_init__()
        if not 0 <= self.dropout < 1:
            raise ValueError(f"the dropout of a PixelCNN++ must be from 0 to below 1, not {self.dropout}")
        if self.channels not in (1, 3):
            raise ValueError(f"the pictures of a PixelCNN++ must have 1 or 3 channels, not {self.channels}")
        if not len(self.vertical) == len(self.horizontal) == len(self.blocks):
            raise ValueError("a PixelCNN++ must have as many vertical and horizontal widths and blocks as resolutions")
        if any(width % 2 for width in self.vertical + self.horizontal):
            widths = f"{self.vertical} and {self.horizontal}"
            raise ValueError(f"the widths of a PixelCNN++'s stacks must be even, not {widths}")
        if self.kernel_size % 2 == 0 or self.kernel_size < 3:
            raise ValueError(f"the kernels of a PixelCNN++ must be 3, 5, 7 ... wide, not {self.kernel_size}")


class PixelCNNPP(PixelCNN):
    """A density over grey or colour pictures whose pixels are mixtures of logistics, channel by channel.

    The network is that of the residual PixelCNN, run at several resolutions: a few small layers see far. Red, green
    and blue of a pixel come from one evaluation of it; that green depends on red and blue on both is left to the
    mixture.

    Example:
        >>> model = PixelCNNPP(PixelCNNPPConfig(height=8, width=8))
        >>> images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        Salimans et al. (2017), "PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood and
        Other Modifications". https://arxiv.org/abs/1701.05517
    """

    family = "pixelcnnpp"
    config_type = PixelCNNPPConfig
    config: PixelCNNPPConfig

    def __init__(self, config: PixelCNNPPConfig) -> None:
        super().__init__(config, config.channels)
        c, k = config.channels, config.mixture
        self.parts = [k, c * k, c * k, c * (c - 1) // 2 * k]  # weights, locations, log-scales, slopes
        self.stacks = StridedStacks(
            self.features.size,
            config.vertical,
            config.horizontal,
            config.blocks,
            config.kernel_size,
            config.classes + 1,
            sum(self.parts),
            config.dropout,
        )
        # Every channel starts as a mixture spread over the range, not of like components at its middle.
        spread = torch.linspace(-0.8, 0.8, k).repeat(c)
        start = [torch.zeros(k), spread, torch.full((c * k,), -2.0), torch.zeros(self.parts[3])]
        with torch.no_grad():
            nn.init.zeros_(self.stacks.head.bias).add_(torch.cat(start))  # type: ignore[arg-type]

    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Parameters of the pixels' mixtures, (B, H, W, parameters); see :meth:`PixelCNN.logits`."""
        parameters: Tensor = self.stacks(features, self._condition(labels, len(features)))
        return parameters

    def mixture(self, images: Tensor, labels: Tensor | None = None) -> ChannelMixture:
        """The joint distribution of every pixel's channels given the pixels before it.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Mixture of batch shape (B, H, W) over C channels.
        """
        return self.mixture_of(self.logits(self.features(self._values(self._checked(images))), labels))

    def mixture_of(self, parameters: Tensor) -> ChannelMixture:
        """A mixture from the network's numbers.

        Args:
            parameters: Of :meth:`logits`, (..., parameters), any precision.

        Returns:
            Mixture of batch shape (...), in ``float32``.
        """
        k, half = self.config.mixture, (self.config.levels - 1) / 2
        weight, *others = parameters.float().split(self.parts, dim=-1)
        loc, log_scale, slope = (part.unflatten(-1, (part.shape[-1] // k, k)) for part in others)
        # The network speaks of -1 to 1, the distribution of levels.
        return ChannelMixture(
            weight, (loc + 1) * half, log_scale.clamp(-7, 3) + math.log(half), slope, self.config.levels
        )

    def distribution(self, images: Tensor, labels: Tensor | None = None) -> Categorical:
        """See :meth:`PixelCNN.distribution`."""
        images = self._checked(images)
        logits = self.mixture(images, labels).level_log_prob(self._values(images))
        return Categorical(logits=logits.movedim(-2, 1), validate_args=False)

    def pixel_log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`PixelCNN.pixel_log_prob`."""
        images = self._checked(images)
        return self.mixture(images, labels).channel_log_prob(self._values(images)).movedim(-1, 1)

    def surprise(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`PixelCNN.surprise`."""
        images = self._checked(images)
        values = self._values(images)
        mixture = self.mixture(images, labels)
        channels = [mixture.channel(channel, values).surprise_moments() for channel in range(self.channels)]
        entropy, variance = (torch.stack(moments, dim=1) for moments in zip(*channels, strict=True))
        return -mixture.channel_log_prob(values).movedim(-1, 1), entropy, variance

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """See :meth:`PixelCNN.loss`; dropout takes torch's own random numbers."""
        values = self._values(images)
        mixture = self.mixture_of(self.logits(self.features(values), labels))
        return -mixture.log_prob(values).sum() / len(images)

    def cached_pixels(self, condition: Tensor, height: int, width: int) -> Pixels:
        """See :meth:`PixelCNN.cached_pixels`."""
        return StridedPixels(self.features, self.stacks, self.mixture_of, condition, height, width)

    def _pixels(self, n: int, labels: Tensor | None, height: int, width: int, naive: bool) -> Pixels:
        if not naive:
            return self.cached_pixels(self._condition(labels, n), height, width)
        return NaiveMixturePixels(
            lambda images: self.mixture(images, labels), n, self.channels, height, width, self.device
        )

    @staticmethod
    def _values(images: Tensor) -> Tensor:
        """Levels with the channels last, ``int64`` (B, H, W, C)."""
        return images.movedim(1, -1).long()
