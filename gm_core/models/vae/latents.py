"""Points of a latent space: drawn, and checked."""

import torch
from torch import Tensor

from gm_core.models.autoregressive.sampling.stream import check_temperature


def draw_latents(n: int, dimensions: int, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
    """Draws from a standard normal, point by point, so that the first is the same however many follow.

    Args:
        n: Number of points.
        dimensions: D of the latent space.
        generator: CPU source of randomness.
        temperature: Scales the standard deviation.

    Returns:
        ``float32`` (n, D), on the CPU.

    Raises:
        ValueError: n or the temperature is out of range.
    """
    if n < 1:
        raise ValueError(f"the number of pictures must be at least 1, not {n}")
    temperature = check_temperature(temperature)
    return temperature * torch.stack([torch.randn(dimensions, generator=generator) for _ in range(n)])


def check_latent(z: Tensor, dimensions: int) -> None:
    """``ValueError`` unless z are finite points of a latent space, (B, D)."""
    if z.ndim != 2 or z.shape[1] != dimensions:
        raise ValueError(f"z must have shape (B, {dimensions}), not {tuple(z.shape)}")
    if not torch.isfinite(z).all():
        raise ValueError("z must be finite")
