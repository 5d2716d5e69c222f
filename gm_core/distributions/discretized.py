"""Distributions over discrete pixel values."""

from collections.abc import Callable
from typing import Any, ClassVar

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
            return self.log_prob(torch.ones((), device=self.loc.device)).exp()
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
        u = torch.rand(shape, generator=generator).clamp(1e-6, 1 - 1e-6).to(self.loc.device)
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
        return _log_sum(self.weight.unsqueeze(-1) + self.component.level_log_prob())

    def surprise_moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of -log p of a level drawn from the distribution: the entropy, and how far it is off.

        From differences of the cumulative distribution, which is several times cheaper than log-probabilities that are
        exact in the tails: levels of which these lose the digits have no weight in either sum.

        Returns:
            Nats and nats squared, (...) each.
        """
        edges = torch.arange(1, self.levels, device=self.weight.device) - 0.5
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
            side = torch.where(distance > 0, 1.0, -1.0)
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
        u = torch.rand(self._extended_shape(sample_shape), generator=generator).to(self.weight.device)
        return self.component.sample(sample_shape, generator).gather(-1, _component(self.weight, u)).squeeze(-1)


class ChannelMixture(Distribution):
    r"""A mixture of K components over the C channels of a pixel, in each of which they are discretised logistics.

    In a component, the location of a channel is moved linearly by the channels before it: green by red, blue by red
    and green, :math:`\mu_c + \sum_{b < c} \lambda_{cb} (x_b - m)` with m the middle of the levels.

    Args:
        weight: Logits of the components, (..., K).
        loc: Locations in levels, (..., C, K), of each channel where those before it are at the middle.
        log_scale: Logarithms of the scales in levels, (..., C, K).
        slope: Coefficients of the channels before, (..., C (C - 1) / 2, K), in the order (1, 0), (2, 0), (2, 1) ...
        levels: Number of levels.

    References:
        Salimans et al. (2017), "PixelCNN++", sections 2.1 and 2.2. https://arxiv.org/abs/1701.05517
    """

    arg_constraints: ClassVar = {"weight": constraints.real_vector}

    def __init__(self, weight: Tensor, loc: Tensor, log_scale: Tensor, slope: Tensor, levels: int = 256) -> None:
        self.weight = torch.log_softmax(weight, dim=-1)
        self.loc, self.log_scale, self.slope, self.levels = loc, log_scale, slope, levels
        super().__init__(self.weight.shape[:-1], self.loc.shape[-2:-1], validate_args=False)

    def __getitem__(self, index: Any) -> "ChannelMixture":
        """The distribution at some places of the batch."""
        return ChannelMixture(
            self.weight[index], self.loc[index], self.log_scale[index], self.slope[index], self.levels
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of whole pixels in nats.

        Args:
            value: Levels (any dtype), (..., C).

        Returns:
            Nats, (...).
        """
        parts = [self._component(value, channel) for channel in range(self.loc.shape[-2])]
        return torch.logsumexp(sum(parts, start=self.weight), dim=-1)

    def channel_log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of every channel given those before it.

        Args:
            value: Levels (any dtype), (..., C).

        Returns:
            Nats, (..., C), which sum to :meth:`log_prob`.
        """
        joint = [self.weight]
        for channel in range(self.loc.shape[-2]):
            joint.append(joint[-1] + self._component(value, channel))
        joint[0] = joint[0].expand_as(joint[-1])
        return torch.stack(joint, dim=-2).logsumexp(dim=-1).diff(dim=-1)

    def channel(self, channel: int, value: Tensor) -> LogisticMixture:
        """The distribution of a channel given those before it: components that foretold those well weigh more.

        Args:
            channel: Which.
            value: Levels (any dtype), (..., C or fewer); only channels before the one asked for are looked at.

        Returns:
            Mixture of batch shape (...).
        """
        weight = sum((self._component(value, before) for before in range(channel)), start=self.weight)
        loc = self._loc(value, channel)
        return LogisticMixture(weight, loc, self.log_scale[..., channel, :].expand_as(loc), self.levels)

    def marginals(self) -> LogisticMixture:
        """Every channel on its own, averaged over those before it.

        In a component, a channel is its own logistic variable and what the channels before it add. That sum is taken
        for a logistic variable of the same mean and variance: exact for the first channel, and for the mean of the
        others while none leaves the range of the levels. Being clipped to the range multiplies a covariance with what
        is not clipped by the probability of lying within (Stein's lemma, for normal variables), and a variance by
        about that.

        Returns:
            Mixture of batch shape (..., C).
        """
        top = self.levels - 1
        locs: list[Tensor] = []
        log_scales: list[Tensor] = []
        means: list[Tensor] = []
        covariance: dict[tuple[int, int], Tensor] = {}  # of clipped channels, in units in which a logistic's is scale²
        for channel in range(self.loc.shape[-2]):
            loc, square = self.loc[..., channel, :], (2 * self.log_scale[..., channel, :]).exp()
            slopes = self._slopes(channel).unbind(dim=-2)
            shared = [
                sum(
                    (slope * covariance[before, other] for other, slope in enumerate(slopes)),
                    start=torch.zeros_like(loc),
                )
                for before in range(channel)
            ]
            for slope, mean, common in zip(slopes, means, shared, strict=True):
                loc, square = loc + slope * (mean - top / 2), square + slope * common
            scale = square.sqrt()
            within = torch.sigmoid((top - loc) / scale) - torch.sigmoid(-loc / scale)
            covariance[channel, channel] = square * within
            for before, common in enumerate(shared):
                covariance[before, channel] = covariance[channel, before] = common * within
            locs.append(loc)
            log_scales.append(scale.log())
            means.append(DiscretizedLogistic(loc, log_scales[-1], self.levels).mean)
        loc = torch.stack(locs, dim=-2)
        return LogisticMixture(self.weight.unsqueeze(-2), loc, torch.stack(log_scales, dim=-2), self.levels)

    def sample(self, sample_shape: torch.Size = torch.Size(), generator: torch.Generator | None = None) -> Tensor:  # type: ignore[override]  # noqa: B008
        """Draw pixels: a component, then its channels one after the other.

        Args:
            sample_shape: Leading shape of independent draws.
            generator: Source of randomness, on the CPU.

        Returns:
            ``uint8`` levels, shape ``sample_shape + batch_shape + (C,)``.
        """
        shape = torch.Size((*sample_shape, *self.batch_shape))
        u = torch.rand(shape, generator=generator).to(self.weight.device)
        which = _component(self.weight, u)

        def chosen(parameters: Tensor) -> Tensor:
            index = which.unsqueeze(-1).expand(*shape, parameters.shape[-2], 1)
            return parameters.expand(*shape, *parameters.shape[-2:]).gather(-1, index)

        certain = torch.zeros_like(which, dtype=self.loc.dtype)
        one = ChannelMixture(certain, chosen(self.loc), chosen(self.log_scale), chosen(self.slope), self.levels)
        value = torch.zeros(*shape, 0, dtype=torch.uint8, device=which.device)
        for channel in range(self.loc.shape[-2]):
            loc, log_scale = one._loc(value, channel), one.log_scale[..., channel, :]
            value = torch.cat([value, DiscretizedLogistic(loc, log_scale, self.levels).sample(generator=generator)], -1)
        return value

    def level_log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of every level of every channel, given the channels before it.

        Args:
            value: Levels (any dtype), (..., C).

        Returns:
            Nats, (..., C, levels).
        """
        value = value.long()
        return self.unfold(lambda channel, _: value[..., channel])

    def unfold(self, choose: Callable[[int, Tensor], Tensor]) -> Tensor:
        """Go through the channels, of which each is distributed according to what was chosen for those before it.

        Args:
            choose: A channel's levels, ``int64`` (...), given which it is and the log-probabilities of its levels.

        Returns:
            Those log-probabilities, in nats, (..., C, levels).
        """
        weight, values, log_p = self.weight, list[Tensor](), list[Tensor]()
        channels = self.loc.shape[-2]
        for channel in range(channels):
            loc = self._loc(torch.stack(values, dim=-1), channel) if values else self.loc[..., 0, :]
            logistic = DiscretizedLogistic(loc, self.log_scale[..., channel, :], self.levels)
            joint = weight.unsqueeze(-1) + logistic.level_log_prob()
            log_p.append(_log_sum(joint))
            values.append(choose(channel, log_p[-1]))
            if channel + 1 < channels:  # components that foretold the value well weigh more from here on
                index = values[-1][..., None, None].expand(*weight.shape, 1)
                weight = joint.gather(-1, index).squeeze(-1).log_softmax(dim=-1)
        return torch.stack(log_p, dim=-2)

    def _loc(self, value: Tensor, channel: int) -> Tensor:
        centred = value[..., :channel, None].to(self.loc.dtype) - (self.levels - 1) / 2
        return self.loc[..., channel, :] + (self._slopes(channel) * centred).sum(dim=-2)

    def _slopes(self, channel: int) -> Tensor:
        """Coefficients of the channels before one, (..., channel, K)."""
        first = channel * (channel - 1) // 2
        return self.slope[..., first : first + channel, :]

    def _component(self, value: Tensor, channel: int) -> Tensor:
        """Log-probability of a channel's level in every component, (..., K)."""
        logistic = DiscretizedLogistic(self._loc(value, channel), self.log_scale[..., channel, :], self.levels)
        return logistic.log_prob(value[..., channel, None])


class PictureMixture(Distribution):
    """Pictures whose pixels are each a mixture over channels, with the channels where pictures have them.

    Args:
        pixels: A mixture for every pixel, batch shape (B, H, W) over C channels.
    """

    arg_constraints: ClassVar = {}

    def __init__(self, pixels: ChannelMixture) -> None:
        self.pixels = pixels
        batch, *size = pixels.batch_shape
        super().__init__(torch.Size((batch, *pixels.event_shape, *size)), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of every value given the channels of the pixel before it; the sum is that of the pictures.

        Args:
            value: Levels (any dtype), (B, C, H, W).

        Returns:
            Nats, (B, C, H, W).
        """
        return self.pixels.channel_log_prob(value.movedim(1, -1)).movedim(-1, 1)

    def pixel_log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of whole pixels: what :meth:`log_prob` adds up to over the channels, in less time.

        Args:
            value: Levels (any dtype), (B, C, H, W).

        Returns:
            Nats, (B, H, W).
        """
        return self.pixels.log_prob(value.movedim(1, -1))

    @property
    def mean(self) -> Tensor:
        """Mean in levels, (B, C, H, W); see :meth:`ChannelMixture.marginals`."""
        return self.pixels.marginals().mean.movedim(-1, 1)

    @property
    def variance(self) -> Tensor:
        """Variance in levels squared, (B, C, H, W); see :meth:`ChannelMixture.marginals`."""
        return self.pixels.marginals().variance.movedim(-1, 1)

    def sample(self, sample_shape: torch.Size = torch.Size(), generator: torch.Generator | None = None) -> Tensor:  # type: ignore[override]  # noqa: B008
        """Draw levels.

        Args:
            sample_shape: Leading shape of independent draws.
            generator: Source of randomness, on the CPU.

        Returns:
            ``uint8`` levels, shape ``sample_shape + (B, C, H, W)``.
        """
        return self.pixels.sample(sample_shape, generator).movedim(-1, -3)


def _log_sum(joint: Tensor) -> Tensor:
    """Log-probabilities of the levels, (..., levels), from those in each component, (..., K, levels).

    What :func:`torch.logsumexp` gives, but for terms that vanish beside the largest: they are cut short of exponentials
    too small to be computed fast.
    """
    top = joint.amax(dim=-2, keepdim=True)
    return (joint - top).clamp_min(-80).exp().sum(dim=-2).log() + top.squeeze(-2)


def _component(weight: Tensor, uniform: Tensor) -> Tensor:
    """Which component uniform numbers fall into, (..., 1), of mixtures with the log-probabilities (..., K)."""
    cdf = weight.exp().cumsum(dim=-1)
    return (cdf <= uniform.unsqueeze(-1) * cdf[..., -1:]).sum(dim=-1, keepdim=True).clamp_max(cdf.shape[-1] - 1)
