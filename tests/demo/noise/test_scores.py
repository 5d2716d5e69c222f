"""How likely a picture is: the models' own figures, each with its kind."""

import math
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.noise.handlers import NoiseHandlers
from demo.noise.scores import BATCH, BATCHES, Scores
from tests.demo.noise.helpers import DIFFUSION, FLOW, IMAGE, LAYERS, question
from tests.helpers import seeded


@pytest.fixture
def scores(tab: NoiseHandlers) -> Scores:
    return Scores(tab.drawings.models, tab.drawings.cards)


@pytest.mark.parametrize("name", [LAYERS, DIFFUSION])
def test_a_bound_is_the_mean_of_the_models_bounds(scores, name) -> None:
    answer = scores.density(question(name))
    model: Any = scores.models.streams(name)
    many = IMAGE.expand(BATCH, -1, -1, -1)
    with torch.no_grad():
        means = [model.bound(many, generator=seeded(batch)).value.mean() for batch in range(BATCHES)]
    assert answer["kind"] == "bound" and answer["draws"] == BATCH * BATCHES
    assert answer["nats"] == pytest.approx(float(torch.stack(means).mean()), rel=1e-5)
    assert answer["bits"] == pytest.approx(-answer["nats"] / (784 * math.log(2)))
    assert answer["error"] > 0 and answer == scores.density(question(name))


@pytest.mark.parametrize(("name", "kind"), [(LAYERS, "importance"), (FLOW, "Hutchinson")])
def test_an_estimate_has_its_kind_and_error(scores, name, kind, monkeypatch) -> None:
    monkeypatch.setattr("demo.noise.scores.ESTIMATE_DRAWS", 2)
    answer = scores.estimate(question(name))
    model: Any = scores.models.streams(name)
    with torch.no_grad():
        own = model.estimate(IMAGE, samples=2, generator=torch.Generator().manual_seed(0))
    assert (answer["kind"], answer["draws"]) == (kind, 2)
    assert answer["nats"] == pytest.approx(float(own.value)) and answer["error"] == pytest.approx(float(own.error))


def test_what_a_model_has_not_is_said(scores) -> None:
    with pytest.raises(InputError, match="no density and no bound"):
        scores.density(question(FLOW))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "x"}, "model must be one of tiny-"),
        ({"model": None}, "model must be"),
        ({"picture": None}, "784 bytes in base64"),
        ({"picture": "A" * 100_000}, "784 bytes"),
        ({"picture": "%%%"}, "784 bytes"),
        ({"picture": [0] * 784}, "784 bytes"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(scores, change, words) -> None:
    for answer in scores.functions().values():
        with pytest.raises(InputError, match=words):
            answer(question(LAYERS) | change)
