"""Film strips of the ways from one picture to another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent


class PictureStrip(gr.HTML):
    """Three ways from A to B as film strips, scrubbed and played in the browser, with the pictures there large above.

    Its value is what ``path`` makes, every frame of every way, so that scrubbing asks nobody; and the
    ``model`` and ``ends`` that it leads between, which a film is asked for with.

    Args:
        value: The ways.
        make_film: From ``model`` and ``ends`` to a ``film`` (a GIF file in base64), or an ``error``.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self, value: dict[str, Any] | None = None, *, make_film: Callable[[Any], dict[str, Any]], **options: Any
    ) -> None:
        # Not named "film": to Gradio, a quoted word of the script that is asked for by that name is an event.
        def filmed(sent: Any) -> dict[str, Any]:
            return make_film(sent)

        super().__init__(
            self.postprocess(value),
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            server_functions=[filmed],
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Any) -> str | None:
        """The ways as one text, which the page hands on whole."""
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": "string", "description": "JSON: base64 bytes of all frames of each way, and their shape"}
