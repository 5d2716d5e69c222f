"""How far two sets of points are from each other: closed forms, hand-made examples, and errors of the right size."""

import math

import pytest
import torch

from gm_core.evaluation.distances import (
    NEIGHBOURS,
    coverage,
    density,
    frechet_distance,
    kernel_distance,
    standard_error,
    usual_coverage,
)
from tests.helpers import seeded


def exact(mean, cov, n=50, seed=0):
    """Points whose mean and covariance are these to the last digit."""
    points = torch.randn(n, len(mean), generator=seeded(seed), dtype=torch.float64)
    points = points - points.mean(dim=0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(points.T)), points.T, upper=False).T
    return mean + white @ torch.linalg.cholesky(cov).T


def test_the_distance_of_gaussians_is_the_closed_form():
    zero, eye = torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    shift, scales = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([4.0, 0.25, 1.0]).double()
    here = exact(zero, eye)
    assert frechet_distance(here, exact(zero, eye, 70, 1)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(here, exact(shift, eye, 70, 1)) == pytest.approx(float(shift.square().sum()))
    # Of independent dimensions it is the sum of (difference of standard deviations)^2.
    spread = float((1 - scales.sqrt()).square().sum())
    assert frechet_distance(here, exact(zero, scales.diag(), 70, 1)) == pytest.approx(spread)
    both = float(shift.square().sum()) + spread
    assert frechet_distance(exact(shift, scales.diag(), 70, 1), here) == pytest.approx(both)


def test_covariances_that_do_not_commute_agree_with_the_matrix_square_root():
    generator = seeded(1)
    a, b = (torch.randn(4, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    a, b = a @ a.T + torch.eye(4), b @ b.T + torch.eye(4)
    values = torch.linalg.eigvals(a @ b)  # of a product of two positive definite matrices: real and positive
    assert float(values.imag.abs().max()) < 1e-9
    expected = float(a.trace() + b.trace() - 2 * values.real.sqrt().sum())
    zero = torch.zeros(4, dtype=torch.float64)
    assert frechet_distance(exact(zero, a), exact(zero, b, 60, 2)) == pytest.approx(expected)


def test_fewer_points_than_dimensions_and_constant_features_have_a_distance():
    flat = torch.zeros(5, 20)
    assert frechet_distance(flat, flat + 2) == pytest.approx(80)
    points = torch.randn(5, 20, generator=seeded())
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_is_that_of_a_small_example():
    """Of (ab + 1)^3: within {0, 1} it is 1, within {2, 3} 343, between them 1, 1, 27 and 64."""
    a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    assert kernel_distance(a, b) == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)
    wide = torch.cat([a, a], dim=1), torch.cat([b, b], dim=1)  # the products are means over the features
    assert kernel_distance(*wide) == pytest.approx(kernel_distance(a, b))


def test_the_kernel_distance_is_unbiased_and_tends_to_its_closed_form():
    generator = seeded(3)
    m = 0.5
    # Of normals about 0 and m: E (ab + 1)^3 from their moments.
    closed = 4 + (1 + 3 * m**2 + 3 * (1 + m**2) ** 2 + (m**3 + 3 * m) ** 2) - 2 * (1 + 3 * (1 + m**2))
    for mean, expected in ((0.0, 0.0), (m, closed)):
        few = torch.tensor(
            [
                kernel_distance(torch.randn(8, 1, generator=generator), mean + torch.randn(12, 1, generator=generator))
                for _ in range(4000)
            ]
        )
        assert float(few.mean()) == pytest.approx(expected, abs=4 * float(few.std()) / math.sqrt(len(few)))


def test_density_counts_neighbourhoods_and_coverage_their_owners():
    near = torch.arange(6.0)[:, None] / 10  # six points, each of whose five nearest are all the others
    real = torch.cat([near, near + 100])
    inside = torch.tensor([[0.25]])
    assert density(real, inside) == pytest.approx(6 / NEIGHBOURS)
    assert density(real, torch.cat([inside, torch.tensor([[50.0]])])) == pytest.approx(3 / NEIGHBOURS)
    assert coverage(real, inside) == 0.5 and coverage(real, real + 0.01) == 1
    assert density(real, real + 1000) == coverage(real, real + 1000) == 0


def test_between_sets_of_one_kind_density_is_1_and_coverage_the_usual():
    generator = seeded(4)
    pairs = [(torch.randn(60, 3, generator=generator), torch.randn(90, 3, generator=generator)) for _ in range(60)]
    for figure, expected in ((density, 1.0), (coverage, usual_coverage(60, 90))):
        values = torch.tensor([figure(*pair) for pair in pairs])
        assert float(values.mean()) == pytest.approx(expected, abs=4 * float(values.std()) / math.sqrt(len(values)))
    assert usual_coverage(10**6, 10**6) == pytest.approx(1 - 0.5**NEIGHBOURS, abs=1e-5)


@pytest.mark.parametrize("figure", [frechet_distance, kernel_distance, density, coverage])
def test_a_standard_error_is_that_of_repeated_draws_or_a_little_larger(figure):
    generator = seeded(5)
    pairs = [
        (torch.randn(120, 3, generator=generator), 0.7 + torch.randn(120, 3, generator=generator)) for _ in range(80)
    ]
    spread = float(torch.tensor([figure(*pair) for pair in pairs]).std())
    errors = [standard_error(figure, *pair, halves=40) for pair in pairs[:8]]
    assert 0.7 * spread < sum(errors) / len(errors) < 1.6 * spread


def test_a_standard_error_has_its_closed_form_where_there_is_one():
    """In one dimension, of means 3 apart: the distance is near 9, with an error near 2 * 3 * (2 / n)^1/2."""
    a, b = torch.randn(500, 1, generator=seeded(1)), 3 + torch.randn(500, 1, generator=seeded(2))
    assert standard_error(frechet_distance, a, b) == pytest.approx(6 * (2 / 500) ** 0.5, rel=0.3)
