"""The race: the same noise for everyone, each model's own frames, and what is refused."""

import base64
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.base.serving.waiting import Abandoned, set_waiting
from demo.noise.drawings import OWN
from demo.noise.handlers import NoiseHandlers
from demo.noise.ways import MOST_STEPS, Race
from gm_core.models.continuous import to_images
from tests.demo.noise.helpers import DIFFUSION, FLOW, GREY, LAYERS
from tests.helpers import seeded

USUAL: dict[str, Any] = {"model": DIFFUSION, "method": "ddim", "label": "any", "seed": 7, "steps": 3}


@pytest.fixture
def race(tab: NoiseHandlers) -> Race:
    return Race(tab.drawings)


def pictures(answer: dict[str, Any]) -> torch.Tensor:
    content = bytearray(base64.b64decode(answer["images"]))
    return torch.frombuffer(content, dtype=torch.uint8).view(-1, 1, 28, 28)


def questions(race: Race) -> list[dict[str, Any]]:
    [field] = race.fields()
    return [USUAL | {"model": one["model"], "method": one["method"]} for one in field["entrants"]]


def test_every_model_races_with_every_method_and_begins_with_the_same_noise(race) -> None:
    asked = questions(race)
    assert [(one["model"], one["method"]) for one in asked] == [
        *((DIFFUSION, method) for method in ("ddpm", "ddim", "heun", "langevin")),
        *((FLOW, method) for method in ("ddpm", "euler", "heun", "rk4")),
        (LAYERS, OWN),
    ]
    noise = to_images(torch.randn(784, generator=seeded(7)).view(1, 1, 28, 28), GREY)
    for one in asked:
        answer = race.run(one)
        assert torch.equal(pictures(answer)[0], noise[0])
        assert len(pictures(answer)) == len(answer["times"]) == len(answer["calls"])
        assert answer["times"][0] == 0 and answer["times"] == sorted(answer["times"]) and answer["times"][-1] > 0
        assert answer["calls"] == sorted(answer["calls"])
        assert answer["reads"] in "0123456789" and 0 < answer["sure"] <= 1
    assert not torch.equal(pictures(race.run(USUAL | {"seed": 8}))[0], noise[0])


@pytest.mark.parametrize(("name", "method", "calls"), [(FLOW, "rk4", 12), (DIFFUSION, "heun", 5), (LAYERS, OWN, 4)])
def test_a_way_is_the_models_own_from_that_noise(race, name, method, calls) -> None:
    label = "any" if name == LAYERS else "3"
    answer = race.run(USUAL | {"model": name, "method": method, "label": label})
    model: Any = race.drawings.models.streams(name)
    options = {} if name == LAYERS else {"steps": 3, "sampler": method}
    labels = torch.tensor([-1 if name == LAYERS else 3])
    *_, last = model.from_noise(race.noise(7, GREY), labels, **options)
    assert answer["calls"][-1] == calls
    assert torch.equal(pictures(answer)[-1], last.images[0])
    again = race.run(USUAL | {"model": name, "method": method, "label": label})
    assert {**again, "times": None} == {**answer, "times": None}


def test_a_race_that_nobody_waits_for_ends(race) -> None:
    race.run(USUAL)
    set_waiting(lambda: False)
    try:
        with pytest.raises(Abandoned):
            race.run(USUAL)
    finally:
        set_waiting(lambda: True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "x"}, "Choose a model: tiny-"),
        ({"model": None}, "Choose a model"),
        ({"method": "rk4"}, "Choose how a step is taken"),
        ({"method": ["ddim"]}, "Choose how a step is taken"),
        ({"label": "10"}, "Choose a class"),
        ({"label": "3", "model": LAYERS, "method": OWN}, "Choose a class: any."),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 10**400}, "seed must be a whole number"),
        ({"steps": MOST_STEPS + 1}, "from 1 to 40"),
        ({"steps": 0}, "from 1 to 40"),
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"steps": True}, "from 1 to 40"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(race, change, words) -> None:
    with pytest.raises(InputError, match=words):
        race.run(USUAL | change)
    with pytest.raises(InputError):
        race.run({})
