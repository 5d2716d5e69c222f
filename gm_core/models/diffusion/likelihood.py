"""The parts of a likelihood that are known in closed form: at the least noise and at the most."""

import math

import torch
from torch import Tensor

from gm_core.models.diffusion.schedule import LEAST, MOST

NEAR = 8
"""Levels on either side of the nearest one that a picture with the least noise can be read as."""


def read_levels(x: Tensor, y: Tensor, levels: int) -> Tensor:
    """Log P(x | y) in nats, (B,): which of the levels near it a value with the least noise belongs to."""
    offsets = torch.arange(-min(NEAR, levels - 1), min(NEAR, levels - 1) + 1, device=x.device) * (2 / levels)
    total = torch.full_like(x, -math.inf)
    for offset in offsets:
        other = x + offset
        there = (other > -1) & (other < 1)
        chance = -0.5 * ((y - other) / LEAST).square()
        total = torch.logaddexp(total, torch.where(there, chance, -math.inf))
    return (-0.5 * ((y - x) / LEAST).square() - total).flatten(1).sum(dim=1)


def prior_kl(x: Tensor) -> Tensor:
    """KL of the noisiest picture to pure noise, nats (B,)."""
    sigma2 = MOST**2 / (1 + MOST**2)
    alpha2 = 1 - sigma2
    return 0.5 * (sigma2 - 1 - math.log(sigma2) + alpha2 * x.square()).flatten(1).sum(dim=1)
