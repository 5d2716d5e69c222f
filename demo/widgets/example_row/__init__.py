"""A row of example pictures to choose from."""

from pathlib import Path
from typing import Any

import gradio as gr

_FOLDER = Path(__file__).parent


class ExampleRow(gr.HTML):
    """Thumbnails with names; choosing one tells what to look for and triggers ``pick`` with its ``index``.

    Args:
        value: ``{"name", "look_for", "picture"}`` of each, the picture as an image's address.
        chosen: Index of the one that stands out, if any.
        **options: As for ``gr.HTML``.
    """

    def __init__(self, value: list[dict[str, str]] | None = None, *, chosen: int | None = None, **options: Any) -> None:
        # Without it, gr.HTML takes the name for an event, for the script has it in quotes.
        self.chosen = chosen
        super().__init__(
            value=value,
            chosen=chosen,
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load=(_FOLDER / "script.js").read_text(),
            apply_default_css=False,
            **options,
        )
