"""Where a picture is on the way through a flow of several scales, and where each of its values lies."""

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.models.flow.coupling import coupling_masks


@dataclass(frozen=True)
class State:
    """Where a picture is on the way to noise, or back.

    Attributes:
        h: The values that couplings change at the current scale, (B, C, H, W).
        parts: The values factored out at every scale before it.
    """

    h: Tensor
    parts: tuple[Tensor, ...]

    @classmethod
    def of_code(cls, z: Tensor, shape: tuple[int, int, int], scales: int) -> Self:
        """The last state of the way to noise, from its code (B, D); the shape is that of the first scale."""
        channels, height, columns = shape
        parts = []
        for _ in range(scales - 1):
            part, z = z.split((channels // 2 * height * columns, z.shape[1] - channels // 2 * height * columns), dim=1)
            parts.append(part.view(-1, channels // 2, height, columns))
            channels, height, columns = 2 * channels, height // 2, columns // 2
        return cls(z.view(-1, channels, height, columns), tuple(parts))

    @classmethod
    def of_values(cls, values: Tensor, scales: int) -> Self:
        """The inverse of :meth:`values`: the last state of the way to noise."""
        state = cls(values, ())
        for _ in range(scales - 1):
            state = state.split()
        return state

    def code(self) -> Tensor:
        """All values in a row, (B, D): those factored out first come first."""
        return torch.cat([part.flatten(1) for part in (*self.parts, self.h)], dim=1)

    def split(self) -> Self:
        """Factor out half of the channels and squeeze the others: on to the next scale."""
        kept, others = _halves(self.h.shape[1])
        return type(self)(F.pixel_unshuffle(self.h[:, kept], 2), (*self.parts, self.h[:, others]))

    def join(self) -> Self:
        """The inverse of :meth:`split`."""
        *parts, part = self.parts
        kept, others = _halves(2 * part.shape[1])
        h = torch.empty_like(torch.cat((part, part), dim=1))
        h[:, kept], h[:, others] = F.pixel_shuffle(self.h, 2), part
        return type(self)(h, tuple(parts))

    def values(self) -> Tensor:
        """All values, each at its place at the first scale, (B, 4C, H/2, W/2)."""
        state = self
        while state.parts:
            state = state.join()
        return state.h


def _halves(channels: int) -> tuple[Tensor, Tensor]:
    """The channels that go on to the next scale, which are the checkerboard's, and those factored out."""
    mask = coupling_masks(channels, 1)[0].bool()
    return mask.nonzero().flatten(), (~mask).nonzero().flatten()
