r"""FFJORD: a flow in continuous time, whose layers are the moments of a differential equation.

A network is the velocity v(z, t) of points that begin as noise at t = 0 and arrive at data at t = 1. Any network will
do: where it is smooth, no two ways cross, and the equation is solved backwards as well as forwards. Along a way

.. math:: \frac{d}{dt} \log p_t(z_t) = - \operatorname{tr} \frac{\partial v}{\partial z},

the instantaneous change of variables [1]: no determinant, and a trace has an unbiased estimate that costs a single
derivative, :math:`e^\top \frac{\partial v}{\partial z} e` with random signs e, Hutchinson's [2]. So the network is
trained by maximum likelihood, through the solver.

*What is exact:* log p(z), up to the steps of the solver, with the trace of as many derivatives as z has dimensions.
*What is an estimate:* the same with Hutchinson's trace.

References:
    1. Chen, Rubanova, Bettencourt and Duvenaud (2018), "Neural Ordinary Differential Equations", theorem 1.
       https://arxiv.org/abs/1806.07366
    2. Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), "FFJORD: Free-form Continuous Dynamics for Scalable
       Reversible Generative Models", section 3.1. https://arxiv.org/abs/1810.01367
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gm_core.models.ode import Field, arrive, even_times

CONTEXT = 32
"""Width of what the layers are told of the time and the class."""


class FFJORD(nn.Module):
    """A density of points of a few dimensions, of any class or of one.

    Args:
        dimensions: D of a point.
        classes: Classes that it can be asked for.
        width: Width of the hidden layers.
        layers: How many of them.
    """

    def __init__(self, dimensions: int, classes: int, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.dimensions, self.classes = dimensions, classes
        sizes = [dimensions, *[width] * layers, dimensions]
        self.context = nn.Linear(classes + 2, CONTEXT)
        weights = [nn.Linear(a, b, bias=False) for a, b in pairwise(sizes)]
        self.gates = nn.ModuleList(nn.Linear(CONTEXT + 1, size) for size in sizes[1:])
        self.shifts = nn.ModuleList(nn.Linear(CONTEXT + 1, size) for size in sizes[1:])
        nn.init.zeros_(weights[-1].weight)  # so that at first little moves
        self.weights = nn.ModuleList(weights)

    def velocity(self, z: Tensor, t: float, labels: Tensor) -> Tensor:
        """The velocity at points (B, D), of classes (B,) with -1 for "any class", at a time: (B, D)."""
        return self.with_changes(z, t, labels, z.new_zeros(0, *z.shape))[0]

    def with_changes(self, z: Tensor, t: float, labels: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        r"""The velocity, and how it changes along some directions, by the chain rule from the first layer to the last.

        A layer's output is its product with a matrix, times a gate, plus a shift, both of which depend on time and
        class: ``ConcatSquashLinear`` in the code of [2].

        Args:
            z: Points, (B, D).
            t: Time.
            labels: Classes, ``int64`` (B,).
            directions: K of them for each point, (K, B, D).

        Returns:
            The velocity, (B, D), and :math:`\frac{\partial v}{\partial z} e` for each direction e, (K, B, D).
        """
        time = z.new_full((self.classes + 1, 1), t)
        context = torch.cat((torch.eye(self.classes + 1, device=z.device, dtype=z.dtype), time), dim=1)
        context = torch.cat((torch.tanh(self.context(context)), time), dim=1)  # of every class once
        which = labels + 1
        for place, (weight, gate, shift) in enumerate(zip(self.weights, self.gates, self.shifts, strict=True)):
            both = weight(torch.cat((z[None], directions))) * torch.sigmoid(gate(context))[which]
            z, directions = both[0] + shift(context)[which], both[1:]
            if place < len(self.weights) - 1:
                z = torch.tanh(z)
                directions = directions * (1 - z.square())
        return z, directions

    def with_divergence(
        self, z: Tensor, t: float, labels: Tensor, signs: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The velocity, (B, D), and its divergence, (B,).

        Args:
            z: Points, (B, D).
            t: Time.
            labels: Classes, ``int64`` (B,).
            signs: Of Hutchinson's trace, (B, D); without them the trace is exact.
        """
        if signs is None:
            unit = torch.eye(self.dimensions, device=z.device, dtype=z.dtype)[:, None]
            directions = unit.expand(-1, len(z), -1)
        else:
            directions = signs[None]
        velocity, changes = self.with_changes(z, t, labels, directions)
        return velocity, (changes * directions).sum(dim=(0, 2))

    def log_prob(
        self,
        z: Tensor,
        labels: Tensor,
        *,
        times: Sequence[float] = tuple(even_times(16)),
        solver: str = "rk4",
        signs: Tensor | None = None,
    ) -> Tensor:
        """Log p(z), in nats, (B,).

        Args:
            z: Points, (B, D).
            labels: Classes, ``int64`` (B,), -1 for "any class".
            times: Of the solver's steps, from 0 to the time that the density is of: 1 for that of the data.
            solver: One of :data:`gm_core.models.ode.SOLVERS`.
            signs: Of Hutchinson's trace, (B, D), the same all the way; without them the trace is exact.
        """

        def field(state: Tensor, t: float) -> Tensor:
            velocity, divergence = self.with_divergence(state[:, :-1], t, labels, signs)
            return torch.cat((velocity, -divergence[:, None]), dim=1)

        state = torch.cat((z, z.new_zeros(len(z), 1)), dim=1)
        state = arrive(field, state, times[::-1], solver)
        # What log p changed by on the way back is what it has to gain on the way there.
        return standard_normal(state[:, :-1]) - state[:, -1]

    def sample(self, labels: Tensor, generator: torch.Generator | None = None, *, steps: int = 16) -> Tensor:
        """Draws, one of each of some classes, (B,): (B, D)."""
        z = torch.randn(len(labels), self.dimensions, generator=generator)
        return arrive(self.field(labels), z, even_times(steps))

    def field(self, labels: Tensor) -> Field:
        """The velocity as a solver asks for it."""
        return lambda z, t: self.velocity(z, t, labels)


def standard_normal(z: Tensor) -> Tensor:
    """Log N(z; 0, I), nats, (B,)."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=1)


def random_signs(z: Tensor, generator: torch.Generator) -> Tensor:
    """Signs for Hutchinson's trace at points (B, D)."""
    return (torch.randint(2, z.shape, generator=generator) * 2 - 1).to(z)
