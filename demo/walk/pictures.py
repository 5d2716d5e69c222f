"""Pictures of a visitor's own, for every view of the Walk tab: drawn, uploaded, or an example."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import torch
from gradio.components import Component
from gradio.events import Dependency
from PIL import Image
from torch import Tensor

import gm_core
from demo.base.checks import is_number, sentence
from demo.shared.models import Models
from demo.walk.latent import PointError
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad
from demo.widgets.sketch_pad import decode as decode_sketch
from gm_core import Card, CheckpointError, PictureError, Prepared
from gm_core.data.catalog import FIRST, dataset_of, form_of
from gm_core.data.preparation import DIGITS, Form

SEEDS = 10_000
"""Seeds are below this, short enough to say aloud in class."""

EMPTY = "The drawing is empty: draw something, or upload a picture."

LIVE: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "hidden"}
"""For what follows the hand: the newest movement counts, and nothing covers the picture."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}

_ONE_AT_A_TIME = threading.Lock()

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Given:
    """A picture that somebody gave, in every form that may be asked for: together they are less than the picture.

    Attributes:
        what: Where it comes from.
        forms: As the models of each form see it.
    """

    what: str
    forms: dict[Form, Prepared]


@dataclass(frozen=True)
class Example:
    """A picture that nobody gave: every data set has one of its own with this seed, drawn when it is asked for.

    Attributes:
        seed: One seed, one picture; when left out, what is there on arrival.
    """

    seed: int | None = None


Mine = Given | Example
"""The picture under a view."""

FIRST_EXAMPLE = Example()


@dataclass(frozen=True)
class Seen:
    """A picture as a model sees it.

    Attributes:
        image: ``uint8`` (1, C, H, W).
        source: Where it comes from and what was done to it, in words.
    """

    image: Tensor
    source: str


def seen(models: Models, mine: Mine, name: str) -> Seen:
    """A visitor's picture as a model sees it.

    Args:
        models: The app's models.
        mine: The picture.
        name: The model, one of those that the picture was prepared for.
    """
    card = models.card(name)
    if isinstance(mine, Example):
        return example(models, card, dataset_of(card.dataset).seeds.picture if mine.seed is None else mine.seed)
    prepared = mine.forms[form_for(card)]
    return Seen(prepared.image, f"{mine.what}, {', '.join(prepared.steps)}.")


def form_for(card: Card) -> Form:
    """The form of the pictures that a model knows."""
    return replace(form_of(card.dataset), size=card.model_config.image.height)


def example(models: Models, card: Card, seed: int) -> Seen:
    """What a model has for an example: a drawing by the PixelCNN of its data set; without one, by itself.

    Args:
        models: The app's models.
        card: Of the model.
        seed: One seed, one picture.
    """
    painter, whose = dataset_of(card.dataset).pixelcnn, dataset_of(card.dataset).many
    if painter == FIRST.pixelcnn:
        whose = "the first tab"
    try:
        models.card(painter)
    except CheckpointError:
        painter, whose = card.name, ""
    with _ONE_AT_A_TIME:  # so that two views do not each have the same drawn
        image = _drawn(models, painter, seed)
    who = f"the PixelCNN of {whose}" if whose else "this VAE itself"
    return Seen(image, f"An example, drawn by {who} with seed {seed}.")


@lru_cache(maxsize=64)
def _drawn(models: Models, painter: str, seed: int) -> Tensor:
    """A picture by a PixelCNN or a VAE, ``uint8`` (1, C, H, W)."""
    model = models.samples(painter)
    with torch.inference_mode():
        return model.sample(generator=torch.Generator().manual_seed(seed)).cpu()


def from_drawing(drawing: str | None, forms: Iterable[Form] = (DIGITS,)) -> Given | None:
    """A pad's drawing as models see it; ``None`` when nothing is drawn.

    Raises:
        PictureError: It is no drawing.
    """
    content = decode_sketch(drawing)
    if content is None:
        return None
    picture = gm_core.open_picture(content, name="the drawing")
    darkest, lightest = picture.convert("L").getextrema()
    return None if darkest == lightest else _prepared("Your drawing", picture, forms)


def from_file(path: str, forms: Iterable[Form] = (DIGITS,)) -> Given:
    """An uploaded file as models see it.

    Raises:
        PictureError: It is no picture, is damaged, or is too large.
    """
    return _prepared("Your picture", gm_core.open_picture(path, name="this file"), forms)


def _prepared(what: str, picture: Image.Image, forms: Iterable[Form]) -> Given:
    return Given(what, {form: gm_core.prepare(picture, form=form) for form in forms})


def plainly(handler: Callable[P, R]) -> Callable[P, R]:
    """Show what is wrong with an input as one sentence, and leave the rest of the tab as it was."""

    @wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except (PointError, PictureError) as error:
            raise gr.Error(sentence(error), title="Not possible", print_exception=False) from None

    return guarded


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
        models: The app's models.
        names: The models that may be asked about the picture; what is there on arrival is for the first of them.
        first: The picture that is there on arrival, if any.
        height: Of the upload, in pixels.
    """

    def __init__(
        self, prefix: str, models: Models, names: Iterable[str], first: Mine | None = None, height: int = 150
    ) -> None:
        names = tuple(names)
        self.forms = {form_for(models.card(name)) for name in names}
        hint = {"hint": "draw here"} if len(self.forms) > 1 else {}
        self.pad = SketchPad(elem_id=f"{prefix}-pad", **hint)
        source = noted(seen(models, first, names[0]).source) if first else ""
        self.note = gr.HTML(source, elem_id=f"{prefix}-source", padding=False)
        self.upload = PictureUpload(elem_id=f"{prefix}-upload", height=height)
        self.another = gr.Button("Another example", size="md")

    def connect(
        self,
        taken: Callable[..., tuple[Any, ...]],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        api_name: str,
    ) -> list[Dependency]:
        """Say what is to be done with a picture.

        What is wrong with one is told under the pad, and everything else stays as it was.

        Args:
            taken: From the picture and the inputs' values to the outputs'.
            inputs: Components that it needs besides.
            outputs: Components that it sets, the first of which is :attr:`note`.
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
                return True, taken(made, *values)
            except PictureError as error:
                return False, (noted(sentence(error)), *[gr.skip()] * (len(outputs) - 1))

        def drawn(drawing: str | None, *values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: from_drawing(drawing, self.forms), *values)
            return *shown, None

        def uploaded(path: str | None, *values: Any) -> Any:
            if path is None:
                return gr.skip()
            good, shown = answer(lambda: from_file(path, self.forms), *values)
            # What is no picture does not stay; what is takes the drawing's place.
            return (*shown, gr.skip(), "") if good else (*shown, None, gr.skip())

        def exemplary(*values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: Example(secrets.randbelow(SEEDS)), *values)
            return *shown, None, ""

        emptied = [*outputs, self.upload, self.pad]
        name = f"{api_name}_drawing"
        drawing = self.pad.input(drawn, [self.pad, *inputs], [*outputs, self.upload], api_name=name, **LIVE)
        sent = self.upload.input(uploaded, [self.upload, *inputs], emptied, api_name=f"{api_name}_upload", **LIVE)
        another = self.another.click(exemplary, list(inputs), emptied, **PRIVATE, show_progress="hidden")
        return [drawing, sent, another]
