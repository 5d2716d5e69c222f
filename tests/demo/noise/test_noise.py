"""What the Noise tab draws: the models' own frames; what it refuses, and what a link brings back."""

import base64
from typing import Any

import pytest
import torch

from demo.base.serving.lanes import QUICK, SLOW
from demo.base.serving.waiting import Abandoned, set_waiting
from demo.noise.drawings import ANY, MOST_CALLS, MOST_SHOWN, OWN, NoiseRequest
from demo.noise.handlers import LINK, NoiseHandlers, NoiseSession
from demo.noise.words import explained, idea
from demo.shared.models import Models
from gm_core import FAMILIES, Autoregressive
from tests.demo.noise.helpers import DIFFUSION, FLOW, LAYERS

USUAL: dict[str, Any] = dict(
    zip(LINK, (ANY, 7, 4, FLOW, "1", "euler", 1.0, 1.0), strict=True),
)


def values(**changes: Any) -> list[Any]:
    return list((USUAL | changes).values())


def drawn(tab: NoiseHandlers, **changes: Any) -> dict[str, Any]:
    *_, last = tab.draw(*values(**changes), NoiseSession())
    return dict(last)


def pictures(text: str, n: int = 1) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8).view(n, 28, 28, 1).movedim(-1, 1)


def test_every_family_that_makes_pictures_of_noise_is_offered_and_no_other() -> None:
    cards = Models.on("cpu").from_noise()
    assert all(hasattr(FAMILIES[card.family], "stream") and not card.has(Autoregressive) for card in cards)


@pytest.mark.parametrize(("name", "method", "calls"), [(FLOW, "rk4", 16), (DIFFUSION, "heun", 7), (LAYERS, OWN, 4)])
def test_the_frames_are_the_models_own(tab, name, method, calls) -> None:
    message = drawn(tab, model=name, method=method)
    model: Any = tab.drawings.models.streams(name)
    options = {} if name == LAYERS else {"steps": 4, "sampler": method}
    frames = list(model.stream(1, torch.tensor([-1]), generator=torch.Generator().manual_seed(7), **options))
    assert message["total"] == len(message["frames"]) == len(frames) == 5
    for sent, frame in zip(message["frames"], frames, strict=True):
        assert torch.equal(pictures(sent["images"]), frame.images)
        ending = getattr(frame, "ending", None)
        assert (sent["ending"] is None) == (ending is None)
        assert ending is None or torch.equal(pictures(sent["ending"]), ending)
    assert message["frames"][-1]["calls"] == calls
    assert message["done"]["seconds"] > 0 and message["done"]["reads"][0] in "0123456789"


def test_the_same_seed_is_the_same_picture_and_a_class_or_guidance_another(tab) -> None:
    def last(**changes: Any) -> str:
        return drawn(tab, **changes)["frames"][-1]["images"]

    assert last() == last() == last(guidance=3.0)  # which needs a class
    assert len({last(), last(**{"class": "3"}), last(**{"class": "3"}, guidance=3.0), last(seed=8)}) == 4
    assert last(temperature=0.5) != last()


def test_many_pictures_in_many_steps_are_shown_in_fewer_frames(tab) -> None:
    message = drawn(tab, steps=100, pictures="16")
    steps = [frame["step"] for frame in message["frames"]]
    assert message["steps"] == 100 and steps[0] == 0 and steps[-1] == 100 and len(steps) == message["total"]
    assert len(steps) * 16 <= MOST_SHOWN + 16
    assert len(pictures(message["frames"][0]["images"], 16)) == 16


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class": "10"}, "Choose a class: any, 0"),
        ({"class": None}, "Choose a class"),
        ({"class": "3", "model": LAYERS, "method": OWN}, "Choose a class: any."),
        ({"seed": -1}, "seed must be a whole number from 0 to 999,999"),
        ({"seed": 1.5}, "seed must be"),
        ({"seed": 10**400}, "seed must be"),
        ({"steps": 0}, "steps must be a whole number from 1 to 100"),
        ({"steps": float("nan")}, "steps must be"),
        ({"steps": 63, "method": "rk4"}, f"from 1 to 62: at most {MOST_CALLS} calls"),
        ({"model": ["x"]}, "Choose a model: tiny-"),
        ({"pictures": "17"}, "Choose how many pictures: 1, 4, 16."),
        ({"method": "ddim"}, "Choose how a step is taken: ddpm, euler, heun, rk4."),
        ({"guidance": 5}, "guidance must be a number from 1.0 to 4.0"),
        ({"temperature": True}, "temperature must be a number from 0.1 to 2.0"),
    ],
    ids=str,
)
def test_what_is_wrong_gets_one_sentence(tab, change, words) -> None:
    problems = [problem for problem in tab.drawings.problems(*values(**change)) if problem]
    assert len(problems) == 1 and words in problems[0]
    verdicts = tab.check(*values(**change), NoiseSession())
    assert [verdict["is_valid"] for verdict in verdicts].count(False) == 1
    assert tab.lane(values(**change)) == SLOW


def test_a_drawing_goes_into_the_lane_of_its_last_cost(tab) -> None:
    quick = values(steps=3, pictures="4")
    tab.drawings.costs.learn(tab.drawings.kind(NoiseRequest(*quick)), 0.01)
    assert tab.lane([*quick, None]) == tab.lane(values(steps=4, pictures="4")) == QUICK
    assert tab.lane(values(steps=5, pictures="4")) == tab.lane([]) == SLOW


def test_it_ends_when_no_visitor_waits_or_a_newer_one_begins(tab, monkeypatch) -> None:
    session = NoiseSession()
    monkeypatch.setattr("demo.noise.drawings.MESSAGE_SECONDS", 0)
    steps = tab.draw(*values(steps=50), session)
    next(steps)
    session.begin()
    assert list(steps) == [] and not session.drawn
    set_waiting(lambda: False)
    try:
        with pytest.raises(Abandoned):
            next(tab.draw(*values(), session))
    finally:
        set_waiting(lambda: True)


@pytest.mark.parametrize(
    ("query", "found", "warnings"),
    [
        ({}, {}, []),
        ({"class": "3", "seed": "42", "steps": "8"}, {"class": "3", "seed": 42, "steps": 8}, []),
        ({"model": LAYERS, "method": "ddpm"}, {"model": LAYERS, "method": OWN, "class": ANY}, []),
        ({"model": FLOW, "method": "rk4", "steps": "99"}, {"method": "rk4", "steps": 10}, ["from 1 to 62"]),
        (
            {"model": "x", "seed": "<b>", "pictures": "5"},
            {"model": DIFFUSION, "pictures": "1"},
            ["model", "seed", "pictures"],
        ),
    ],
    ids=str,
)
def test_a_link_sets_the_fields_and_says_what_is_wrong_with_it(tab, query, found, warnings, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("gradio.Warning", said.append)
    updates = dict(zip(LINK, tab.restore(query), strict=False))
    for key, value in found.items():
        assert updates[key].get("value", None) == value, key
    assert len(said) == bool(warnings) and all(word in said[0] for word in warnings)
    assert not any("<" in text for text in said)


def test_another_model_has_its_own_classes_methods_and_steps(tab) -> None:
    label, seed, steps, method, guidance, about = tab.switch(LAYERS, "3", 99, 20, "heun")
    assert label["value"] == ANY and label["choices"] == [ANY] and "value" not in seed
    assert not steps["interactive"] and not guidance["interactive"] and method["value"] == OWN
    label, _, steps, method, *_ = tab.switch(FLOW, "3", 99, 80, "rk4")
    assert (label["value"], steps["maximum"], steps["value"], method["value"]) == ("3", 62, 62, "rk4")
    assert LAYERS in about and tab.switch("x", "3", 9, 9, "own")[0] == tab.switch(FLOW, "3", 99, 80, "rk4")[1]


@pytest.mark.parametrize("bad", [None, [], {}, "x", float("nan"), 10**400], ids=str)
def test_fields_stay_usable_whatever_a_client_says_of_them(tab, bad) -> None:
    assert len(tab.switch(bad, "3", 9, 9, "own")) == 6
    label, _, _, method, *_ = tab.switch(FLOW, bad, bad, bad, bad)
    assert (label["value"], method["value"]) == (ANY, "ddpm")


def test_what_a_family_is_comes_from_its_package_and_each_is_explained(tab) -> None:
    ideas = {idea(card) for card in tab.drawings.cards.values()}
    assert len(ideas) == 3 and all(text.endswith(".") and ":" in text for text in ideas)
    for _, folder in explained(tab.drawings.cards):
        assert {path.name for path in folder.iterdir()} == {"how.md", "how.zh.md"}
    assert len(explained(tab.drawings.cards)) == 3
