"""Pictures in line, most likely first, that change places when they are ranked by something else."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent


class Ranking(gr.HTML):
    """Line-ups of pictures, each with a switch between two ways to rank it; switching asks nobody.

    Its value is what :meth:`demo.judge.naive.NaivePanel.show` makes: of every line-up its words, and of every picture
    its address, and by each ``way`` its ``place`` (0 is first), the length of its ``bar`` (0 to 1) and its numbers in
    words. The event ``wanted`` fires once, when the component comes into sight for the first time.

    Args:
        value: The line-ups.
        **options: As for ``gr.HTML``.
    """

    def __init__(self, value: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(
            self.postprocess(value),
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Any) -> str | None:
        """The line-ups as one text, which the page hands on whole."""
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": "string", "description": "JSON: line-ups of pictures, with their places by each way to rank"}
