"""A bank of sliders through a latent space, and the picture that they move."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from demo.base.theme import MAGMA

FOLDER = Path(__file__).parent

SPREAD = 127.5
"""The largest standard deviation that a grey level can have: the end of the scale in magma."""


class LatentSliders(gr.HTML):
    """A slider per direction, each lying on a strip of the pictures that it leads through, and the picture.

    When a slider is touched the pictures along its whole range come in one answer, and the browser scrubs through them:
    no server between the hand and the picture. While nobody sees it, nothing is asked for.

    The value is a place: ``model``, the ``width``, ``height`` and ``channels`` of its pictures, ``base`` (a point, D
    numbers), ``axes`` and ``at`` (how far from the base along each). An axis has a ``label``, a ``note``, its ``low``
    and ``high`` end, and the ``direction`` of one step along it (D numbers), or the ``index`` of the coordinate that it
    is. Axes that are ``folded`` lie under a line that says what they are, ``fold``; their strips are asked for when
    they come into sight. ``caption`` says what the order means. The place where the sliders stand is ``base`` plus
    ``at`` steps along every axis. Undo, reset and locks live in the browser; each model has its own history, which also
    keeps what a message from the server replaced.

    Args:
        value: The place to begin at.
        lines: From ``model``, ``ends`` (pairs of points), ``count`` and ``view`` to ``pictures`` (base64 of the
            levels of all of them, row by row, the channels of a pixel together) and their ``channels``, or an
            ``error``.
        look: From ``model``, ``z`` and ``view`` to the same of one picture and a ``reading`` in HTML, or an ``error``.
        prior: From ``model`` and ``seed`` to ``at`` and ``base``; without it there is no "Random", and nothing to lock.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        value: dict[str, Any] | None = None,  # Gradio builds it without one, too
        *,
        lines: Callable[[Any], dict[str, Any]],
        look: Callable[[Any], dict[str, Any]],
        prior: Callable[[Any], dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        def along(sent: Any) -> dict[str, Any]:
            return lines(sent)

        def looked(sent: Any) -> dict[str, Any]:
            return look(sent)

        def drawn(sent: Any) -> dict[str, Any]:
            return prior(sent) if prior else {}

        super().__init__(
            self.postprocess(value),
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            server_functions=[along, looked, drawn],
            apply_default_css=False,
            random=prior is not None,
            spread=SPREAD,
            magma=",".join(MAGMA),
            **options,
        )

    def preprocess(self, payload: Any) -> Any:
        """The place, as it came; ``None`` for what is no message."""
        try:
            return json.loads(payload)
        except (TypeError, ValueError, RecursionError):
            return None

    def postprocess(self, value: Any) -> str | None:
        """The place as one text, which the page hands on whole: it would copy and wrap every number of a list."""
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": "string", "description": "JSON: model, base, axes and at; where the sliders stand"}
