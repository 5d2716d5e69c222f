"""The view "Walk": a slider for every dimension of a latent space, and the picture that they move."""

from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo import latent
from demo.models import Models
from demo.vae_words import distance, view_line
from demo.walk_pictures import checked_seed, told
from demo.widgets.latent_sliders import LatentSliders
from gm_core import VAE
from gm_core.evaluation.atlas import LEAST_KL

NAMES = ("mnist-vae", "mnist-vae2d")
FIRST_SEED = 13

NEIGHBOURS = 15
"""Held-out pictures that say what is near a point."""

Value = dict[str, Any]


class Walk:
    """What sliders through a latent space ask for.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models

    def place(self, name: str, z: list[float], words: str = "") -> Value:
        """Where the sliders are to stand: a slider a coordinate, those that carry most of a picture first.

        Args:
            name: The model.
            z: The point.
            words: Where it comes from, if that is worth saying.
        """
        kl = self.models.atlas(name).kl.tolist()
        order = sorted(range(len(kl)), key=lambda index: -kl[index])
        axes = [
            {
                "label": f"z{index + 1}",
                "note": f"Carries {kl[index]:.2f} nats of a real digit on average. Double-click: back to 0",
                "index": index,
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
                "unused": kl[index] < LEAST_KL,
            }
            for index in order
        ]
        at = [latent.bounded(torch.tensor(z))[index] for index in order]
        return {"model": name, "base": [0.0] * len(kl), "axes": axes, "at": at, "origin": words}

    def model(self, sent: Value) -> tuple[str, VAE]:
        """The model that was named.

        Raises:
            latent.PointError: There is none of that name.
        """
        name = sent.get("model")
        if name not in NAMES:
            raise latent.PointError(f"A latent space is that of {' or '.join(NAMES)}.")
        return str(name), self.models.vae(str(name))

    def point(self, sent: object) -> tuple[str, Tensor]:
        """The point where sliders stand: the model, and what :meth:`place` made of the point, both checked.

        Raises:
            latent.PointError: It is no place.
        """
        if not isinstance(sent, dict):
            raise latent.PointError("A place is a model, and where its sliders stand.")
        name, vae = self.model(sent)
        order, at = self.place(name, [0.0] * vae.config.latent)["axes"], latent.point(vae, sent.get("at"))
        z = torch.zeros(vae.config.latent)
        z[[axis["index"] for axis in order]] = at
        return name, z

    def along(self, sent: Value) -> Value:
        """Pictures along lines; see :func:`demo.latent.lines`."""
        _, vae = self.model(sent)
        shown = latent.lines(vae, sent.get("ends"), sent.get("count"), latent.view_of(sent.get("view")))
        return {"pictures": latent.packed(shown)}

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        _, vae = self.model(sent)
        view, z = latent.view_of(sent.get("view")), latent.point(vae, sent.get("z"), latent.FAR)
        reading = view_line(view) + distance(vae.config.latent, float(z.norm()), latent.share_nearer(vae, z))
        return {"pictures": latent.packed(latent.picture(vae, z, view)), "reading": reading}

    def prior(self, sent: Value) -> Value:
        """A draw from the prior, in the sliders' order."""
        name, vae = self.model(sent)
        return {"z": self.place(name, latent.drawn(vae, checked_seed(sent.get("seed"))))["at"]}


class WalkView:
    """Sliders beside the picture that they move.

    Args:
        walk: What they ask for.

    Attributes:
        sliders: The component; its value is a place.
    """

    def __init__(self, walk: Walk) -> None:
        name = NAMES[0]
        self.sliders = LatentSliders(
            walk.place(name, latent.drawn(walk.models.vae(name), FIRST_SEED)),
            lines=told(walk.along),
            look=told(walk.look),
            prior=told(walk.prior),
            caption="those that say most of a digit first",
            elem_id="walk-sliders",
        )

    def switched(self, walk: Walk, name: str, value: object, places: dict[str, list[float]]) -> tuple[Any, ...]:
        """The other latent space; where one was in this one is kept.

        Args:
            walk: What the sliders ask for.
            name: The model to go to.
            value: Where the sliders stand.
            places: Where one was in each space.

        Returns:
            The places, and where the sliders are to stand.
        """
        left, z = walk.point(value)
        places = places | {left: z.tolist()}
        return places, walk.place(name, places.get(name) or latent.drawn(walk.models.vae(name), FIRST_SEED))


def set_from(walk: Walk, name: str, z: Tensor, words: str) -> Value:
    """Sliders at a point that was found elsewhere, cut to their range with a word about it."""
    if float(z.abs().max()) > latent.LIMIT:
        gr.Info(f"The model puts this picture beyond the sliders' range: cut at ±{latent.LIMIT:g}.")
    return walk.place(name, z.tolist(), words)
