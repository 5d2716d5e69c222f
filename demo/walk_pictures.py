"""Pictures of a visitor's own, for every view of the Walk tab: drawn, uploaded, or an example."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import torch
from gradio.components import Component
from gradio.events import Dependency
from torch import Tensor

import gm_core
from demo.checks import is_number
from demo.latent import PointError
from demo.models import Models
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad
from demo.widgets.sketch_pad import decode as decode_sketch
from gm_core import PictureError

SEEDS = 10_000
"""Seeds are below this, short enough to say aloud in class."""

FIRST_EXAMPLE = 2
"""Seed of the picture that is there on arrival: a six that nobody mistakes."""

EMPTY = "The drawing is empty: draw a digit, or upload a picture."

LIVE: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "hidden"}
"""For what follows the hand: the newest movement counts, and nothing covers the picture."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Mine:
    """A picture of the visitor's.

    Attributes:
        image: As the model sees it, ``uint8`` (1, 1, H, W).
        source: Where it comes from and what was done to it, in words.
    """

    image: Tensor
    source: str


def from_drawing(drawing: str | None) -> Mine | None:
    """A pad's drawing as the model sees it; ``None`` when nothing is drawn.

    Raises:
        PictureError: It is no drawing.
    """
    content = decode_sketch(drawing)
    if content is None:
        return None
    prepared = gm_core.prepare(gm_core.open_picture(content, name="the drawing"))
    return Mine(prepared.image, f"Your drawing, {', '.join(prepared.steps)}.") if prepared.image.any() else None


def from_file(path: str) -> Mine:
    """An uploaded file as the model sees it.

    Raises:
        PictureError: It is no picture, is damaged, or is too large.
    """
    prepared = gm_core.prepare(gm_core.open_picture(path, name="this file"))
    return Mine(prepared.image, f"Your picture, {', '.join(prepared.steps)}.")


@lru_cache(maxsize=64)
def example(models: Models, seed: int) -> Mine:
    """A picture that nobody gave: one seed, one picture."""
    with torch.inference_mode():
        image = models.pixelcnn().sample(generator=torch.Generator().manual_seed(seed)).cpu()
    return Mine(image, f"An example, drawn by the PixelCNN of the first tab with seed {seed}.")


def plainly(handler: Callable[P, R]) -> Callable[P, R]:
    """Show what is wrong with an input as one sentence, and leave the rest of the tab as it was."""

    @wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except (PointError, PictureError) as error:
            raise gr.Error(sentence(error), title="Not possible", print_exception=False) from None

    return guarded


def told(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """For a function that a component calls: what is wrong with what it sent comes back as ``error``, in words."""

    @wraps(answer)
    def guarded(sent: Any) -> dict[str, Any]:
        try:
            return answer(sent if isinstance(sent, dict) else {})
        except (PointError, PictureError) as error:
            return {"error": sentence(error)}

    return guarded


def sentence(error: Exception) -> str:
    """What an error says, beginning as sentences do."""
    return str(error)[:1].upper() + str(error)[1:]


def noted(words: str) -> str:
    """A remark under a picture."""
    return f'<p class="lab-note">{words}</p>'


def checked_seed(seed: object) -> int:
    """A seed that came from outside.

    Raises:
        PointError: It is none.
    """
    if not is_number(seed, 0, SEEDS - 1) or seed != int(seed):
        raise PointError(f"A seed is a whole number from 0 to {SEEDS - 1}.")
    return int(seed)


class PictureInput:
    """A pad, an upload and an example: three ways to give a picture, of which the last one used is shown.

    Args:
        prefix: Of the components' ids in the page.
        first: The picture that is there on arrival, if any.
        height: Of the upload, in pixels.
    """

    def __init__(self, prefix: str, first: Mine | None = None, height: int = 150) -> None:
        self.pad = SketchPad(elem_id=f"{prefix}-pad")
        self.note = gr.HTML(noted(first.source) if first else "", elem_id=f"{prefix}-source", padding=False)
        self.upload = PictureUpload(elem_id=f"{prefix}-upload", height=height)
        self.another = gr.Button("Another example", size="md")

    def connect(
        self,
        models: Models,
        taken: Callable[..., tuple[Any, ...]],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        api_name: str,
    ) -> list[Dependency]:
        """Say what is to be done with a picture.

        What is wrong with one is told under the pad, and everything else stays as it was.

        Args:
            models: The app's models.
            taken: From the picture and the inputs' values to the outputs'.
            inputs: Components that it needs besides.
            outputs: Components that it sets.
            api_name: Of the endpoints, which end in ``_drawing`` and ``_upload``.

        Returns:
            The events, for what is to follow them.
        """

        def answer(given: Callable[[], Mine | None], *values: Any) -> tuple[bool, tuple[Any, ...]]:
            """Whether there is a picture, and what to say and show."""
            try:
                made = given()
                if made is None:
                    raise PictureError(EMPTY)
                return True, (noted(made.source), *taken(made, *values))
            except PictureError as error:
                return False, (noted(sentence(error)), *[gr.skip()] * len(outputs))

        def drawn(drawing: str | None, *values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: from_drawing(drawing), *values)
            return *shown, None

        def uploaded(path: str | None, *values: Any) -> Any:
            if path is None:
                return gr.skip()
            good, shown = answer(lambda: from_file(path), *values)
            # What is no picture does not stay; what is takes the drawing's place.
            return (*shown, gr.skip(), "") if good else (*shown, None, gr.skip())

        def exemplary(*values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: example(models, secrets.randbelow(SEEDS)), *values)
            return *shown, None, ""

        both = [self.note, *outputs]
        emptied = [*both, self.upload, self.pad]
        name = f"{api_name}_drawing"
        drawing = self.pad.input(drawn, [self.pad, *inputs], [*both, self.upload], api_name=name, **LIVE)
        sent = self.upload.input(uploaded, [self.upload, *inputs], emptied, api_name=f"{api_name}_upload", **LIVE)
        another = self.another.click(exemplary, list(inputs), emptied, **PRIVATE, show_progress="hidden")
        return [drawing, sent, another]
