"""The exact fields are what theory says of them, and a study of a plane is made, kept and measured."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gm_core import VAE, CheckpointError, VAEConfig, load, read_card
from gm_core.checkpoints import save
from gm_core.data.datasets import Images
from gm_core.models.flow.ffjord import standard_normal
from gm_core.models.ode import arrive, even_times, late_times
from gm_core.studies import FIELDS
from gm_core.studies.field import KINDS, ExactField, Mixture, follow_density, load_field, make_field
from gm_core.studies.field.mixture import PATHS, cosine
from gm_core.studies.field.study import evaluate_field
from gm_core.studies.field.training import FieldRecipe
from tests.helpers import flat, seeded, shipped

TIMES = (0.0, 0.3, 0.8, 0.97, 1.0)
MIXTURE = Mixture(
    torch.tensor([[-2.0, 0.5], [1.0, 1.5], [1.5, -1.0], [0.0, -2.0]]).double(),
    torch.tensor([[0.3, 0.2], [0.5, 0.1], [0.2, 0.4], [0.15, 0.15]]).double(),
    torch.tensor([0, 1, 1, 2]),
)


@pytest.fixture(params=PATHS)
def field(request: pytest.FixtureRequest) -> ExactField:
    return ExactField(MIXTURE, PATHS[request.param])


def points(field: ExactField, t: float, n: int = 60) -> Tensor:
    """Points as they lie at a time."""
    mix, generator = field.path(t), seeded()
    return mix.alpha * MIXTURE.sample(n, generator) + mix.sigma * torch.randn(n, 2, generator=generator).double()


def gradient(function, z: Tensor) -> Tensor:
    """Of a number for each point."""
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]


@pytest.mark.parametrize("t", TIMES)
def test_the_density_is_the_mixtures_and_the_divergence_that_of_autograd(field, t) -> None:
    z, mix = points(field, t), field.path(t)
    components = torch.distributions.Normal(
        mix.alpha * MIXTURE.means, ((mix.alpha * MIXTURE.stds) ** 2 + mix.sigma**2).sqrt()
    )
    expected = components.log_prob(z[:, None]).sum(dim=-1).logsumexp(dim=1) - math.log(4)
    torch.testing.assert_close(field.log_prob(z, t), expected)
    velocity, divergence = field.with_divergence(z, t)
    torch.testing.assert_close(velocity, field.velocity(z, t))
    parts = [gradient(lambda z, axis=axis: field.velocity(z, t)[:, axis], z)[:, axis] for axis in range(2)]
    torch.testing.assert_close(divergence, parts[0] + parts[1])


@pytest.mark.parametrize("t", TIMES[1:-1])
def test_the_field_moves_the_density_as_the_continuity_equation_says(field, t) -> None:
    z, step = points(field, t), 1e-5
    change = (field.log_prob(z, t + step) - field.log_prob(z, t - step)) / (2 * step)
    velocity, divergence = field.with_divergence(z, t)
    slope = gradient(lambda z: field.log_prob(z, t), z)
    torch.testing.assert_close(change, -divergence - (velocity * slope).sum(dim=1), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("t", TIMES[1:-1])
def test_the_diffusions_field_is_its_probability_flow(t) -> None:
    field, mix = ExactField(MIXTURE, cosine), cosine(t)
    z = points(field, t)
    drift = mix.alpha_slope / mix.alpha
    spread = 2 * mix.sigma * mix.sigma_slope - 2 * drift * mix.sigma**2  # g², of which time runs to the data
    score = gradient(lambda z: field.log_prob(z, t), z)
    torch.testing.assert_close(field.velocity(z, t), drift * z - spread / 2 * score)
    assert mix.alpha**2 + mix.sigma**2 == pytest.approx(1)


def test_one_gaussian_is_reached_along_known_ways() -> None:
    one = Mixture(MIXTURE.means[:1], MIXTURE.stds[:1], MIXTURE.labels[:1])
    z = torch.randn(30, 2, generator=seeded()).double()
    for path in PATHS.values():
        end = arrive(ExactField(one, path).velocity, z, late_times(64))
        torch.testing.assert_close(end, one.means + one.stds * z, atol=1e-6, rtol=0)


def test_points_that_are_pushed_forward_are_the_mixtures(field) -> None:
    noise = torch.randn(2000, 2, generator=seeded()).double()
    *_, (z, log_p) = follow_density(field, noise, standard_normal(noise), late_times(32), "rk4")
    torch.testing.assert_close(log_p, MIXTURE.log_prob(z), atol=0.05, rtol=0)
    probs = MIXTURE.class_probs(z, 4)
    torch.testing.assert_close(probs.mean(dim=0), torch.tensor([0.25, 0.5, 0.25, 0.0]).double(), atol=0.03, rtol=0)
    draws = MIXTURE.sample(4000, seeded(1))
    torch.testing.assert_close(z.mean(dim=0), draws.mean(dim=0), atol=0.1, rtol=0)
    torch.testing.assert_close(z.mT.cov(), draws.mT.cov(), atol=0.15, rtol=0)
    # Of its own entropy: the mean of -log p over points that are the mixture's.
    assert float(log_p.mean()) == pytest.approx(float(MIXTURE.log_prob(draws).mean()), abs=0.08)


@pytest.mark.parametrize("t", [0.0, 0.6, 1.0])
def test_the_density_is_1_in_all(field, t) -> None:
    axis = torch.arange(-6, 6, 0.04).double()
    total = field.log_prob(torch.cartesian_prod(axis, axis), t).exp().sum() * 0.04**2
    assert float(total) == pytest.approx(1, abs=1e-3)


def test_a_class_has_its_own_components() -> None:
    assert MIXTURE.given(1).labels.tolist() == [1, 1] and MIXTURE.given(-1) is MIXTURE
    with pytest.raises(ValueError, match="no component of class 3"):
        MIXTURE.given(3)


@pytest.fixture(scope="module")
def pictures() -> Images:
    images = torch.randint(256, (60, 1, 8, 8), generator=seeded(), dtype=torch.uint8)
    return Images(images, torch.arange(60) % 3, ("a", "b", "c"))


@pytest.fixture(scope="module")
def directory(pictures, tmp_path_factory):
    """A folder with a small VAE of two dimensions, and its fields."""
    torch.manual_seed(0)
    directory, vae = (
        tmp_path_factory.mktemp("plane"),
        flat(VAEConfig, height=8, width=8, latent=2, channels=4, hidden=8),
    )
    card = shipped(VAE(vae).eval(), "my-vae2d", directory)
    save(replace(card, dataset="mnist"), VAE(vae).state_dict(), directory)
    recipe = FieldRecipe(width=8, layers=1, steps=3, batch=16, solver_steps=2)
    make_field("my-vae2d", pictures, pictures, recipe=recipe, directory=directory, quiet=True)
    return directory


def test_a_study_is_made_kept_and_measured_again(directory, pictures) -> None:
    card, study = read_card("my-vae2d-field", directory), load_field("my-vae2d", directory)
    vae = load("my-vae2d", "cpu", directory)
    posterior = vae.encode(pictures.images)
    torch.testing.assert_close(study.mixture.means.float(), posterior.mean)
    torch.testing.assert_close(study.mixture.stds.float(), posterior.stddev)
    assert card.cost["steps"] == 3 and card.parameters == sum(p.numel() for p in study.flow.parameters())
    again = evaluate_field(vae, study, pictures, quiet=True)
    assert {metric.name: metric.value for metric in again}.items() <= {m.name: m.value for m in card.metrics}.items()
    # Of all the training pictures or of as many as there are components: here they are the same.
    assert card.value("mixture_nats") == pytest.approx(card.value("aggregate_posterior_nats"))
    for kind in KINDS:
        field, z = study.field(kind, 1), torch.randn(9, 2, generator=seeded()).double()
        velocity, divergence = field.with_divergence(z, 0.5)
        assert velocity.shape == z.shape and divergence.shape == field.log_prob(z, 0.5).shape == (9,)
        torch.testing.assert_close(field.log_prob(z, 0.0), standard_normal(z))
    with pytest.raises(KeyError):
        study.field("crooked")


def test_what_has_no_plane_or_other_posteriors_is_refused(directory, pictures, tmp_path) -> None:
    three = VAE(flat(VAEConfig, height=8, width=8, latent=3, channels=4, hidden=8)).eval()
    shipped(three, "my-vae", tmp_path)
    with pytest.raises(CheckpointError, match="has 3 latent dimensions; a field is seen in 2"):
        make_field("my-vae", pictures, pictures, directory=tmp_path)
    study = load_field("my-vae2d", directory)
    tensors = {"means": study.mixture.means, "stds": -study.mixture.stds, "labels": study.mixture.labels}
    text = {"description": "", "split": "", "metrics": [], "class_names": ["a", "b", "c"]}
    for name in ("my-vae2d.json", "my-vae2d.safetensors"):
        (tmp_path / name).write_bytes((directory / name).read_bytes())
    FIELDS.save("my-vae2d", tensors, tmp_path, **text, settings={"width": 8, "layers": 1})
    with pytest.raises(
        CheckpointError, match=r"its posteriors are not .*make it with: python -m gm_core field my-vae2d"
    ):
        load_field("my-vae2d", tmp_path)


def test_the_shipped_flow_is_a_density_that_knows_new_codes_better_than_the_prior() -> None:
    card, study = read_card("mnist-vae2d-field"), load_field("mnist-vae2d")
    figures = {metric.name: metric.value for metric in card.metrics}
    assert figures["mixture_nats"] < figures["prior_nats"] < figures["ffjord_nats"] < figures["ffjord_given_class_nats"]
    assert abs(figures["ffjord_hutchinson_nats"] - figures["ffjord_nats"]) < 0.03
    axis = torch.arange(-10, 10, 0.2).double()
    total = study.field("learned", -1).log_prob(torch.cartesian_prod(axis, axis), 1.0).exp().sum() * 0.2**2
    assert float(total) == pytest.approx(1, abs=0.02)
    noise = torch.randn(200, 2, generator=seeded()).double()
    ends = arrive(study.field("learned", 3).velocity, noise, even_times(16))
    assert float(study.mixture.class_probs(ends, 10)[:, 3].mean()) > 0.4  # of ten classes that overlap
