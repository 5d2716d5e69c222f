"""What must be true of a bound, its terms, and the pixel distribution."""

import itertools
import math

import pytest
import torch

from gm_core import VAE, VAEConfig, interpolate
from gm_core.data.datasets import Images, load_dataset
from gm_core.distributions.channels import ChannelMixture, DiscretizedLogistic, LogisticMixture, PictureMixture
from gm_core.evaluation import bound, evaluate
from gm_core.models import ImageShape
from tests.helpers import flat, loss_of, seeded

KINDS = {
    "one logistic": {},
    "three logistics": {"mixture": 3},
    "black and white": {"levels": 2},
    "colour": {"picture_channels": 3, "mixture": 3},
    "no fully connected layer": {"picture_channels": 3, "hidden": 0},
    "colour of four levels": {"picture_channels": 3, "mixture": 2, "levels": 4},
}


@pytest.fixture(scope="module", params=list(KINDS.values()), ids=list(KINDS))
def vae(request) -> VAE:
    torch.manual_seed(0)
    config = flat(VAEConfig, **{"height": 8, "width": 8, "latent": 3, "channels": 4, "hidden": 16, **request.param})
    return VAE(config).eval().requires_grad_(False)


def weighted(vae: VAE, images: torch.Tensor, samples: int, generator: torch.Generator) -> torch.Tensor:
    """The importance-weighted bound."""
    return vae.estimate(images, samples=samples, generator=generator).value


@pytest.fixture(scope="module")
def images(vae) -> torch.Tensor:
    size, seed = (6, vae.config.image.channels, 8, 8), torch.Generator().manual_seed(1)
    return torch.randint(vae.config.image.levels, size, dtype=torch.uint8, generator=seed)


def test_more_importance_samples_tighten_the_bound(vae, images):
    elbo = torch.stack(
        [
            vae.bound(images, samples=200, generator=seeded()).value,
            weighted(vae, images, 1, seeded(1)),
        ]
    )
    few = torch.stack([weighted(vae, images, 5, seeded(seed)) for seed in range(40)]).mean()
    many = torch.stack([weighted(vae, images, 200, seeded(seed)) for seed in range(5)]).mean()
    assert elbo[0].mean() < few < many


def test_one_importance_sample_is_the_elbo_in_expectation(vae, images):
    single = torch.stack([weighted(vae, images, 1, seeded(seed)) for seed in range(300)]).mean()
    elbo = vae.bound(images, samples=300, generator=seeded()).value.mean()
    assert single.item() == pytest.approx(elbo.item(), rel=0.01)


def test_the_bound_is_below_log_p_found_by_brute_force(vae, images):
    """log p(x) = log E_prior p(x|z), here from very many draws of the prior in 3 dimensions."""
    z = torch.randn(20_000, 3, generator=seeded(9))
    value = images[:1].float()
    log_likelihood = torch.cat([vae.decode(part).log_prob(value).flatten(1).sum(1) for part in z.split(2000)])
    truth = torch.logsumexp(log_likelihood.double(), 0) - math.log(len(z))
    assert vae.bound(images[:1], samples=500, generator=seeded()).value.item() < truth.item() + 0.05
    assert vae.estimate(images[:1], samples=2000, generator=seeded()).value.item() == pytest.approx(
        truth.item(), abs=0.5
    )


def test_log_weights_hold_the_elbo_and_the_importance_weighted_bound(vae, images):
    weights = vae.log_weights(images, 300, seeded())
    assert weights.shape == (300, 6)
    bound = torch.logsumexp(weights, 0) - math.log(300)
    torch.testing.assert_close(bound, weighted(vae, images, 300, seeded()))
    # The ELBO takes the KL in closed form where the mean weight samples it: equal but for that noise.
    error = weights.std(0) / 300**0.5
    assert (
        (weights.mean(0) - vae.bound(images, samples=300, generator=seeded(1)).value).abs() < 5 * error + 1e-3
    ).all()
    assert (weights.mean(0) <= bound).all()


def test_the_kl_term_agrees_with_monte_carlo(vae, images):
    posterior = vae.encode(images)
    z = posterior.mean + posterior.stddev * torch.randn(20_000, 6, 3, generator=seeded(2))
    estimate = (posterior.log_prob(z) - vae.prior.log_prob(z)).mean(dim=0)
    torch.testing.assert_close(vae.bound(images).kl_per_dim, estimate, atol=0.03, rtol=0.05)


def test_the_terms_add_up_and_have_their_shapes(vae, images):
    elbo = vae.bound(images, samples=2, generator=seeded())
    assert elbo.kl_per_dim.shape == (6, 3)
    torch.testing.assert_close(elbo.value, elbo.reconstruction - elbo.kl)
    pixels, size = vae.decode(torch.zeros(2, 3)), (2, vae.config.image.channels, 8, 8)
    for values in (pixels.mean, pixels.variance, pixels.stddev, pixels.sample(), pixels.log_prob(images[:2])):
        assert values.shape == size
    assert pixels.batch_shape == size
    torch.testing.assert_close(
        loss_of(vae, images, torch.zeros(6), seeded()), -vae.bound(images, samples=1, generator=seeded()).value.mean()
    )


def test_the_log_likelihood_is_the_sum_over_the_pixels(vae, images):
    z = torch.randn(2, 6, 3, generator=seeded(7))
    expected = torch.stack([vae.decode(part).log_prob(images).flatten(1).sum(1) for part in z])
    torch.testing.assert_close(vae.log_likelihood(images, z), expected)


def test_decoded_means_are_those_of_decoded_draws(vae):
    pixels = vae.decode(2 * torch.randn(1, 3, generator=seeded(8)))
    draws = pixels.sample(torch.Size([4000]), generator=seeded(9)).float()
    error = pixels.stddev / 4000**0.5
    allowed = 0.5 if vae.config.image.levels > 2 else 0.0  # what rounding to levels may do
    assert ((draws.mean(0) - pixels.mean).abs() < 5 * error + allowed).all()
    torch.testing.assert_close(draws.std(0), pixels.stddev, rtol=0.1, atol=0.1 * vae.config.image.levels / 256)


def test_samples_repeat_with_the_seed(vae):
    assert torch.equal(vae.sample(3, generator=seeded()), vae.sample(3, generator=seeded()))
    assert torch.equal(vae.sample(2, generator=seeded(), noise=True), vae.sample(2, generator=seeded(), noise=True))
    assert not torch.equal(
        vae.sample(2, generator=seeded(), noise=True), vae.sample(2, generator=seeded(1), noise=True)
    )
    assert vae.sample(2, generator=seeded(), noise=True).dtype == torch.uint8
    assert torch.equal(vae.sample(8, generator=seeded())[:1], vae.sample(1, generator=seeded()))


def test_wrong_input_is_named(vae):
    c = vae.config.image.channels
    with pytest.raises(ValueError, match="8x8, not 9x9"):
        vae.encode(torch.zeros(1, c, 9, 9, dtype=torch.uint8))
    with pytest.raises(ValueError, match=rf"\(B, {c}, H, W\)"):
        vae.encode(torch.zeros(1, 4 - c, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"\(B, 3\)"):
        vae.decode(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="finite"):
        vae.decode(torch.tensor([[0.0, math.nan, 0.0]]))
    with pytest.raises(ValueError, match="at least 1"):
        vae.estimate(torch.zeros(1, c, 8, 8, dtype=torch.uint8), samples=0)
    with pytest.raises(ValueError, match="at least 1"):
        vae.bound(torch.zeros(1, c, 8, 8, dtype=torch.uint8), samples=0)
    with pytest.raises(ValueError, match="at least 1"):
        vae.log_weights(torch.zeros(1, c, 8, 8, dtype=torch.uint8), 0)
    with pytest.raises(ValueError, match="cannot have 1 levels"):
        VAEConfig(image=ImageShape(levels=1))
    with pytest.raises(ValueError, match="cannot have mixture 0"):
        VAEConfig(mixture=0)
    with pytest.raises(ValueError, match="must have 1 or 3 channels, not 2"):
        VAEConfig(image=ImageShape(channels=2))
    with pytest.raises(ValueError, match="multiples of 4"):
        VAE(VAEConfig(image=ImageShape(height=27)))


def test_few_levels_are_all_there_is(vae, images):
    levels = vae.config.image.levels
    if levels < 256:
        assert set(vae.sample(4, generator=seeded(), noise=True).unique().tolist()) <= set(range(levels))
        with pytest.raises(ValueError, match=f"below {levels}, found 255"):
            vae.encode(torch.full_like(images, 255))
    else:
        assert torch.isfinite(vae.bound(torch.full_like(images, 255)).value).all()


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


def test_the_probabilities_of_all_colours_of_a_decoded_pixel_sum_to_one():
    torch.manual_seed(3)
    config = VAEConfig(
        image=ImageShape(height=4, width=4, levels=4, channels=3), latent=2, width=4, hidden=8, mixture=3
    )
    pixels = VAE(config).requires_grad_(False).decode(torch.randn(5, 2))
    values = torch.tensor(list(itertools.product(range(4), repeat=3))).view(64, 1, 3, 1, 1)
    log_prob = torch.stack([pixels.log_prob(value.expand(5, 3, 4, 4)).sum(1) for value in values])
    torch.testing.assert_close(log_prob.double().exp().sum(0), torch.ones(5, 4, 4).double(), atol=1e-5, rtol=0)


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


def test_figures_count_every_channel(monkeypatch):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 100)
    config = VAEConfig(image=ImageShape(height=8, width=8, channels=3), latent=2, width=4, hidden=8)
    images = torch.randint(256, (60, 3, 8, 8), dtype=torch.uint8, generator=seeded())
    figures = evaluate(VAE(config).eval(), Images(images, torch.zeros(60, dtype=torch.int64), ("noise",)), quiet=True)
    value, protocol = ({figure.name: getattr(figure, part) for figure in figures} for part in ("value", "protocol"))
    assert value["elbo_bits_per_dim"] == pytest.approx(-value["elbo"] / (192 * math.log(2)))
    assert value["elbo"] == pytest.approx(value["reconstruction"] - value["kl"])
    assert value["importance_weighted_bound"] > value["elbo"]
    assert "on the first 50 of them" in protocol["importance_weighted_bound"]


GREYS = torch.tensor([0, 1, 64, 128, 254, 255], dtype=torch.uint8).view(1, 1, 2, 3)


def test_binarised_pictures_are_drawn_anew_and_are_grey_on_average():
    data = Images(GREYS.expand(4000, -1, -1, -1), torch.zeros(4000, dtype=torch.int64), ("grey",), binary=True)
    drawn = data.pictures(generator=seeded())
    assert drawn.dtype == torch.uint8 and set(drawn.unique().tolist()) == {0, 1}
    torch.testing.assert_close(drawn.float().mean(0), GREYS[0] / 255, atol=0.03, rtol=0)
    assert not drawn[:, 0, 0, 0].any() and drawn[:, 0, 1, 2].all()  # paper and ink are certain
    generator = seeded()
    first, second = data.pictures(slice(100), generator), data.pictures(slice(100), generator)
    assert first.shape == second.shape == (100, 1, 2, 3)
    assert not torch.equal(first, second)


def test_binarised_test_pictures_are_the_same_every_time(data_dir):
    data, grey = (load_dataset(name, "test", data_dir) for name in ("mnist-binary", "mnist"))
    assert torch.equal(data.pictures(), load_dataset("mnist-binary", "test", data_dir).pictures())
    assert torch.equal(data.images, grey.images)
    assert torch.equal(grey.pictures(), grey.images)
    assert torch.equal(data.pictures()[grey.images == 255], torch.ones_like(grey.images[grey.images == 255]))


@pytest.mark.parametrize("spherical", [False, True])
def test_interpolation_starts_and_ends_where_it_should(spherical):
    a, b = torch.tensor([1.0, 0.0, 2.0]), torch.tensor([0.0, 3.0, -1.0])
    path = interpolate(a, b, 7, spherical=spherical)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b)
    lengths = path.norm(dim=1)
    if spherical:
        steady = torch.linspace(float(a.norm()), float(b.norm()), 7)
        torch.testing.assert_close(lengths, steady)
    else:
        torch.testing.assert_close(path[3], (a + b) / 2)


def test_interpolation_survives_ends_without_a_plane():
    zero, one = torch.zeros(2), torch.tensor([1.0, 0.0])
    for end in (zero, one, -one):
        assert torch.isfinite(interpolate(one, end, 5, spherical=True)).all()
    with pytest.raises(ValueError, match="at least 2"):
        interpolate(one, zero, 1)
