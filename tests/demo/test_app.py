"""Building the page loads nothing."""

import json
import logging

import gradio as gr
import pytest

import gm_core
from demo.app import TABS
from demo.shared.models import Models


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
def test_building_a_tab_loads_no_model(tab, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_weights(*_: object) -> None:
        pytest.fail("weights are read while the page is built")

    monkeypatch.setattr(gm_core.checkpoints, "read_tensors", read_weights)
    with gr.Blocks():
        tab.build(Models.on("cpu"))


@pytest.mark.parametrize("change", [{"metrics": []}, {"family": "oracle"}, {"x": 1, "name": None}], ids=str)
@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
def test_a_tab_is_built_whatever_the_cards_say(tab, change, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every card is altered; and beside them lies what is none."""
    for path in gm_core.checkpoints.checkpoint_dir().glob("*.json"):
        (tmp_path / path.name).write_text(json.dumps(json.loads(path.read_text()) | change))
    (tmp_path / "._mnist-vae.json").write_bytes(b"\x00\x05\x16\x07")
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(logging.getLogger("gm_core.checkpoints"), "disabled", True)
    with gr.Blocks():
        tab.build(Models.on("cpu"))


def test_tabs_have_names_of_their_own() -> None:
    assert len({tab.id for tab in TABS}) == len({tab.title for tab in TABS}) == len(TABS)
