"""Steps from noise to pictures, for any field of velocities that comes from straight lines.

A point of a line is x = t p + (1 - t) e, of a picture p and noise e, so a velocity v, which stands for p - e, tells
both: p = x + (1 - t) v and e = x - t v. That is what a diffusion model tells too, at the level of noise (1 - t) / t, so
its samplers serve here [1, 2]: solvers go straight on, and DDPM's step [3] draws a part of the noise anew, which makes
up for what earlier steps got wrong.

References:
    1. Albergo, Boffi and Vanden-Eijnden (2023), "Stochastic Interpolants", section 2.3.
       https://arxiv.org/abs/2303.08797
    2. Ma et al. (2024), "SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant
       Transformers", section 2.4. https://arxiv.org/abs/2401.08740
    3. Ho, Jain and Abbeel (2020), "Denoising Diffusion Probabilistic Models", algorithm 2.
       https://arxiv.org/abs/2006.11239
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from gm_core.models import ode
from gm_core.models.ode import SOLVERS, Field
from gm_core.models.transport.steps import Step, by_solver, draw_like


def ddpm(field: Field, x: Tensor, start: float, end: float, noise: Sequence[torch.Generator]) -> Tensor:
    """A step of DDPM [3]: towards the picture, and some of the noise drawn anew; from all noise, all of it."""
    velocity = field(x, start)
    picture, old = x + (1 - start) * velocity, x - start * velocity
    # The new level of noise, (1 - t) / t, over the old; next to no noise, times may round to the picture's own.
    kept = start * (1 - end) / (end * (1 - start)) if start < 1 else 1.0
    return end * picture + (1 - end) * (kept * old + (1 - kept**2) ** 0.5 * draw_like(x, noise))


SAMPLERS: Mapping[str, Step] = MappingProxyType(
    {"ddpm": ddpm, **{name: by_solver(solver) for name, solver in SOLVERS.items()}}
)
"""All of them, by name."""

CALLS: Mapping[str, int] = MappingProxyType({"ddpm": 1, **ode.CALLS})
"""How often each asks for the field in a step."""
