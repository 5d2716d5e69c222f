"""What every layer of a flow must give, and the simplest layer."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Bijection(nn.Module, ABC):
    """An invertible map of pictures or feature maps, (B, C, H, W) to the same shape, in float32.

    Both ways may depend on a context, (B, K, H, W), which is not transformed.
    """

    @abstractmethod
    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's.

        Returns:
            y, of x's shape, and log |det dy/dx| in nats, (B,).
        """

    @abstractmethod
    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's: the x that :meth:`forward` takes to y."""


class PixelAffine(Bijection):
    """A scale and a shift for every value, learned: the scaling layer of NICE, with a shift.

    Args:
        shape: (C, H, W).
        mean: What is subtracted at first.
        stddev: What is divided by at first.
    """

    def __init__(self, shape: tuple[int, int, int], *, mean: float, stddev: float) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.full(shape, -mean))
        self.log_scale = nn.Parameter(torch.full(shape, -math.log(stddev)))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        return (x + self.shift) * torch.exp(self.log_scale), self.log_scale.sum().expand(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        return y * torch.exp(-self.log_scale) - self.shift
