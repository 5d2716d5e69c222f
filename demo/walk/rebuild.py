"""The view "Rebuild": any picture squeezed through a VAE, and what the bound on its probability is made of."""

from typing import Any

import gradio as gr

from demo.base.events import LIVE
from demo.base.words import note_html
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.sliders import Walk
from demo.walk.words import BOUND_CSS, WAITING, bound_bar, bound_curve, kl_bars
from demo.widgets.latent_sliders import SPREAD
from demo.widgets.picture_view import PictureView, magma, plain
from gm_core.data.catalog import dataset_of

WANTED = """
// What is still waited for is asked for when somebody sees it: it takes long.
let seen = false;
const want = () => { if (seen && (props.value || "").includes('class="waiting"')) trigger("wanted"); };
new IntersectionObserver((entries) => { seen = entries.at(-1).isIntersecting; want(); }).observe(element);
watch("value", want);
"""


class RebuildView:
    """Any picture, rebuilt and priced.

    Args:
        walk: What sliders through a latent space ask for.
        model: Which latent space.

    Attributes:
        mine: The picture.
        back: Button that leads to where it lies.
        switched: What is to be done when another latent space was chosen: the handler, its inputs and outputs.
    """

    def __init__(self, walk: Walk, model: gr.Radio) -> None:
        self.walk = walk
        first = FIRST_EXAMPLE
        self.mine = gr.State(first)
        _, _, *pictures, bars_on_arrival, _, _ = self.show(first, walk.first)
        bound_on_arrival, curve_on_arrival = self.price(first, walk.first)
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("walk", walk.models, walk.cards, first)
            with gr.Column(scale=9):
                with gr.Row(elem_classes="walk-pictures"):
                    original = PictureView(pictures[0], title="What it sees", elem_id="walk-seen")
                    mean = PictureView(pictures[1], title="Rebuilt: mean", elem_id="walk-mean")
                    scale = PictureView(pictures[2], title="spread", elem_id="walk-scale")
                    draw = PictureView(pictures[3], title="a draw", elem_id="walk-draw")
                self.back = gr.Button("Walk from here", size="md")
                with gr.Row(elem_classes="walk-row"):
                    with gr.Column(scale=6, min_width=280):
                        bound = gr.HTML(
                            bound_on_arrival, css_template=BOUND_CSS, js_on_load=WANTED, elem_id="walk-bound"
                        )
                        curve = gr.HTML(curve_on_arrival, css_template=BOUND_CSS, elem_id="walk-curve")
                    with gr.Column(scale=5, min_width=240):
                        bars = gr.HTML(bars_on_arrival, css_template=BOUND_CSS, elem_id="walk-kl")
        outputs = [given.note, self.mine, original, mean, scale, draw, bars, bound, curve]

        given.connect(self.show, [model], outputs, "walk_rebuild")
        self.switched = self.show, [self.mine, model], outputs
        bound.wanted(self.price, [self.mine, model], [bound, curve], **LIVE)

    def show(self, mine: UserPicture, name: str) -> tuple[Any, ...]:
        """A picture, rebuilt; its price follows."""
        models = self.walk.models
        original = model_input(models, mine, name)
        rebuilt = latent.rebuild(models.variational(name), original.image)
        unit = "grey levels" if len(rebuilt.mean) == 1 else "levels"
        spread = magma(rebuilt.scale[0], "The standard deviation of every pixel", unit, SPREAD)
        return (
            note_html(original.source),
            mine,
            plain(original.image[0], "The picture as the model sees it"),
            plain(rebuilt.mean, "Reconstruction: the mean of every pixel"),
            spread,
            plain(rebuilt.draw, "Reconstruction: the pixels drawn"),
            kl_bars(rebuilt.kl_per_dim, models.atlas(name).kl.tolist(), dataset_of(self.walk.cards[name].dataset)),
            WAITING,
            WAITING,
        )

    def price(self, mine: UserPicture, name: str) -> tuple[str, str]:
        """What the model says of its probability: long enough in the making to be waited for."""
        models, card = self.walk.models, self.walk.cards[name]
        price = latent.price(models.variational(name), model_input(models, mine, name).image)
        return bound_bar(price, card), bound_curve(price, card)
