"""The reference sampler: one forward pass of the whole network for every pixel."""

from collections.abc import Callable

import torch
from torch import Tensor

from gm_core.models.autoregressive.heads import Choose, Head
from gm_core.models.autoregressive.sampling.channels import ChannelByChannel


class NaivePixels(ChannelByChannel):
    """Pictures that are being drawn, with every number computed from scratch.

    As slow as it is plain: H x W passes over H x W pixels. What the cached samplers must equal.

    Args:
        forward: The network's numbers (n, H, W, size) for values ``int64`` (n, H, W, C).
        head: From those numbers to a pixel's distribution.
        shape: Number n of pictures, channels, height and width.
        device: Where to draw.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], Tensor],
        head: Head,
        shape: tuple[int, int, int, int],
        device: torch.device,
    ) -> None:
        n, channels, self.height, self.width = shape
        self._forward, self._head = forward, head
        self._values = torch.zeros(n, self.height, self.width, channels, dtype=torch.int64, device=device)

    def unfold(self, row: int, column: int, choose: Choose) -> Tensor:
        """See :meth:`ChannelByChannel.unfold`."""
        return self._head.unfold(self._forward(self._values)[:, row, column], choose)

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n, C)."""
        self._values[:, row, column] = values.to(self._values)
