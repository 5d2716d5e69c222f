"""A picture that appears pixel by pixel: played back, and asked where each pixel came from."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict

from demo.base.errors import Answer
from demo.base.theme import MAGMA, VIRIDIS
from demo.widgets.base import Widget


class DrawingModel(TypedDict):
    """A model that a pixel's surroundings can be compared under."""

    name: str
    title: str
    classes: list[str]
    levels: int


class PixelCanvas(Widget):
    """Plays back what a PixelCNN draws, at a pace that the eye can follow; the browser needs no server for it.

    Its value is a :class:`~demo.widgets.pixel_canvas.messages.CanvasMessage`.

    The event ``stop`` fires when the viewer has seen enough; what is on the canvas stays. When the user has changed
    what is given, ``ask`` fires for a drawing of it, or ``give`` where the canvas has drawn it already by ``redraw``;
    both carry the ``start`` (``values`` and ``keep`` of every pixel, or none) and a ``number``, which messages from
    then on return as ``asked``. ``choose`` fires with the ``label`` of a class key, or ``pick`` where the canvas leaves
    the drawing to the server. ``endings`` is ``ask`` for several pictures of the same start; ``bring`` fires with a
    picture that comes from another tab. The browser's event ``pixel-canvas-redraw`` on its window, with label,
    temperature, seed, pictures, model and guidance, makes the canvas draw these at once. A model that is too slow for a
    moving pointer is asked when the pointer rests.

    Args:
        models: Models that a pixel's surroundings can be compared under.
        redraw: From label, temperature, seed, pictures, model and start to a message with all pixels.
        mean: From the same and how many are there to the ``sums`` of the values of ``count`` more pictures.
        most: Pictures that a mean is of in the end.
        answers: ``explain``, ``depends`` and ``record``: what the browser does not know of the picture.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["stop", "ask", "give", "choose", "pick", "endings", "bring"]
    about = "JSON: run, index, and of some pixels of each picture values (0 to 255), log_prob and entropy (nats)"

    def __init__(
        self,
        *,
        models: Sequence[DrawingModel],
        redraw: Answer,
        mean: Answer,
        most: int,
        answers: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(
            functions={"redraw": redraw, "mean": mean, **answers},
            models=list(models),
            most=most,
            surprise_colors=list(MAGMA),
            entropy_colors=list(VIRIDIS),
            **options,
        )
