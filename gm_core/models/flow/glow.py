"""Glow: between two couplings, every channel is mixed with every other, as training finds best."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.base import register
from gm_core.models.flow.base import Bijection
from gm_core.models.flow.coupling import AffineCoupling, CouplingNetwork
from gm_core.models.flow.multiscale import FlowConfig, MultiScaleFlow


class ActNorm(Bijection):
    """A scale and a shift for every channel, learned (section 3.1).

    They begin as the identity, and not with the first batch's means and deviations: what comes in has been standardised
    already.

    Args:
        channels: Their number.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        positions = x.shape[2] * x.shape[3]
        return (x + self.shift) * torch.exp(self.log_scale), positions * self.log_scale.sum().expand(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        return y * torch.exp(-self.log_scale) - self.shift


class Convolution1x1(Bijection):
    r"""An invertible 1x1 convolution: a matrix that mixes the channels of each position (section 3.2).

    It is :math:`W = P L (U + \operatorname{diag} s)`, with a fixed permutation P, a triangular L with ones on its
    diagonal, and U above the diagonal, so that its log-determinant is that of s. It begins as a rotation at random.

    Args:
        channels: Their number.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels))
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_scale = nn.Parameter(diagonal.abs().log())

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        positions = x.shape[2] * x.shape[3]
        with _full_precision(x):
            return _mix(self._matrix(), x), positions * self.log_scale.sum().expand(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        with _full_precision(y):
            return _mix(torch.linalg.inv(self._matrix().double()).to(y.dtype), y)

    def _matrix(self) -> Tensor:
        """W, (C, C)."""
        unit = torch.eye(len(self.sign), dtype=self.lower.dtype, device=self.lower.device)
        diagonal = torch.diag(self.sign * torch.exp(self.log_scale))
        return self.permutation @ (self.lower.tril(-1) + unit) @ (self.upper.triu(1) + diagonal)


def _full_precision(x: Tensor) -> torch.autocast:
    """Whatever networks compute in: rounded values could not be undone."""
    return torch.autocast(x.device.type, enabled=False)


def _mix(matrix: Tensor, x: Tensor) -> Tensor:
    return F.conv2d(x, matrix[:, :, None, None])


class GlowStep(Bijection):
    """A step of the flow: activation normalisation, a 1x1 convolution, a coupling (figure 2).

    Args:
        channels: Their number.
        network: That of the coupling.
    """

    def __init__(self, channels: int, network: nn.Module) -> None:
        super().__init__()
        self.norm = ActNorm(channels)
        self.mix = Convolution1x1(channels)
        self.coupling = AffineCoupling((torch.arange(channels) < channels // 2).float(), network)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        total = x.new_zeros(len(x))
        for layer in (self.norm, self.mix, self.coupling):
            x, log_det = layer(x, context)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        for layer in (self.coupling, self.mix, self.norm):
            y = layer.inverse(y, context)
        return y


@dataclass(frozen=True, kw_only=True)
class GlowConfig(FlowConfig):
    """Shape of a :class:`Glow`."""


@register
class Glow(MultiScaleFlow):
    """A flow in which 1x1 convolutions take the place of RealNVP's fixed masks: what a coupling keeps is learned.

    References:
        Kingma and Dhariwal (2018), "Glow: Generative Flow with Invertible 1x1 Convolutions", sections 3.1 to 3.3.
        https://arxiv.org/abs/1807.03039
        Ho, Chen, Srinivas, Duan and Abbeel (2019), "Flow++", section 3.1, for the learned dequantisation.
        https://arxiv.org/abs/1902.00275
    """

    family = "glow"
    title = "Glow"
    Config = GlowConfig

    def describe(self) -> str:
        """One sentence for the card."""
        steps = "+".join(str(count) for count in self.config.couplings)
        noise = "variational" if self.config.noise_couplings else "uniform"
        return f"Glow with {steps} steps at {len(self.scales)} scales and {noise} dequantisation"

    @staticmethod
    def _layers(channels: int, count: int, network: Callable[[int, int], CouplingNetwork]) -> Iterator[GlowStep]:
        """Steps, all of one kind."""
        for _ in range(count):
            yield GlowStep(channels, network(channels, 2 * channels))
