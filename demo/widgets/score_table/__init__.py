"""A table of many pictures and what was said of each, which fills as they are judged."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

_FOLDER = Path(__file__).parent


class ScoreTable(gr.HTML):
    """Verdicts with thumbnails: sorted by a click on a column's head, counted, and downloaded as CSV, in the browser.

    A value is a message: the ``run`` it belongs to, its ``state`` (``waiting``, ``running``, ``done``, ``stopped`` or
    ``failed``), what the pictures were judged ``as``, a ``note`` to the person if there is one, and, unless nothing is
    known yet, how many pictures there are in ``total`` and some ``rows`` from number ``start`` on. A row has a
    ``name``, a ``picture`` (an image's address), ``p_value``, ``outlier_score``, ``log_prob`` and ``bits_per_dim``, or
    an ``error`` in their place; and ``csv``, its fields in the CSV file before and after the verdict. Messages may come
    twice, or not at all, as long as the last of a run holds every row; of an older run they are ignored.

    The event ``stop`` fires when the person has seen enough. Where the rows are ``pickable``, ``pick`` fires with the
    ``index``, ``name`` and ``picture`` of one that is to be looked at closely.

    Args:
        value: The message to begin with.
        alpha: The accepted false-alarm rate: pictures are reasonable where the p-value is above it.
        columns: The first line of the CSV file, without its end.
        pickable: Whether the thumbnails are buttons.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        value: dict[str, Any] | None = None,
        *,
        alpha: float = 0.05,
        columns: str = "",
        pickable: bool = False,
        **options: Any,
    ) -> None:
        # Without it, gr.HTML takes the name for an event, for the script has it in quotes.
        self.alpha = alpha
        super().__init__(
            value=value,
            alpha=alpha,
            columns=columns,
            pickable=pickable,
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load=(_FOLDER / "script.js").read_text(),
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: dict[str, Any] | None) -> str | None:
        """The message as one text, which the page hands on whole: it would copy and wrap every number of a list."""
        return None if value is None else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": "string", "description": "JSON: run, state, total, and some rows from number start on"}
