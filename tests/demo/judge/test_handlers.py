"""What the tab answers: an example on opening, and what a missing or damaged checkpoint costs."""

import base64
import io
import shutil
import zlib
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from demo.judge import TAB
from demo.judge.handlers import EMPTY, Changes, Handlers, Request
from demo.judge.judgement import Judgement
from demo.shared.examples import examples
from demo.shared.models import Models
from demo.widgets.sketch_pad import decode
from gm_core.checkpoints import checkpoint_dir
from gm_core.data.catalog import dataset_of
from gm_core.data.preparation import USUAL


@pytest.fixture(scope="module")
def handlers() -> Handlers:
    return Handlers(Models.on("cpu"))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints that judge digits and clothes, in a folder of their own."""
    names = [name for key in ("mnist", "fashion") for name in dataset_of(key).detector_parts.values()]
    for name in (*names, "mnist-detector", "fashion-detector"):
        for path in checkpoint_dir().glob(f"{name}.*"):
            shutil.copy(path, tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    return tmp_path


def judged(changes: Changes) -> Judgement:
    judgement = changes["judgement"]
    assert judgement
    return judgement


def request(pad: str = "", dataset: str = "mnist") -> Request:
    return Request("pad", pad, None, dataset, 5, USUAL)


def test_the_tab_opens_with_an_example_that_is_judged(handlers: Handlers) -> None:
    changes = handlers.on_arrive(request(), {})
    first = examples(handlers.models)[0]
    assert changes["pad"] == first.url and changes["preparation"] == first.preparation
    assert judged(changes).verdict.alpha == 0.05 and changes["note"] == ""
    assert "mnist-vae" in changes["detector"] and changes["steps"] == tuple(dataset_of("mnist").form.steps)
    assert first.name in (changes["examples"].value or "")


def test_an_empty_pad_leaves_nothing_of_the_last_picture(handlers: Handlers) -> None:
    changes = handlers.on_draw(request())
    assert EMPTY in changes["verdict"]
    assert all(not changes[name] for name in ("judgement", "map", "charts", "prepared", "scores"))


def test_an_address_brings_back_an_example_a_drawing_a_data_set_and_a_rate(handlers: Handlers) -> None:
    found = examples(handlers.models)
    changes = handlers.on_arrive(request(), {"example": "5", "as": "fashion", "alarms": "9"})
    assert (changes["pad"], changes["dataset"], changes["percent"]) == (found[5].url, "fashion", 9)
    assert judged(changes).dataset == "fashion" and judged(changes).verdict.alpha == 0.09
    greys = np.zeros((280, 280), np.uint8)
    greys[60:220, 130:150] = 255
    packed = zlib.compress(greys.tobytes(), wbits=-zlib.MAX_WBITS)
    changes = handlers.on_arrive(request(), {"picture": base64.urlsafe_b64encode(packed).decode().rstrip("=")})
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(decode(changes["pad"]) or b""))), greys)
    assert judged(changes).dataset == "mnist"


@pytest.mark.parametrize("wrong", [{"example": "99"}, {"as": "cats"}, {"alarms": "0"}, {"picture": "%"}])
def test_what_an_address_says_wrongly_is_one_warning(
    handlers: Handlers, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(gr, "Warning", warnings.append)
    changes = handlers.on_arrive(request(), wrong)
    assert len(warnings) == 1
    assert judged(changes).dataset == "mnist" and judged(changes).verdict.alpha == 0.05


def test_a_picture_of_another_tab_is_judged_as_its_own_kind(handlers: Handlers) -> None:
    pad = examples(handlers.models)[0].url
    assert handlers.on_carry(request(pad), {"channels": 1})["dataset"] == "mnist"
    changes = handlers.on_carry(request(pad), {"dataset": "fashion", "channels": 1})
    assert changes["dataset"] == judged(changes).dataset == "fashion"
    assert handlers.on_carry(request(pad), {"channels": 3})["dataset"] == "cifar10"
    for model, dataset in (("fashion-vae", "fashion"), ("mnist-pixelcnn", "mnist"), ("mnist-binary-vae", "mnist")):
        about = {"model": model, "channels": 1}
        assert handlers.on_carry(request(pad, "fashion"), about)["dataset"] == dataset, model
    for wrong in ({"model": "../x"}, {"model": ["x"]}, {"dataset": {}}):
        assert handlers.on_carry(request(pad, "fashion"), {**wrong, "channels": 1})["dataset"] == "fashion"
    assert judged(handlers.on_carry(request(pad), "nonsense")).dataset == "mnist"


def test_another_rate_changes_no_number(handlers: Handlers) -> None:
    before = judged(handlers.on_draw(request(examples(handlers.models)[0].url)))
    after = judged(handlers.on_percent(before, 20))
    assert (after.verdict.alpha, after.verdict.p_value) == (0.2, before.verdict.p_value)
    assert handlers.on_percent(None, 20) == {}


def test_a_missing_model_costs_only_its_own_data_set(handlers: Handlers, copied: Path) -> None:
    (copied / "mnist-vae.safetensors").unlink()
    changes = handlers.on_arrive(request(), {})
    assert "judgement" not in changes and "mnist-vae" in changes["note"]
    assert changes["note"].count("<p") == 1, "one sentence"
    assert changes["pad"], "the examples need no detector"
    other = handlers.on_dataset(request(changes["pad"], "fashion"))
    assert judged(other).dataset == "fashion" and other["note"] == ""


def test_a_damaged_card_is_said_where_it_matters(handlers: Handlers, copied: Path) -> None:
    (copied / "mnist-detector.json").write_text("{")
    with gr.Blocks() as page:
        TAB.build(handlers.models)
    (choice,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "judge-dataset"]
    assert [name for _, name in choice.choices] == ["mnist", "fashion"]
    changes = handlers.on_arrive(request(), {})
    assert "mnist-detector.json" in changes["note"] and "restore it" in changes["note"]
    assert judged(handlers.on_dataset(request(changes["pad"], "fashion"))).dataset == "fashion"


def test_without_any_detector_the_tab_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    with gr.Blocks() as page:
        TAB.build(Models.on("cpu"))
    assert any("no calibrated detector" in str(getattr(block, "value", "")) for block in page.blocks.values())
