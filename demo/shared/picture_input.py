"""A picture of the user's own: drawn on a pad, uploaded, or an example; and what a model sees of it."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import gradio as gr
import torch
from gradio.components import Component
from gradio.events import Dependency
from PIL import Image
from torch import Tensor

import gm_core
from demo.base.checks import is_index
from demo.base.errors import SHOWN, sentence
from demo.base.events import PICTURE, QUIET, public
from demo.base.serving.waiting import waiting
from demo.base.words import note_html
from demo.shared.models import Models
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad
from demo.widgets.sketch_pad import decode as decode_sketch
from gm_core import Card, CheckpointError, PictureError, Preparation, Prepared
from gm_core.data.catalog import FIRST
from gm_core.data.preparation import DIGITS, USUAL, Form

EMPTY = "The drawing is empty: draw something, or upload a picture."

MOST_CARRIED = 64
"""Edge of a picture from another tab at most."""

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class OwnPicture:
    """A picture that the user drew or uploaded, prepared for each form of model: together less than the picture.

    Attributes:
        source: Where it comes from, in words.
        forms: As the models of each form see it.
    """

    source: str
    forms: dict[Form, Prepared]


@dataclass(frozen=True)
class ExampleSeed:
    """An example instead: every data set has one of its own, drawn when a model needs it.

    Attributes:
        seed: One seed, one picture; when left out, one of the catalogue.
        nth: Which of these.
    """

    seed: int | None = None
    nth: int = 0


UserPicture = OwnPicture | ExampleSeed
"""The picture that a view is about."""

FIRST_EXAMPLE = ExampleSeed()


@dataclass(frozen=True)
class ModelInput:
    """A picture as a model sees it.

    Attributes:
        image: ``uint8`` (1, C, H, W).
        source: Where it comes from and how it was prepared, in words.
    """

    image: Tensor
    source: str

    @property
    def note(self) -> str:
        """The source, as HTML."""
        return note_html(self.source)


def model_input(models: Models, picture: UserPicture, name: str) -> ModelInput:
    """A user's picture as a model sees it.

    Args:
        models: The app's models.
        picture: The picture.
        name: The model, one of those that the picture was prepared for.
    """
    card = models.card(name)
    if isinstance(picture, ExampleSeed):
        return example(models, card, card.record.example_seed(picture.nth) if picture.seed is None else picture.seed)
    prepared = picture.forms[form_for(card)]
    return ModelInput(prepared.image, f"{picture.source}, {', '.join(prepared.steps)}.")


def form_for(card: Card) -> Form:
    """The form of the pictures that a model knows."""
    return replace(card.record.form, size=card.model_config.image.height)


def example(models: Models, card: Card, seed: int) -> ModelInput:
    """An example for a model: drawn by the PixelCNN of its data set, or by the model itself where that is missing.

    Args:
        models: The app's models.
        card: Of the model.
        seed: One seed, one picture.
    """
    painter, whose = card.record.pixelcnn, card.record.many
    if painter == FIRST.pixelcnn:
        whose = "the first tab"
    try:
        models.card(painter)
    except CheckpointError:
        painter, whose = card.name, ""
    with _ONE_AT_A_TIME:  # so that two views do not each have the same picture drawn
        image = _sample(models, painter, seed)
    who = f"the PixelCNN of {whose}" if whose else "this VAE itself"
    return ModelInput(image, f"An example, drawn by {who} with seed {seed}.")


@lru_cache(maxsize=64)
def _sample(models: Models, painter: str, seed: int) -> Tensor:
    """A picture by a PixelCNN or a VAE, ``uint8`` (1, C, H, W)."""
    model = models.samples(painter)
    with torch.inference_mode():
        return model.sample(generator=torch.Generator().manual_seed(seed)).cpu()


def read_drawing(
    drawing: str | None, forms: Iterable[Form] = (DIGITS,), preparation: Preparation = USUAL
) -> OwnPicture | None:
    """A pad's drawing, prepared; ``None`` when nothing is drawn.

    Args:
        drawing: The pad's value.
        forms: What it is to be prepared for.
        preparation: The steps that are taken.

    Raises:
        PictureError: It is not a drawing.
    """
    content = decode_sketch(drawing)
    if content is None:
        return None
    picture = gm_core.open_picture(content, name="the drawing")
    darkest, lightest = picture.convert("L").getextrema()
    return None if darkest == lightest else _prepare("Your drawing", picture, forms, preparation)


def read_upload(path: str, forms: Iterable[Form] = (DIGITS,)) -> OwnPicture:
    """An uploaded file, prepared.

    Raises:
        PictureError: It is not a picture, is damaged, or is too large.
    """
    return _prepare("Your picture", gm_core.open_picture(path, name="this file", wanted=waiting()), forms)


def read_carried(sent: object, forms: Iterable[Form] = (DIGITS,)) -> OwnPicture:
    """A picture that another tab handed over, as it is where its size is that of a form, else prepared.

    Args:
        sent: ``pixels`` (levels row by row, the channels of a pixel together), ``height``, ``width`` and ``channels``.
        forms: What it is to be prepared for.

    Raises:
        PictureError: It is no picture.
    """
    parts: dict[str, Any] = sent if isinstance(sent, dict) else {}
    pixels, *sides = (parts.get(name, 0) for name in ("pixels", "height", "width", "channels"))
    height, width, channels = (side if is_index(side, MOST_CARRIED + 1) else 0 for side in sides)
    size = height * width * channels
    levels = pixels if isinstance(pixels, list) and all(is_index(level, 256) for level in pixels) else []
    if not size or channels not in (1, 3) or len(levels) != size:
        raise PictureError("this picture cannot be taken over; download it and upload it here")
    image = torch.tensor(levels, dtype=torch.uint8).view(height, width, channels)
    picture = Image.fromarray(image.squeeze(-1).numpy() if channels == 1 else image.numpy())

    def prepared(form: Form) -> Prepared:
        if (form.size, form.size, form.channels) == (height, width, channels):
            return Prepared(image.movedim(-1, 0)[None].contiguous(), ("as it is",))
        return gm_core.prepare(picture, form=form)

    return OwnPicture("A picture from another tab", {form: prepared(form) for form in forms})


def _prepare(source: str, picture: Image.Image, forms: Iterable[Form], preparation: Preparation = USUAL) -> OwnPicture:
    return OwnPicture(source, {form: gm_core.prepare(picture, preparation, form=form) for form in forms})


class PictureInput:
    """A pad, an upload and an example: three ways to give a picture, of which the last one used is shown.

    Building it loads no model; the view fills :attr:`note` when it is first opened.

    Args:
        prefix: Of the components' ids in the page.
        models: The app's models.
        names: The models that may be asked about the picture.
        height: Of the upload, in pixels.

    Attributes:
        note: Says where the picture comes from, or what is wrong with it.
    """

    def __init__(self, prefix: str, models: Models, names: Iterable[str], height: int = 120) -> None:
        self.forms = {form_for(models.card(name)) for name in names}
        self.pad = SketchPad(elem_id=f"{prefix}-pad", hint="draw here" if len(self.forms) > 1 else "draw a digit here")
        self.another = gr.Button("Another example", size="md")
        self.nth = gr.State(0)
        self.note = gr.HTML(elem_id=f"{prefix}-source", padding=False)
        self.upload = PictureUpload(elem_id=f"{prefix}-upload", height=height)

    def connect(
        self,
        show: Callable[..., tuple[Any, ...]],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        api_name: str,
    ) -> list[Dependency]:
        """Say what is to be done with a picture.

        What is wrong with one is said under the pad, and everything else stays as it was.

        Args:
            show: From the picture and the inputs' values to the outputs'.
            inputs: Components that it needs besides.
            outputs: Components that it sets, the first of which is :attr:`note`.
            api_name: Of the endpoints, which end in ``_drawing`` and ``_upload``.

        Returns:
            The events, for what is to follow them.
        """

        def answer(read: Callable[[], UserPicture | None], *values: Any) -> tuple[bool, tuple[Any, ...]]:
            """Whether there is a picture, and what to say and show."""
            try:
                picture = read()
                if picture is None:
                    raise PictureError(EMPTY)
                return True, show(picture, *values)
            except SHOWN as error:
                return False, (note_html(sentence(error)), *[gr.skip()] * (len(outputs) - 1))

        def on_drawing(drawing: str | None, *values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: read_drawing(drawing, self.forms), *values)
            return *shown, None

        def on_upload(path: str | None, *values: Any) -> Any:
            if path is None:
                return gr.skip()
            good, shown = answer(lambda: read_upload(path, self.forms), *values)
            # A file that cannot be read is removed; one that can takes the drawing's place.
            return (*shown, gr.skip(), "") if good else (*shown, None, gr.skip())

        def on_another(nth: int, *values: Any) -> tuple[Any, ...]:
            _, shown = answer(lambda: ExampleSeed(nth=nth + 1), *values)
            return nth + 1, *shown, None, ""

        emptied = [*outputs, self.upload, self.pad]
        as_drawing, as_upload = public(f"{api_name}_drawing"), public(f"{api_name}_upload", PICTURE)
        drawing = self.pad.input(on_drawing, [self.pad, *inputs], [*outputs, self.upload], **as_drawing)
        sent = self.upload.input(on_upload, [self.upload, *inputs], emptied, **as_upload)
        another = self.another.click(on_another, [self.nth, *inputs], [self.nth, *emptied], **QUIET)
        return [drawing, sent, another]
