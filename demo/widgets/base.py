"""What all browser components share: how their files are read, what they send, how they answer."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import gradio as gr

from demo.base.errors import Answer
from demo.base.scripts import bundle, strip
from demo.base.serving.questions import in_lanes
from gm_core.text import strict_json

FOLDER = Path(__file__).parent


class Taken(TypedDict):
    """What other tabs are told of a model's pictures: their data set, and whether Draw has a model of their size."""

    dataset: str
    draw: bool


class Widget(gr.HTML):
    """A component of one folder: ``template.html``, ``style.css`` and ``script.js`` beside the subclass's module.

    The scripts are ES modules, from ``script.js`` on; ``common.js`` and ``common.css`` are there for all. A subclass
    lists its own events in ``EVENTS``, and says in ``about`` what its value is to a client without a browser.

    Args:
        value: What is shown on arrival.
        functions: What the script asks as ``server.name(question)``: from the question to an answer; see
            :func:`demo.base.errors.answer_errors` for questions that are refused.
        **options: As for ``gr.HTML``, and the properties that the template and the script read.
    """

    EVENTS: ClassVar[list[str]] = []
    about: ClassVar[str] = ""

    def __init__(self, value: Any = None, *, functions: Mapping[str, Answer] | None = None, **options: Any) -> None:
        folder = Path(str(sys.modules[type(self).__module__].__file__)).parent
        style = f"{(FOLDER / 'common.css').read_text()}\n{(folder / 'style.css').read_text()}"
        super().__init__(
            self.postprocess(value),
            html_template=(folder / "template.html").read_text(),
            css_template=strip(style),
            js_on_load=bundle(folder / "script.js"),
            server_functions=[in_lanes(name, answer) for name, answer in (functions or {}).items()],
            apply_default_css=False,
            **options,
        )

    def __getattr__(self, name: str) -> Any:
        """Nothing: ``gr.HTML`` takes every word in quotes in the script for an event, and here they are declared."""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def postprocess(self, value: Any) -> Any:
        """The value as one text, which the page hands on whole: it would copy and wrap every number of a list.

        What is not a finite number is ``null`` there, as it is in every other answer of Gradio's.
        """
        return value if value is None or isinstance(value, str) else strict_json(value)

    def api_info(self) -> dict[str, Any]:
        """The value, as it is described to a client without a browser."""
        return {"type": "string", "description": self.about}
