"""An isolation puts torch's global settings aside, for its own thread and time alone."""

import threading

import pytest
import torch
from PIL import Image

import gm_core
from gm_core import rendering
from gm_core.data.datasets import Images
from gm_core.evaluation import evaluate
from gm_core.numerics import is_learning, isolate, isolation
from tests.contract.settings import SETTINGS
from tests.helpers import flat, seeded


def settings() -> tuple[object, ...]:
    made = torch.empty(0)
    precisions = [kind.fp32_precision for kind in (torch.backends.mkldnn.matmul, torch.backends.mkldnn.conv)]
    return made.dtype, made.device.type, torch.is_autocast_enabled("cpu"), *[p in ("none", "ieee") for p in precisions]


USUAL = (torch.float32, "cpu", False, True, True)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_within_it_all_is_as_usual_and_afterwards_as_it_was(setting):
    with setting():
        before = settings()
        with isolation():
            assert settings() == USUAL
            with isolation():
                assert settings() == USUAL
            assert settings() == USUAL
            assert (
                torch.tensor([0.1]).dtype == torch.full((1,), 0.1).dtype == torch.arange(0.5, 2).dtype == torch.float32
            )
            assert torch.tensor([1]).dtype == torch.arange(3).dtype == torch.full((1,), 2).dtype == torch.int64
            assert torch.zeros(1, dtype=torch.float64).dtype == torch.float64
            assert torch.as_tensor(torch.ones(1).double()).dtype == torch.float64
        assert settings() == before
        with pytest.raises(ZeroDivisionError), isolation():
            raise ZeroDivisionError
        assert settings() == before


def test_another_thread_keeps_its_settings_meanwhile():
    found = []
    with SETTINGS["default dtype float64"](), isolation():
        other = threading.Thread(target=lambda: found.append(torch.empty(0).dtype))
        other.start()
        other.join()
        assert torch.empty(0).dtype == torch.float32
    assert found == [torch.float64]


def test_full_precision_lasts_until_the_last_thread_is_done():
    begun, over = threading.Event(), threading.Event()

    def compute() -> None:
        with isolation():
            begun.set()
            over.wait(10)

    with SETTINGS["matrix products of medium precision"]():
        reduced = torch.backends.mkldnn.matmul.fp32_precision
        other = threading.Thread(target=compute)
        other.start()
        assert begun.wait(10)
        with isolation():
            pass
        assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
        over.set()
        other.join()
        assert torch.backends.mkldnn.matmul.fp32_precision == reduced
        assert torch.get_float32_matmul_precision() == "medium"


def test_what_happens_between_two_steps_of_a_generator_is_the_callers():
    @isolate
    def steps():
        try:
            for _ in range(3):
                yield torch.empty(0).dtype
        finally:
            closed.append(torch.empty(0).dtype)

    closed: list[torch.dtype] = []
    with SETTINGS["default dtype float64"]():
        for dtype in steps():
            assert dtype == torch.float32
            assert torch.empty(0).dtype == torch.float64
        assert closed == [torch.float32]
        begun = steps()
        next(begun)
        begun.close()
        assert len(closed) == 2


def test_only_a_loss_is_learned_from():
    ask, learn = isolate(is_learning), isolate(is_learning, learning=True)
    assert (is_learning(), ask(), learn()) == (False, False, True)
    with isolation():
        assert (is_learning(), ask(), learn(), is_learning()) == (False, False, True, False)
    with isolation(learning=True):
        assert ask()  # a loss may be made of what a model is asked


def outcomes(images: torch.Tensor, model, picture: Image.Image) -> list[object]:
    """What the functions of the package say that take no model's time."""
    codes = images[:2].flatten(1).float()
    events = list(model.stream(1, chunk=8, noise=gm_core.draw_noise(1, 8, 8, seeded())))
    likely = torch.tensor([[-3.0, -4.5, -3.2], [-9.0, -1.5, -7.0]], dtype=torch.float32, device="cpu")
    labels = torch.tensor([0, 1], device="cpu")
    probs = gm_core.bayes_posterior(likely)
    return [
        gm_core.draw_noise(2, 3, 4, seeded(), 3),
        gm_core.interpolate(codes[0], codes[1], 5),
        gm_core.interpolate(codes[0], codes[1], 5, spherical=True),
        *gm_core.rebuild(events, 8, 8),
        events[3].entropy,
        gm_core.influence(model, images[:1], 20, 1),
        gm_core.thickness(images),
        gm_core.slant(images),
        probs,
        gm_core.marginal_log_prob(likely),
        gm_core.likelihood_from_posterior(probs, gm_core.marginal_log_prob(likely)),
        gm_core.class_log_probs(model, images[:2]),
        *gm_core.accuracy_versus_coverage(probs, labels),
        torch.tensor(gm_core.calibration_error(probs, labels), dtype=torch.float64, device="cpu"),
        gm_core.in_levels(images, 2),
        rendering.visible(images % 2, 2),
        gm_core.prepare(picture).image,
        gm_core.prepare(picture, form=gm_core.form_of("fashion")).image,
        gm_core.prepare(picture, form=gm_core.form_of("cifar10")).image,
    ]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    shape = {"height": 8, "width": 8, "classes": 3, "channels": 4, "layers": 2}
    return gm_core.GatedPixelCNN(flat(gm_core.GatedPixelCNNConfig, **shape)).eval().requires_grad_(False)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_function_of_the_package_says_the_same_under_every_setting(model, setting):
    images = torch.randint(256, (3, 1, 8, 8), dtype=torch.uint8, generator=seeded())
    picture = Image.new("RGB", (60, 50), (250, 248, 240))
    picture.paste((20, 30, 10), (20, 10, 30, 40))
    data = Images(images, torch.tensor([0, 1, 2]), ("a", "b", "c"))
    expected, figures = outcomes(images, model, picture), evaluate(model, data, quiet=True)
    with setting():
        found, again = outcomes(images, model, picture), evaluate(model, data, quiet=True)
    assert again == figures
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.dtype == other.dtype and one.device == other.device, number
        assert torch.equal(one, other), number
