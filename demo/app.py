"""The app, assembled from its tabs. Building it loads no model; launching it is the caller's part."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.route_utils import FnIndexInferError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from demo.base.limits import MessageLimit
from demo.base.serving.listening import Listening
from demo.base.serving.queue import queue_fairly
from demo.base.serving.states import lean_states
from demo.base.serving.uploads import UploadLimit
from demo.base.tabs import Tab
from demo.base.theme import CSS, THEME
from demo.draw import TAB as DRAW
from demo.judge import TAB as JUDGE
from demo.noise import TAB as NOISE
from demo.shared.models import Models
from demo.shell import page
from demo.walk import TAB as WALK

TABS = (DRAW, WALK, NOISE, JUDGE)
"""The tabs, in the order of the page, which arrives at the first."""


def create_app(device: str = "auto", tabs: Sequence[Tab[Models]] = TABS) -> gr.Blocks:
    """Build the app.

    Args:
        device: Where the models run: auto, cpu, cuda or mps.
        tabs: Those of the page.

    Returns:
        The app, ready to be launched with :func:`launch_options`.
    """
    models = Models.on(device)
    # The cache of uploads is emptied hourly, so that a server left alone for weeks does not fill its disk.
    with gr.Blocks(title=page.TITLE, analytics_enabled=False, delete_cache=(3600, 3600)) as app:
        gr.HTML(page.HEADER, elem_classes="shell-header", padding=False, apply_default_css=False)
        with gr.Tabs(overflow_behavior="wrap"):
            for tab in tabs:
                with gr.Tab(tab.title, id=tab.id, elem_classes=f"tab-{tab.id}"):
                    tab.build(models)
    queue_fairly(app)
    return app


def no_such_event(request: Request, error: Exception) -> PlainTextResponse:
    """The answer to a name that no endpoint has; for Gradio it is an error of the server."""
    return PlainTextResponse("There is no such endpoint.", 404)


def launch_options() -> dict[str, Any]:
    """The arguments of ``launch()`` that the app needs, wherever it is launched."""
    return {
        "theme": THEME,
        "css": CSS,
        "favicon_path": page.ICON,
        "max_file_size": "20mb",
        "state_session_capacity": 1000,
        "app_kwargs": {
            "middleware": [
                Middleware(MessageLimit),
                Middleware(UploadLimit),
                Middleware(Listening),
                Middleware(page.Head, TABS),
            ],
            "routes": page.routes(),
            "lifespan": lean_states,
            "exception_handlers": {FnIndexInferError: no_such_event},
        },
        # A visitor is shown every gr.Error all the same; other errors are for the server's log.
        "show_error": False,
        "ssr_mode": False,
    }
