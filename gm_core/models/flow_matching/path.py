"""Straight lines from noise to pictures, as a path."""

import torch

from gm_core.models.transport import Path

LAST = 7.5
"""Of the logit of a time, up to which training goes: what is left of the noise there is a tenth of a level's step."""

FIRST = -3.5
"""Of the logit of a time, from which a fine way goes on to all noise in one step."""


BEND = 1.3
"""The larger, the more of a sampler's steps are near the noise, where it is decided what the picture will be."""


class StraightPath(Path):
    """States are t x + (1 - t) e: times go from 0, all noise, to 1, the picture."""

    noisiest = 0.0

    def times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Nearly equal steps; a share of noise is that of the line."""
        return [*(1 - strength + strength * (index / steps) ** BEND for index in range(steps)), 1.0]

    def fine_times(self, steps: int) -> list[float]:
        """Closer together the closer to the picture, where the field is steepest; two steps for what is nearest."""
        if steps < 4:
            return [1.0, *torch.linspace(LAST, FIRST, steps - 1).sigmoid().tolist(), 0.0] if steps > 1 else [1.0, 0.0]
        last, *others = torch.linspace(LAST, FIRST, steps - 2).sigmoid().tolist()
        return [1.0, (1 + last) / 2, last, *others, 0.0]

    def weights(self, time: float) -> tuple[float, float]:
        """Points on the lines."""
        return time, 1 - time

    def time(self, ratio: float) -> float:
        """From t / (1 - t)."""
        return ratio / (1 + ratio)

    def size(self, time: float) -> float:
        """Points are shown as they are."""
        return 1.0

    def share(self, time: float) -> float:
        """The time itself."""
        return time

    def title(self, time: float) -> str:
        """The time."""
        return f"t = {time:.2f}" if time < 0.99 or time == 1 else f"t = {time:.4f}"
