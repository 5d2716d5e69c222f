"""Steps from noise to pictures, for any denoiser.

All speak of y = z / alpha = x + s e, a picture with noise of level s over it, and ask for the noise e that a denoiser
sees in it. The deterministic ways are ordinary differential equations, dy/ds = e(y, s), so any solver of
:mod:`gm_core.models.ode` will do: Euler's method is DDIM [1], Heun's is that of Karras et al. [2].

References:
    1. Song, Meng and Ermon (2021), "Denoising Diffusion Implicit Models". https://arxiv.org/abs/2010.02502
    2. Karras, Aittala, Aila and Laine (2022), "Elucidating the Design Space of Diffusion-Based Generative Models",
       algorithm 1. https://arxiv.org/abs/2206.00364
    3. Ho, Jain and Abbeel (2020), "Denoising Diffusion Probabilistic Models", algorithm 2.
       https://arxiv.org/abs/2006.11239
    4. Song and Ermon (2019), "Generative Modeling by Estimating Gradients of the Data Distribution", algorithm 1.
       https://arxiv.org/abs/1907.05600
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gm_core.models.ode import Field, euler, heun
from gm_core.models.transport.steps import Step, draw_like


def ddpm(field: Field, y: Tensor, start: float, end: float, noise: Sequence[torch.Generator]) -> Tensor:
    """A step of DDPM [3]: towards the picture, and some of the noise drawn anew."""
    expected = field(y, start)
    kept = (end / start) ** 2  # of the noise's variance; the other part is drawn anew
    return y - start * (1 - kept) * expected + end * (1 - kept) ** 0.5 * draw_like(y, noise)


def ddim(field: Field, y: Tensor, start: float, end: float, noise: Sequence[torch.Generator]) -> Tensor:
    """A step of DDIM [1], with no noise drawn anew: Euler's method."""
    return euler(field, y, start, end)


def second_order(field: Field, y: Tensor, start: float, end: float, noise: Sequence[torch.Generator]) -> Tensor:
    """A step of Heun's method [2]; the last one, to no noise at all, is Euler's."""
    return heun(field, y, start, end) if end else euler(field, y, start, end)


def langevin(field: Field, y: Tensor, start: float, end: float, noise: Sequence[torch.Generator]) -> Tensor:
    """Annealed Langevin dynamics [4]: at the lower level some steps up the slope of the log-density, with noise.

    At no noise at all there is no slope, and the picture is read off.
    """
    if not end:
        return euler(field, y, start, end)
    size = LANGEVIN_SIZE * end**2
    for _ in range(LANGEVIN_STEPS):
        y = y - size / end * field(y, end) + (2 * size) ** 0.5 * draw_like(y, noise)
    return y


LANGEVIN_STEPS = 4
"""Of Langevin's dynamics at each level of noise."""

LANGEVIN_SIZE = 0.3
"""Of each, in units of the noise's variance."""

SAMPLERS: dict[str, Step] = {"ddpm": ddpm, "ddim": ddim, "heun": second_order, "langevin": langevin}
"""All of them, by name."""

CALLS = {"ddpm": 1, "ddim": 1, "heun": 2, "langevin": LANGEVIN_STEPS}
"""How often each asks the denoiser in a step, but for Heun's last, with one."""
