"""Discretised logistics and their mixtures: distributions over the discrete levels of a value."""

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
        below, above = F.logsigmoid((x + 0.5) * inverse_scale), F.logsigmoid((0.5 - x) * inverse_scale)
        # log(sigmoid(u) - sigmoid(l)) = log sigmoid(u) + log sigmoid(-l) + log(1 - exp(l - u)): exact for every
        # argument, where the plain difference loses all digits in the tails.
        inner = below + above + torch.log(-torch.expm1(-inverse_scale))
        value = value.expand_as(x)
        return torch.where(value <= 0, below, torch.where(value >= self.levels - 1, above, inner))

    def level_log_prob(self) -> Tensor:
        """Log-probability of every level in nats, (..., levels), with each edge between two levels computed once."""
        inverse_scale = torch.exp(-self.log_scale).unsqueeze(-1)
        edges = torch.arange(0.5, self.levels - 1, device=self.loc.device, dtype=self.loc.dtype)
        x = (edges - self.loc.unsqueeze(-1)) * inverse_scale
        # log sigmoid(x) less min(x, 0) is what log sigmoid(-x) is less min(-x, 0), from -log 2 to 0: no digit is lost
        # in the tails. Where it is 0 anyhow, x is cut short of exponentials that are too small to be computed fast.
        bend = torch.sigmoid(x.abs().clamp_max(80)).log()
        below, above = bend + x.clamp_max(0), bend - x.clamp_min(0)
        inner = below[..., 1:] + above[..., :-1] + torch.log(-torch.expm1(-inverse_scale))  # see log_prob
        return torch.cat([below[..., :1], inner, above[..., -1:]], dim=-1)

    @property
    def mean(self) -> Tensor:
        """Mean, in levels: exact for two levels, else that of the logistic variable clipped to the range of the levels.

        Rounding to levels moves the mean by less than half a level.
        """
        if self.levels == 2:
            return self.log_prob(torch.ones((), device=self.loc.device, dtype=self.loc.dtype)).exp()
        scale = torch.exp(self.log_scale)
        top = self.levels - 1
        return scale * (F.softplus(self.loc / scale) - F.softplus((self.loc - top) / scale))

    def sample(self, sample_shape: torch.Size = torch.Size(), generator: torch.Generator | None = None) -> Tensor:  # type: ignore[override]  # noqa: B008
        """Draw levels.

        Args:
            sample_shape: Leading shape of independent draws.
            generator: Source of randomness, on the CPU.

        Returns:
            ``uint8`` levels for up to 256 levels, shape ``sample_shape + batch_shape``.
        """
        shape = self._extended_shape(sample_shape)
        u = uniform(shape, generator).clamp(1e-6, 1 - 1e-6).to(self.loc.device)
        x = self.loc + torch.exp(self.log_scale) * torch.logit(u)
        return x.round().clamp(0, self.levels - 1).to(torch.uint8)


class LogisticMixture(Distribution):
    r"""A mixture of K discretised logistics: a pixel may be paper or ink, and nothing in between.

    Args:
        weight: Logits of the components, (..., K).
        loc: Locations in levels, (..., K).
        log_scale: Logarithms of the scales in levels, (..., K).
        levels: Number of levels.

    References:
        Salimans et al. (2017), "PixelCNN++", section 2.1. https://arxiv.org/abs/1701.05517
    """

    arg_constraints: ClassVar = {"weight": constraints.real_vector}

    def __init__(self, weight: Tensor, loc: Tensor, log_scale: Tensor, levels: int = 256) -> None:
        self.weight = torch.log_softmax(weight, dim=-1)
        self.component = DiscretizedLogistic(loc, log_scale, levels)
        self.levels = levels
        super().__init__(self.weight.shape[:-1], validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of each level in nats.

        Args:
            value: Levels (any dtype), broadcastable with the distribution.

        Returns:
            Nats, of the broadcast shape.
        """
        return torch.logsumexp(self.weight + self.component.log_prob(value.unsqueeze(-1)), dim=-1)

    def level_log_prob(self) -> Tensor:
        """Log-probability of every level in nats, (..., levels)."""
        return log_sum(self.weight.unsqueeze(-1) + self.component.level_log_prob())

    def surprise_moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of -log p of a level drawn from the distribution: the entropy, and how far it is off.

        From differences of the cumulative distribution, which is several times cheaper than log-probabilities that are
        exact in the tails: levels of which these lose the digits have no weight in either sum.

        Returns:
            Nats and nats squared, (...) each.
        """
        edges = torch.arange(0.5, self.levels - 1, device=self.weight.device, dtype=self.weight.dtype)
        parameters = self.weight.exp(), self.component.loc, torch.exp(-self.component.log_scale)
        moments = []
        # In portions that fit into a processor's cache.
        for weight, loc, inverse_scale in zip(*(part.flatten(0, -2).split(128) for part in parameters), strict=True):
            below = torch.sub(edges, loc.unsqueeze(-1)).mul_(inverse_scale.unsqueeze(-1)).sigmoid_()
            cdf = torch.bmm(weight.unsqueeze(1), below).squeeze(1)
            p = torch.cat([cdf, torch.ones_like(cdf[:, :1])], dim=1)
            p[:, 1:] -= cdf
            p.clamp_min_(1e-12)
            log_p = p.log()
            weighted = p.mul_(log_p)
            entropy = -weighted.sum(dim=-1)
            variance = weighted.mul_(log_p).sum(dim=-1) - entropy.square()
            moments.append(torch.stack([entropy, variance.clamp_min_(0)]))
        entropy, variance = torch.cat(moments, dim=1).unflatten(1, self.batch_shape)
        return entropy, variance

    @property
    def mean(self) -> Tensor:
        """Mean in levels; see :attr:`DiscretizedLogistic.mean`."""
        return (self.weight.exp() * self.component.mean).sum(dim=-1)

    @property
    def variance(self) -> Tensor:
        r"""Variance in levels squared, exact: summed over all levels, of which none is kept in memory.

        About a level c near the mean, :math:`E[x] - c = \sum_{v > c} P(x \ge v) - \sum_{v \le c} P(x < v)`, and with
        a factor of :math:`2 |v - c| \mp 1` in both sums it is :math:`E[(x - c)^2]`: no terms that cancel.
        """
        middle = self.mean.round()
        # Components first, so that each step runs through contiguous memory.
        parameters = self.weight.exp(), self.component.loc, torch.exp(-self.component.log_scale)
        weight, loc, inverse_scale = (part.movedim(-1, 0).contiguous() for part in parameters)
        start = (loc + 0.5) * inverse_scale
        first, second = torch.zeros_like(middle), torch.zeros_like(middle)
        for level in range(1, self.levels):
            distance = level - middle
            side = torch.where(distance > 0, 1.0, -1.0).to(distance.dtype)
            tail = (weight * torch.sigmoid(torch.sub(start, inverse_scale, alpha=level) * side)).sum(dim=0)
            first += side * tail
            second += (2 * distance - 1).abs() * tail
        return (second - first.square()).clamp_min(0)

    def sample(self, sample_shape: torch.Size = torch.Size(), generator: torch.Generator | None = None) -> Tensor:  # type: ignore[override]  # noqa: B008
        """Draw levels.

        Args:
            sample_shape: Leading shape of independent draws.
            generator: Source of randomness, on the CPU.

        Returns:
            ``uint8`` levels, shape ``sample_shape + batch_shape``.
        """
        u = uniform(self._extended_shape(sample_shape), generator).to(self.weight.device)
        return self.component.sample(sample_shape, generator).gather(-1, draw_component(self.weight, u)).squeeze(-1)


def uniform(shape: torch.Size, generator: torch.Generator | None = None) -> Tensor:
    """Numbers in [0, 1) from a generator on the CPU: ``float32`` of that shape, whatever torch's defaults are."""
    return torch.rand(shape, generator=generator, dtype=torch.float32, device="cpu")


def log_sum(joint: Tensor) -> Tensor:
    """Log-probabilities of the levels, (..., levels), from those in each component, (..., K, levels).

    What :func:`torch.logsumexp` gives, but for terms that vanish beside the largest: they are cut short of exponentials
    too small to be computed fast.
    """
    top = joint.amax(dim=-2, keepdim=True)
    return (joint - top).clamp_min(-80).exp().sum(dim=-2).log() + top.squeeze(-2)


def draw_component(weight: Tensor, uniform: Tensor) -> Tensor:
    """Which component uniform numbers fall into, (..., 1), of mixtures with the log-probabilities (..., K)."""
    cdf = weight.exp().cumsum(dim=-1)
    return (cdf <= uniform.unsqueeze(-1) * cdf[..., -1:]).sum(dim=-1, keepdim=True).clamp_max(cdf.shape[-1] - 1)
