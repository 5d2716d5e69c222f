"""Mixtures over the channels of a pixel: exact probabilities, factors and marginals, and pictures made of them."""

import itertools
import math

import numpy as np
import pytest
import torch

from gm_core.distributions.channels import ChannelMixture, PictureMixture
from gm_core.distributions.logistic import LogisticMixture
from tests.helpers import seeded


def colours(levels: int, pixels: int = 30, k: int = 3) -> ChannelMixture:
    """Pixels of all sorts, in which green follows red and blue follows both, more or less."""
    generator = seeded(levels)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(pixels, *shape, k, generator=generator)

    loc = (levels - 1) * (0.5 + 0.4 * normal(1) + 0.1 * normal(3))
    log_scale = math.log(levels / 40) + 0.5 * normal(3)
    slope = torch.tensor([1.0, -0.2, 0.9])[:, None] + 0.2 * normal(3)
    shift = (levels - 1) / 2 - loc
    loc[:, 1] += slope[:, 0] * shift[:, 0]  # so that slopes bind colours, and do not move them
    loc[:, 2] += slope[:, 1] * shift[:, 0] + slope[:, 2] * shift[:, 1]
    return ChannelMixture(normal(), loc, log_scale, slope, levels)


def test_draws_of_colours_have_their_frequencies():
    pixel, n = colours(4, pixels=3), 20_000
    draws = pixel.sample(torch.Size([n]), generator=seeded(3))
    assert draws.dtype == torch.uint8 and draws.shape == (n, 3, 3)
    every = torch.tensor(list(itertools.product(range(4), repeat=3)))
    p = pixel.log_prob(every[:, None]).double().exp()
    frequency = (draws[:, None] == every[:, None]).all(-1).double().mean(0)
    assert ((frequency - p).abs() < 5 * (p * (1 - p) / n).sqrt() + 2 / n).all()


def test_the_marginal_of_the_first_channel_is_exact():
    pixel = colours(16)
    value = torch.zeros(16, 1, 3).index_copy(2, torch.tensor([0]), torch.arange(16.0).view(16, 1, 1))
    red = LogisticMixture(pixel.weight, pixel.loc[:, 0], pixel.log_scale[:, 0], 16)
    torch.testing.assert_close(pixel.marginals().log_prob(value)[..., 0], red.log_prob(value[..., 0]))


@pytest.mark.parametrize(("levels", "worst"), [(16, 0.3), (256, 4.0)])
def test_the_moments_of_colours_are_nearly_those_of_their_draws(levels, worst):
    """Of pixels of which many are clipped: to a few hundredths of the range at worst, a fifth of that on average."""
    pixel = colours(levels, pixels=200)
    draws = pixel.sample(torch.Size([10_000]), generator=seeded(4)).double()
    marginals = pixel.marginals()
    for error in (marginals.mean - draws.mean(0), marginals.stddev - draws.std(0)):
        assert error.abs().max() < worst and error.abs().mean() < worst / 5


def test_pictures_have_their_channels_first():
    pixels = colours(256, pixels=2 * 5 * 4)
    parameters = (pixels.weight, pixels.loc, pixels.log_scale, pixels.slope)
    pictures = PictureMixture(ChannelMixture(*(part.unflatten(0, (2, 5, 4)) for part in parameters)))
    value = torch.randint(256, (2, 3, 5, 4), generator=seeded(5))
    flat = value.movedim(1, -1).flatten(0, 2)
    log_prob = pictures.log_prob(value)
    torch.testing.assert_close(log_prob.sum(1), pictures.pixel_log_prob(value))
    torch.testing.assert_close(pictures.pixel_log_prob(value).flatten(), pixels.log_prob(flat))
    torch.testing.assert_close(pictures.mean[1, 2, 3, 1], pixels.marginals().mean[20 + 13, 2])
    for channel in range(3):
        alone = pixels.channel(channel, flat).log_prob(flat[:, channel]).view(2, 5, 4)
        torch.testing.assert_close(log_prob[:, channel], alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(pictures.log_prob(value[:1]), pictures.log_prob(value[:1].expand(2, -1, -1, -1)))
    one = PictureMixture(pictures.pixels[:1])
    torch.testing.assert_close(one.log_prob(value)[0], log_prob[0])
    assert pictures.sample(torch.Size([7]), generator=seeded()).shape == (7, 2, 3, 5, 4)


def random_mixture(*shape: int, channels: int = 3, k: int = 4, levels: int = 256, seed: int = 0) -> ChannelMixture:
    generator = torch.Generator().manual_seed(seed)

    def normal(*parts: int) -> torch.Tensor:
        return torch.randn(*shape, *parts, k, generator=generator, dtype=torch.float64)

    loc, log_scale = levels / 2 + levels / 3 * normal(channels), normal(channels) + np.log(levels / 20)
    return ChannelMixture(normal(), loc, log_scale, normal(channels * (channels - 1) // 2), levels)


def test_the_joint_mixture_is_that_of_the_paper():
    mixture = random_mixture(50)
    value = torch.randint(256, (50, 3), generator=torch.Generator().manual_seed(5))
    value[:6] = torch.tensor([[0, 0, 0], [255, 255, 255], [0, 255, 0], [255, 0, 1], [254, 1, 0], [0, 3, 255]])
    r, g, b = (value[:, channel, None].double() for channel in range(3))
    to_g, to_b, from_g = mixture.slope.unbind(dim=-2)
    loc = mixture.loc.clone()
    loc[:, 1] += to_g * (r - 127.5)
    loc[:, 2] += to_b * (r - 127.5) + from_g * (g - 127.5)
    x, scale = torch.stack([r, g, b], dim=1), mixture.log_scale.exp()
    above = torch.where(x == 255, 1.0, torch.sigmoid((x + 0.5 - loc) / scale))
    below = torch.where(x == 0, 0.0, torch.sigmoid((x - 0.5 - loc) / scale))
    expected = (mixture.weight.exp() * (above - below).prod(dim=1)).sum(dim=-1)
    torch.testing.assert_close(mixture.log_prob(value).exp(), expected, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_pixels_channels_are_exact_factors_of_the_joint(channels):
    mixture = random_mixture(20, channels=channels)
    value = torch.randint(256, (20, channels), generator=torch.Generator().manual_seed(6))
    factors = mixture.channel_log_prob(value)
    torch.testing.assert_close(factors.sum(dim=-1), mixture.log_prob(value))
    levels = mixture.level_log_prob(value)
    torch.testing.assert_close(levels.gather(-1, value[..., None])[..., 0], factors)
    torch.testing.assert_close(levels.logsumexp(dim=-1), torch.zeros(20, channels, dtype=torch.float64))


def test_the_probabilities_of_all_colours_sum_to_one():
    mixture = random_mixture(7, levels=4)
    colours = torch.tensor(list(itertools.product(range(4), repeat=3)))[:, None]
    total = mixture.log_prob(colours.expand(-1, 7, -1)).logsumexp(dim=0)
    torch.testing.assert_close(total, torch.zeros(7, dtype=torch.float64))
