"""Steps from one time to another, as plain functions."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gm_core.models.ode import Field, Solver

Step = Callable[[Field, Tensor, float, float, Sequence[torch.Generator]], Tensor]
"""From the state at one time to that at another, by a field; what is drawn on the way comes from the sources."""


def by_solver(solver: Solver) -> Step:
    """A solver's step, which draws nothing."""
    return lambda field, state, start, end, sources: solver(field, state, start, end)


def draw_like(state: Tensor, sources: Sequence[torch.Generator]) -> Tensor:
    """Noise of a state's shape, each picture's from its own source, so that it is the same whatever is beside it."""
    return torch.stack([torch.randn(state.shape[1:], generator=source) for source in sources]).to(state.device)


def source_of(noise: Tensor) -> torch.Generator:
    """A source of randomness for what is drawn anew, that follows from a picture's first noise, (C, H, W)."""
    return torch.Generator().manual_seed(int(noise.view(torch.int32)[0, 0, 0]))


def back_and_forth(times: Sequence[float], repeats: int) -> list[float]:
    """Times whose every step but the last is taken several times, going back in between."""
    found = [times[0]]
    for start, end in itertools.pairwise(times[:-1]):
        found += [end, start] * (repeats - 1) + [end]
    return [*found, times[-1]]
