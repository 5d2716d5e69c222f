"""What must be true of a bound, its terms, and the pixel distribution."""

import math

import pytest
import torch

from gm_core import VAE, VAEConfig, interpolate
from gm_core.nn.discretized import DiscretizedLogistic


@pytest.fixture(scope="module")
def vae() -> VAE:
    torch.manual_seed(0)
    return VAE(VAEConfig(height=8, width=8, latent=3, channels=4, hidden=16)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(256, (6, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_more_importance_samples_tighten_the_bound(vae, images):
    elbo = torch.stack([vae.elbo(images, 200, seeded()).value, vae.log_prob(images, 1, seeded(1))])
    few = torch.stack([vae.log_prob(images, 5, seeded(seed)) for seed in range(40)]).mean()
    many = torch.stack([vae.log_prob(images, 200, seeded(seed)) for seed in range(5)]).mean()
    assert elbo[0].mean() < few < many


def test_one_importance_sample_is_the_elbo_in_expectation(vae, images):
    single = torch.stack([vae.log_prob(images, 1, seeded(seed)) for seed in range(300)]).mean()
    elbo = vae.elbo(images, 300, seeded()).value.mean()
    assert single.item() == pytest.approx(elbo.item(), rel=0.01)


def test_the_bound_is_below_log_p_found_by_brute_force(vae, images):
    """log p(x) = log E_prior p(x|z), here from very many draws of the prior in 3 dimensions."""
    z = torch.randn(20_000, 3, generator=seeded(9))
    value = images[:1].float()
    log_likelihood = torch.cat([vae.decode(part).log_prob(value).flatten(1).sum(1) for part in z.split(2000)])
    truth = torch.logsumexp(log_likelihood.double(), 0) - math.log(len(z))
    assert vae.elbo(images[:1], 500, seeded()).value.item() < truth.item() + 0.05
    assert vae.log_prob(images[:1], 2000, seeded()).item() == pytest.approx(truth.item(), abs=0.5)


def test_the_kl_term_agrees_with_monte_carlo(vae, images):
    posterior = vae.encode(images)
    z = posterior.mean + posterior.stddev * torch.randn(20_000, 6, 3, generator=seeded(2))
    estimate = (posterior.log_prob(z) - vae.prior.log_prob(z)).mean(dim=0)
    torch.testing.assert_close(vae.elbo(images).kl_per_dim, estimate, atol=0.03, rtol=0.05)


def test_the_terms_add_up_and_have_their_shapes(vae, images):
    elbo = vae.elbo(images, 2, seeded())
    assert elbo.kl_per_dim.shape == (6, 3)
    torch.testing.assert_close(elbo.value, elbo.reconstruction - elbo.kl)
    assert vae.decode(torch.zeros(2, 3)).mean.shape == (2, 1, 8, 8)
    torch.testing.assert_close(vae.loss(images, torch.zeros(6), seeded()), -vae.elbo(images, 1, seeded()).value.mean())


def test_samples_repeat_with_the_seed(vae):
    assert torch.equal(vae.sample(3, seeded()), vae.sample(3, seeded()))
    assert not torch.equal(vae.sample(3, seeded()), vae.sample(3, seeded(1)))
    assert torch.equal(vae.sample(2, seeded(), noise=True), vae.sample(2, seeded(), noise=True))
    assert vae.sample(2, seeded(), noise=True).dtype == torch.uint8
    assert torch.equal(vae.sample(8, seeded())[:1], vae.sample(1, seeded()))


def test_wrong_input_is_named(vae):
    with pytest.raises(ValueError, match="8x8, not 9x9"):
        vae.encode(torch.zeros(1, 1, 9, 9, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"\(B, 3\)"):
        vae.decode(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="finite"):
        vae.decode(torch.tensor([[0.0, math.nan, 0.0]]))
    with pytest.raises(ValueError, match="at least 1"):
        vae.log_prob(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), 0)
    with pytest.raises(ValueError, match="at least 1"):
        vae.elbo(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), 0)
    with pytest.raises(ValueError, match="multiples of 4"):
        VAE(VAEConfig(height=27))


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
