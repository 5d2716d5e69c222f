"""What is remembered of visitors: little each, and of those who are here rather than of made-up ones."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

from demo.base.serving.queue import FairQueue


class LeanState(SessionState):
    """A visitor's ``gr.State`` values; Gradio would keep the last value of every component too, for deep links."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(cast(gr.Blocks, SimpleNamespace(default_config=blocks.default_config, blocks={})))

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Keep nothing."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep nothing."""


class States(StateHolder):
    """The states of so many visitors as the app's ``state_session_capacity`` says; those who left go first.

    Args:
        blocks: The app.
        is_here: Whether a visitor has an open connection.
    """

    def __init__(self, blocks: gr.Blocks, is_here: Callable[[str], bool]) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self.is_here = is_here

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LeanState(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """A visitor is the latest now; beyond the capacity another is forgotten."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                others = [name for name in self.session_data if name != session_id]
                gone = next((name for name in others if not self.is_here(name)), others[0])
                del self.session_data[gone]
                self.time_last_used.pop(gone, None)


@asynccontextmanager
async def lean_states(app: App) -> AsyncIterator[None]:
    """Give an app these states, while it runs.

    Args:
        app: What Gradio made of the blocks.
    """
    blocks = app.get_blocks()
    queue = blocks._queue
    if isinstance(queue, FairQueue):  # an app whose queue is Gradio's own keeps Gradio's states
        app.state_holder = States(blocks, queue.is_here)
    yield
