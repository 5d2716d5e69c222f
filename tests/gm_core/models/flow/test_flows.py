"""What must be true of flows whatever their weights, on models small enough to check it."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from gm_core.models.base import Batch, ImageShape
from gm_core.models.flow import NICE, Glow, RealNVP
from gm_core.models.flow.coupling import AdditiveCoupling, AffineCoupling, CouplingNetwork, coupling_masks
from gm_core.models.flow.dequantisation import to_levels, to_logits
from gm_core.models.flow.glow import Convolution1x1, GlowStep
from gm_core.models.flow.multiscale import MultiScaleFlow
from gm_core.models.latents import normal_log_prob
from gm_core.numerics import isolation
from tests.helpers import seeded


def stir(module: torch.nn.Module, size: float = 0.2) -> None:
    """Weights unlike the initial ones, with which every coupling is the identity."""
    generator = seeded()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(size * torch.randn(parameter.shape, generator=generator))


FLOWS = (RealNVP, Glow, NICE)


def build(
    image: ImageShape, size: float = 0.2, flow: type[MultiScaleFlow] = RealNVP, **options: object
) -> MultiScaleFlow:
    options = {"couplings": (3, 2), "widths": (8, 8), "blocks": 1, "noise_couplings": 2, "noise_width": 8, **options}
    torch.manual_seed(0)
    model = flow(flow.Config(image=image, **options)).eval().requires_grad_(False)
    stir(model, size)
    return model


@pytest.fixture(scope="module", params=FLOWS)
def model(request: pytest.FixtureRequest) -> MultiScaleFlow:
    return build(ImageShape(channels=1, height=8, width=12, levels=256), size=0.1, flow=request.param)


@pytest.fixture(scope="module")
def images() -> Tensor:
    noise = torch.randint(256, (5, 1, 8, 12), generator=seeded(), dtype=torch.uint8)
    noise[0], noise[1], noise[2, :, :, :6] = 0, 255, 0
    return noise


def test_inverse_of_coupling() -> None:
    network = CouplingNetwork(4 + 3, 8, width=8, blocks=2, height=3, columns=5)
    for mask in coupling_masks(4, 6):
        coupling = AffineCoupling(mask, network)
        stir(coupling, 0.3)
        x, context = torch.randn(2, 4, 3, 5, generator=seeded()), torch.randn(2, 3, 3, 5, generator=seeded(1))
        y, _ = coupling(x, context)
        kept = mask.bool()
        assert torch.equal(y[:, kept], x[:, kept])
        assert not torch.isclose(y[:, ~kept], x[:, ~kept]).all()
        torch.testing.assert_close(coupling.inverse(y, context), x, rtol=1e-5, atol=1e-5)


def test_masks_change_every_value() -> None:
    for channels in (4, 8, 12):
        masks = coupling_masks(channels, 6)
        for first, second in itertools.pairwise(masks):
            assert len(first) == channels
            assert first.sum() == channels / 2
            assert not torch.equal(first, second)
        for first, second in zip(masks[::2], masks[1::2], strict=True):
            assert torch.equal(first + second, torch.ones(channels))


def test_what_glow_learns_to_mix_can_be_undone() -> None:
    torch.manual_seed(0)
    step = GlowStep(8, CouplingNetwork(8, 16, width=8, blocks=1, height=3, columns=5)).requires_grad_(False)
    matrix = step.mix._matrix()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(8))  # a rotation at first, which changes no volume
    x = torch.randn(2, 8, 3, 5, generator=seeded())
    assert float(step(x)[1].abs().max()) < 1e-3
    stir(step, 0.3)
    y, log_det = step(x)
    torch.testing.assert_close(step.inverse(y), x, rtol=1e-4, atol=1e-4)
    assert float(log_det.abs().min()) > 0.1
    mix = Convolution1x1(4).requires_grad_(False)
    stir(mix, 0.3)
    expected = 15 * torch.linalg.slogdet(mix._matrix()).logabsdet
    torch.testing.assert_close(mix(torch.zeros(1, 4, 3, 5))[1][0], expected)


def test_nice_only_shifts() -> None:
    network = CouplingNetwork(4, 4, width=8, blocks=1, height=3, columns=5)
    coupling = AdditiveCoupling(coupling_masks(4, 1)[0], network)
    stir(coupling, 0.3)
    x = torch.randn(2, 4, 3, 5, generator=seeded())
    y, log_det = coupling(x)
    kept = coupling.mask.flatten().bool()
    assert (
        not log_det.any() and torch.equal(y[:, kept], x[:, kept]) and not torch.isclose(y[:, ~kept], x[:, ~kept]).all()
    )
    torch.testing.assert_close(coupling.inverse(y), x)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("image", [ImageShape(height=4, width=8), ImageShape(channels=3, height=4, width=4)])
def test_log_determinant_is_that_of_the_jacobian(image: ImageShape, flow: type[MultiScaleFlow]) -> None:
    model = build(image, flow=flow).double()
    logits = torch.randn(1, 4 * image.channels, image.height // 2, image.width // 2, generator=seeded()).double()

    def code(values: Tensor) -> Tensor:
        *_, (state, _) = model._towards_noise(values)
        return state.code()[0]

    # Couplings compute s and t in float32, whose rounding a float64 Jacobian does not see.
    jacobian = torch.autograd.functional.jacobian(code, logits).flatten(1)
    expected = torch.linalg.slogdet(jacobian).logabsdet
    total = sum(log_det for _, log_det in model._towards_noise(logits))
    torch.testing.assert_close(total[0], expected, rtol=1e-5, atol=1e-5)


def test_density_integrates_to_one() -> None:
    couplings = [
        AffineCoupling(torch.tensor(mask), CouplingNetwork(2, 4, width=16, blocks=1, height=1, columns=1))
        for mask in ((1.0, 0.0), (0.0, 1.0), (1.0, 0.0))
    ]
    for coupling in couplings:
        stir(coupling, 0.3)
    edge = torch.linspace(-16, 16, 801)
    points = torch.cartesian_prod(edge, edge).view(-1, 2, 1, 1)
    with torch.no_grad():
        log_p, h = torch.zeros(len(points)), points
        for coupling in couplings:
            h, log_det = coupling(h)
            log_p = log_p + log_det
        log_p = log_p + normal_log_prob(h)
    spread = (log_p - normal_log_prob(points))[log_p > -8]
    assert spread.abs().max() > 0.5  # not the standard normal again
    assert float(log_p.double().exp().sum() * (32 / 800) ** 2) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(("flow", "noise_couplings"), [(RealNVP, 0), (RealNVP, 2), (Glow, 2), (NICE, 0)])
def test_discrete_pictures_sum_to_one(flow: type[MultiScaleFlow], noise_couplings: int) -> None:
    """The mean of exp(bound) over q(u | x) is P(x), and all sixteen 2x2 pictures of two levels sum to 1."""
    options = {"couplings": (4,), "widths": (8,), "noise_couplings": noise_couplings}
    model = build(ImageShape(height=2, width=2, levels=2), 0.1, flow, **options)
    # Spread over both levels, so that every picture is likely enough for an average of draws.
    model.standardise.shift.zero_()
    model.standardise.log_scale.zero_()
    for coupling in model.dequantisation.couplings:
        coupling.network.output.bias[:4] += 0.65  # wide noise, close to uniform: the average of few draws is then near
    pictures = torch.tensor(list(itertools.product((0, 1), repeat=4)), dtype=torch.uint8).view(16, 1, 2, 2)
    draws = 4000
    bounds = model.bound(pictures.repeat(draws, 1, 1, 1), generator=seeded()).value.view(draws, 16)
    probability = torch.logsumexp(bounds.double(), dim=0) - math.log(draws)
    assert float(probability.exp().sum()) == pytest.approx(1, abs=0.05)
    assert (bounds.double().mean(dim=0) <= probability).all()


def test_terms_add_up(model: MultiScaleFlow, images: Tensor) -> None:
    bound = model.bound(images, generator=seeded())
    assert list(bound.terms) == ["prior", "dequantisation", "logit", "scale_1", "scale_2"]
    assert all(term.shape == (5,) for term in bound.terms.values())
    torch.testing.assert_close(sum(bound.terms.values()), bound.value)
    loss = model.losses(Batch(images, torch.full((5,), -1)), seeded())["model"]
    torch.testing.assert_close(loss.value, -bound.value.mean())


def test_untrained_couplings_add_nothing(images: Tensor) -> None:
    for flow in (RealNVP, NICE):
        model = flow(flow.Config(image=ImageShape(height=8, width=12)))
        terms = model.bound(images, generator=seeded()).terms
        assert not any(term.any() for name, term in terms.items() if name.startswith("scale"))


def test_uniform_noise_has_no_density_to_subtract(images: Tensor) -> None:
    model = build(ImageShape(height=8, width=12), noise_couplings=0)
    assert not model.bound(images, generator=seeded()).terms["dequantisation"].any()


def test_batch_is_pictures_one_by_one(model: MultiScaleFlow, images: Tensor) -> None:
    generator = seeded()
    alone = torch.cat([model.bound(image[None], generator=generator).value for image in images])
    torch.testing.assert_close(model.bound(images, generator=seeded()).value, alone, rtol=1e-4, atol=1e-2)


def test_logits_and_back() -> None:
    x = torch.arange(256.0).view(1, 1, 16, 16)
    for u in (0.001, 0.5, 0.999):
        logits, log_det = to_logits(x, torch.full_like(x, u), 256)
        assert torch.equal(to_levels(logits, 256), x.to(torch.uint8))
        assert torch.isfinite(log_det).all()
    y = (torch.rand(1, 1, 2, 2, generator=seeded()) * 7).double()
    jacobian = torch.autograd.functional.jacobian(lambda v: to_logits(v, torch.zeros_like(v), 8)[0], y).view(4, 4)
    torch.testing.assert_close(to_logits(y, torch.zeros_like(y), 8)[1][0], torch.linalg.slogdet(jacobian).logabsdet)


def test_code_and_back(model: MultiScaleFlow, images: Tensor) -> None:
    z = model.code(images)
    assert z.shape == (5, 96)
    assert torch.equal(model.render(z), images)


def test_stream_ends_with_the_sample(model: MultiScaleFlow) -> None:
    frames = list(model.stream(3, generator=seeded(), temperature=0.8))
    assert [frame.index for frame in frames] == list(range(6))
    assert all(frame.total == 6 for frame in frames)
    assert torch.equal(frames[-1].images, model.sample(3, generator=seeded(), temperature=0.8))
    assert not torch.equal(frames[0].images, frames[-1].images)


def test_way_to_noise_is_the_stream_backwards(model: MultiScaleFlow, images: Tensor) -> None:
    frames = [frame.images for frame in model.to_noise(images)]
    with isolation():  # as whatever is public runs in
        back = [model._picture(state) for state in model._towards_data(model.code(images))]
    assert torch.equal(frames[0], images)
    for there, home in zip(frames, reversed(back), strict=True):
        # A rounding error may cross the border between two levels.
        assert (there.int() - home.int()).abs().max() <= 1


def test_extreme_pictures_are_finite(model: MultiScaleFlow, images: Tensor) -> None:
    stripes = images.clone()
    stripes[:, :, ::2], stripes[:, :, 1::2] = 0, 255
    for batch in (images, stripes):
        for term in model.bound(batch, generator=seeded()).terms.values():
            assert torch.isfinite(term).all()
        assert torch.isfinite(model.code(batch)).all()
    assert model.render(torch.full((1, 96), 1e4)).shape == (1, 1, 8, 12)


def test_bfloat16_networks_leave_the_densities_in_float32(model: MultiScaleFlow, images: Tensor) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        coarse = model.bound(images, generator=seeded()).value
    assert coarse.dtype == torch.float32
    torch.testing.assert_close(coarse, model.bound(images, generator=seeded()).value, rtol=0.05, atol=5)


def test_every_parameter_gets_a_gradient(images: Tensor) -> None:
    model = build(ImageShape(height=8, width=12)).requires_grad_(True)
    model.losses(Batch(images, torch.full((5,), -1)), seeded())["model"].value.backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize(
    "options",
    [{"couplings": ()}, {"couplings": (2,)}, {"couplings": (0, 2)}, {"widths": (0, 8)}, {"blocks": -1}],
)
def test_refuses_impossible_shapes(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"scale|blocks"):
        RealNVP.Config(**options)
    with pytest.raises(ValueError, match="multiples of 4"):
        RealNVP.Config(image=ImageShape(height=30, width=28))
