"""What the tab answers: an example on opening, and what a missing or damaged checkpoint costs."""

import shutil
from pathlib import Path

import gradio as gr
import pytest

from demo.judge import TAB
from demo.judge.examples import examples
from demo.judge.handlers import EMPTY_PAD, Handlers, Request
from demo.shared.models import Models
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


def request(pad: str = "", dataset: str = "mnist") -> Request:
    return Request("pad", pad, None, dataset, 5, USUAL)


def test_the_tab_opens_with_an_example_that_is_judged(handlers: Handlers) -> None:
    changes = handlers.on_open(request())
    first = examples(handlers.models)[0]
    assert changes["pad"] == first.url and changes["preparation"] == first.preparation
    assert changes["judgement"].verdict.alpha == 0.05 and changes["note"] == ""
    assert "mnist-vae" in changes["detector"] and changes["steps"] == tuple(dataset_of("mnist").form.steps)
    assert first.name in (changes["examples"].value or "")


def test_an_empty_pad_keeps_the_verdict(handlers: Handlers) -> None:
    changes = handlers.on_draw(request())
    assert EMPTY_PAD in changes["note"] and "verdict" not in changes and "judgement" not in changes


def test_another_rate_changes_no_number(handlers: Handlers) -> None:
    before = handlers.on_draw(request(examples(handlers.models)[0].url))["judgement"]
    after = handlers.on_percent(before, 20)["judgement"]
    assert (after.verdict.alpha, after.verdict.p_value) == (0.2, before.verdict.p_value)
    assert handlers.on_percent(None, 20) == {}


def test_a_missing_model_costs_only_its_own_data_set(handlers: Handlers, copied: Path) -> None:
    (copied / "mnist-vae.safetensors").unlink()
    changes = handlers.on_open(request())
    assert "judgement" not in changes and "mnist-vae" in changes["note"]
    assert changes["note"].count("<p") == 1, "one sentence"
    assert changes["pad"], "the examples need no detector"
    other = handlers.on_dataset(request(changes["pad"], "fashion"))
    assert other["judgement"].dataset == "fashion" and other["note"] == ""


def test_a_damaged_card_is_said_where_it_matters(handlers: Handlers, copied: Path) -> None:
    (copied / "mnist-detector.json").write_text("{")
    with gr.Blocks() as page:
        TAB.build(handlers.models)
    (choice,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "judge-dataset"]
    assert [name for _, name in choice.choices] == ["mnist", "fashion"]
    changes = handlers.on_open(request())
    assert "mnist-detector.json" in changes["note"] and "restore it" in changes["note"]
    assert handlers.on_dataset(request(changes["pad"], "fashion"))["judgement"].dataset == "fashion"


def test_without_any_detector_the_tab_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    with gr.Blocks() as page:
        TAB.build(Models.on("cpu"))
    assert any("no calibrated detector" in str(getattr(block, "value", "")) for block in page.blocks.values())
