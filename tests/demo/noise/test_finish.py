"""What is made of a picture that is there already: the models' own, and what is refused."""

import base64
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.base.serving.waiting import Abandoned, set_waiting
from demo.noise.finish import MOST_STEPS, REPEATS, RESULTS, STEPS, Finish
from demo.noise.handlers import NoiseHandlers
from tests.demo.noise.helpers import DIFFUSION, FLOW, IMAGE, LAYERS, question
from tests.helpers import seeded

UPPER = "1" * 392 + "0" * 392
USUAL = {"label": "any", "seed": 7, "steps": 5, "strength": 0.5, "keep": UPPER, "repeats": 2}


@pytest.fixture
def finish(tab: NoiseHandlers) -> Finish:
    return Finish(tab.drawings)


def asked(finish: Finish, what: str, name: str = DIFFUSION, **changes: Any) -> dict[str, Any]:
    return dict(finish.functions()[what](question(name) | USUAL | changes))


def pictures(text: str) -> torch.Tensor:
    content = bytearray(base64.b64decode(text))
    return torch.frombuffer(content, dtype=torch.uint8).view(RESULTS, 1, 28, 28)


def test_only_models_that_a_picture_can_be_begun_from_are_offered(finish) -> None:
    assert set(finish.cards) == {DIFFUSION, FLOW}


@pytest.mark.parametrize("name", [DIFFUSION, FLOW])
def test_noise_is_put_on_and_taken_off_by_the_model(finish, name) -> None:
    answer = asked(finish, "redraw", name, label="3")
    model: Any = finish.models.model(name)
    images, labels = IMAGE.repeat(RESULTS, 1, 1, 1), torch.full((RESULTS,), 3)
    frames = list(model.redraw(images, labels, strength=0.5, generator=seeded(7), steps=5))
    assert torch.equal(pictures(answer["pictures"]), frames[-1].images) and answer["calls"] == frames[-1].calls
    assert torch.equal(pictures(answer["start"]), frames[0].images)
    assert len(answer["reads"]) == len(answer["sure"]) == RESULTS and set(answer["reads"]) <= set("0123456789")
    assert answer["seconds"] > 0
    assert len({str(asked(finish, "redraw", name, **change)["pictures"]) for change in ({}, {"seed": 8})}) == 2
    without = asked(finish, "redraw", name, strength=0)
    assert torch.equal(pictures(without["pictures"]), images) and without["calls"] == 0


@pytest.mark.parametrize("name", [DIFFUSION, FLOW])
def test_what_is_kept_stays_and_the_rest_is_made(finish, name) -> None:
    answer = asked(finish, "complete", name)
    made = pictures(answer["pictures"])
    assert torch.equal(made[:, :, :14], IMAGE.repeat(RESULTS, 1, 1, 1)[:, :, :14])
    assert len({picture.numpy().tobytes() for picture in made}) == RESULTS
    assert answer == asked(finish, "complete", name) | {"seconds": answer["seconds"]}
    assert asked(finish, "complete", name, repeats=1)["calls"] < answer["calls"]


def test_the_work_of_an_answer_is_bounded() -> None:
    assert max(steps * repeats for steps in STEPS for repeats in REPEATS) > MOST_STEPS  # so not all go together
    assert all(steps * min(REPEATS) <= MOST_STEPS for steps in STEPS)


@pytest.mark.parametrize(
    ("what", "change", "words"),
    [
        ("redraw", {"model": LAYERS}, "model must be one of tiny-diffusion, tiny-flow"),
        ("redraw", {"picture": ""}, "784 bytes in base64"),
        ("redraw", {"label": "10"}, "Choose a class: any, 0"),
        ("redraw", {"label": ["3"]}, "Choose a class"),
        ("redraw", {"seed": 1.5}, "A seed is a whole number"),
        ("redraw", {"steps": 1000}, "steps must be one of 5, 10, 20, 40"),
        ("redraw", {"steps": True}, "steps must be"),
        ("redraw", {"steps": [5]}, "steps must be"),
        ("redraw", {"strength": float("nan")}, "noise must be a number from 0, none, to 1"),
        ("redraw", {"strength": 1.1}, "noise must be"),
        ("redraw", {"strength": "0.5"}, "noise must be"),
        ("complete", {"keep": "1" * 783}, "text of 784 signs, 0 or 1"),
        ("complete", {"keep": "2" * 784}, "text of 784 signs"),
        ("complete", {"keep": [1] * 784}, "text of 784 signs"),
        ("complete", {"repeats": 3}, "taken 1, 2, 4, 8 times, and at most 80 steps"),
        ("complete", {"repeats": 8, "steps": 20}, "at most 80 steps"),
        ("complete", {"repeats": 2.0}, "taken 1, 2"),
        ("complete", {"repeats": {}}, "taken 1, 2"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(finish, what, change, words) -> None:
    with pytest.raises(InputError, match=words):
        asked(finish, what, **change)


def test_it_ends_when_no_visitor_waits(finish) -> None:
    set_waiting(lambda: False)
    try:
        with pytest.raises(Abandoned):
            asked(finish, "redraw")
    finally:
        set_waiting(lambda: True)
