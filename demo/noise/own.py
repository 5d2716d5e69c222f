"""A picture of one's own for a view: drawn, uploaded or an example, prepared for every model of the view."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, TypedDict

import gradio as gr
from gradio.components import Component

from demo.base.checks import is_index
from demo.base.errors import SHOWN, InputError, sentence, show_errors
from demo.base.events import LIVE, PICTURE
from demo.base.packing import pack_pictures
from demo.base.tabs import Opening
from demo.base.words import note_html
from demo.shared.examples import Example, example_at, examples
from demo.shared.models import Models
from demo.shared.picture_input import EMPTY, OwnPicture, form_for, read_drawing, read_upload
from demo.shell.address import Address, Asked
from demo.widgets.base import Widget
from demo.widgets.example_row import ExampleCard, ExampleRow
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad, from_address
from gm_core import Card, PictureError, Preparation, Prepared, prepare
from gm_core.data.preparation import AS_IT_IS, USUAL, Form

WRONG_LINK = "Something in this link is wrong: the usual is shown instead."
MOST_EXAMPLES = 100
"""Above this there is no example; far above any number of them."""

AS_DRAWN = Preparation(crop=False, center=False)
"""For what is followed while it is drawn: nothing jumps to where its middle is at the moment."""

LOOK_FOR = {"negative": "A 3 in black on white, and so the model sees it here."}
"""Of examples that are taken as they are, unlike where each step of the preparation can be switched off."""

Picture = OwnPicture | int
"""A picture of the user's own, or the place of an example."""

Update = dict[Component, Any]


class GivenPicture(TypedDict):
    """A widget's value: the ``pictures`` as each model of its view sees them, base64 of 256 levels by its name."""

    pictures: dict[str, str]


@dataclass(frozen=True)
class OwnPictures:
    """Prepares pictures for some models.

    Attributes:
        models: The app's models.
        cards: Of the view's models, by name.
    """

    models: Models
    cards: Mapping[str, Card]

    @property
    def dataset(self) -> str:
        """The data set whose examples are offered."""
        return next(iter(self.cards.values())).dataset

    @property
    def forms(self) -> set[Form]:
        """What the models' pictures are brought to."""
        return {form_for(card) for card in self.cards.values()}

    def given(self, picture: Picture) -> tuple[str, GivenPicture]:
        """Where a picture comes from and how it was prepared, in HTML, and the picture as each model sees it.

        Raises:
            InputError: There is no such example.
        """
        if isinstance(picture, OwnPicture):
            forms, source = picture.forms, picture.source
        else:
            chosen = self.example(picture)
            forms, source = self._example(chosen), f"An example: {chosen.name}"
        found = {name: forms[form_for(card)] for name, card in self.cards.items()}
        first = next(iter(found.values()))
        words = " · ".join(f"<span>{escape(part)}</span>" for part in (source, *first.steps))
        return note_html(words), {"pictures": {name: pack_pictures(one.image) for name, one in found.items()}}

    def _example(self, chosen: Example) -> dict[Form, Prepared]:
        preparation = AS_IT_IS if chosen.name in LOOK_FOR else chosen.preparation
        return {form: prepare(chosen.picture, preparation, form=form) for form in self.forms}

    def example(self, index: object) -> Example:
        """An example.

        Raises:
            InputError: There is no such.
        """
        found = example_at(self.models, self.dataset, index) if is_index(index, MOST_EXAMPLES) else None
        if found is None:
            raise InputError("There is no such example.")
        return found

    def row(self, source: int | str | None) -> ExampleRow:
        """All examples, of which that stands out that is shown."""
        cards: list[ExampleCard] = [
            {"name": one.name, "look_for": LOOK_FOR.get(one.name, one.look_for), "picture": one.url}
            for one in examples(self.models, self.dataset)
        ]
        return ExampleRow(cards, chosen=source if isinstance(source, int) else None)


class OwnInput:
    """Examples, a pad and an upload, of which the last one used is what the view's widget is given.

    Args:
        own: Prepares what is given.
        view: The view's name in the address.
        hint: What to try, in a sentence.
        live: Whether the widget follows the pen, and not only its strokes; what is drawn then stays where it is drawn.
    """

    def __init__(self, own: OwnPictures, view: str, hint: str, *, live: bool = False) -> None:
        self.own, self.view, self.hint, self.live = own, view, hint, live
        self.opening = Opening()
        self.source = gr.State()  # what is shown: an example by its place, "file" or "pad"
        self.examples = ExampleRow(
            tab="noise", view=view, hint=hint, padding=False, elem_id=f"{view}-examples", elem_classes="own-examples"
        )

    def build(self) -> None:
        """Build the pad and the upload, one below the other, inside the current row."""
        with gr.Column(elem_classes="own-given"):
            self.pad = SketchPad(
                tab="noise",
                view=self.view,
                live=self.live,
                hint="draw here",
                padding=False,
                elem_id=f"{self.view}-pad",
                elem_classes="own-pad",
            )
            self.upload = PictureUpload(
                "Upload or photo", height=84, elem_id=f"{self.view}-upload", elem_classes="own-upload"
            )
            self.note = gr.HTML(padding=False, elem_id=f"{self.view}-source", elem_classes="own-source explain")

    def wire(self, widget: Widget) -> None:
        """Connect them to what they give the picture to."""
        self.widget = widget
        shown: list[Component] = [self.note, widget, self.source]
        given = [*shown, self.examples, self.pad, self.upload]
        self.pad.input(self.on_draw, [self.pad, self.source], [*shown, self.examples, self.upload], **LIVE)
        self.upload.input(self.on_upload, [self.upload], given, **PICTURE)
        self.examples.pick(self.on_example, [], given, **LIVE)
        address = Address("noise", {}, extra=[f"{self.view}_example", f"{self.view}_picture"])
        _, arrived = address.restore(self.on_arrive, [], given, self.opening)
        # All of the examples take longer than the first of them.
        self.opening.then(arrived, self.own.row, self.source, self.examples)

    def show(self, picture: Picture, source: int | str) -> Update:
        """Give the widget a picture."""
        words, given = self.own.given(picture)
        return {self.note: words, self.widget: given, self.source: source}

    def on_draw(self, drawing: str | None, source: int | str | None) -> Update:
        """A stroke is drawn, finished or undone; what cannot be shown leaves everything as it is."""
        try:
            picture = read_drawing(drawing, self.own.forms, AS_DRAWN if self.live else USUAL)
            if picture is None:
                raise PictureError(EMPTY)
            others = {self.examples: ExampleRow(chosen=None), self.upload: None} if source != "pad" else {}
            return {**self.show(picture, "pad"), **others}
        except SHOWN as error:
            return {self.note: note_html(sentence(error))}

    def on_upload(self, path: str | None) -> Update:
        """A picture is uploaded; a file that cannot be read is removed."""
        if path is None:
            return {self.note: gr.skip()}
        try:
            picture = read_upload(path, self.own.forms)
            return {**self.show(picture, "file"), self.examples: ExampleRow(chosen=None), self.pad: ""}
        except SHOWN as error:
            return {self.note: note_html(sentence(error)), self.upload: None}

    @show_errors
    def on_example(self, event: gr.EventData) -> Update:
        """An example is chosen."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        return {**self._example(index), self.examples: ExampleRow(chosen=index)}

    def _example(self, index: object) -> Update:
        url = self.own.example(index).url
        assert isinstance(index, int)  # or it would have been refused
        return {**self.show(index, index), self.pad: url, self.upload: None}

    @show_errors
    def on_arrive(self, asked: Asked) -> Update:
        """What an address asks for, an example or a drawing; the usual for what is wrong."""
        drawn, place = asked.get(f"{self.view}_picture", ""), asked.get(f"{self.view}_example") or "0"
        drawing, index = from_address(drawn), int(place) if place.isdecimal() and len(place) < 3 else -1
        is_known = index >= 0 and (bool(drawing) or example_at(self.own.models, self.own.dataset, index) is not None)
        if not is_known or (drawn and not drawing):
            gr.Warning(WRONG_LINK)
        if drawing:
            return {**self.on_draw(drawing, None), self.pad: drawing}
        return self._example(index if is_known else 0)
