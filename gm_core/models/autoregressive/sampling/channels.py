"""Drawing pixels channel by channel: red, then green given red, then blue given both."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gm_core.models.autoregressive.heads import Choose
from gm_core.models.autoregressive.sampling.stream import for_both, guide, inverse_cdf


class ChannelByChannel(ABC):
    """``Pixels`` out of two smaller things: a walk through a pixel's channels, and being given its values."""

    height: int
    width: int
    at_once = 1

    @abstractmethod
    def unfold(self, row: int, column: int, choose: Choose) -> Tensor:
        """Walk through the channels of a pixel, given the pixels already put; see :meth:`Head.unfold`."""

    @abstractmethod
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a pixel's values, ``int64`` (n, C)."""

    def draw(
        self, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`Pixels.draw`."""
        # A model of one channel is handed numbers without a dimension for it.
        numbers, fixed = (part.reshape(*uniform.shape[:2], -1).unbind(1) for part in (uniform, given))
        pixels = [
            self._draw_pixel(*divmod(index, self.width), *parts, temperature, guidance)
            for index, parts in enumerate(zip(numbers, fixed, strict=True), begin)
        ]
        values, logits = (torch.stack(part, dim=1) for part in zip(*pixels, strict=True))
        return values.reshape(uniform.shape), logits.reshape(*uniform.shape, -1)

    def _draw_pixel(
        self, row: int, column: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """A pixel's values, ``int64`` (n, C), and the log-probabilities of all its levels, (n, C, levels)."""
        values: list[Tensor] = []
        logits: list[Tensor] = []

        def choose(channel: int, log_p: Tensor) -> Tensor:
            logits.append(guide(log_p.to(uniform.device), guidance))
            value = inverse_cdf(logits[-1], uniform[:, channel], temperature)
            values.append(torch.where(given[:, channel] < 0, value, given[:, channel]))
            return for_both(values[-1], guidance).to(log_p.device)

        self.unfold(row, column, choose)
        drawn = torch.stack(values, dim=1)
        self.put(row, column, for_both(drawn, guidance))
        return drawn, torch.stack(logits, dim=1)
