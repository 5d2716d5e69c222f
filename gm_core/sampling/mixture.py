"""Drawing pixels of several channels from a mixture of logistics: red, then green given red, then blue given both."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gm_core.nn.discretized import ChannelMixture
from gm_core.sampling.stream import inverse_cdf


class MixturePixels(ABC):
    """:class:`gm_core.sampling.Pixels` out of two smaller things: a pixel's mixture, and being told its values."""

    height: int
    width: int
    at_once = 1

    @abstractmethod
    def mixture(self, row: int, column: int) -> ChannelMixture:
        """The distribution of a pixel given those already put, batch shape (n,)."""

    @abstractmethod
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a pixel's values, ``int64`` (n, C)."""

    def draw(self, begin: int, uniform: Tensor, given: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """See :meth:`gm_core.sampling.Pixels.draw`."""
        values, logits = [], []
        # A model of one channel is handed numbers without a dimension for it.
        numbers, fixed = (part.reshape(*uniform.shape[:2], -1) for part in (uniform, given))
        for k in range(uniform.shape[1]):
            row, column = divmod(begin + k, self.width)
            mixture, pixel = self.mixture(row, column), fixed[:, k].clone()
            for channel in range(pixel.shape[1]):
                log_p = mixture.channel(channel, pixel.to(mixture.loc.device)).level_log_prob().to(uniform.device)
                value = inverse_cdf(log_p, numbers[:, k, channel], temperature)
                pixel[:, channel] = torch.where(pixel[:, channel] < 0, value, pixel[:, channel])
                logits.append(log_p)
            self.put(row, column, pixel)
            values.append(pixel)
        drawn = torch.stack(values, dim=1).reshape(uniform.shape)
        return drawn, torch.stack(logits, dim=1).reshape(*uniform.shape, -1)
