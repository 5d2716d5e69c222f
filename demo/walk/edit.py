"""The view "Edit": a picture moved along directions that mean something."""

from typing import Any

import gradio as gr
import torch

from demo.base.checks import is_number
from demo.base.words import note_html
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.sliders import NEIGHBOURS, Value, Walk
from demo.walk.words import edit_note, measured, neighbours
from demo.widgets.latent_sliders import Axis, LatentSliders, Place
from demo.widgets.picture_view import PictureValue, PictureView, plain
from gm_core.data.catalog import dataset_of
from gm_core.studies.atlas.attributes import ATTRIBUTES

TOWARD = 2.0
"""How far one may go toward another class, of the way between the classes' means."""


class Edit:
    """What the sliders with a meaning ask for.

    Args:
        walk: What sliders through a latent space ask for.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    @torch.inference_mode()
    def place(self, name: str, mine: UserPicture) -> Place:
        """A picture's place, and the directions one can take it in.

        Toward another class leads the difference between the mean codes of the two classes (its own is that of most of
        its neighbours); along an attribute, the change of the expected code with a standard deviation of it.

        Args:
            name: The model.
            mine: The picture.
        """
        models, dataset = self.walk.models, dataset_of(self.walk.cards[name].dataset)
        atlas, vae = models.atlas(name), models.variational(name)
        z = vae.encode(model_input(models, mine, name).image).mean[0].cpu()
        own, _ = self.near(name, z)
        axes: list[Axis] = [
            {
                "label": attribute,
                "note": f"Standard deviations of the {attribute} of real {dataset.many}. Double-click: back to 0",
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
            **latent.shape(vae),
            "base": z.clamp(-latent.FAR, latent.FAR).tolist(),
            "axes": axes,
            "at": [0.0] * len(axes),
            "caption": "",
            "fold": "",
            "origin": "",
        }

    def changes(self, sent: object) -> dict[str, list[float]]:
        """How far sliders stand along their axes, by model; nothing for what is no place."""
        name, at = (sent.get("model"), sent.get("at")) if isinstance(sent, dict) else (None, None)
        if not isinstance(name, str) or name not in self.walk.cards or not isinstance(at, list):
            return {}
        atlas = self.walk.models.atlas(name)
        axes = len(atlas.class_names) - 1 + len(atlas.directions)
        good = len(at) == axes and all(is_number(x, -latent.LIMIT, latent.LIMIT) for x in at)
        return {name: at} if good else {}

    def near(self, name: str, z: torch.Tensor) -> tuple[int, int]:
        """The class of most held-out pictures near a point, and of how many of the :data:`NEIGHBOURS` nearest."""
        counts, _ = self.walk.models.atlas(name).neighbours(z, NEIGHBOURS)
        return int(counts.argmax()), int(counts.max())

    def look(self, sent: Value) -> Value:
        """The picture at a point, and its attributes as measured from its pixels."""
        name, vae = self.walk.model(sent)
        view, z = latent.view_of(sent.get("view")), latent.point(vae, sent.get("z"), latent.FAR)
        mean = latent.picture(vae, z)[None]
        atlas, dataset = self.walk.models.atlas(name), dataset_of(self.walk.cards[name].dataset)
        values = {attribute: float(ATTRIBUTES[attribute][0](mean)) for attribute in atlas.attributes}
        label, count = self.near(name, z)
        near = neighbours(count, NEIGHBOURS, dataset, atlas.class_names[label])
        reading = measured(values, atlas.attributes, dataset, near)
        return latent.answer(latent.picture(vae, z, view)) | {"reading": reading}


class EditView:
    """A picture, and sliders that change it.

    Args:
        walk: What sliders through a latent space ask for.
        model: Which latent space.

    Attributes:
        switched: What is to be done when another latent space was chosen: the handler, its inputs and outputs.
    """

    def __init__(self, walk: Walk, model: gr.Radio) -> None:
        edit, first, models = Edit(walk), FIRST_EXAMPLE, walk.models
        self.mine, kept = gr.State(first), gr.State({})
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("edit", models, walk.cards, first)
                image = model_input(models, first, walk.first).image[0]
                original = PictureView(plain(image, "Your picture"), title="What it sees", elem_id="edit-seen")
            with gr.Column(scale=9):
                self.sliders = LatentSliders(
                    edit.place(walk.first, first), lines=walk.along, look=edit.look, elem_id="edit-sliders"
                )
                note = gr.HTML(edit_note(walk.cards[walk.first]))
        picture = [given.note, original]

        def told_of(mine: UserPicture, name: str) -> tuple[str, PictureValue]:
            """The picture as the model sees it."""
            found = model_input(models, mine, name)
            return note_html(found.source), plain(found.image[0], "Your picture, as the model sees it")

        def taken(mine: UserPicture, name: str) -> tuple[Any, ...]:
            return *told_of(mine, name), mine, {}, edit.place(name, mine)

        given.connect(taken, [model], [*picture, self.mine, kept, self.sliders], "walk_edit")

        def switched(name: str, mine: UserPicture, left: object, kept: dict[str, list[float]]) -> tuple[Any, ...]:
            """The same picture in the other latent space; how it was changed in this one is kept."""
            places = kept | edit.changes(left)
            place = edit.place(name, mine)
            place["at"] = places.get(name, place["at"])
            return *told_of(mine, name), edit_note(walk.cards[name]), places, place

        inputs = [model, self.mine, self.sliders, kept]
        self.switched = switched, inputs, [*picture, note, kept, self.sliders]
