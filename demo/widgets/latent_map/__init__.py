"""The map of a two-dimensional latent space, and the picture under the pointer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NotRequired, TypedDict

from demo.base.errors import Answer
from demo.base.theme import CLASS_COLORS
from demo.widgets.base import Taken, Widget


class MarkedPicture(TypedDict):
    """The user's picture on the map: its code's ``mean`` and, but for an autoencoder, ``std``.

    Its ``pixels``, and those that are ``rebuilt`` of them, are base64 of grey levels.
    """

    mean: list[float]
    std: list[float] | None
    pixels: str
    rebuilt: str
    words: str


class MarkedDraws(TypedDict):
    """Points ``z``, what they are in ``words``, the ``pictures`` there and the ``classes`` that these are read as.

    Also how many pictures of ``of`` such points are read as each class, ``shares``.
    """

    z: list[list[float]]
    pictures: str
    classes: list[int]
    words: str
    shares: list[int]
    of: int


class MapMarks(TypedDict):
    """A value of :class:`LatentMap`: what is marked on the map."""

    mine: NotRequired[MarkedPicture]
    draws: NotRequired[MarkedDraws]


class LatentMap(Widget):
    """A map to move over; the decoded picture beside it follows without a server.

    When the map is first seen, the browser asks for the decoded pictures of a grid over all of it: a coarse one, which
    is there at once, then a fine one. While the pointer moves, the picture of the nearest grid point is shown, and that
    point's coordinates; where it rests, the server is asked for the exact picture and what it means.

    The event ``ends`` fires with the two ``points`` that a path begins and ends at, when the user wants to compare the
    ways between them.

    Args:
        value: What is marked on arrival.
        model: The model whose latent space it is.
        title: Over the map.
        lesson: What to see on it, in HTML.
        classes: Names of the classes.
        paths: Whether one can draw a path, and see its animation.
        taken: What other tabs are told of the model's pictures; nothing is taken there without it.
        functions: What the map asks: ``survey``, ``tiles``, ``look``, ``line`` and ``animation``.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["ends"]
    about = "JSON: mine and draws, what is marked on the map"

    def __init__(
        self,
        value: MapMarks | None = None,
        *,
        model: str,
        title: str = "",
        lesson: str = "",
        classes: Sequence[str],
        paths: bool = True,
        taken: Taken | None = None,
        functions: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(
            value,
            functions=functions,
            model=model,
            title=title,
            lesson=lesson,
            classes=list(classes),
            colors=list(CLASS_COLORS),
            paths=paths,
            taken={model: taken},
            **options,
        )
