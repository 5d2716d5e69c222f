"""Discretised logistics and their mixtures: probabilities, moments and draws agree, in the tails too."""

import math

import pytest
import torch

from gm_core.distributions.logistic import DiscretizedLogistic, LogisticMixture
from tests.helpers import seeded

LOCATIONS = torch.tensor([-30.0, 0.0, 0.3, 127.5, 254.9, 255.0, 300.0])
LOG_SCALES = torch.tensor([-4.0, -1.0, 0.0, 2.0, 6.0])


def test_the_probabilities_of_all_levels_sum_to_one_edges_included():
    pixel = DiscretizedLogistic(LOCATIONS[:, None, None], LOG_SCALES[None, :, None])
    log_prob = pixel.log_prob(torch.arange(256.0))
    assert torch.isfinite(log_prob).all()
    torch.testing.assert_close(log_prob.double().exp().sum(-1), torch.ones(7, 5).double(), atol=2e-4, rtol=0)


def test_the_mean_is_that_of_the_levels_to_half_a_level():
    levels = torch.arange(256.0)
    pixel = DiscretizedLogistic(LOCATIONS[:, None], LOG_SCALES)
    exact = (pixel.log_prob(levels[:, None, None]).exp() * levels[:, None, None]).sum(0)
    assert (pixel.mean - exact).abs().max() < 0.5


def test_draws_have_the_distributions_frequencies():
    pixel = DiscretizedLogistic(torch.tensor(3.0), torch.tensor(1.0))
    draws = pixel.sample(torch.Size([50_000]), generator=seeded(3))
    frequencies = torch.bincount(draws.long(), minlength=256) / 50_000
    torch.testing.assert_close(frequencies, pixel.log_prob(torch.arange(256.0)).exp(), atol=0.01, rtol=0)


def mixture(components: int, levels: int, pixels: int = 40) -> LogisticMixture:
    """Pixels of all sorts: wide and narrow, in the middle, at the edges and beyond them."""
    shape, generator = (pixels, components), seeded(components)
    loc = (levels - 1) * (1.6 * torch.rand(shape, generator=generator) - 0.3)
    log_scale = math.log(levels / 64) + 2 * torch.randn(shape, generator=generator).clamp(-2, 2)
    return LogisticMixture(torch.randn(shape, generator=generator), loc, log_scale, levels)


def probabilities(pixel: LogisticMixture) -> torch.Tensor:
    """Of every level, ``float64`` (levels, pixels)."""
    return pixel.log_prob(torch.arange(pixel.levels).float()[:, None]).double().exp()


COMPONENTS, LEVELS = pytest.mark.parametrize("components", [1, 3]), pytest.mark.parametrize("levels", [2, 16, 256])


@COMPONENTS
@LEVELS
def test_a_mixtures_probabilities_sum_to_one_edges_included(components, levels):
    sums = probabilities(mixture(components, levels)).sum(0)
    torch.testing.assert_close(sums, torch.ones_like(sums), atol=2e-5, rtol=0)


@COMPONENTS
@LEVELS
def test_the_log_probabilities_of_all_levels_at_once_are_exact_in_the_tails_too(components, levels):
    pixel = mixture(components, levels)
    parts = (pixel.weight, pixel.component.loc, pixel.component.log_scale)
    exact = LogisticMixture(*(part.double() for part in parts), levels)
    expected = exact.log_prob(torch.arange(levels).double()[:, None]).T
    assert levels < 256 or expected.min() < -100
    torch.testing.assert_close(pixel.level_log_prob().double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(exact.level_log_prob(), expected, atol=1e-12, rtol=1e-12)


@COMPONENTS
@LEVELS
def test_a_mixtures_mean_and_variance_are_those_of_its_levels(components, levels):
    pixel = mixture(components, levels)
    p, value = probabilities(pixel), torch.arange(levels).double()[:, None]
    mean = (value * p).sum(0)
    variance = ((value - mean) ** 2 * p).sum(0)
    torch.testing.assert_close(pixel.mean.double(), mean, atol=1e-6 if levels == 2 else 0.5, rtol=0)
    torch.testing.assert_close(pixel.variance.double(), variance, atol=1e-5, rtol=2e-5)
    torch.testing.assert_close(pixel.stddev, pixel.variance.sqrt())


def test_a_certain_pixel_has_no_variance():
    sure = LogisticMixture(torch.zeros(3, 1), torch.tensor([[-500.0], [100.0], [700.0]]), torch.full((3, 1), -4.0))
    torch.testing.assert_close(sure.variance, torch.zeros(3))
    assert sure.mean.round().tolist() == [0, 100, 255]


@COMPONENTS
@LEVELS
def test_draws_of_a_mixture_have_its_frequencies(components, levels):
    pixel, n = mixture(components, levels, pixels=3), 20_000
    draws = pixel.sample(torch.Size([n]), generator=seeded(3))
    assert draws.dtype == torch.uint8 and draws.shape == (n, 3)
    for drawn, p in zip(draws.unbind(1), probabilities(pixel).unbind(1), strict=True):
        frequency = torch.bincount(drawn.long(), minlength=levels) / n
        assert ((frequency - p).abs() < 5 * (p * (1 - p) / n).sqrt() + 2 / n).all()


@LEVELS
def test_a_mixture_of_one_is_that_one(levels):
    pixel, value = mixture(1, levels), torch.arange(levels).float()[:, None]
    alone = DiscretizedLogistic(pixel.component.loc[:, 0], pixel.component.log_scale[:, 0], levels)
    torch.testing.assert_close(pixel.log_prob(value), alone.log_prob(value))
    torch.testing.assert_close(pixel.mean, alone.mean)
