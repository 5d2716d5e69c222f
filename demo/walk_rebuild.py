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
        app: The app.
        walk: What sliders through a latent space ask for.
        model: Which latent space.

    Attributes:
        mine: The picture.
        back: Button that leads to where it lies.
    """

    def __init__(self, app: gr.Blocks, walk: Walk, model: gr.Radio) -> None:
        self.walk = walk
        first = example(walk.models, FIRST_EXAMPLE)
        self.mine = gr.State(first)
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("walk", first)
            with gr.Column(scale=9):
                with gr.Row(elem_classes="walk-pictures"):
                    seen = PictureView(title="What it sees", elem_id="walk-seen")
                    mean = PictureView(title="Rebuilt: mean", elem_id="walk-mean")
                    scale = PictureView(title="spread", elem_id="walk-scale")
                    draw = PictureView(title="a draw", elem_id="walk-draw")
                self.back = gr.Button("Walk from here", size="md")
                with gr.Row(elem_classes="walk-row"):
                    with gr.Column(scale=6, min_width=280):
                        bound = gr.HTML(css_template=BOUND_CSS, elem_id="walk-bound")
                        curve = gr.HTML(css_template=BOUND_CSS, elem_id="walk-curve")
                    with gr.Column(scale=5, min_width=240):
                        bars = gr.HTML(css_template=BOUND_CSS, elem_id="walk-kl")
        outputs = [self.mine, seen, mean, scale, draw, bars, bound, curve]

        def priced(mine: Mine, name: str) -> tuple[str, str]:
            """What takes long enough to be waited for."""
            price = latent.price(walk.models.vae(name), mine.image)
            return bound_bar(price, walk.models.card(name)), bound_curve(price)

        events = given.connect(walk.models, self.show, [model], outputs, "walk_rebuild")
        events.append(model.change(self.show, [self.mine, model], outputs, **PRIVATE, **LIVE))
        events.append(app.load(self.show, [self.mine, model], outputs, **PRIVATE, show_progress="hidden"))
        for event in events:
            event.success(priced, [self.mine, model], [bound, curve], **PRIVATE, **LIVE)

    def show(self, mine: Mine, name: str = NAMES[0]) -> tuple[Any, ...]:
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
