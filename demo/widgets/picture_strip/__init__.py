"""Strips of pictures: the ways from one picture to another."""

from collections.abc import Mapping
from typing import Any

from demo.base.errors import Answer
from demo.base.packing import PictureShape
from demo.widgets.base import Taken, Widget


class StripFrames(PictureShape):
    """The pictures on some ways from A to B.

    Attributes:
        count: Pictures on every way; ``every`` so many of them is in a strip.
        frames: Base64 bytes of all pictures, by way.
        norms: Distances of the points from the centre, by way.
        typical: The distance of a typical draw from the prior.
    """

    count: int
    every: int
    frames: dict[str, str]
    norms: dict[str, list[float]]
    typical: float


class StripValue(StripFrames):
    """A value of :class:`PictureStrip`: also the ``model``, and the two ``ends`` in its latent space.

    The ``codes`` of those ends that no seed says are for links.
    """

    model: str
    ends: list[list[float]]
    codes: list[str]


class PictureStrip(Widget):
    """Three ways from A to B as strips of pictures, scrubbed and played in the browser, with large pictures above.

    Its value, a :class:`StripValue`, holds every frame of every way, so that scrubbing asks no server.

    Args:
        value: The ways.
        animate: From ``model`` and ``ends`` to ``gif``, a GIF file in base64.
        taken: What other tabs are told, by model.
        **options: As for ``Widget``.
    """

    about = "JSON: base64 bytes of all frames of each way, and their shape"

    def __init__(
        self, value: StripValue | None = None, *, animate: Answer, taken: Mapping[str, Taken], **options: Any
    ) -> None:
        super().__init__(value, functions={"animate": animate}, taken=dict(taken), **options)
