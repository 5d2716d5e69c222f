"""Steps against quality: sixteen pictures that are the same however they are asked for, and what was measured."""

import base64
from typing import Any

import pytest
import torch

from demo.base.errors import InputError
from demo.noise.handlers import NoiseHandlers
from demo.noise.sheets import MOST_PASSES, PICTURES, Sheets
from demo.noise.steps import stepped
from gm_core import CheckpointError
from gm_core.checkpoints import checkpoint_dir
from gm_core.rendering import visible
from tests.demo.noise.helpers import DIFFUSION, FLOW, LAYERS, make_curves

STEPS = {"model": DIFFUSION, "method": "ddim", "steps": 4, "guidance": 1, "seed": 3, "first": 0, "count": PICTURES}


@pytest.fixture
def sheets(tab: NoiseHandlers) -> Sheets:
    return Sheets(tab.drawings.models, tab.drawings)


def pictures(answer: dict[str, Any]) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(answer["images"])), dtype=torch.uint8).view(-1, 784)


@pytest.mark.parametrize("name", [DIFFUSION, FLOW])
def test_the_pictures_are_the_models_own_and_the_same_in_any_parts(sheets, name) -> None:
    question = STEPS | {"model": name, "method": sheets.drawings.usual_method(name)}
    whole = sheets.sheet(question)
    model: Any = sheets.models.streams(name)
    labels = torch.arange(PICTURES) % 10
    drawn = model.sample(PICTURES, labels, torch.Generator().manual_seed(3), steps=4)
    assert torch.equal(pictures(whole), visible(drawn, 256).flatten(1))
    parts = [sheets.sheet(question | {"first": first, "count": count}) for first, count in ((0, 1), (1, 4), (5, 11))]
    apart = torch.cat([pictures(part) for part in parts]).int()
    assert int((apart - pictures(whole).int()).abs().max()) <= 1  # sums of another order
    assert whole["calls"] == parts[0]["calls"] == 4 and whole["seconds"] > 0
    assert whole["right"] == [read == str(label) for read, label in zip(whole["reads"], labels.tolist(), strict=True)]


def test_guidance_0_ignores_the_class_and_1_is_the_model(sheets) -> None:
    plain = sheets.sheet(STEPS | {"guidance": 0})
    model: Any = sheets.models.streams(DIFFUSION)
    drawn = model.sample(PICTURES, None, torch.Generator().manual_seed(3), steps=4, sampler="ddim")
    assert int((pictures(plain).int() - drawn.flatten(1).int()).abs().max()) <= 1
    images = {sheets.sheet(STEPS | {"guidance": weight})["images"] for weight in (0, 1, 5)}
    assert len(images) == 3


def test_only_models_of_any_number_of_steps_are_there_each_with_its_stations(sheets) -> None:
    assert list(sheets.cards) == [DIFFUSION, FLOW] and LAYERS not in sheets.cards
    about = stepped(sheets, DIFFUSION)
    assert about["asked"] == [str(i % 10) for i in range(16)] and about["method"] == "ddpm"
    stations = {method["name"]: method["stations"] for method in about["methods"]}
    assert stations["ddim"][-1] == 250 and stations["heun"][-1] == 125 and stations["langevin"][-1] == 62


def test_what_was_measured_is_what_the_study_says(sheets) -> None:
    with pytest.raises(CheckpointError, match=f"python -m gm_core pace {DIFFUSION}"):
        sheets.curves({"model": DIFFUSION})
    assert not stepped(sheets, DIFFUSION)["measured"]
    make_curves(checkpoint_dir())
    assert stepped(sheets, DIFFUSION)["measured"]
    answer, study = sheets.curves({"model": DIFFUSION}), sheets.models.pace(DIFFUSION)
    assert answer["floors"] == study.floors and answer["guided"] == ("ddpm", 10)
    for name, curve in study.methods.items():
        assert answer["methods"][name]["calls"] == curve.calls.tolist()
        assert answer["methods"][name]["figures"]["coverage"] == curve.figures["coverage"].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "x"}, "model must be one of tiny-"),
        ({"model": LAYERS}, "model must be one of tiny-"),
        ({"model": None}, "model must be"),
        ({"method": "euler"}, "Choose how a step is taken: ddpm"),
        ({"method": ["ddim"]}, "Choose how"),
        ({"steps": 3}, "steps must be one of 1, 2, 4"),
        ({"steps": 10**9}, "steps must be"),
        ({"steps": True}, "steps must be"),
        ({"steps": 4.0}, "steps must be"),
        ({"guidance": float("nan")}, "guidance must be a number from 0 to 5"),
        ({"guidance": 5.1}, "guidance must be"),
        ({"guidance": "1"}, "guidance must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 0.5}, "seed must be"),
        ({"first": 16}, "must be some of the 16"),
        ({"first": 1}, "must be some of the 16"),
        ({"count": 0}, "must be some of the 16"),
        ({"count": None}, "must be some of the 16"),
        ({"steps": 128}, f"at most {MOST_PASSES // 128} pictures at once"),
        ({"steps": 250, "guidance": 2, "count": 2}, "at most 1 pictures at once"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(sheets, change, words) -> None:
    with pytest.raises(InputError, match=words):
        sheets.sheet(STEPS | change)
    if "model" in change:
        with pytest.raises(InputError, match=words):
            sheets.curves(STEPS | change)


@pytest.mark.parametrize("sent", [None, [], "steps", 3])
def test_a_question_that_is_no_object_is_refused(sheets, sent) -> None:
    for answer in sheets.functions().values():
        with pytest.raises(InputError, match="model must be"):
            answer(sent)
