"""What is remembered of visitors is little, and of those who are here."""

from collections.abc import Iterator

import gradio as gr
import pytest

from demo.base.serving.states import LeanState, States
from tests.demo.base.serving.client import Browser, serving

LONG = "x" * 100_000


@pytest.fixture
def app() -> gr.Blocks:
    with gr.Blocks() as app:
        text, out, count = gr.Textbox(), gr.Textbox(), gr.State(0)
        gr.on([], lambda text, count: (text, count + 1), [text, count], [out, count])
        gr.on([], lambda count: f"{count}", [count], [out])
    return app


@pytest.fixture
def url(app: gr.Blocks) -> Iterator[str]:
    with serving(app) as url:
        yield url


def test_a_visitors_state_is_kept_and_shown_values_are_not(app: gr.Blocks, url: str) -> None:
    visitor = Browser(url, "me")
    for _ in range(2):
        visitor.join(0, LONG, None)
        visitor.listen_to_end()
    visitor.join(1, None)
    assert visitor.listen_to_end()[-1]["output"]["data"] == ["2"]
    state = app.app.state_holder.session_data["me"]
    assert isinstance(state, LeanState)
    assert not state.config_values


def test_made_up_visitors_do_not_take_a_real_ones_place(app: gr.Blocks) -> None:
    app.state_session_capacity = 10
    here = {"real"}
    states = States(app, here.__contains__)
    _ = states["real"]
    for n in range(50):
        _ = states[f"made-up{n}"]
    assert "real" in states
    assert len(states.session_data) == 10
    here.clear()
    for n in range(50):
        _ = states[f"more{n}"]
    assert "real" not in states


def test_gradio_makes_states_as_it_did(app: gr.Blocks) -> None:
    """The parts of Gradio's state that are passed by exist."""
    assert {"_update_config", "_update_value_in_config"} <= set(dir(LeanState.__mro__[1]))
    assert LeanState(app).config_values == {}
