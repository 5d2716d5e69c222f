"""What must be true of diffusion whatever its weights, and of denoisers that are known in closed form."""

import math

import pytest
import torch
from torch import Tensor

from gm_core.models.base import ImageShape
from gm_core.models.continuous import to_values
from gm_core.models.diffusion import Diffusion, DiffusionConfig
from gm_core.models.diffusion.likelihood import read_levels
from gm_core.models.diffusion.samplers import CALLS, SAMPLERS
from gm_core.models.diffusion.schedule import LEAST, MOST, even_levels, mix, noise_levels, training_noise
from tests.helpers import seeded

IMAGE = ImageShape(height=8, width=8)


@pytest.fixture
def model() -> Diffusion:
    torch.manual_seed(0)
    made = Diffusion(DiffusionConfig(image=IMAGE, classes=3, widths=(8, 32), blocks=1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval().requires_grad_(False)


@pytest.fixture
def points() -> Tensor:
    """A few pictures, all that there is to know."""
    return torch.randint(256, (4, 1, 8, 8), generator=seeded(), dtype=torch.uint8)


@pytest.fixture
def ideal(model: Diffusion, points: Tensor, monkeypatch: pytest.MonkeyPatch) -> Diffusion:
    """The best denoiser of those pictures: by Bayes' rule, which of them a noisy one may be."""
    known = to_values(points, IMAGE)

    def noise(z: Tensor, alpha: Tensor, sigma: Tensor, labels: Tensor, guidance: float = 1.0) -> Tensor:
        alpha, sigma = alpha[:, None, None, None], sigma[:, None, None, None]
        distance = (z[:, None] - alpha[:, None] * known).square().flatten(2).sum(dim=2)
        weight = torch.softmax(-distance / (2 * sigma.view(-1, 1) ** 2), dim=1)
        mean = torch.einsum("bk,kchw->bchw", weight, known)
        return (z - alpha * mean) / sigma

    monkeypatch.setattr(model, "noise", noise)
    return model


def test_the_ideal_denoisers_bound_is_the_entropy_of_what_it_knows(ideal: Diffusion, points: Tensor) -> None:
    many = points.repeat(500, 1, 1, 1)
    terms = ideal.bound(many, generator=seeded()).terms
    assert float(terms["reconstruction"].mean()) > -0.01  # the least noise tells every level
    found = (terms["-prior"] + terms["-diffusion"]).double()
    error = float(found.std()) / math.sqrt(len(found))
    assert error < 0.2 and abs(float(found.mean()) + math.log(len(points))) < 4 * error + 0.05


def test_the_ideal_denoisers_density_along_the_equation_is_that_of_what_it_knows(
    ideal: Diffusion, points: Tensor
) -> None:
    """As likely as the others, and next to its bound: for the best network both are the same density."""
    found = ideal.estimate(points, samples=32, generator=seeded())
    assert bool((found.error < 0.5).all())
    assert bool(((found.value + math.log(len(points))).abs() < 3 * found.error).all())


def test_the_bound_tightens_with_more_steps(ideal: Diffusion, points: Tensor) -> None:
    many = points.repeat(500, 1, 1, 1)
    means = [float(ideal.bound(many, generator=seeded(), steps=steps).value.mean()) for steps in (8, 32, 128, 1000)]
    assert means == sorted(means) and means[0] < means[-1] - 1


def test_the_bounds_terms_add_up(model: Diffusion, points: Tensor) -> None:
    found = model.bound(points, generator=seeded())
    assert list(found.terms) == ["-prior", "reconstruction", "-diffusion"]
    torch.testing.assert_close(found.value, torch.stack(list(found.terms.values())).sum(dim=0))
    assert all(bool((term <= 1e-4).all()) for term in found.terms.values())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_ideal_denoiser_draws_what_it_knows(ideal: Diffusion, points: Tensor, sampler: str) -> None:
    drawn = ideal.sample(12, generator=seeded(), steps=60, sampler=sampler).int()
    nearest = (drawn[:, None] - points.int()).abs().flatten(2).amax(dim=2).min(dim=1)
    assert int(nearest.values.max()) <= 2
    assert len(set(nearest.indices.tolist())) > 1


@pytest.mark.parametrize("sampler", ["heun", "ddpm"])
def test_plain_replacement_misses_some_pictures_and_repeated_steps_find_them(
    ideal: Diffusion, points: Tensor, sampler: str
) -> None:
    """Given half of a known picture, a draw from the true conditional is always its other half."""
    keep = (torch.arange(64) < 32).view(1, 1, 8, 8).repeat(100, 1, 1, 1)
    whole = points.repeat(25, 1, 1, 1)
    found = []
    for repeats in (1, 4):
        *_, last = ideal.complete(whole, keep, generator=seeded(), steps=30, repeats=repeats, sampler=sampler)
        far = (last.images.int() - whole.int()).abs().flatten(1).amax(dim=1)
        found.append(int((far <= 2).sum()))
    assert 75 < found[0] < found[1] == 100


def test_some_noise_on_and_off_leads_to_the_nearest_picture_that_the_ideal_denoiser_knows(
    ideal: Diffusion, points: Tensor
) -> None:
    near = (points.int() + torch.randint(-20, 21, points.shape, generator=seeded())).clamp(0, 255).to(torch.uint8)
    *_, last = ideal.redraw(near, strength=0.4, generator=seeded(), steps=30)
    assert int((last.images.int() - points.int()).abs().max()) <= 2


def test_values_that_are_noise_already_become_the_same_noise(
    model: Diffusion, points: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "noise", lambda z, alpha, sigma, labels, guidance: sigma[:, None, None, None] * z)
    *_, last = model.to_noise(points, generator=seeded())
    y = to_values(points, IMAGE) + LEAST * torch.randn(points.shape, generator=seeded())
    torch.testing.assert_close(last.noise, y / math.hypot(1, LEAST), rtol=1e-3, atol=1e-3)


def test_the_estimate_is_the_density_of_a_normal_distribution(
    model: Diffusion, points: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of independent values with this deviation, the part of the noise in what is seen is known."""
    stddev = 0.5

    def noise(z: Tensor, alpha: Tensor, sigma: Tensor, labels: Tensor, guidance: float = 1.0) -> Tensor:
        alpha, sigma = alpha[:, None, None, None], sigma[:, None, None, None]
        return sigma * z / (alpha**2 * stddev**2 + sigma**2)

    monkeypatch.setattr(model, "noise", noise)
    found = model.estimate(points, samples=64, generator=seeded())
    edges = torch.arange(257).double() / 128 - 1
    chance = torch.distributions.Normal(0.0, stddev).cdf(edges).diff().log()
    expected = chance[points.long()].flatten(1).sum(dim=1).float()
    # Noise of one size in a level in which all places are alike is not the best: the bound is lower by that KL.
    expected -= 64 * (math.log(2 / 256 / LEAST) - 0.5 * math.log(2 * math.pi * math.e))
    assert bool((found.error < 1).all())  # of 400 nats: noise within the levels is no part of such pictures
    assert bool(((found.value - expected).abs() < 4 * found.error).all())


def test_a_little_noise_can_be_read_through(points: Tensor) -> None:
    x = to_values(points, IMAGE)
    y = x + LEAST * torch.randn(x.shape, generator=seeded())
    chance = read_levels(x, y, 256)
    assert bool((chance <= 0).all()) and bool((chance > -4).all())
    other = points.clone()
    other[:, :, 0, 0] ^= 1  # the next level
    wrong = read_levels(to_values(other, IMAGE), y, 256)
    assert bool((chance.exp() + wrong.exp() <= 1 + 1e-4).all()) and bool((wrong < chance).all())


def test_levels_of_noise_fall_to_none() -> None:
    for steps in (1, 2, 10, 1000):
        levels = noise_levels(steps)
        assert len(levels) == steps + 1 and levels[0] == pytest.approx(MOST) and levels[-1] == 0
        assert levels == sorted(levels, reverse=True) and len(set(levels)) == len(levels)
    even = even_levels(7)
    assert even[0] == pytest.approx(LEAST) and even[-1] == pytest.approx(MOST) and even == sorted(even)


def test_training_sees_every_level_of_noise() -> None:
    ratio = training_noise(10_000, seeded())
    assert float(ratio.min()) == pytest.approx(-2 * math.log(MOST), abs=0.1)
    assert float(ratio.max()) == pytest.approx(-2 * math.log(LEAST), abs=0.1)
    alpha, sigma = mix(ratio)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(10_000))
    torch.testing.assert_close(2 * (alpha / sigma).log(), ratio, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_does_not_hang_on_those_beside_it(model: Diffusion, sampler: str) -> None:
    one, three = (model.sample(n, generator=seeded(), steps=3, sampler=sampler) for n in (1, 3))
    assert int((one.int() - three[:1].int()).abs().max()) <= 1
    again = model.sample(3, generator=seeded(), steps=3, sampler=sampler)
    assert torch.equal(three, again)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_calls_of_a_step_are_counted(model: Diffusion, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    own = model.noise
    monkeypatch.setattr(model, "noise", lambda *arguments, **options: calls.append(1) or own(*arguments, **options))
    model.sample(1, generator=seeded(), steps=4, sampler=sampler)
    assert len(calls) == 3 * CALLS[sampler] + 1  # the last step, to no noise at all, is Euler's


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 1001}, {"sampler": "exact"}, {"guidance": -1}])
def test_what_makes_no_sense_is_refused(model: Diffusion, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        model.sample(1, **options)  # type: ignore[arg-type]
