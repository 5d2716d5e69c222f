"""What must be true of flow matching whatever its weights, and of a field that is known in closed form."""

import math

import pytest
import torch
from torch import Tensor

from gm_core.models.base import Batch, ImageShape
from gm_core.models.continuous import to_images, to_values
from gm_core.models.diffusion.samplers import ddpm as diffusion_ddpm
from gm_core.models.flow_matching import FlowMatching, FlowMatchingConfig
from gm_core.models.flow_matching.path import BEND
from gm_core.models.flow_matching.samplers import ddpm
from gm_core.models.ode import SOLVERS
from tests.helpers import seeded

IMAGE = ImageShape(height=8, width=8)
MEAN, STDDEV = 0.3, 0.4


@pytest.fixture
def model() -> FlowMatching:
    torch.manual_seed(0)
    made = FlowMatching(FlowMatchingConfig(image=IMAGE, classes=3, widths=(8, 32), blocks=1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval().requires_grad_(False)


@pytest.fixture
def gaussian(model: FlowMatching, monkeypatch: pytest.MonkeyPatch) -> FlowMatching:
    """The field that takes noise to values of a normal distribution: Lipman et al. (2023), theorem 3."""

    def velocity(x: Tensor, time: Tensor, labels: Tensor, guidance: float = 1.0) -> Tensor:
        time = time[:, None, None, None]
        variance = (1 - time) ** 2 + (time * STDDEV) ** 2
        return MEAN + (time * STDDEV**2 - (1 - time)) / variance * (x - time * MEAN)

    monkeypatch.setattr(model, "velocity", velocity)
    return model


@pytest.fixture
def images() -> Tensor:
    return torch.randint(256, (5, 1, 8, 8), generator=seeded(), dtype=torch.uint8)


def test_values_lie_in_the_steps_of_their_levels(images: Tensor) -> None:
    for place in (0.01, 0.5, 0.99):
        assert torch.equal(to_images(to_values(images, IMAGE, place), IMAGE), images)
    black, white = torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    assert float(to_values(black, IMAGE, 0.0).min()) == -1 and float(to_values(white, IMAGE, 1.0).max()) == 1


def test_the_estimate_is_the_density_of_a_normal_distribution(gaussian: FlowMatching, images: Tensor) -> None:
    found = gaussian.estimate(images, samples=4, generator=seeded())
    inner = torch.stack([to_values(images, IMAGE, place) for place in torch.linspace(0.05, 0.95, 10).tolist()])
    density = torch.distributions.Normal(MEAN, STDDEV).log_prob(inner).flatten(2).sum(dim=2).mean(dim=0)
    expected = density + 64 * math.log(2 / 256)
    assert found.kind == "Hutchinson" and found.samples == 4 and bool((found.error < 0.5).all())
    torch.testing.assert_close(found.value, expected, rtol=0, atol=0.6)  # of some hundred nats; u differs


def test_a_step_of_ddpm_is_that_of_diffusion_at_the_same_level_of_noise(gaussian: FlowMatching) -> None:
    """Of the picture with noise over it, x / t = p + (1 - t) / t e, in whose noise the field tells the same."""
    field = gaussian._field(torch.zeros(2, dtype=torch.int64))
    x, start, end = torch.randn(2, 1, 8, 8, generator=seeded()), 0.4, 0.7

    def noise(y: Tensor, level: float) -> Tensor:
        time = 1 / (1 + level)
        return time * y - time * field(time * y, time)

    levels = ((1 - time) / time for time in (start, end))
    expected = end * diffusion_ddpm(noise, x / start, *levels, [seeded(1), seeded(2)])
    torch.testing.assert_close(ddpm(field, x, start, end, [seeded(1), seeded(2)]), expected)
    assert torch.equal(ddpm(field, x, start, 1.0, [seeded(1), seeded(2)]), x + (1 - start) * field(x, start))


@pytest.mark.parametrize(("sampler", "steps"), [("ddpm", 300), ("euler", 100), ("heun", 40), ("rk4", 20)])
def test_every_sampler_draws_from_the_distribution_of_the_known_field(
    gaussian: FlowMatching, sampler: str, steps: int
) -> None:
    made = to_values(gaussian.sample(100, generator=seeded(), steps=steps, sampler=sampler), IMAGE)
    inside = torch.distributions.Normal(MEAN, STDDEV).sample((100_000,)).clamp(-1, 1)
    assert float(made.mean()) == pytest.approx(float(inside.mean()), abs=0.02)
    assert float(made.std()) == pytest.approx(float(inside.std()), abs=0.04)


def test_solvers_are_of_their_orders(gaussian: FlowMatching) -> None:
    field = gaussian._field(torch.zeros(1, dtype=torch.int64))
    noise = torch.randn(1, 1, 8, 8, generator=seeded()).double()
    for name, least in (("euler", 1.7), ("heun", 3.2), ("rk4", 10.0)):
        errors = []
        for steps in (8, 16):
            x = noise
            for index in range(steps):
                x = SOLVERS[name](field, x, index / steps, (index + 1) / steps)
            errors.append(float((x - (MEAN + STDDEV * noise)).abs().max()))
        assert errors[0] / errors[1] > least, name


def test_the_way_back_undoes_the_way_there(gaussian: FlowMatching) -> None:
    z = torch.randn(2, 1, 8, 8, generator=seeded())
    labels = torch.full((2,), -1)
    field = gaussian._field(labels)
    there = z
    for index in range(30):
        there = SOLVERS["rk4"](field, there, index / 30, (index + 1) / 30)
    back = there
    for index in range(30, 0, -1):
        back = SOLVERS["rk4"](field, back, index / 30, (index - 1) / 30)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-4)


def test_noise_is_where_the_known_field_leads_to(gaussian: FlowMatching, images: Tensor) -> None:
    *_, last = gaussian.to_noise(images, generator=seeded())
    place = torch.rand(images.shape, generator=seeded())
    torch.testing.assert_close(last.noise, (to_values(images, IMAGE, place) - MEAN) / STDDEV, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("sampler", "steps"), [("rk4", 20), ("ddpm", 300)])
@pytest.mark.parametrize("repeats", [1, 4])
def test_what_does_not_hang_on_the_kept_part_is_made_as_the_model_draws_it(
    gaussian: FlowMatching, repeats: int, sampler: str, steps: int
) -> None:
    """Values that are independent: the rest has the model's mean and deviation, whatever is kept."""
    images = torch.full((40, 1, 8, 8), 250, dtype=torch.uint8)
    keep = torch.arange(64).view(1, 1, 8, 8).expand(40, -1, -1, -1) < 32
    options = {"generator": seeded(), "steps": steps, "repeats": repeats, "sampler": sampler}
    *_, last = gaussian.complete(images, keep, **options)  # type: ignore[arg-type]
    made = to_values(last.images, IMAGE)[~keep]
    inside = torch.distributions.Normal(MEAN, STDDEV).sample((100_000,)).clamp(-1, 1)
    assert float(made.mean()) == pytest.approx(float(inside.mean()), abs=0.04)
    assert float(made.std()) == pytest.approx(float(inside.std()), abs=0.04)


def test_each_frame_tells_where_its_line_ends(model: FlowMatching) -> None:
    frames = list(model.stream(2, generator=seeded(), steps=5, sampler="euler"))
    assert [frame.time for frame in frames] == pytest.approx([(index / 5) ** BEND for index in range(6)])
    assert frames[0].ending is None and frames[-1].ending is not None
    assert torch.equal(frames[-1].ending, frames[-1].images)  # the last step's line ends in the picture


def test_guidance_of_1_is_the_model_itself_and_0_knows_no_label(model: FlowMatching) -> None:
    x, time = torch.randn(3, 1, 8, 8, generator=seeded()), torch.full((3,), 0.5)
    labels, none = torch.arange(3), torch.full((3,), -1)
    own, free = model.velocity(x, time, labels), model.velocity(x, time, none)
    assert not torch.allclose(own, free)
    torch.testing.assert_close(model.velocity(x, time, labels, 0.0), free)
    torch.testing.assert_close(model.velocity(x, time, labels, 3.0), free + 3 * (own - free))


def test_the_loss_is_smallest_for_the_lines_own_velocity(model: FlowMatching, images: Tensor) -> None:
    batch = Batch(images, torch.zeros(5, dtype=torch.int64))
    first = model.losses(batch, seeded())["model"].figure
    # Noise of variance 1, and pictures: no answer at all is wrong by their squares.
    model.network.output.weight.zero_()
    model.network.output.bias.zero_()  # type: ignore[union-attr]
    place = torch.rand(images.shape, generator=(generator := seeded()))
    pictures = to_values(images, IMAGE, place)
    noise = torch.randn(pictures.shape, generator=generator)
    assert model.losses(batch, seeded())["model"].figure == pytest.approx(float((pictures - noise).square().mean()))
    assert first != pytest.approx(float((pictures - noise).square().mean()))


WRONG = ({"steps": 0}, {"steps": 1001}, {"steps": 2.0}, {"sampler": "exact"}, {"guidance": 11})


@pytest.mark.parametrize("options", WRONG)
def test_what_makes_no_sense_is_refused(model: FlowMatching, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        model.sample(1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"widths": (8,)}, {"widths": (9, 32)}, {"widths": (8, 33)}, {"late": 1.0}])
def test_no_network_has_such_a_shape(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        FlowMatchingConfig(image=IMAGE, **options)  # type: ignore[arg-type]
