"""The view "Edit": a picture moved along directions that mean something."""

from typing import Any

import gradio as gr
import torch

from demo.base.checks import is_number
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.codes import encode_point
from demo.walk.links import Link
from demo.walk.spaces import MOST_CHANGES, RESET, SHOWN, Spaces, Value
from demo.walk.words import edit_note, measurements, neighbours
from demo.widgets.latent_sliders import Axis, LatentSliders, Place
from demo.widgets.picture_view import PictureView, plain
from gm_core.studies.atlas.attributes import ATTRIBUTES

TOWARD = 2.0
"""How far one may go toward another class, in units of the way between the classes' means."""

NEIGHBOURS = 15
"""Held-out pictures that say what is near a point."""

NOTHING = "no direction is known here: training pictures of one class do not differ in {names}, and there is no other"
NOT_ALL = "no slider for {names}: within a class, training pictures do not differ in it"


class Edit:
    """What the sliders with a meaning ask for.

    Args:
        spaces: The latent spaces.
    """

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces

    def place(self, name: str, picture: UserPicture) -> Place:
        """A picture's place, and the directions in which it can be changed.

        Toward another class leads the difference between the mean codes of the two classes (its own is that of most of
        its neighbours); along an attribute, the change of the expected code with a standard deviation of it. A class
        without training pictures has no mean, and an attribute that does not vary among them no direction.

        Args:
            name: The model.
            picture: The picture.
        """
        models, card = self.spaces.models, self.spaces.cards[name]
        atlas, many = models.atlas(name), card.record.many
        z = latent.encode(models.latent(name), model_input(models, picture, name).image)
        own = self._class_with_mean(name, z)
        axes: list[Axis] = [
            {
                "label": attribute,
                "note": f"Standard deviations of the {attribute} of real {many}. {RESET}",
                "direction": direction.tolist(),
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
            }
            for attribute, direction in atlas.directions.items()
            if bool(direction.any())
        ]
        axes += [
            {
                "label": f"toward {label}",
                "note": f"1 is the whole way from the mean {atlas.class_names[own]} to the mean {label}. {RESET}",
                "direction": (mean - atlas.means[own]).tolist(),
                "low": 0.0,
                "high": TOWARD,
            }
            for k, mean in atlas.means.items()
            if k != own
            for label in [atlas.class_names[k]]
        ]
        still = [attribute for attribute, direction in atlas.directions.items() if not bool(direction.any())]
        caption = NOT_ALL if axes else NOTHING
        axes = axes[:MOST_CHANGES]
        folded = [axis | {"folded": True} for axis in axes[SHOWN:]]
        return {
            "model": name,
            **latent.picture_shape(card.model_config.image),
            "base": z.clamp(-latent.FAR, latent.FAR).tolist(),
            "axes": axes[:SHOWN] + folded,
            "at": [0.0] * len(axes),
            "caption": caption.format(names=" and ".join(still)) if still else "",
            "fold": f"{len(folded)} more classes" if folded else "",
            "origin": "",
            "home": encode_point([0.0] * len(axes)) if picture == FIRST_EXAMPLE else "",  # a link says no other picture
        }

    def changes(self, sent: object) -> dict[str, list[float]]:
        """How far sliders stand along their axes, by model; nothing if they do not stand at a place."""
        name, at = (sent.get("model"), sent.get("at")) if isinstance(sent, dict) else (None, None)
        if not isinstance(name, str) or name not in self.spaces.cards or not isinstance(at, list):
            return {}
        good = len(at) == self.spaces.changes(name) and all(is_number(x, -latent.LIMIT, latent.LIMIT) for x in at)
        return {name: at} if good else {}

    def near(self, name: str, z: torch.Tensor) -> tuple[int, int, int]:
        """The class of most held-out pictures near a point, of how many of the nearest, and how many those are."""
        counts, _ = self.spaces.models.atlas(name).neighbours(z, NEIGHBOURS)
        return int(counts.argmax()), int(counts.max()), int(counts.sum())

    def _class_with_mean(self, name: str, z: torch.Tensor) -> int:
        """The class of a point, or, where that has no mean code, the one whose mean is nearest."""
        means, (own, *_) = self.spaces.models.atlas(name).means, self.near(name, z)
        return own if own in means else min(means, key=lambda label: float((means[label] - z).norm()))

    def look(self, sent: Value) -> Value:
        """The picture at a point, and its attributes as measured from its pixels."""
        name, vae = self.spaces.model(sent)
        view, z = latent.check_view(sent.get("view")), latent.check_point(vae, sent.get("z"), latent.FAR)
        mean = latent.picture(vae, z)[None]
        atlas, dataset = self.spaces.models.atlas(name), self.spaces.cards[name].record
        values = {attribute: float(ATTRIBUTES[attribute][0](mean)) for attribute in atlas.attributes}
        label, count, of = self.near(name, z)
        near = neighbours(count, of, dataset, atlas.class_names[label])
        reading = measurements(values, atlas.attributes, dataset, near)
        return latent.picture_answer(latent.picture(vae, z, view)) | {"reading": reading}


class EditView:
    """A picture, and sliders that change it.

    Args:
        spaces: The latent spaces.
        model: Which of them.

    Attributes:
        inputs: What :meth:`show` needs besides the model's name.
        outputs: What it sets.
    """

    def __init__(self, spaces: Spaces, model: gr.Radio) -> None:
        self.spaces, self.edit = spaces, Edit(spaces)
        picture, kept = gr.State(FIRST_EXAMPLE), gr.State({})
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=2, min_width=0, elem_classes="walk-given"):
                given = PictureInput("edit", spaces.models, spaces.cards)
                original = PictureView(title="Model input", elem_id="edit-seen")
            with gr.Column(scale=9):
                sliders = LatentSliders(
                    lines=spaces.lines, look=self.edit.look, taken=spaces.taken, field="edited", elem_id="edit-sliders"
                )
                note = gr.HTML()
        self.inputs = [picture, sliders, kept]
        self.outputs = [given.note, original, note, kept, sliders]
        given.connect(self.change, [model], [given.note, original, picture, kept, sliders], "walk_edit")

    def show(self, name: str, picture: UserPicture, value: object, kept: dict[str, list[float]]) -> tuple[Any, ...]:
        """A picture in a latent space; how it was changed in the one that is left is kept."""
        kept = kept | self.edit.changes(value)
        place = self.edit.place(name, picture)
        place["at"] = kept.get(name, place["at"])
        return *self._input(picture, name), edit_note(self.spaces.cards[name]), kept, place

    def arrive(self, link: Link, anew: bool, *values: Any) -> tuple[Any, ...]:
        """The same in the latent space of a link, changed as it says: it can only mean the first example."""
        picture, _, kept = values
        if picture != FIRST_EXAMPLE:
            return self.show(link.space, *values)
        return self.show(link.space, picture, None, kept | {link.space: link.edited} if link.edited else {})

    def change(self, picture: UserPicture, name: str) -> tuple[Any, ...]:
        """Another picture, not yet changed."""
        return *self._input(picture, name), picture, {}, self.edit.place(name, picture)

    def _input(self, picture: UserPicture, name: str) -> tuple[Any, ...]:
        """The picture as the model sees it, with where it comes from."""
        found = model_input(self.spaces.models, picture, name)
        return found.note, plain(found.image[0], "Your picture, as the model sees it")
