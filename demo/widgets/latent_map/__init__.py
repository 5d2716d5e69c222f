"""The map of a two-dimensional latent space, and the picture under the pointer."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from demo.base.theme import CLASS_COLORS

FOLDER = Path(__file__).parent
SCRIPTS = ("place.js", "land.js", "film.js", "script.js")


class LatentMap(gr.HTML):
    """A map to move over; the decoded picture beside it follows without a server.

    When the map is first seen, the browser asks for the decoded pictures of a grid over all of it: a coarse one, which
    is there at once, then a fine one. While the pointer moves, the picture of the nearest grid point is shown, and that
    point's coordinates; where it rests, the server is asked for the exact picture and what it means.

    The value is what is marked on the map: ``mine``, a picture of the visitor's (``mean`` and, but for an autoencoder,
    ``std`` of its code, ``pixels`` and what is ``rebuilt`` of them, ``words``), and ``draws``: points ``z`` and the
    ``pictures`` there, and how many (``shares``) of many draws (``of``) come nearest to each class. Each is missing
    where there is nothing to mark. Pixels are base64 of grey levels. The event ``ends`` fires with the two ``points``
    that a path begins and ends at, when somebody wants to compare the ways between them.

    Args:
        value: What is marked on arrival.
        model: The model whose latent space it is.
        title: Over the map.
        lesson: What to see on it, in HTML.
        classes: Names of the classes.
        paths: Whether one can draw a path, and see the film of it.
        functions: What the map asks, named ``survey``, ``tiles``, ``look``, ``line`` and ``film``; see
            :class:`demo.walk.map.Maps`.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        value: dict[str, Any] | None = None,
        *,
        model: str,
        title: str = "",
        lesson: str = "",
        classes: Sequence[str],
        paths: bool = True,
        functions: list[Callable[[Any], dict[str, Any]]],
        **options: Any,
    ) -> None:
        super().__init__(
            self.postprocess(value),
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load="\n".join((FOLDER / name).read_text() for name in SCRIPTS),
            server_functions=functions,
            apply_default_css=False,
            model=model,
            title=title,
            lesson=lesson,
            classes=",".join(classes),
            colors=",".join(CLASS_COLORS),
            paths=paths,
            **options,
        )

    def postprocess(self, value: Any) -> str | None:
        """The value as one text, which the page hands on whole: it would copy and wrap every number of a list."""
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": "string", "description": "JSON: mine and draws, what is marked on the map"}
