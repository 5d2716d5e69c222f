"""How much noise there is: at the steps of a sampler, and at those of training.

A level of noise is sigma / alpha, how strong the noise is beside the picture; its logarithm is -lambda / 2.
"""

import math

import torch
from torch import Tensor

LEAST = math.exp(-7.0)
"""The least noise, lambda = 14: a ninth of the step between two of 256 levels, so a picture can be read through it.
With a sixth of it, misread levels alone would cost 0.04 bits per pixel."""

MOST = math.exp(3.5)
"""The most, lambda = -7: what is left of the picture is a thirtieth of the noise."""

BEND = 7.0
"""The larger, the more of a sampler's steps have little noise. Karras et al. (2022), appendix D.1."""


def noise_levels(steps: int, most: float = MOST) -> list[float]:
    """Levels of noise from the most to none, for a number of steps between them. Karras et al. (2022), equation 5."""
    if steps == 1:
        return [most, 0.0]
    high, low = most ** (1 / BEND), min(4 * LEAST, most / 2) ** (1 / BEND)
    return [most, *((high + i / (steps - 1) * (low - high)) ** BEND for i in range(1, steps)), 0.0]


def even_levels(steps: int) -> list[float]:
    """Levels of noise from the least to the most, evenly in lambda, for a number of steps between them."""
    return torch.linspace(math.log(LEAST), math.log(MOST), steps + 1).exp().tolist()


def training_noise(n: int, generator: torch.Generator) -> Tensor:
    """Values of lambda to train at, (n,).

    Half of them evenly, as the bound weighs them; half as the cosine schedule has them, where pictures take shape:
    Nichol and Dhariwal (2021), "Improved Denoising Diffusion Probabilistic Models", section 3.2.
    https://arxiv.org/abs/2102.09672
    """
    even = torch.rand(n, generator=generator)
    angle = torch.rand(n, generator=generator) * (math.pi / 2)
    cosine = -2 * torch.log(torch.tan(angle))
    ratio = torch.where(even < 0.5, -2 * math.log(MOST) + 4 * even * math.log(MOST / LEAST), cosine)
    return ratio.clamp(-2 * math.log(MOST), -2 * math.log(LEAST))


def mix(ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Alpha and sigma, whose squares add up to 1, from lambda."""
    return ratio.sigmoid().sqrt(), (-ratio).sigmoid().sqrt()
