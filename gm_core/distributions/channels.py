"""Mixtures of discretised logistics over the channels of a pixel, and over the pixels of a picture."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from gm_core.distributions.logistic import DiscretizedLogistic, LogisticMixture, draw_component, log_sum, uniform


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
        u = uniform(shape, generator).to(self.weight.device)
        which = draw_component(self.weight, u)

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
            log_p.append(log_sum(joint))
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
