"""The way of a picture to its noise and back: the models' own frames and figures, and what is refused."""

import base64
import math
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.base.serving.waiting import Abandoned, set_waiting
from demo.noise.back import Back
from demo.noise.handlers import NoiseHandlers
from demo.noise.own import OwnInput, OwnPictures
from demo.shared.examples import example_at
from demo.shared.models import Models
from demo.shared.picture_input import OwnPicture
from gm_core.models.latents import norm_p_values
from tests.demo.noise.helpers import DIFFUSION, FLOW, IMAGE, LAYERS, question
from tests.helpers import seeded

BAD_NOISE = base64.b64encode(torch.full((784,), math.nan).numpy().tobytes()).decode()


@pytest.fixture
def back(tab: NoiseHandlers) -> Back:
    return Back(tab.drawings)


def images(answer: dict[str, Any]) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(answer["images"])), dtype=torch.uint8).view(-1, 1, 28, 28)


@pytest.mark.parametrize(("name", "steps", "calls"), [(LAYERS, 4, None), (DIFFUSION, 32, 128), (FLOW, 32, 128)])
def test_a_picture_travels_to_its_noise_and_back(back, name, steps, calls) -> None:
    there = back.there(question(name) | {"seed": 3})
    model: Any = back.models.model(name)
    frames = list(model.to_noise(IMAGE, generator=seeded(3)))
    assert torch.equal(images(there), torch.cat([frame.images for frame in frames])) and there["calls"] == calls
    assert len(there["titles"]) == steps + 1 and there["titles"][0] == "picture" and there["seconds"] > 0
    noise = torch.frombuffer(bytearray(base64.b64decode(there["noise"])), dtype=torch.float32)
    torch.testing.assert_close(noise, frames[-1].noise.flatten())
    assert there["norm"] == pytest.approx(float(noise.double().square().sum()))
    assert there["p"] == float(norm_p_values(noise[None])[0])
    home = back.back(question(name) | {"noise": there["noise"]})
    difference = (images(home)[-1:].int() - IMAGE.int()).abs()
    assert home["largest"] == int(difference.max()) <= 2 and home["differ"] == int((difference > 0).sum())
    assert len(home["titles"]) == steps + 1
    assert back.there(question(name) | {"seed": 4})["noise"] != there["noise"]


def test_what_the_layers_add_is_the_models_bound_with_the_same_random_numbers(back) -> None:
    answer = back.there(question(LAYERS) | {"seed": 3})
    model: Any = back.models.model(LAYERS)
    bound = model.bound(IMAGE, generator=seeded(3))
    assert [term["name"] for term in answer["terms"]] == [
        "dequantisation",
        "logit",
        *(f"coupling {i}" for i in range(1, 5)),
        "prior",
    ]
    assert [term["step"] for term in answer["terms"]] == [0, 0, 1, 2, 3, 4, 4]
    assert sum(term["nats"] for term in answer["terms"]) == pytest.approx(float(bound.value), rel=1e-5)
    assert answer["bound"] == pytest.approx(float(bound.value))
    for name in (DIFFUSION, FLOW):
        assert back.there(question(name) | {"seed": 0})["terms"] == []


@pytest.mark.parametrize(
    ("ask", "change", "words"),
    [
        ("there", {"model": "x"}, "model must be one of tiny-"),
        ("there", {"picture": "A"}, "784 bytes in base64"),
        ("there", {"seed": -1}, "A seed is a whole number from 0 to 9999"),
        ("there", {"seed": None}, "A seed is"),
        ("there", {"seed": 10**400}, "A seed is"),
        ("back", {"picture": None}, "784 bytes"),
        ("back", {"noise": None}, "784 numbers of 32 bits in base64, each from -100 to 100"),
        ("back", {"noise": "A" * 10**6}, "784 numbers"),
        ("back", {"noise": "%%"}, "784 numbers"),
        ("back", {"noise": BAD_NOISE}, "784 numbers"),
        ("back", {"noise": base64.b64encode(torch.full((784,), 1e9).numpy().tobytes()).decode()}, "784 numbers"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(back, ask, change, words) -> None:
    with pytest.raises(InputError, match=words):
        back.functions()[ask](question(LAYERS) | {"seed": 0} | change)


def test_it_ends_when_no_visitor_waits(back) -> None:
    set_waiting(lambda: False)
    try:
        with pytest.raises(Abandoned):
            back.there(question(DIFFUSION) | {"seed": 0})
    finally:
        set_waiting(lambda: True)


@pytest.mark.parametrize("bad", [-1, 99, 10**9, None, "0", 1.0, True], ids=str)
def test_an_example_that_there_is_not_is_refused(tab, back, bad) -> None:
    with pytest.raises(InputError, match="There is no such example"):
        OwnPictures(tab.drawings.models, back.cards).example(bad)


def test_a_picture_is_prepared_for_every_model(tab, back) -> None:
    own = OwnPictures(tab.drawings.models, back.cards)
    words, given = own.given(0)
    assert given["pictures"].keys() == back.cards.keys()
    example = example_at(Models.on("cpu"), "mnist", 0)
    assert example and f"<span>An example: {example.name}</span> · <span>" in words
    form = next(iter(own.forms))
    prepared = own._example(example)[form]
    assert base64.b64decode(given["pictures"][DIFFUSION]) == bytes(prepared.image.flatten().tolist())
    words, mine = own.given(OwnPicture("<b>", {form: prepared}))
    assert mine == given and "<span>&lt;b&gt;</span>" in words


@pytest.mark.parametrize(
    ("asked", "source", "warns"),
    [
        ({}, 0, False),
        ({"back_example": "1"}, 1, False),
        ({"back_example": "77"}, 0, True),
        ({"back_example": "<b>"}, 0, True),
        ({"back_picture": "nonsense"}, 0, True),
    ],
    ids=str,
)
def test_a_link_brings_an_example_back_and_says_what_is_wrong_with_it(
    tab, back, asked, source, warns, monkeypatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("gradio.Warning", said.append)
    view = OwnInput.__new__(OwnInput)  # without components: the handler's answer is looked at
    view.own, view.view, view.live = OwnPictures(tab.drawings.models, back.cards), "back", False
    view.note, view.widget, view.source, view.pad, view.upload = (object() for _ in range(5))  # type: ignore[assignment]
    update: Any = view.on_arrive(asked)
    assert update[view.source] == source and bool(said) == warns
    assert (update[view.note], update[view.widget]) == view.own.given(source)
