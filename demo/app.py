"""The app, assembled from its tabs; launching it is somebody else's business."""

from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from demo.base.limits import MessageLimit
from demo.base.theme import CSS, THEME
from demo.draw import tab as pixelcnn_tab
from demo.judge import tab as detector_tab
from demo.shared.models import Models
from demo.walk import tab as vae_tab

HEADER = """
<div class="lab-header"><h1>Generative image models, live</h1>
<p>Real models of digits, clothes and photographs, computing while you watch.</p></div>
"""


def create_app(device: str = "auto") -> gr.Blocks:
    """Build the app.

    Args:
        device: Where the models run: auto, cpu, cuda or mps.

    Returns:
        The app, ready to be launched with :func:`launch_options`.
    """
    models = Models.on(device)
    # The cache of uploads is emptied hourly, so that a server left alone for weeks does not fill its disk.
    with gr.Blocks(title="Generative image models, live", analytics_enabled=False, delete_cache=(3600, 3600)) as app:
        gr.HTML(HEADER)
        with gr.Tabs():
            with gr.Tab("Draw: PixelCNN", id="draw"):
                pixelcnn_tab.build(app, models)
            with gr.Tab("Walk: VAE", id="walk"):
                vae_tab.build(models)
            with gr.Tab("Reasonable?", id="judge"):
                detector_tab.build(app, models)
    app.queue(default_concurrency_limit=8, max_size=64)
    return app


def launch_options() -> dict[str, Any]:
    """What the app wants of ``launch()``, wherever it is launched."""
    return {
        "theme": THEME,
        "css": CSS,
        "max_file_size": "20mb",
        # Gradio keeps 0.2 MB for every visitor, and as many visitors as this; the usual ten thousand would be 2 GB.
        "state_session_capacity": 1000,
        "app_kwargs": {"middleware": [Middleware(MessageLimit)]},
        # What is meant for a visitor is a gr.Error, which is shown all the same; other errors are for the server's log.
        "show_error": False,
        "ssr_mode": False,
    }
