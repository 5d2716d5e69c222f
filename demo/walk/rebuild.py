"""The view "Rebuild": any picture squeezed through a VAE, and what the bound on its probability is made of."""

from typing import Any

import gradio as gr

from demo.base.errors import show_errors
from demo.base.events import LIVE
from demo.base.fields import StrictRadio
from demo.base.sessions import Session
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.bound import STYLE, bound_bar, bound_curve, estimate_bound, kl_bars, waiting
from demo.walk.links import Link
from demo.walk.spaces import Spaces
from demo.widgets.latent_sliders import SPREAD
from demo.widgets.picture_view import PictureView, magma, plain

WANTED = """
// The bound takes long: it is asked for when its place comes into view.
let visible = false;
const want = () => { if (visible && (props.value || "").includes('class="waiting"')) trigger("wanted"); };
new IntersectionObserver((entries) => { visible = entries.at(-1).isIntersecting; want(); }).observe(element);
watch("value", want);
"""


class Rebuild:
    """What the view shows, computed.

    Args:
        spaces: The latent spaces.
    """

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces

    def pictures(self, name: str, picture: UserPicture) -> tuple[Any, ...]:
        """Where a picture comes from, the picture, its mean, spread and sample, and the KL of each dimension."""
        models = self.spaces.models
        original = model_input(models, picture, name)
        rebuilt = latent.rebuild(models.variational(name), original.image)
        unit = "grey levels" if len(rebuilt.mean) == 1 else "levels"
        return (
            original.note,
            plain(original.image[0], "The picture as the model sees it"),
            plain(rebuilt.mean, "Reconstruction: the mean of every pixel"),
            magma(rebuilt.scale[0], "The standard deviation of every pixel", unit, SPREAD),
            plain(rebuilt.sample, "Reconstruction: a sample of the pixels"),
            kl_bars(rebuilt.kl_per_dim, models.atlas(name).kl.tolist(), self.spaces.cards[name].record),
        )

    def bound(self, name: str, picture: UserPicture) -> tuple[str, str]:
        """The bound on the picture's probability: its bar and its curve."""
        models, card = self.spaces.models, self.spaces.cards[name]
        estimate = estimate_bound(models.variational(name), model_input(models, picture, name).image)
        return bound_bar(estimate, card), bound_curve(estimate, card)


class RebuildView:
    """Any picture, rebuilt, and the bound on its probability.

    Args:
        spaces: The latent spaces.
        model: Which of them.

    Attributes:
        picture: The picture.
        back: Button that leads to where it lies.
        inputs: What :meth:`show` needs besides the model's name.
        outputs: What it sets.
    """

    def __init__(self, spaces: Spaces, model: gr.Radio) -> None:
        self.rebuild = Rebuild(spaces)
        self.picture, session = gr.State(FIRST_EXAMPLE), gr.State(Session())
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=0, elem_classes="walk-given"):
                given = PictureInput("walk", spaces.models, spaces.cards)
            with gr.Column(scale=9), gr.Row(elem_classes="walk-rebuilt"):
                with gr.Column(scale=3, elem_classes="walk-square"):
                    original = PictureView(title="Model input", elem_id="walk-seen")
                    self.back = gr.Button("Open this point in Walk", size="md")
                with gr.Column(scale=3, elem_classes="walk-square"):
                    mean = PictureView(title="Rebuilt: the mean of every pixel", elem_id="walk-mean")
                    scale = PictureView(title="Rebuilt: the spread of every pixel", elem_id="walk-scale")
                    sample = PictureView(title="Rebuilt: a sample of every pixel", elem_id="walk-draw")
                    StrictRadio(
                        ["mean", "spread", "a sample"],
                        value="mean",
                        label="Shown of every pixel",
                        show_label=False,
                        container=False,
                        elem_id="walk-shown",
                    )
                with gr.Column(scale=3, min_width=0):
                    bound = gr.HTML(css_template=STYLE, js_on_load=WANTED, elem_id="walk-bound")
        more = gr.Accordion("What does each dimension say, and how tight is the bound?", open=False)
        with more, gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=5, min_width=240):
                bars = gr.HTML(css_template=STYLE, elem_id="walk-kl")
            with gr.Column(scale=6, min_width=280):
                curve = gr.HTML(css_template=STYLE, elem_id="walk-curve")
        self.inputs = [self.picture, session]
        self.outputs = [given.note, self.picture, original, mean, scale, sample, bars, bound, curve]
        given.connect(self.change, [model, session], self.outputs, "walk_rebuild")
        bound.wanted(show_errors(self.bound), [model, *self.inputs], [bound, curve], **LIVE)

    def show(self, name: str, picture: UserPicture, session: Session) -> tuple[Any, ...]:
        """A picture, rebuilt; the bound follows."""
        note, *pictures = self.rebuild.pictures(name, picture)
        wait = waiting(session.begin())
        return note, picture, *pictures, wait, wait

    def arrive(self, link: Link, anew: bool, picture: UserPicture, session: Session) -> tuple[Any, ...]:
        """The same in the latent space of a link."""
        return self.show(link.space, picture, session)

    def change(self, picture: UserPicture, name: str, session: Session) -> tuple[Any, ...]:
        """Another picture."""
        return self.show(name, picture, session)

    def bound(self, name: str, picture: UserPicture, session: Session) -> Any:
        """The bound on the picture's probability, unless another picture has come meanwhile."""
        run = session.run
        charts = self.rebuild.bound(name, picture)
        return charts if session.is_current(run) else gr.skip()
