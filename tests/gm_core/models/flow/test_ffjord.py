"""FFJORD's trace is the derivatives' sum, Hutchinson's is right on average, its density is one, and it learns."""

import math

import pytest
import torch
from torch import Tensor

from gm_core.models.flow.ffjord import FFJORD, random_signs
from gm_core.models.ode import arrive, even_times
from gm_core.studies.field.training import FieldRecipe, train_ffjord, uneven_times
from tests.helpers import seeded


@pytest.fixture
def flow() -> FFJORD:
    """A flow of random weights, all of them."""
    torch.manual_seed(0)
    flow = FFJORD(2, 3, width=16, layers=2)
    torch.nn.init.normal_(flow.weights[-1].weight)
    return flow.requires_grad_(False)


@pytest.fixture
def points() -> tuple[Tensor, Tensor]:
    return torch.randn(40, 2, generator=seeded()), torch.arange(40) % 4 - 1


def test_the_trace_is_that_of_autograd(flow, points) -> None:
    z, labels = points
    velocity, divergence = flow.with_divergence(z, 0.3, labels)
    torch.testing.assert_close(velocity, flow.velocity(z, 0.3, labels))
    jacobian = torch.autograd.functional.jacobian(lambda z: flow.velocity(z, 0.3, labels).sum(dim=0), z)  # (D, B, D)
    torch.testing.assert_close(divergence, jacobian[0, :, 0] + jacobian[1, :, 1])


def test_hutchinsons_trace_over_all_signs_is_the_exact_one(flow, points) -> None:
    z, labels = points
    every = [torch.tensor(signs).expand_as(z) for signs in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))]
    estimates = torch.stack([flow.with_divergence(z, 0.3, labels, signs)[1] for signs in every])
    torch.testing.assert_close(estimates.mean(dim=0), flow.with_divergence(z, 0.3, labels)[1])
    assert float(estimates.std(dim=0).mean()) > 0.01
    assert set(random_signs(z, seeded()).unique().tolist()) == {-1, 1}


@pytest.mark.parametrize(("label", "time"), [(-1, 1.0), (2, 1.0), (2, 0.4)])
def test_the_density_is_1_in_all_at_every_time(flow, label, time) -> None:
    axis = torch.arange(-8, 8, 0.2)
    grid = torch.cartesian_prod(axis, axis)
    times = [time * share for share in even_times(8)]
    total = flow.log_prob(grid, torch.full((len(grid),), label), times=times).exp().sum() * 0.2**2
    assert float(total) == pytest.approx(1, abs=2e-3)


def test_noise_flows_to_where_the_density_says_and_back(flow) -> None:
    noise, labels = torch.randn(20, 2, generator=seeded()), torch.full((20,), 1)
    z = arrive(flow.field(labels), noise, even_times(32))
    torch.testing.assert_close(arrive(flow.field(labels), z, even_times(32)[::-1]), noise, atol=1e-4, rtol=0)
    torch.testing.assert_close(flow.sample(labels, seeded(), steps=32), z)
    jacobian = torch.autograd.functional.jacobian(
        lambda noise: arrive(flow.field(labels[:1]), noise, even_times(32)), noise[:1]
    )[0, :, 0]
    base = -0.5 * noise[:1].square().sum() - math.log(2 * math.pi)
    expected = base - torch.linalg.slogdet(jacobian).logabsdet  # the change of variables, in one piece
    torch.testing.assert_close(flow.log_prob(z[:1], labels[:1])[0], expected, atol=1e-3, rtol=0)


def test_it_learns_where_the_codes_of_each_class_are() -> None:
    means = torch.tensor([[-1.5, 0.0], [1.5, 0.0]]).repeat(50, 1)
    stds, labels = torch.full_like(means, 0.3), torch.arange(100) % 2
    recipe = FieldRecipe(width=16, layers=2, steps=40, batch=50, learning_rate=4e-2, solver_steps=3, ema=0.8)
    flow, seconds = train_ffjord(means, stds, labels, 2, recipe, quiet=True)
    assert seconds > 0
    codes = means + stds * torch.randn(means.shape, generator=seeded())
    normal = float((-0.5 * codes.square().sum(dim=1) - math.log(2 * math.pi)).mean())
    any_class = float(flow.log_prob(codes, torch.full_like(labels, -1)).mean())
    own, other = (float(flow.log_prob(codes, which).mean()) for which in (labels, 1 - labels))
    assert normal < any_class < own and other < own - 1


def test_the_same_recipe_trains_the_same_flow() -> None:
    means, labels = torch.randn(20, 2, generator=seeded()), torch.zeros(20, dtype=torch.int64)
    recipe = FieldRecipe(width=4, layers=1, steps=3, batch=8, solver_steps=2)
    one, other = (train_ffjord(means, 0.1 + 0 * means, labels, 1, recipe, quiet=True)[0] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_the_solvers_steps_of_training_are_uneven_but_in_order() -> None:
    times = uneven_times(8, seeded())
    assert times[0] == 0 and times[-1] == 1 and times == sorted(times) and len({*times}) == 9
    assert times != uneven_times(8, seeded(1)) and len(uneven_times(1, seeded())) == 2
