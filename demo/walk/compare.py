"""The view "Autoencoder": the same network with and without a prior, side by side."""

import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.base.checks import SHORT_SEEDS, read_seed
from demo.base.errors import show_errors
from demo.base.events import LIVE, public
from demo.base.fields import StrictRadio
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.shared.plane import MAP
from demo.walk.map import AUTOENCODER, Maps, Region, check_cards
from demo.widgets.latent_map import LatentMap, MapMarks
from gm_core.data.catalog import FIRST

FIRST_SEED = 3

TITLES = {AUTOENCODER: "Autoencoder", MAP: "VAE"}

LESSONS = {
    AUTOENCODER: "Trained only to rebuild. Its codes lie wherever that was easiest: nothing says what a random point "
    "means.",
    MAP: "Trained to rebuild <i>and</i> to keep its codes where a standard normal lies: a random point means a digit.",
}


class CompareView:
    """An autoencoder beside a VAE: both rebuild a picture, one generates.

    Args:
        models: The app's models.

    Attributes:
        seed: The field of the random points' seed.
        region: Where they come from.
        last: The last seed that was one.
        inputs: What :meth:`show` needs.
        outputs: What it sets.

    Raises:
        CheckpointError: One of the models or of their atlases is missing.
    """

    def __init__(self, models: Models) -> None:
        check_cards(models, *TITLES)
        self.maps = Maps(models)
        picture, last = gr.State(FIRST_EXAMPLE), gr.State(FIRST_SEED)
        columns = []
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=0, elem_classes="walk-given"):
                again = gr.Button("New random points", variant="primary", elem_id="compare-again")
                region = StrictRadio(
                    [("a standard normal", "normal"), ("the range of its codes", "range")],
                    value="normal",
                    label="Random points from",
                    elem_id="compare-region",
                )
                seed = gr.Number(FIRST_SEED, label=f"Seed, 0 to {SHORT_SEEDS - 1}", elem_id="compare-seed")
                with gr.Accordion("Rebuild a picture with both", open=False):
                    given = PictureInput("compare", models, (MAP,))
            for name, title in TITLES.items():
                with gr.Column(scale=5, min_width=0):
                    columns.append(
                        LatentMap(
                            model=name,
                            title=title,
                            lesson=LESSONS[name],
                            classes=FIRST.classes,
                            paths=False,
                            functions=self.maps.functions(),
                            elem_id=f"compare-{name}",
                        )
                    )
                    gr.HTML(figure_line(models.card(name)), padding=False)
        self.seed, self.region, self.last = seed, region, last
        self.inputs, self.outputs = [picture, last, region], [given.note, *columns]

        @show_errors
        def draw_points(own: UserPicture, where: Region) -> tuple[Any, ...]:
            chosen = secrets.randbelow(SHORT_SEEDS)
            return chosen, chosen, *self.marks(own, chosen, where)

        @show_errors
        def use_seed(sent: object, own: UserPicture, where: Region = "normal") -> Any:
            if sent is None:  # while it is being typed
                return gr.skip()
            chosen = read_seed(sent)
            return chosen, *self.marks(own, chosen, where)

        def use_picture(own: UserPicture, last: int, where: Region) -> tuple[Any, ...]:
            note, *marks = self.show_marks(own, last, where)
            return note, own, *marks

        again.click(draw_points, [picture, region], [seed, last, *columns], **LIVE)
        seed.input(use_seed, [seed, picture, region], [last, *columns], **public("walk_compare_draw"))
        region.input(show_errors(self.show_marks), self.inputs, self.outputs, **LIVE)
        given.connect(use_picture, [last, region], [given.note, picture, *columns], "walk_compare")

    def show(self, picture: UserPicture, seed: int, region: Region) -> Iterator[tuple[Any, ...]]:
        """The random points, and then with them the picture, which has to be drawn first."""
        yield None, *[{"draws": self.maps.draws(name, seed, region)} for name in TITLES]
        yield self.show_marks(picture, seed, region)

    def show_marks(self, picture: UserPicture, seed: int, region: Region) -> tuple[Any, ...]:
        """A picture and random points on both maps, and where the picture comes from."""
        return model_input(self.maps.models, picture, MAP).note, *self.marks(picture, seed, region)

    def marks(self, picture: UserPicture, seed: int, region: Region) -> list[MapMarks]:
        """What is marked on both maps."""
        return [self.maps.marks(name, picture, seed, region) for name in TITLES]
