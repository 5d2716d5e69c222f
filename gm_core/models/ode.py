"""Solvers of ordinary differential equations dx/dt = v(x, t), for flows in continuous time.

Each takes one step from a time to another, and is its textbook's formula; the order is how fast the error of a whole
way falls as steps are added: with 1/n, 1/n² or 1/n⁴.

References:
    Hairer, Nørsett and Wanner (1993), "Solving Ordinary Differential Equations I", section II.1.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import MappingProxyType

from torch import Tensor

Field = Callable[[Tensor, float], Tensor]
"""v(x, t), of x's shape."""

Solver = Callable[[Field, Tensor, float, float], Tensor]
"""From x at one time to x at another, by a field."""


def euler(field: Field, x: Tensor, start: float, end: float) -> Tensor:
    """Euler's method, of first order: one call of the field."""
    return x + (end - start) * field(x, start)


def heun(field: Field, x: Tensor, start: float, end: float) -> Tensor:
    """Heun's method, of second order: the mean of the slopes at both ends, two calls."""
    slope = field(x, start)
    return x + (end - start) / 2 * (slope + field(x + (end - start) * slope, end))


def runge_kutta(field: Field, x: Tensor, start: float, end: float) -> Tensor:
    """The classical method of Runge and Kutta, of fourth order: four calls."""
    h = end - start
    a = field(x, start)
    b = field(x + h / 2 * a, start + h / 2)
    c = field(x + h / 2 * b, start + h / 2)
    d = field(x + h * c, end)
    return x + h / 6 * (a + 2 * b + 2 * c + d)


SOLVERS = MappingProxyType({"euler": euler, "heun": heun, "rk4": runge_kutta})
"""All of them, by name."""

CALLS = MappingProxyType({"euler": 1, "heun": 2, "rk4": 4})
"""How often each asks for the field in a step."""

MOST = 1000
"""Steps that may be asked for."""


def check_steps(steps: int, solver: str = "euler") -> None:
    """``ValueError`` unless there is such a solver, and its number of steps is one that may be asked for."""
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, not {solver!r}")
    if not (type(steps) is int and 1 <= steps <= MOST):
        raise ValueError(f"steps must be a whole number from 1 to {MOST:,}, not {steps!r}")


def follow(field: Field, x: Tensor, times: Sequence[float], solver: str = "rk4") -> Iterator[Tensor]:
    """A way along a field: x at each of some times, in their order, which may lead backwards; x itself is the first.

    Args:
        field: The field.
        x: Where the way begins.
        times: Of which the first is that of x.
        solver: One of :data:`SOLVERS`.
    """
    yield x
    for start, end in pairwise(times):
        x = SOLVERS[solver](field, x, start, end)
        yield x


def arrive(field: Field, x: Tensor, times: Sequence[float], solver: str = "rk4") -> Tensor:
    """Where the way that :func:`follow` goes ends."""
    for start, end in pairwise(times):
        x = SOLVERS[solver](field, x, start, end)
    return x


def even_times(steps: int) -> list[float]:
    """Times from 0 to 1 in equal steps."""
    return [index / steps for index in range(steps + 1)]


def late_times(steps: int, nearest: float = 0.002) -> list[float]:
    """Times from 0 to 1, of which each is nearer to 1 by the same factor: for fields that are steepest at the end.

    Args:
        steps: How many.
        nearest: How far from 1 the steps get before they are equal to what is left.
    """
    return [(1 - nearest ** (index / steps)) / (1 - nearest) for index in range(steps + 1)]
