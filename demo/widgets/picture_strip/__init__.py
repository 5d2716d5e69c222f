"""Film strips of the ways from one picture to another."""

from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent


class PictureStrip(gr.HTML):
    """Three ways from A to B as film strips, scrubbed in the browser, with the pictures at that place large above them.

    Its value is what :func:`demo.latent.path` makes: every frame of every way, so that scrubbing asks nobody.
    """

    def __init__(self, value: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(
            value,
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            apply_default_css=False,
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": {}, "description": "object with base64 bytes of all frames of each way"}
