"""The view "p(x) of your picture": one picture, scored by every model of its data set that knows anything of p(x)."""

from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.base.checks import is_index
from demo.base.errors import SHOWN, InputError, sentence, show_errors
from demo.base.events import LIVE, PICTURE
from demo.base.fields import StrictRadio
from demo.base.packing import pack_pictures
from demo.base.tabs import Opening
from demo.base.words import message_html, note_html
from demo.noise.scores import Scores, readings, usual_bits
from demo.shared.examples import Example, example_at, examples
from demo.shared.models import Models
from demo.shared.picture_input import EMPTY, OwnPicture, read_drawing, read_upload
from demo.shell.address import Address, Asked
from demo.widgets.example_row import ExampleCard, ExampleRow
from demo.widgets.noise_density import DensitySubject, NoiseDensity, ScoredModel, ScoredPicture
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad, from_address
from gm_core import FAMILIES, Card, PictureError, prepare
from gm_core.data.catalog import dataset_of

STYLE = (Path(__file__).parent / "density.css").read_text()

MISSING = "There is no model here that knows anything of p(x); restore one from the repository."
WRONG_LINK = "Something in this link is wrong: the usual is shown instead."
MOST_EXAMPLES = 100
"""Above this there is no example; far above any number of them."""

HINT = "Which model finds it likely? Draw, upload, or take an example."

Picture = OwnPicture | int
"""A picture of the user's own, or the place of an example."""

Update = dict[Component, Any]


@dataclass(frozen=True)
class Densities:
    """What can be scored, and by which models.

    Attributes:
        models: The app's models.
    """

    models: Models

    @cached_property
    def cards(self) -> dict[str, Card]:
        """Of the models of data sets of which any model knows something of p(x), by name."""
        cards = self.models.generative()
        known = {card.dataset for card in cards if readings(card)}
        return {card.name: card for card in cards if card.dataset in known}

    @cached_property
    def datasets(self) -> list[str]:
        """The data sets, in the catalogue's order."""
        return list(dict.fromkeys(card.dataset for card in self.cards.values()))

    def subjects(self) -> dict[str, DensitySubject]:
        """What the chart says of each data set's models, those first that find test pictures the most likely."""
        found: dict[str, DensitySubject] = {}
        for name in self.datasets:
            cards = [card for card in self.cards.values() if card.dataset == name]
            image = cards[0].model_config.image
            found[name] = {
                "many": dataset_of(name).many,
                "levels": image.levels,
                "size": list(image.size),
                "models": [_scored(card) for card in sorted(cards, key=_order)],
            }
        return found

    def scored(self, dataset: str, picture: Picture) -> tuple[str, ScoredPicture]:
        """A picture as models of a data set see it, and where it comes from and how it was prepared, in HTML.

        Raises:
            InputError: There is no such example.
        """
        form = dataset_of(dataset).form
        if isinstance(picture, OwnPicture):
            prepared, source = picture.forms[form], picture.source
        else:
            chosen = self.example(dataset, picture)
            prepared, source = prepare(chosen.picture, chosen.preparation, form=form), f"An example: {chosen.name}"
        words = " · ".join(f"<span>{escape(part)}</span>" for part in (source, *prepared.steps))
        return note_html(words), {"dataset": dataset, "picture": pack_pictures(prepared.image)}

    def example(self, dataset: str, index: object) -> Example:
        """An example.

        Raises:
            InputError: There is no such.
        """
        found = example_at(self.models, dataset, index) if is_index(index, MOST_EXAMPLES) else None
        if found is None:
            raise InputError("There is no such example.")
        return found

    def row(self, dataset: str, chosen: int | None) -> ExampleRow:
        """The examples that a data set's models can be asked about."""
        cards: list[ExampleCard] = [
            {"name": example.name, "look_for": example.look_for, "picture": example.url}
            for example in examples(self.models, dataset)
        ]
        return ExampleRow(cards, chosen=chosen)


def _scored(card: Card) -> ScoredModel:
    return {
        "name": card.name,
        "title": FAMILIES[card.family].title,
        "readings": readings(card),
        "usual": usual_bits(card),
    }


def _order(card: Card) -> tuple[bool, float]:
    return not readings(card), min(usual_bits(card).values(), default=0.0)


def build_density(models: Models) -> None:
    """Build the view inside the current ``gr.Tab``."""
    densities = Densities(models)
    if densities.datasets:
        _View(densities).wire()
    else:
        gr.HTML(message_html(MISSING), elem_classes="lab-problem")


class _View:
    """The view's components, and what happens to them."""

    def __init__(self, densities: Densities) -> None:
        self.densities = densities
        self.forms = {dataset_of(name).form for name in densities.datasets}
        labels = {name: dataset_of(name).label for name in densities.datasets}
        self.opening = Opening()
        self.picture = gr.State()  # what is scored
        gr.HTML(f"<style>{STYLE}</style>", padding=False, elem_classes="noise-style")
        with gr.Column(elem_classes="density-page"):
            self.dataset = StrictRadio(
                [(label[:1].upper() + label[1:], name) for name, label in labels.items()],
                value=densities.datasets[0],
                label="Scored by the models of",
                elem_id="density-dataset",
                show_label=False,
                container=False,
            )
            self.examples = ExampleRow(
                tab="noise", view="density", hint=HINT, padding=False, elem_id="density-examples"
            )
            with gr.Row(equal_height=False, elem_classes="density-row"):
                with gr.Column(elem_classes="density-given"):
                    self.pad = SketchPad(
                        tab="noise", view="density", hint="draw here", padding=False, elem_id="density-pad"
                    )
                    self.upload = PictureUpload("Upload or photo", height=84, elem_id="density-upload")
                    self.note = gr.HTML(elem_id="density-source", padding=False)
                scores = Scores(densities.models, densities.cards)
                self.chart = NoiseDensity(
                    subjects=densities.subjects(),
                    functions={"score": scores.score},
                    elem_id="density-chart",
                    padding=False,
                )

    def wire(self) -> None:
        """Connect the components."""
        shown = [self.note, self.chart, self.picture]
        given = [*shown, self.examples, self.pad, self.upload]
        self.pad.input(self.on_draw, [self.pad, self.dataset], [*shown, self.examples, self.upload], **LIVE)
        self.pad.carry(self.on_carry, [self.pad, self.dataset], [*given, self.dataset], **LIVE)
        self.upload.input(self.on_upload, [self.upload, self.dataset], given, **PICTURE)
        self.examples.pick(self.on_example, [self.dataset], given, **LIVE)
        self.dataset.input(self.on_dataset, [self.dataset, self.picture], given, **LIVE)
        address = Address("noise", {"density_data": self.dataset}, extra=["density_example", "density_picture"])
        back, arrived = address.restore(self.on_arrive, [self.dataset], [*given, self.dataset], self.opening)
        follow = self.on_row, [self.dataset, self.picture], self.examples  # which takes longer than the first numbers
        back.then(*follow, **LIVE)
        self.opening.then(arrived, *follow)

    def show(self, dataset: str, picture: Picture) -> Update:
        """A picture's scores are asked for by the chart, one by one."""
        source, scored = self.densities.scored(dataset, picture)
        return {self.note: source, self.chart: scored, self.picture: picture}

    def on_draw(self, drawing: str | None, dataset: str, source: str = "Your drawing") -> Update:
        """A stroke is finished, or undone; what cannot be scored leaves everything as it is."""
        try:
            picture = read_drawing(drawing, self.forms)
            if picture is None:
                raise PictureError(EMPTY)
            picture = replace(picture, source=source)
            return {**self.show(dataset, picture), self.examples: ExampleRow(chosen=None), self.upload: None}
        except SHOWN as error:
            return {self.note: note_html(sentence(error))}

    def on_upload(self, path: str | None, dataset: str) -> Update:
        """A picture is uploaded; a file that cannot be read is removed."""
        if path is None:
            return {self.note: gr.skip()}
        try:
            picture = read_upload(path, self.forms)
            return {**self.show(dataset, picture), self.examples: ExampleRow(chosen=None), self.pad: ""}
        except SHOWN as error:
            return {self.note: note_html(sentence(error)), self.upload: None}

    @show_errors
    def on_example(self, event: gr.EventData, dataset: str) -> Update:
        """An example is chosen."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        return {**self._example(dataset, index), self.examples: ExampleRow(chosen=index)}

    @show_errors
    def on_dataset(self, dataset: str, picture: Picture | None) -> Update:
        """Another data set's models: the picture stays, or the example at the same place."""
        if isinstance(picture, OwnPicture):
            return {**self.show(dataset, picture), self.examples: self.densities.row(dataset, None)}
        index = picture if is_index(picture, len(examples(self.densities.models, dataset))) else 0
        return {**self._example(dataset, index), self.examples: self.densities.row(dataset, index)}

    def _example(self, dataset: str, index: object) -> Update:
        url = self.densities.example(dataset, index).url
        assert isinstance(index, int)  # or it would have been refused
        return {**self.show(dataset, index), self.pad: url, self.upload: None}

    @show_errors
    def on_carry(self, event: gr.EventData, drawing: str | None, dataset: str) -> Update:
        """A picture is carried here; it is scored as its own kind, if that is said and known."""
        about = event._data if isinstance(event._data, dict) else {}
        dataset = self._dataset_of(about, dataset)
        row = {self.examples: self.densities.row(dataset, None), self.dataset: dataset}
        return {**self.on_draw(drawing, dataset, "A picture from another view"), **row}

    def _dataset_of(self, about: dict[str, Any], current: str) -> str:
        known = self.densities.datasets
        if about.get("dataset") in known:
            return str(about["dataset"])
        fitting = [name for name in known if dataset_of(name).form.channels == about.get("channels")]
        return current if current in fitting or not fitting else fitting[0]

    def on_row(self, dataset: str, picture: Picture | None) -> ExampleRow:
        """The examples, of which one may be what is scored."""
        return self.densities.row(dataset, picture if isinstance(picture, int) else None)

    @show_errors
    def on_arrive(self, asked: Asked, current: str) -> Update:
        """What an address asks for: a data set, an example or a drawing; the usual for what is wrong."""
        dataset, wrong = asked.get("density_data") or current, False
        if dataset not in self.densities.datasets:
            dataset, wrong = self.densities.datasets[0], True
        drawing, place = from_address(asked.get("density_picture", "")), asked.get("density_example") or "0"
        index = int(place) if place.isdecimal() and len(place) < 3 else -1
        wrong = wrong or bool(asked.get("density_picture") and not drawing)
        if not drawing and example_at(self.densities.models, dataset, max(0, index)) is None:
            index = -1
        if wrong or index < 0:
            gr.Warning(WRONG_LINK)
        if drawing:
            return {**self.on_draw(drawing, dataset), self.pad: drawing, self.dataset: dataset}
        return {**self._example(dataset, max(0, index)), self.dataset: dataset}
