"""A slider per latent dimension, in one component."""

from pathlib import Path
from typing import Any

import gradio as gr

from demo.latent import LIMIT

FOLDER = Path(__file__).parent


class LatentSliders(gr.HTML):
    """A bank of sliders whose value is a point of a latent space.

    The value is ``{"model": name, "z": [numbers], "influence": [numbers]}``; a slider per number, most influential
    first, labelled with its true index. Fires ``input`` for every movement by the person, and
    ``random`` when they ask for a draw from the prior. Undo and reset live in the browser; each model has its own
    history, which also keeps what a message from the server replaced.
    """

    def __init__(self, value: dict[str, Any], **options: Any) -> None:
        super().__init__(
            value,
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            apply_default_css=False,
            limit=LIMIT,
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": {}, "description": "object with the model and the point z, a list of numbers"}
