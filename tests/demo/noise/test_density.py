"""p(x) of one picture by all models: each figure is the evaluation's own, and of its kind however many draws."""

import base64
import math
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.noise.density import Densities
from demo.noise.handlers import NoiseHandlers
from demo.noise.scores import BATCH, MOST_BATCHES, READINGS, Scores
from demo.shared.models import Models
from demo.shared.picture_input import read_drawing
from demo.widgets.sketch_pad import encode
from gm_core.data.datasets import Images
from gm_core.evaluation import bound, density, estimate
from gm_core.rendering import grid, png
from tests.demo.noise.helpers import DIFFUSION, FLOW, IMAGE, LAYERS, question

VALUES = 784 * math.log(2)


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> Scores:
    """Of the models that are shipped."""
    monkeypatch.delenv("GM_CHECKPOINTS", raising=False)  # where other tests of the package have theirs
    models = Models.on("cpu")
    return Scores(models, Densities(models).cards)


@pytest.fixture
def tiny(tab: NoiseHandlers) -> Scores:
    models = tab.drawings.models
    return Scores(models, Densities(models).cards)


def asked(name: str, reading: str, batch: int = 0) -> dict[str, Any]:
    return question(name) | {"reading": reading, "batch": batch}


def images(copies: int) -> Images:
    return Images(IMAGE.expand(copies, -1, -1, -1).contiguous(), torch.zeros(copies, dtype=torch.long), ("0",))


def measured(metrics: list[Any], name: str) -> float:
    return next(metric.value for metric in metrics if metric.name == name)


def test_an_exact_figure_is_the_evaluations(scores) -> None:
    figures = density.measure(scores.models.model("mnist-pixelcnn-original"), images(1), quiet=True)
    answer = scores.score(asked("mnist-pixelcnn-original", "exact"))
    assert answer["kind"] == "exact" and answer["error"] is None
    assert answer["bits"] == pytest.approx(measured(figures, "bits_per_dim"), rel=1e-6)
    assert answer == scores.score(asked("mnist-pixelcnn-original", "exact", 5))


@pytest.mark.parametrize("name", [LAYERS, DIFFUSION])
def test_a_bounds_first_batch_is_the_evaluations(tiny, name) -> None:
    figures = bound.measure(tiny.models.model(name), images(BATCH), quiet=True)
    answer = tiny.score(asked(name, "bound"))
    assert (answer["kind"], answer["draws"], answer["error"]) == ("bound", BATCH, None)
    assert answer["bits"] == pytest.approx(measured(figures, "bound_bits_per_dim"), rel=1e-5)


@pytest.mark.parametrize(("name", "draws"), [(LAYERS, 16), (FLOW, 1)])
def test_an_estimates_first_batch_is_the_evaluations(tiny, name, draws, monkeypatch) -> None:
    monkeypatch.setattr(estimate, "SAMPLES", (draws,))
    figures = estimate.measure(tiny.models.model(name), images(1), quiet=True)
    answer = tiny.score(asked(name, "estimate"))
    assert answer["draws"] == draws and (answer["error"] is None) == (draws == 1)
    assert answer["bits"] == pytest.approx(measured(figures, "estimated_bits_per_dim"), rel=1e-5)


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-realnvp"])
def test_bounds_lie_below_estimates_of_the_same_model(scores, name) -> None:
    digit = scores.models.samples("mnist-vae").sample(1, generator=torch.Generator().manual_seed(2))
    picture = base64.b64encode(bytes(digit.flatten().tolist())).decode()
    answers = {
        reading: [scores.score(asked(name, reading, batch) | {"picture": picture}) for batch in range(3)]
        for reading in ("bound", "estimate")
    }
    bounds, estimates = ([answer["nats"] for answer in answers[reading]] for reading in ("bound", "estimate"))
    error = max(answer["error"] for answer in answers["estimate"])
    assert max(bounds) < min(estimates) + 3 * error
    assert {answer["kind"] for answer in answers["bound"]} == {"bound"}
    assert {answer["kind"] for answer in answers["estimate"]} == {"importance"}
    assert len(set(bounds)) == len(set(estimates)) == 3  # other draws


def test_every_model_of_a_data_set_is_listed_and_what_it_has_not_is_said(scores) -> None:
    subjects = Densities(scores.models).subjects()
    for subject in subjects.values():
        levels = {scores.cards[model["name"]].model_config.image.levels for model in subject["models"]}
        assert levels == {subject["levels"]}
        for model in subject["models"]:
            for reading in READINGS.keys() - set(model["readings"]):
                with pytest.raises(InputError, match="This model has no"):
                    scores.score({"picture": "", **asked(model["name"], reading)} | _picture(subject["size"]))
    names = [model["name"] for model in subjects["mnist"]["models"]]
    assert (
        names[0] == "mnist-pixelcnn" and names[-1] == "mnist-autoencoder" and "mnist-pixelcnn-background" not in names
    )
    assert subjects["mnist-binary"]["levels"] == 2


def _picture(size: list[int]) -> dict[str, str]:
    return {"picture": base64.b64encode(bytes(math.prod(size))).decode()}


def test_a_picture_is_scored_as_models_of_each_data_set_see_it(scores) -> None:
    densities = Densities(scores.models)
    forms = {densities.models.card(name).record.form for name in densities.cards}
    drawn = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    drawn[..., 6:22, 12:16] = 253
    own = read_drawing(encode(png(grid(drawn, zoom=1))), forms)
    assert own is not None
    words, same = densities.scored("mnist", own)
    assert "pixel by pixel" in words and base64.b64decode(same["picture"]) == bytes(drawn.flatten().tolist())
    assert len(base64.b64decode(densities.scored("cifar10", own)[1]["picture"])) == 3 * 32 * 32
    assert densities.scored("mnist", 7)[1] == densities.scored("mnist", 7)[1] != densities.scored("mnist", 8)[1]
    for wrong in (-1, 99, 10**30):
        with pytest.raises(InputError, match="no such example"):
            densities.scored("mnist", wrong)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reading": "x"}, "reading must be one of exact, bound, estimate"),
        ({"reading": ["exact"]}, "reading must be"),
        ({"reading": "exact"}, "no exact density"),
        ({"batch": -1}, "batch must be a whole number from 0"),
        ({"batch": MOST_BATCHES}, "batch must be"),
        ({"batch": 0.5}, "batch must be"),
        ({"batch": None}, "batch must be"),
        ({"model": "mnist-detector"}, "model must be one of"),
        ({"picture": "AAAA"}, "784 bytes"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(tiny, change, words) -> None:
    with pytest.raises(InputError, match=words):
        tiny.score(asked(LAYERS, "bound") | change)


@pytest.mark.parametrize("name", [DIFFUSION, FLOW, LAYERS])
def test_what_the_steps_add_is_a_figure_of_the_model_and_each_has_its_place_on_the_way(tiny, name) -> None:
    answer = tiny.steps(question(name))
    model: Any = tiny.models.model(name)
    generator = torch.Generator().manual_seed(0)
    figure = model.bound if name == LAYERS else model.estimate
    assert answer["total"] == pytest.approx(float(figure(IMAGE, generator=generator).value), abs=0.05)
    assert answer["total"] == pytest.approx(answer["start"] + sum(step["nats"] for step in answer["steps"]))
    places = [step["at"] for step in answer["steps"]]
    assert places == sorted(places) and places[0] > 0 and places[-1] == 1
    assert len(places) == (4 if name == LAYERS else model.config.likelihood_steps)


def test_a_model_without_a_way_to_noise_has_no_steps_that_add(scores) -> None:
    with pytest.raises(InputError, match="no steps that lead from noise"):
        scores.steps(asked("mnist-pixelcnn-original", "exact"))
