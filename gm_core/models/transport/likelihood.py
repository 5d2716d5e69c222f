"""The density of where a way begins, followed along it to noise, whose density is known.

Along dx/dt = v(x, t), the log-density changes by -div v(x, t) dt: the instantaneous change of variables [1]. The
divergence is estimated without bias by random signs e, as e^T (dv/dx) e [2, 3].

Most of it is known, though: noise grows. In units of its noise, a state a x + b e is w = r x + e with r = a / b, and
its equation is dw/dr = p(w, r), of the picture p that is expected, whatever the path [4]. What is left of the
divergence is that of p, a small part, and so is a solver's error: with 80 calls of the network by the method of Heun, a
digit's log-density along x + s e itself was 75 to 90 nats too high; in these units it is 7 to 14 nats too low, and with
80 calls by that of Runge and Kutta, 1 nat off.

References:
    1. Chen, Rubanova, Bettencourt and Duvenaud (2018), "Neural Ordinary Differential Equations", theorem 1.
       https://arxiv.org/abs/1806.07366
    2. Hutchinson (1990), "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines".
    3. Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), "FFJORD", section 3.1.
       https://arxiv.org/abs/1810.01367
    4. Karras, Aittala, Aila and Laine (2022), "Elucidating the Design Space of Diffusion-Based Generative Models",
       appendix B.2, for the equation of any path. https://arxiv.org/abs/2206.00364
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gm_core.models.ode import Field, Solver
from gm_core.models.transport.way import Way


def follow_density(
    way: Way, x: Tensor, times: Sequence[float], solver: Solver, signs: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """A way from a picture to noise, and what each step adds to the log-density of where it begins.

    Args:
        way: The way.
        x: Where it begins, (B, C, H, W).
        times: Of which the first is that of x.
        solver: Takes a step.
        signs: 1 or -1 for every value of x.

    Yields:
        The state at each time, and the nats that the step to it adds, (B,): to all of them, the log-density of the last
        state in units of its noise is to be added. First is x itself, with the change to those units.
    """
    path, values = way.path, x[0].numel()

    def unit(time: float) -> float:
        return path.weights(time)[1]

    def expected(w: Tensor, ratio: float) -> Tensor:
        """The field in units of noise."""
        time = path.time(ratio)
        return way.expected(unit(time) * w, time)

    def to_units(time: float) -> Tensor:
        """From the density of a state to that of the same in units of its noise."""
        return x.new_full((len(x),), -values * math.log(unit(time)))

    state = x
    yield x, to_units(next(filter(unit, times)))
    for start, end in itertools.pairwise(times):
        if unit(start):
            ends = path.ratio(start), path.ratio(end)
            w, added = _step(expected, state / unit(start), *ends, solver, signs)
            state = unit(end) * w
        else:  # no noise to measure in
            state, added = _step(way.field, state, start, end, solver, signs)
        yield state, added


def _step(field: Field, x: Tensor, start: float, end: float, solver: Solver, signs: Tensor) -> tuple[Tensor, Tensor]:
    """A step along a field, and the integral of its divergence, (B,)."""

    def both(state: Tensor, time: float) -> Tensor:
        """The velocity, and the divergence as one more number."""
        with torch.inference_mode(False), torch.enable_grad():
            point = state[:, :-1].clone().view_as(x).requires_grad_()
            velocity = field(point, time)
            product = torch.autograd.grad(velocity, point, signs)[0]
        divergence = (product * signs).flatten(1).sum(dim=1)
        return torch.cat((velocity.detach().flatten(1), divergence[:, None]), dim=1)

    state = solver(both, torch.cat((x.flatten(1), x.new_zeros(len(x), 1)), dim=1), start, end)
    return state[:, :-1].view_as(x), state[:, -1]
