"""What must be true of a bound, its terms, and what is decoded."""

import itertools
import math

import pytest
import torch

from gm_core import VAE, VAEConfig
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


def test_the_probabilities_of_all_colours_of_a_decoded_pixel_sum_to_one():
    torch.manual_seed(3)
    config = VAEConfig(
        image=ImageShape(height=4, width=4, levels=4, channels=3), latent=2, width=4, hidden=8, mixture=3
    )
    pixels = VAE(config).requires_grad_(False).decode(torch.randn(5, 2))
    values = torch.tensor(list(itertools.product(range(4), repeat=3))).view(64, 1, 3, 1, 1)
    log_prob = torch.stack([pixels.log_prob(value.expand(5, 3, 4, 4)).sum(1) for value in values])
    torch.testing.assert_close(log_prob.double().exp().sum(0), torch.ones(5, 4, 4).double(), atol=1e-5, rtol=0)
