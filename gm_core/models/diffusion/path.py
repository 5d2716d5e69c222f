"""More and more noise over a picture, as a path."""

import math

from gm_core.models.diffusion.schedule import LEAST, MOST, even_levels, noise_levels
from gm_core.models.transport import Path


class NoisyPath(Path):
    """States are x + s e: times are levels of noise s."""

    noisiest = MOST

    def times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Levels of noise; a share of it is that of a quarter turn, whose tangent is the level."""
        return noise_levels(steps, min(math.tan(strength * math.pi / 2), MOST) if strength < 1 else MOST)

    def fine_times(self, steps: int) -> list[float]:
        """Levels from the least to the most."""
        return [LEAST, *even_levels(steps)[1:-1], MOST]

    def weights(self, time: float) -> tuple[float, float]:
        """The picture as it is."""
        return 1.0, time

    def time(self, ratio: float) -> float:
        """From 1 / s."""
        return 1 / ratio

    def size(self, time: float) -> float:
        """Shown is what the network sees, alpha (x + s e)."""
        return math.hypot(1, time)

    def share(self, time: float) -> float:
        """By the angle whose tangent is the level."""
        return 1 - 2 / math.pi * math.atan(time)

    def title(self, time: float) -> str:
        """The level."""
        return f"noise {time:.3g}" if time > LEAST else "picture"
