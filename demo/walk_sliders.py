"""The view "Walk": a slider for every dimension of a latent space, and the picture that they move."""

import logging
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo import latent
from demo.domains import DOMAINS
from demo.models import Models
from demo.vae_words import distance, domain_of, noun, view_line
from demo.walk_pictures import checked_seed, told
from demo.widgets.latent_sliders import LatentSliders
from gm_core import VAE, Card, CheckpointError, available
from gm_core.evaluation.atlas import LEAST_KL

FIRST_SEED, FIRST_SEEDS = 13, {"fashion-vae": 25, "cifar10-vae": 0}
"""Seed of the point where a walk begins; of some models another."""

SHOWN = 16
"""Sliders at once: those that say most. Others are folded away, as are those that the model does not use."""

NEIGHBOURS = 15
"""Held-out pictures that say what is near a point."""

Value = dict[str, Any]


class Walk:
    """What sliders through a latent space ask for.

    Args:
        models: The app's models.

    Attributes:
        cards: Of the VAEs whose latent space can be walked in, digits first.
        missing: Names of VAEs that cannot, for want of a file that fits.
    """

    def __init__(self, models: Models) -> None:
        self.models, self.cards, self.missing = models, dict[str, Card](), list[str]()
        for card in vaes():
            try:
                models.vae(card.name), models.atlas(card.name)  # here, so that choosing one later takes no time
            except CheckpointError as error:
                logging.getLogger(__name__).warning("%s", error)
                self.missing.append(card.name)
            else:
                self.cards[card.name] = card
        if not self.cards:
            raise CheckpointError("there is no VAE with an atlas to walk in")
        self.first = next(iter(self.cards))

    def place(self, name: str, z: list[float], words: str = "") -> Value:
        """Where the sliders are to stand: a slider a coordinate, those that carry most of a picture first.

        Args:
            name: The model.
            z: The point.
            words: Where it comes from, if that is worth saying.
        """
        kl, kind = self.models.atlas(name).kl.tolist(), noun(domain_of(self.cards[name].dataset))
        order = sorted(range(len(kl)), key=lambda index: -kl[index])
        axes = [
            {
                "label": f"z{index + 1}",
                "note": f"Carries {kl[index]:.2f} nats of a real {kind} on average. Double-click: back to 0",
                "index": index,
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
                "folded": nth >= SHOWN or kl[index] < LEAST_KL,
            }
            for nth, index in enumerate(order)
        ]
        inside = latent.bounded(torch.tensor(z))
        return {
            "model": name,
            **latent.shape(self.models.vae(name)),
            "base": [0.0] * len(kl),
            "axes": axes,
            "at": [inside[index] for index in order],
            "caption": f"those that say most of a {kind} first",
            "fold": folded([kl[index] for index in order]),
            "origin": words,
        }

    def model(self, sent: Value) -> tuple[str, VAE]:
        """The model that was named.

        Raises:
            latent.PointError: There is none of that name.
        """
        name = sent.get("model")
        if not isinstance(name, str) or name not in self.cards:
            raise latent.PointError(f"A latent space is that of {' or '.join(self.cards)}.")
        return name, self.models.vae(name)

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
        return latent.answer(shown)

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        _, vae = self.model(sent)
        view, z = latent.view_of(sent.get("view")), latent.point(vae, sent.get("z"), latent.FAR)
        reading = view_line(view) + distance(vae.config.latent, float(z.norm()), latent.share_nearer(vae, z))
        return latent.answer(latent.picture(vae, z, view)) | {"reading": reading}

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
        name = walk.first
        self.sliders = LatentSliders(
            walk.place(name, self.first(walk, name)),
            lines=told(walk.along),
            look=told(walk.look),
            prior=told(walk.prior),
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
        return places, walk.place(name, places.get(name) or self.first(walk, name))

    @staticmethod
    def first(walk: Walk, name: str) -> list[float]:
        """The point where a walk begins."""
        return latent.drawn(walk.models.vae(name), FIRST_SEEDS.get(name, FIRST_SEED))


def vaes() -> list[Card]:
    """The cards of all VAEs of pictures of 256 levels, digits first."""
    order = [*DOMAINS]
    cards = [card for card in available() if card.family == VAE.family and card.config.get("levels", 256) == 256]
    return sorted(cards, key=lambda card: (order.index(card.dataset) if card.dataset in order else 99, card.name))


def folded(kl: list[float]) -> str:
    """What the sliders are that are folded away.

    Args:
        kl: Mean KL of all dimensions, the largest first, nats.
    """
    rest = [nats for nth, nats in enumerate(kl) if nth >= SHOWN or nats < LEAST_KL]
    unused = sum(nats < LEAST_KL for nats in rest)
    dimensions = f"dimension{'s' * (len(rest) != 1)}"
    if len(rest) == unused:
        return f"{len(rest)} {dimensions} that the model does not use"
    idle = f", {unused} of which the model does not use" * bool(unused)
    return f"{len(rest)} more {dimensions}, of {rest[0]:.2g} nats or less each{idle}"


def set_from(walk: Walk, name: str, z: Tensor, words: str) -> Value:
    """Sliders at a point that was found elsewhere, cut to their range with a word about it."""
    if float(z.abs().max()) > latent.LIMIT:
        gr.Info(f"The model puts this picture beyond the sliders' range: cut at ±{latent.LIMIT:g}.")
    return walk.place(name, z.tolist(), words)
