"""A bank of sliders through a latent space, and the picture that they move."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, NotRequired, TypedDict

from demo.base.errors import Answer
from demo.base.packing import PictureShape
from demo.base.theme import MAGMA
from demo.widgets.base import Taken, Widget

SPREAD = 127.5
"""The largest standard deviation that a grey level can have: the end of the scale in magma."""


class Axis(TypedDict):
    """A slider: from ``low`` to ``high`` steps along a ``direction`` (D numbers), or along the coordinate ``index``.

    Axes that are ``folded`` lie under a line that says what they are; their strips are asked for when they come into
    sight.
    """

    label: str
    note: str
    low: float
    high: float
    direction: NotRequired[list[float]]
    index: NotRequired[int]
    folded: NotRequired[bool]


class Place(PictureShape):
    """A value of :class:`LatentSliders`: where the sliders stand, ``base`` plus ``at`` steps along every axis.

    Attributes:
        model: Whose latent space it is.
        base: A point, D numbers.
        axes: The sliders.
        at: How far from the base along each.
        caption: What the order of the axes means, if that is worth saying.
        fold: What the folded axes are.
        origin: Where the place came from, in words, or nothing.
        home: Code of where the sliders begin, see ``demo/widgets/points.js``; empty where no link says it.
    """

    model: str
    base: list[float]
    axes: list[Axis]
    at: list[float]
    caption: str
    fold: str
    origin: str
    home: str


class LatentSliders(Widget):
    """A slider per direction, each lying on a strip of the pictures that it leads through, and the picture.

    When a slider is touched the pictures along its whole range come in one answer, and the browser scrubs through them:
    no server between the slider and the picture. While it is out of sight, nothing is asked for.

    Where there is "Random", the event ``carried`` fires with a picture that another tab hands over.

    Undo, reset and locks live in the browser; each model has its own history, which also keeps what a message from the
    server replaced.

    Args:
        value: The place to begin at.
        lines: From ``model``, ``ends`` (pairs of points), ``count`` and ``view`` to ``pictures`` (base64 of the
            levels of all of them, row by row, the channels of a pixel together) and their ``channels``.
        look: From ``model``, ``z`` and ``view`` to one picture in the same form, and a ``reading`` in HTML.
        prior: From ``model`` and ``seed`` to ``at`` and ``base``; without it there is no "Random", and nothing to lock.
        taken: What other tabs are told, by model.
        field: Name of the Walk tab's field in the page's address that says where the sliders stand.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["carried"]
    about = "JSON: model, base, axes and at; where the sliders stand"

    def __init__(
        self,
        value: Place | None = None,  # Gradio builds it without one, too
        *,
        lines: Answer,
        look: Answer,
        prior: Answer | None = None,
        taken: Mapping[str, Taken],
        field: str,
        **options: Any,
    ) -> None:
        functions = {"lines": lines, "look": look} | ({"prior": prior} if prior else {})
        super().__init__(
            value,
            functions=functions,
            random=prior is not None,
            taken=dict(taken),
            field=field,
            spread=SPREAD,
            magma=list(MAGMA),
            **options,
        )

    def preprocess(self, payload: Any) -> Any:
        """The place, as it came; ``None`` for what is not a message."""
        try:
            return json.loads(payload)
        except (TypeError, ValueError, RecursionError):
            return None
