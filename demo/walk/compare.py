"""The view "Autoencoder": the same network with and without a prior, side by side."""

import secrets
from typing import Any

import gradio as gr

from demo.base.checks import SHORT_SEEDS, read_seed
from demo.base.errors import show_errors
from demo.base.events import LIVE, public
from demo.base.words import note_html
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk.map import NAME, RIVAL, Maps
from demo.walk.words import figure_line
from demo.widgets.latent_map import LatentMap, MapMarks

FIRST_SEED = 3

TITLES = {RIVAL: "Autoencoder", NAME: "VAE"}

LESSONS = {
    RIVAL: "Trained only to rebuild. Its codes lie wherever that was easiest: nothing says what a random point means.",
    NAME: "Trained to rebuild <i>and</i> to keep its codes where a standard normal lies: a random point means a digit.",
}


class CompareView:
    """An autoencoder beside a VAE: both rebuild a picture, one generates.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.maps, first = Maps(models), FIRST_EXAMPLE
        mine, last = gr.State(first), gr.State(FIRST_SEED)
        columns = []
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                again = gr.Button("Draw z again", variant="primary", elem_id="compare-again")
                seed = gr.Number(FIRST_SEED, label=f"Seed, 0 to {SHORT_SEEDS - 1}", elem_id="compare-seed")
                given = PictureInput("compare", models, (NAME,), first)
            for name, title in TITLES.items():
                with gr.Column(scale=5, min_width=300):
                    columns.append(
                        LatentMap(
                            self.maps.marks(name, first, FIRST_SEED),
                            model=name,
                            title=title,
                            lesson=LESSONS[name],
                            classes=models.atlas(name).class_names,
                            paths=False,
                            functions=self.maps.functions(),
                            elem_id=f"compare-{name}",
                        )
                    )
                    gr.HTML(figure_line(models.card(name)), padding=False)

        def at_random(made: UserPicture) -> tuple[Any, ...]:
            drawn = secrets.randbelow(SHORT_SEEDS)
            return drawn, drawn, *self.shown(made, drawn)

        @show_errors
        def by_seed(sent: object, made: UserPicture) -> Any:
            if sent is None:  # while it is being typed
                return gr.skip()
            drawn = read_seed(sent)
            return drawn, *self.shown(made, drawn)

        def taken(made: UserPicture, drawn: int) -> tuple[Any, ...]:
            return note_html(model_input(models, made, NAME).source), made, *self.shown(made, drawn)

        again.click(at_random, mine, [seed, last, *columns], **LIVE)
        seed.input(by_seed, [seed, mine], [last, *columns], **public("walk_compare_draw"))
        given.connect(taken, [last], [given.note, mine, *columns], "walk_compare")

    def shown(self, mine: UserPicture, seed: int) -> list[MapMarks]:
        """What is marked on both maps."""
        return [self.maps.marks(name, mine, seed) for name in TITLES]
