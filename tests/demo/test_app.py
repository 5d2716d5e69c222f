"""Building the page loads nothing."""

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


def test_tabs_have_names_of_their_own() -> None:
    assert len({tab.id for tab in TABS}) == len({tab.title for tab in TABS}) == len(TABS)
