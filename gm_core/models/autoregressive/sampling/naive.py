"""The reference sampler: one forward pass of the whole network for every pixel."""

from collections.abc import Callable

import torch
from torch import Tensor

from gm_core.distributions.discretized import ChannelMixture
from gm_core.models.autoregressive.sampling.mixture import MixturePixels
from gm_core.models.autoregressive.sampling.stream import PixelByPixel


class NaivePixels(PixelByPixel):
    """Pictures in the making, with every logit computed from scratch.

    As slow as it is plain: H x W passes over H x W pixels. What the cached samplers must equal.

    Args:
        forward: Normalised log-probabilities (n, C, H, W, levels) of ``uint8`` images (n, C, H, W).
        n: Number of pictures.
        height: Height.
        width: Width.
        device: Where to draw.
    """

    def __init__(
        self, forward: Callable[[Tensor], Tensor], n: int, height: int, width: int, device: torch.device
    ) -> None:
        self.height, self.width = height, width
        self._forward = forward
        self._images = torch.zeros(n, 1, height, width, dtype=torch.uint8, device=device)

    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of one pixel, ``float32`` (n, levels)."""
        return self._forward(self._images)[:, 0, row, column]

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n,)."""
        self._images[:, 0, row, column] = values.to(self._images)


class NaiveMixturePixels(MixturePixels):
    """As :class:`NaivePixels`, for a model whose pixels are mixtures over their channels.

    Args:
        forward: Distributions (n, H, W) of the pixels of ``uint8`` images (n, C, H, W).
        n: Number of pictures.
        channels: Channels C.
        height: Height.
        width: Width.
        device: Where to draw.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], ChannelMixture],
        n: int,
        channels: int,
        height: int,
        width: int,
        device: torch.device,
    ) -> None:
        self.height, self.width = height, width
        self._forward = forward
        self._images = torch.zeros(n, channels, height, width, dtype=torch.uint8, device=device)

    def mixture(self, row: int, column: int) -> ChannelMixture:
        """The distribution of one pixel, batch shape (n,)."""
        return self._forward(self._images)[:, row, column]

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n, C)."""
        self._images[:, :, row, column] = values.to(self._images)
