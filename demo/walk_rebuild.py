"""The view "Rebuild": any picture squeezed through a VAE, and what the bound on its probability is made of."""

from typing import Any

import gradio as gr

from demo import latent
from demo.vae_words import BOUND_CSS, WAITING, bound_bar, bound_curve, kl_bars
from demo.walk_pictures import FIRST_EXAMPLE, LIVE, PRIVATE, Mine, PictureInput, example
from demo.walk_sliders import NAMES, Value, Walk
from demo.widgets.latent_sliders import SPREAD
from demo.widgets.picture_view import PictureView, grey, magma


class RebuildView:
    """Any picture, rebuilt and priced.

    Args:
        walk: What sliders through a latent space ask for.
        model: Which latent space.

    Attributes:
        mine: The picture.
        back: Button that leads to where it lies.
    """

    def __init__(self, walk: Walk, model: gr.Radio) -> None:
        self.walk = walk
        first = example(walk.models, FIRST_EXAMPLE)
        self.mine = gr.State(first)
        _, *pictures, bars_on_arrival, _, _ = self.show(first, NAMES[0])
        bound_on_arrival, curve_on_arrival = self.price(first, NAMES[0])
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("walk", first)
            with gr.Column(scale=9):
                with gr.Row(elem_classes="walk-pictures"):
                    seen = PictureView(pictures[0], title="What it sees", elem_id="walk-seen")
                    mean = PictureView(pictures[1], title="Rebuilt: mean", elem_id="walk-mean")
                    scale = PictureView(pictures[2], title="spread", elem_id="walk-scale")
                    draw = PictureView(pictures[3], title="a draw", elem_id="walk-draw")
                self.back = gr.Button("Walk from here", size="md")
                with gr.Row(elem_classes="walk-row"):
                    with gr.Column(scale=6, min_width=280):
                        bound = gr.HTML(bound_on_arrival, css_template=BOUND_CSS, elem_id="walk-bound")
                        curve = gr.HTML(curve_on_arrival, css_template=BOUND_CSS, elem_id="walk-curve")
                    with gr.Column(scale=5, min_width=240):
                        bars = gr.HTML(bars_on_arrival, css_template=BOUND_CSS, elem_id="walk-kl")
        outputs = [self.mine, seen, mean, scale, draw, bars, bound, curve]

        events = given.connect(walk.models, self.show, [model], outputs, "walk_rebuild")
        events.append(model.change(self.show, [self.mine, model], outputs, **PRIVATE, **LIVE))
        for event in events:
            event.success(self.price, [self.mine, model], [bound, curve], **PRIVATE, **LIVE)

    def show(self, mine: Mine, name: str) -> tuple[Any, ...]:
        """A picture, rebuilt; its price follows."""
        rebuilt = latent.rebuild(self.walk.models.vae(name), mine.image)
        atlas = self.walk.models.atlas(name)
        spread: Value = magma(rebuilt.scale, "The standard deviation of every pixel", "grey levels", SPREAD)
        return (
            mine,
            grey(mine.image[0, 0], "The picture as the model sees it"),
            grey(rebuilt.mean, "Reconstruction: the mean of every pixel"),
            spread,
            grey(rebuilt.draw, "Reconstruction: the pixels drawn"),
            kl_bars(rebuilt.kl_per_dim, atlas.kl.tolist()),
            WAITING,
            WAITING,
        )

    def price(self, mine: Mine, name: str) -> tuple[str, str]:
        """What the model says of its probability: long enough in the making to be waited for."""
        price = latent.price(self.walk.models.vae(name), mine.image)
        return bound_bar(price, self.walk.models.card(name)), bound_curve(price)
