"""The view "Walk": a slider for every dimension of a latent space, and the picture that they move."""

import logging
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.base.checks import read_seed
from demo.shared.models import Models
from demo.walk import latent
from demo.walk.words import distance, view_line
from demo.widgets.latent_sliders import Axis, LatentSliders, Place
from gm_core import Card, CheckpointError, Variational, available
from gm_core.data.catalog import dataset_of, place_of
from gm_core.studies.atlas.atlas import LEAST_KL, PRINCIPAL

FIRST_CODE = 30
"""Where a walk begins that is along principal directions: at this held-out picture."""

SHOWN = PRINCIPAL
"""Sliders at once: those that say most. Others are folded away, as are those that the model does not use."""

ENOUGH = 0.5
"""Share of the KL that so many coordinates must carry to be worth a slider each."""

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
                models.variational(card.name), models.atlas(card.name)  # here, so that choosing one later takes no time
            except CheckpointError as error:
                logging.getLogger(__name__).warning("%s", error)
                self.missing.append(card.name)
            else:
                self.cards[card.name] = card
        if not self.cards:
            raise CheckpointError("there is no VAE with an atlas to walk in")
        self.first = next(iter(self.cards))

    def is_wide(self, name: str) -> bool:
        """Whether what a picture is, is spread over so many coordinates that none by itself says much."""
        kl = self.models.atlas(name).kl
        return float(kl.topk(min(SHOWN, len(kl))).values.sum()) < ENOUGH * float(kl.sum())

    def place(self, name: str, z: list[float], words: str = "") -> Place:
        """Where the sliders are to stand for a point.

        A slider is a coordinate, those that carry most of a picture first. In a wide latent space it is a principal
        direction, and all stand at 0 where the picture is that they change.

        Args:
            name: The model.
            z: The point.
            words: Where it comes from, if that is worth saying.
        """
        wide, inside = self.is_wide(name), latent.bounded(torch.tensor(z))
        axes, caption, fold = self._principal_axes(name) if wide else self._coordinates(name)
        return {
            "model": name,
            **latent.shape(self.models.variational(name)),
            "base": z if wide else [0.0] * len(z),
            "axes": axes,
            "at": [0.0 if wide else inside[axis["index"]] for axis in axes],
            "origin": words,
            "caption": caption,
            "fold": fold,
        }

    def _principal_axes(self, name: str) -> tuple[list[Axis], str, str]:
        """A slider for each principal direction, what their order means, and nothing that is folded."""
        atlas, dataset = self.models.atlas(name), dataset_of(self.cards[name].dataset)
        many, (shown, dimensions) = dataset.many, atlas.principal.shape
        share = atlas.gains[:shown].square().sum() / atlas.gains.square().sum()
        axes: list[Axis] = [
            {
                "label": f"p{nth + 1}",
                "note": f"A step of 1, by which real {many} differ here, changes levels by {gain:.0f} on average. "
                "Double-click: back to 0",
                "direction": [round(x, 5) for x in step],
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
            }
            for nth, (step, gain) in enumerate(zip(atlas.principal.tolist(), atlas.gains.tolist(), strict=False))
        ]
        caption = f"{shown} directions of {dimensions}, {100 * share:.0f} % of how {many} differ; the rest stays"
        return axes, caption, ""

    def _coordinates(self, name: str) -> tuple[list[Axis], str, str]:
        """A slider for each coordinate, what their order means, and what the folded ones are."""
        kl, kind = self.models.atlas(name).kl.tolist(), dataset_of(self.cards[name].dataset).noun
        order = sorted(range(len(kl)), key=lambda index: -kl[index])
        axes: list[Axis] = [
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
        return axes, f"those that say most of a {kind} first", folded([kl[index] for index in order])

    def model(self, sent: Value) -> tuple[str, Variational]:
        """The model that was named.

        Raises:
            latent.PointError: There is none of that name.
        """
        name = sent.get("model")
        if not isinstance(name, str) or name not in self.cards:
            raise latent.PointError(f"A latent space is that of {' or '.join(self.cards)}.")
        return name, self.models.variational(name)

    def stand(self, sent: object) -> Place:
        """Where sliders stand, as the browser sent it: the place, with what was sent checked.

        Raises:
            latent.PointError: It is no place.
        """
        if not isinstance(sent, dict):
            raise latent.PointError("A place is a model, and where its sliders stand.")
        name, vae = self.model(sent)
        base = (
            latent.point(vae, sent.get("base"), latent.FAR).tolist() if self.is_wide(name) else [0.0] * vae.dimensions
        )
        place = self.place(name, base)
        return {**place, "at": latent.numbers(sent.get("at"), len(place["axes"])).tolist()}

    def point(self, sent: object) -> tuple[str, Tensor]:
        """The point where sliders stand: the model, and the point, both checked.

        Raises:
            latent.PointError: It is no place.
        """
        place = self.stand(sent)
        z = torch.tensor(place["base"])
        for axis, at in zip(place["axes"], place["at"], strict=True):
            if "index" in axis:
                z[axis["index"]] = at
            else:
                z += at * torch.tensor(axis["direction"])
        return place["model"], z

    def along(self, sent: Value) -> Value:
        """Pictures along lines; see :func:`demo.walk.latent.lines`."""
        _, vae = self.model(sent)
        shown = latent.lines(vae, sent.get("ends"), sent.get("count"), latent.view_of(sent.get("view")))
        return latent.answer(shown)

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        _, vae = self.model(sent)
        view, z = latent.view_of(sent.get("view")), latent.point(vae, sent.get("z"), latent.FAR)
        reading = view_line(view) + distance(vae.dimensions, float(z.norm()), latent.share_nearer(vae, z))
        return latent.answer(latent.picture(vae, z, view)) | {"reading": reading}

    def prior(self, sent: Value) -> Value:
        """A draw from the prior: where sliders are to stand, ``at`` and ``base``."""
        name, vae = self.model(sent)
        place = self.place(name, latent.drawn(vae, read_seed(sent.get("seed"))))
        return {"at": place["at"], "base": place["base"]}

    def beginning(self, name: str, seed: int, code: int) -> tuple[list[float], str]:
        """A point to begin at, and where it comes from: a draw from the prior, in a wide space a held-out picture.

        Draws from the prior of a wide space look like nothing, and there is no moving from one nothing to another.

        Args:
            name: The model.
            seed: Of the draw.
            code: Which held-out picture.
        """
        if not self.is_wide(name):
            return latent.drawn(self.models.variational(name), seed), f"drawn from the prior with seed {seed}"
        codes, one = self.models.atlas(name).codes, dataset_of(self.cards[name].dataset).one
        z = codes[code % len(codes)].clamp(-latent.FAR, latent.FAR)
        return z.tolist(), f"{one} that the model has not seen in training, encoded"


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
            self.first(walk, name),
            lines=walk.along,
            look=walk.look,
            prior=walk.prior,
            elem_id="walk-sliders",
        )

    def switched(self, walk: Walk, name: str, value: object, places: dict[str, Value]) -> tuple[Any, ...]:
        """The other latent space; where one was in this one is kept.

        Args:
            walk: What the sliders ask for.
            name: The model to go to.
            value: Where the sliders stand.
            places: Where one was in each space.

        Returns:
            The places, and where the sliders are to stand.
        """
        left = walk.stand(value)
        places = places | {left["model"]: {part: left[part] for part in ("base", "at")}}
        known = places.get(name)
        return places, walk.place(name, known["base"]) | known if known else self.first(walk, name)

    @staticmethod
    def first(walk: Walk, name: str) -> Place:
        """Where a walk begins."""
        z, words = walk.beginning(name, dataset_of(walk.cards[name].dataset).seeds.point, FIRST_CODE)
        return walk.place(name, z, words[:1].upper() + words[1:] + "." if walk.is_wide(name) else "")


def vaes() -> list[Card]:
    """The cards of all VAEs of pictures of 256 levels, digits first."""
    cards = [card for card in available() if card.has(Variational) and card.model_config.image.levels == 256]
    return sorted(cards, key=lambda card: (place_of(card.dataset), card.name))


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


def set_from(walk: Walk, name: str, z: Tensor, words: str) -> Place:
    """Sliders at a point that was found elsewhere, cut to their range with a word about it."""
    if float(z.abs().max()) > latent.LIMIT and not walk.is_wide(name):
        gr.Info(f"The model puts this picture beyond the sliders' range: cut at ±{latent.LIMIT:g}.")
    return walk.place(name, z.clamp(-latent.FAR, latent.FAR).tolist(), words)
