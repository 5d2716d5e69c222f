"""Solvers follow a field as exactly as their order says, forwards and back."""

import math
from itertools import pairwise

import pytest
import torch

from gm_core.models.ode import arrive, even_times, follow, late_times


def turn(x: torch.Tensor, t: float) -> torch.Tensor:
    """A field whose ways are circles, and whose speed grows with time: an angle of t² at time t."""
    return 2 * t * torch.stack((-x[:, 1], x[:, 0]), dim=1)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_the_error_falls_with_the_solvers_order(solver, order) -> None:
    start, end = torch.tensor([[[1, 0]], [[math.cos(1), math.sin(1)]]], dtype=torch.float64)
    errors = [float((arrive(turn, start, even_times(n), solver) - end).norm()) for n in (16, 32)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


def test_a_way_begins_where_it_is_said_to_and_leads_back() -> None:
    start = torch.randn(5, 2, generator=torch.Generator().manual_seed(0)).double()
    way = [*follow(turn, start, even_times(8))]
    assert len(way) == 9 and way[0] is start
    torch.testing.assert_close(way[-1], arrive(turn, start, even_times(8)))
    torch.testing.assert_close(arrive(turn, way[-1], even_times(8)[::-1]), start, atol=1e-4, rtol=0)


@pytest.mark.parametrize("times", [even_times, late_times])
def test_times_lead_from_0_to_1(times) -> None:
    found = times(7)
    assert len(found) == 8 and found[0] == 0 and found[-1] == pytest.approx(1, abs=1e-12)
    assert all(later > earlier for earlier, later in pairwise(found))
