"""The view "Walk": a slider for every dimension of a latent space, and the picture that they move."""

from typing import Any

import gradio as gr
from torch import Tensor

from demo.walk import latent
from demo.walk.links import Link
from demo.walk.spaces import Spaces, Value
from demo.widgets.latent_sliders import LatentSliders, Place

Places = dict[str, Value]
"""Where the sliders stood in each latent space when it was left: ``base`` and ``at``."""


class SlidersView:
    """Sliders beside the picture that they move.

    Args:
        spaces: The latent spaces.

    Attributes:
        sliders: The component; its value is a place.
        inputs: What :meth:`show` needs besides the model's name.
        outputs: What it sets.
    """

    def __init__(self, spaces: Spaces) -> None:
        self.spaces, places = spaces, gr.State({})
        self.sliders = LatentSliders(
            lines=spaces.lines,
            look=spaces.look,
            prior=spaces.prior,
            taken=spaces.taken,
            field="z",
            elem_id="walk-sliders",
        )
        self.inputs, self.outputs = [self.sliders, places], [self.sliders, places]

    def show(self, name: str, value: object, places: Places) -> tuple[Place, Places]:
        """The sliders of a latent space; where they stood in the one that is left is kept."""
        return switch_place(self.spaces, name, value, places)

    def arrive(self, link: Link, anew: bool, value: object, places: Places) -> tuple[Place, Places]:
        """The sliders where a link says."""
        if anew and value is not None:
            return self.show(link.space, value, places)
        return link.place or self.spaces.first_place(link.space), places


def switch_place(spaces: Spaces, name: str, value: object, places: Places) -> tuple[Place, Places]:
    """Go from one latent space to another.

    Args:
        spaces: The latent spaces.
        name: The model to go to.
        value: Where the sliders stand, as the browser sent it; ``None`` on arrival.
        places: Where they stood in each space.

    Returns:
        Where the sliders are to stand: where they were left, if the space was seen before; and the places.

    Raises:
        InputError: The sliders do not stand at a place.
    """
    if value is not None:
        left = spaces.check_place(value)
        places = places | {left["model"]: {part: left[part] for part in ("base", "at")}}
    known: Any = places.get(name)
    return spaces.place(name, known["base"]) | known if known else spaces.first_place(name), places


def place_at(spaces: Spaces, name: str, z: Tensor, origin: str) -> Place:
    """Sliders at a point that was found elsewhere, cut to their range with a word about it.

    Args:
        spaces: The latent spaces.
        name: The model.
        z: The point, (D,).
        origin: Where it comes from.
    """
    if float(z.abs().max()) > latent.LIMIT and not spaces.is_wide(name):
        gr.Info(f"The code of this picture lies beyond the sliders' range: cut at ±{latent.LIMIT:g}.")
    return spaces.place(name, z.clamp(-latent.FAR, latent.FAR).tolist(), origin)
