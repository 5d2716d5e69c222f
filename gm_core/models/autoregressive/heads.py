"""What a pixel's distribution is made of: the chain rule asks a network for numbers, and a head for a distribution."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical

from gm_core.distributions.channels import ChannelMixture

Choose = Callable[[int, Tensor], Tensor]
"""From a channel and its normalised log-probabilities (..., levels) to the chosen levels, ``int64`` (...)."""


class Head(ABC):
    """From a network's numbers for a pixel to the distribution of its values, channel by channel.

    ``outputs`` are the network's numbers, (..., size) of any precision; ``values`` are levels, ``int64`` (..., C).

    Attributes:
        channels: Channels C of a pixel.
        levels: Levels of a channel.
        size: Numbers that the network must give per pixel.
    """

    channels: int
    levels: int
    size: int

    @abstractmethod
    def level_log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """Log-probabilities of all levels of every channel, given the channels before it, (..., C, levels)."""

    @abstractmethod
    def log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """Log-probability of every value given the channels before it, nats, (..., C)."""

    @abstractmethod
    def surprise(self, outputs: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The surprise -log p of every value, and its mean and variance before it was seen, (..., C) each."""

    @abstractmethod
    def loss(self, outputs: Tensor, values: Tensor) -> Tensor:
        """Mean negative log-likelihood of pictures (B, H, W, C), nats per image."""

    @abstractmethod
    def unfold(self, outputs: Tensor, choose: Choose) -> Tensor:
        """Walk through the channels, each given what was chosen for those before it.

        Args:
            outputs: (..., size).
            choose: Called once per channel.

        Returns:
            The normalised log-probabilities that it was shown, (..., C, levels).
        """

    def distribution(self, outputs: Tensor, values: Tensor) -> Categorical:
        """The distribution of every value given the channels before it, batch shape (..., C)."""
        return Categorical(logits=self.level_log_prob(outputs, values), validate_args=False)


class SoftmaxHead(Head):
    """One channel, and a probability of its own for every level.

    Args:
        levels: Levels of a pixel.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", section 2.2. https://arxiv.org/abs/1601.06759
    """

    channels = 1

    def __init__(self, levels: int) -> None:
        self.levels = self.size = levels

    def level_log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.level_log_prob`."""
        return torch.log_softmax(outputs, dim=-1).unsqueeze(-2)

    def log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.log_prob`."""
        return torch.log_softmax(outputs, dim=-1).gather(-1, values)

    def surprise(self, outputs: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`Head.surprise`."""
        log_p = torch.log_softmax(outputs, dim=-1)
        p = log_p.exp()
        surprise = -log_p.gather(-1, values)
        weighted = p.mul_(log_p)  # p log p
        entropy = -weighted.sum(dim=-1, keepdim=True)
        variance = weighted.mul_(log_p).sum(dim=-1, keepdim=True) - entropy.square()
        return surprise, entropy, variance.clamp_min_(0)

    def loss(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.loss`."""
        # Levels last and contiguous: the layout in which cross-entropy is fastest.
        nats = F.cross_entropy(outputs.reshape(-1, self.levels).float(), values.reshape(-1))
        return nats * values[0].numel()

    def unfold(self, outputs: Tensor, choose: Choose) -> Tensor:
        """See :meth:`Head.unfold`."""
        log_p = torch.log_softmax(outputs, dim=-1)
        choose(0, log_p)
        return log_p.unsqueeze(-2)


class MixtureHead(Head):
    """A mixture of logistics over the channels of a pixel: green follows red, blue both, within each component.

    Args:
        channels: Channels C of a pixel.
        levels: Levels of a channel.
        components: Number of logistics K in the mixture.

    References:
        Salimans et al. (2017), "PixelCNN++", sections 2.1 and 2.2. https://arxiv.org/abs/1701.05517
    """

    def __init__(self, channels: int, levels: int, components: int) -> None:
        self.channels, self.levels, self.components = channels, levels, components
        c, k = channels, components
        self.parts = [k, c * k, c * k, c * (c - 1) // 2 * k]  # weights, locations, log-scales, slopes
        self.size = sum(self.parts)

    def initial_bias(self) -> Tensor:
        """Numbers to begin training with: a mixture spread over the range, not of like components at its middle."""
        c, k = self.channels, self.components
        spread = torch.linspace(-0.8, 0.8, k).repeat(c)
        return torch.cat([torch.zeros(k), spread, torch.full((c * k,), -2.0), torch.zeros(self.parts[3])])

    def mixture(self, outputs: Tensor) -> ChannelMixture:
        """The joint distribution of a pixel's channels, batch shape (...), in ``float32``."""
        k, half = self.components, (self.levels - 1) / 2
        weight, *others = outputs.float().split(self.parts, dim=-1)
        loc, log_scale, slope = (part.unflatten(-1, (part.shape[-1] // k, k)) for part in others)
        # The network speaks of -1 to 1, the distribution of levels.
        return ChannelMixture(weight, (loc + 1) * half, log_scale.clamp(-7, 3) + math.log(half), slope, self.levels)

    def level_log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.level_log_prob`."""
        return self.mixture(outputs).level_log_prob(values)

    def log_prob(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.log_prob`."""
        return self.mixture(outputs).channel_log_prob(values)

    def surprise(self, outputs: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`Head.surprise`."""
        mixture = self.mixture(outputs)
        channels = [mixture.channel(channel, values).surprise_moments() for channel in range(self.channels)]
        entropy, variance = (torch.stack(moments, dim=-1) for moments in zip(*channels, strict=True))
        return -mixture.channel_log_prob(values), entropy, variance

    def loss(self, outputs: Tensor, values: Tensor) -> Tensor:
        """See :meth:`Head.loss`."""
        return -self.mixture(outputs).log_prob(values).sum() / len(values)

    def unfold(self, outputs: Tensor, choose: Choose) -> Tensor:
        """See :meth:`Head.unfold`."""
        return self.mixture(outputs).unfold(choose)
