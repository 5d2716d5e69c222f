"""Points of a latent space: drawn, checked, and on the way from one to another."""

import math

import torch
from torch import Tensor

from gm_core.models.base import ImageShape
from gm_core.models.inputs import check_temperature
from gm_core.numerics import isolate


@isolate
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


def check_latent(z: Tensor, dimensions: int) -> Tensor:
    """Points of a latent space as ``float32``, or a ``ValueError`` unless they are finite real numbers, (B, D)."""
    if not isinstance(z, Tensor) or z.is_complex() or z.is_meta:
        kind = type(z).__name__ if not isinstance(z, Tensor) else "complex" if z.is_complex() else "one without values"
        raise ValueError(f"z must be a tensor of real numbers, not {kind}")
    if z.ndim != 2 or z.shape[1] != dimensions:
        raise ValueError(f"z must have shape (B, {dimensions}), not {tuple(z.shape)}")
    z = z.float()
    if not torch.isfinite(z).all():
        raise ValueError("z must be finite")
    return z


def check_noise(noise: Tensor, shape: ImageShape) -> Tensor:
    """Noise for pictures as ``float32``, or a ``ValueError`` unless it is finite real numbers, (n, C, H, W)."""
    if isinstance(noise, Tensor) and (noise.ndim != 4 or tuple(noise.shape[1:]) != shape.size or not len(noise)):
        raise ValueError(f"the noise must have shape (n, {', '.join(map(str, shape.size))}), not {tuple(noise.shape)}")
    return check_latent(noise.flatten(1) if isinstance(noise, Tensor) else noise, shape.values).view(-1, *shape.size)


@isolate
def interpolate(a: Tensor, b: Tensor, steps: int, *, spherical: bool = False) -> Tensor:
    """Points on the way from one latent to another.

    Args:
        a: Start, (D,).
        b: End, (D,).
        steps: Number of points, both ends included; at least 2.
        spherical: Along a great circle (with the length interpolated too) in place of a straight line. White (2016),
            "Sampling Generative Networks", section 2.1. https://arxiv.org/abs/1609.04468

    Returns:
        Latents, (steps, D).
    """
    if steps < 2:
        raise ValueError(f"steps must be at least 2, not {steps}")
    a, b = a.float(), b.float()
    t = torch.linspace(0, 1, steps, device=a.device)[:, None]
    if not spherical:
        return a + t * (b - a)
    length_a, length_b = a.norm(), b.norm()
    cosine = torch.dot(a, b) / (length_a * length_b)
    angle = torch.acos(cosine.clamp(-1, 1))
    if not 1e-3 < angle < math.pi - 1e-3:  # no plane to turn in, no unique one, or (nan) an end without a direction
        return a + t * (b - a)
    direction = (torch.sin((1 - t) * angle) * a / length_a + torch.sin(t * angle) * b / length_b) / torch.sin(angle)
    return direction * (length_a + t * (length_b - length_a))


def normal_log_prob(values: Tensor, stddev: float = 1.0) -> Tensor:
    """Log-density of a normal of mean 0, (B, ...) to nats (B,)."""
    return -0.5 * ((values / stddev).square() + math.log(2 * math.pi * stddev**2)).flatten(1).sum(dim=1)


@isolate
def norm_p_values(noise: Tensor) -> Tensor:
    """How usual noise is by its length: the two-sided p-value of its squared norm.

    Of draws from a standard normal in D dimensions it has the chi-square distribution with D degrees of freedom, whose
    mean is D and whose standard deviation is the root of 2 D.

    Args:
        noise: Points, (B, ...), of D numbers each.

    Returns:
        Twice the share of draws that lie as far out or farther on the same side, ``float64`` (B,).
    """
    points = noise.flatten(1).double()
    half = torch.full((len(points),), points.shape[1] / 2, dtype=torch.float64, device=points.device)
    length = points.square().sum(dim=1) / 2
    below, above = torch.special.gammainc(half, length), torch.special.gammaincc(half, length)
    return (2 * torch.minimum(below, above)).clamp(max=1)
