"""The view "Edit": a picture moved along directions that mean something."""

from typing import Any

import gradio as gr
import torch

import gm_core
from demo import latent
from demo.vae_words import EDIT_NOTE, measured
from demo.walk_pictures import EMPTY, FIRST_EXAMPLE, LIVE, PRIVATE, Mine, PictureInput, example, plainly, told
from demo.walk_sliders import NAMES, Value, Walk
from demo.widgets.latent_sliders import LatentSliders
from demo.widgets.picture_view import PictureView, grey

TOWARD = 1.5
"""How far one may go toward another class, of the way between the classes' means."""

NEIGHBOURS = 15
"""Held-out pictures whose codes say which class a code is of."""


class Edit:
    """What the sliders with a meaning ask for.

    Args:
        walk: What sliders through a latent space ask for.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    @torch.inference_mode()
    def place(self, name: str, mine: Mine) -> Value:
        """A picture's place, and the directions one can take it in.

        Toward another class leads the difference between the mean codes of the two classes (its own is that of most of
        its neighbours); along an attribute, the change of the expected code with a standard deviation of it.

        Args:
            name: The model.
            mine: The picture.
        """
        atlas = self.walk.models.atlas(name)
        z = self.walk.models.vae(name).encode(mine.image).mean[0].cpu()
        nearest = (atlas.codes - z).norm(dim=1).topk(NEIGHBOURS, largest=False).indices
        own = int(atlas.labels[nearest].mode().values)
        axes: list[Value] = [
            {
                "label": attribute,
                "note": f"Standard deviations of the {attribute} of real digits. Double-click: back to 0",
                "direction": direction.tolist(),
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
            }
            for attribute, direction in atlas.directions.items()
        ]
        axes += [
            {
                "label": f"toward {label}",
                "note": f"1 is the way from the mean {atlas.class_names[own]} to the mean {label}. Double-click: back",
                "direction": (atlas.class_codes[k] - atlas.class_codes[own]).tolist(),
                "low": 0.0,
                "high": TOWARD,
            }
            for k, label in enumerate(atlas.class_names)
            if k != own
        ]
        return {
            "model": name,
            "base": z.clamp(-latent.FAR, latent.FAR).tolist(),
            "axes": axes,
            "at": [0.0] * len(axes),
            "origin": f"Most of its neighbours in latent space are {atlas.class_names[own]}s.",
        }

    def look(self, sent: Value) -> Value:
        """The picture at a point, and its attributes as measured from its pixels."""
        name, vae = self.walk.model(sent)
        view, z = latent.view_of(sent.get("view")), latent.point(vae, sent.get("z"), latent.FAR)
        mean = latent.picture(vae, z)[None, None]
        atlas = self.walk.models.atlas(name)
        values = {"thickness": float(gm_core.thickness(mean)), "slant": float(gm_core.slant(mean))}
        shown = latent.picture(vae, z, view)
        return {"pictures": latent.packed(shown), "reading": measured(values, atlas.attributes)}


class EditView:
    """A picture, and sliders that change it.

    Args:
        app: The app.
        walk: What sliders through a latent space ask for.
        model: Which latent space.
    """

    def __init__(self, app: gr.Blocks, walk: Walk, model: gr.Radio) -> None:
        edit = Edit(walk)
        first = example(walk.models, FIRST_EXAMPLE)
        self.mine = gr.State(first)
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("edit", first)
                seen = PictureView(grey(first.image[0, 0], "Your picture"), title="What it sees", elem_id="edit-seen")
            with gr.Column(scale=9):
                self.sliders = LatentSliders(
                    edit.place(NAMES[0], first), lines=told(walk.along), look=told(edit.look), elem_id="edit-sliders"
                )
                gr.HTML(EDIT_NOTE)

        def taken(mine: Mine, name: str) -> tuple[Any, ...]:
            return mine, grey(mine.image[0, 0], "Your picture, as the model sees it"), edit.place(name, mine)

        given.connect(walk.models, taken, [model], [self.mine, seen, self.sliders], "walk_edit")

        @plainly
        def switched(name: str, mine: Mine | None) -> Value:
            if mine is None:
                raise gm_core.PictureError(EMPTY)
            return edit.place(name, mine)

        model.change(switched, [model, self.mine], self.sliders, **PRIVATE, **LIVE)
