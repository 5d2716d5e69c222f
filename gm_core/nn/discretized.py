"""Distributions over discrete pixel values."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution, constraints


class DiscretizedLogistic(Distribution):
    r"""A logistic distribution rounded to the levels 0 .. ``levels - 1``.

    With :math:`\sigma` the logistic function, the probability of an inner level is
    :math:`\sigma((v + 1/2 - \mu) / s) - \sigma((v - 1/2 - \mu) / s)`; the two edge levels take all that lies beyond
    them, so the probabilities sum to one.

    Args:
        loc: Location in levels (not rescaled), any shape.
        log_scale: Logarithm of the scale s in levels, of the same shape.
        levels: Number of levels.

    References:
        Kingma et al. (2016), "Improved Variational Inference with Inverse Autoregressive Flow", appendix;
        Salimans et al. (2017), "PixelCNN++", section 2.1. https://arxiv.org/abs/1701.05517
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "log_scale": constraints.real}

    def __init__(self, loc: Tensor, log_scale: Tensor, levels: int = 256) -> None:
        self.loc, self.log_scale = torch.broadcast_tensors(loc, log_scale)
        self.levels = levels
        super().__init__(self.loc.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of each level in nats.

        Args:
            value: Levels (any dtype), broadcastable with the distribution.

        Returns:
            Nats, of the broadcast shape.
        """
        x = value.to(self.loc.dtype) - self.loc
        inverse_scale = torch.exp(-self.log_scale)
        upper, lower = (x + 0.5) * inverse_scale, (x - 0.5) * inverse_scale
        # log(sigmoid(u) - sigmoid(l)) = log sigmoid(u) + log sigmoid(-l) + log(1 - exp(l - u)): exact for every
        # argument, where the plain difference loses all digits in the tails.
        width = inverse_scale.expand_as(x)
        inner = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-width))
        value = value.expand_as(x)
        edges = torch.where(value <= 0, F.logsigmoid(upper), F.logsigmoid(-lower))
        return torch.where((value <= 0) | (value >= self.levels - 1), edges, inner)

    @property
    def mean(self) -> Tensor:
        """Mean, in levels, of the logistic variable clipped to the range of the levels.

        Rounding to levels moves the mean by less than half a level.
        """
        scale = torch.exp(self.log_scale)
        top = self.levels - 1
        return scale * (F.softplus(self.loc / scale) - F.softplus((self.loc - top) / scale))

    @property
    def scale(self) -> Tensor:
        """Scale s of the logistic variable, in levels (its standard deviation before clipping is s pi / sqrt 3)."""
        return torch.exp(self.log_scale)

    def sample(self, sample_shape: torch.Size = torch.Size(), generator: torch.Generator | None = None) -> Tensor:  # type: ignore[override]  # noqa: B008
        """Draw levels.

        Args:
            sample_shape: Leading shape of independent draws.
            generator: Source of randomness, on the CPU.

        Returns:
            ``uint8`` levels for up to 256 levels, shape ``sample_shape + batch_shape``.
        """
        shape = self._extended_shape(sample_shape)
        u = torch.rand(shape, generator=generator).clamp(1e-6, 1 - 1e-6).to(self.loc.device)
        x = self.loc + torch.exp(self.log_scale) * torch.logit(u)
        return x.round().clamp(0, self.levels - 1).to(torch.uint8)
