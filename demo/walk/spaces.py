"""The latent spaces that can be walked in, and what sliders through them ask for."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import read_seed
from demo.base.errors import InputError
from demo.shared.models import Models
from demo.shared.taking import taken
from demo.walk import latent
from demo.walk.codes import decode_point, encode_point
from demo.walk.words import distance, view_line
from demo.widgets.latent_sliders import Axis, Place
from gm_core import Card, CheckpointError, Variational
from gm_core.data.catalog import place_of
from gm_core.studies.atlas.atlas import LEAST_KL, PRINCIPAL

SHOWN = PRINCIPAL
"""Sliders at once: the most informative ones. Others are folded away, as are those that the model does not use."""

ENOUGH = 0.5
"""Share of the KL that so many coordinates must carry to be worth a slider each."""

LEAST_CHANGE = 1e-3
"""A principal direction that changes pictures by a smaller share of what the first does is rounding: the codes of n
pictures differ in n - 1 directions at most."""

MOST_CHANGES = 64
"""Sliders that change a picture at most: the page sends them back with every picture."""

RESET = "Double-click to reset"

Value = dict[str, Any]


class Spaces:
    """Latent spaces with an atlas; a model is loaded when something in its space is asked for.

    Args:
        models: The app's models.

    Attributes:
        cards: Of the models that can be chosen, digits first.
        dimensions: D of the latent space of each, by the model's name; its atlas says it, and no model is loaded.
        missing: Names of models that cannot, because they have no atlas that belongs to them.
        taken: What other tabs are told of each model's pictures.

    Raises:
        CheckpointError: There is no model to walk in.
    """

    def __init__(self, models: Models) -> None:
        self.models, self.cards, self.missing = models, dict[str, Card](), list[str]()
        self.dimensions: dict[str, int] = {}
        for card in variational_cards(models):
            try:
                self.dimensions[card.name] = len(models.atlas(card.name).kl)
                self.cards[card.name] = card
            except CheckpointError as error:
                logging.getLogger(__name__).warning("%s is left out: %s", card.name, error)
                self.missing.append(card.name)
        if not self.cards:
            raise CheckpointError("there is no VAE with an atlas to walk in; restore its files from the repository")
        self.first = next(iter(self.cards))
        self.taken = taken(models, self.cards.values())
        self._homes: dict[str, str] = {}

    def is_wide(self, name: str) -> bool:
        """Whether what a picture is, is spread over so many coordinates that none by itself says much."""
        kl = self.models.atlas(name).kl
        return float(kl.topk(min(SHOWN, len(kl))).values.sum()) < ENOUGH * float(kl.sum())

    def fitting(self, sent: Mapping[str, Any], name: str) -> str:
        """A latent space for a picture from another tab.

        Args:
            sent: Its ``height``, ``width`` and ``channels``, and if that is known the ``dataset`` that it looks like.
            name: The model that is there; it stays if it fits.
        """
        shape = tuple(sent.get(side) for side in ("channels", "height", "width"))
        dataset = sent.get("dataset")
        fits = [key for key, card in self.cards.items() if dataset in (None, card.dataset)] or list(self.cards)
        fits = [key for key in fits if self.cards[key].record.image == shape] or fits
        return name if name in fits else fits[0]

    def place(self, name: str, z: list[float], origin: str = "") -> Place:
        """Where the sliders are to stand for a point.

        A slider is a coordinate, the most informative ones first. In a wide latent space it is a principal direction,
        and all stand at 0 at the picture that they change.

        Args:
            name: The model.
            z: The point.
            origin: Where it comes from, if that is worth saying.
        """
        place = self._place(name, z, origin)
        place["home"] = self._home(name)
        return place

    def decode(self, name: str, code: str) -> Place:
        """Where the sliders stand, as a link says it.

        Raises:
            InputError: The code is damaged.
        """
        count = self.dimensions[name]
        place = self._place(name, [0.0] * count)
        base = count if self.is_wide(name) else 0
        numbers = decode_point(code, base + len(place["axes"]))
        at = latent.check_numbers(numbers[base:], len(place["axes"])).tolist()
        return {**self.place(name, numbers[:base] or place["base"]), "at": at}

    def changes(self, name: str) -> int:
        """How many sliders change a picture: one toward each other class, and one for each attribute that varies."""
        atlas = self.models.atlas(name)
        axes = len(atlas.means) - 1 + sum(bool(direction.any()) for direction in atlas.directions.values())
        return min(axes, MOST_CHANGES)

    def decode_changes(self, name: str, code: str) -> list[float]:
        """How far these stand, as a link says it.

        Raises:
            InputError: The code is damaged.
        """
        count = self.changes(name)
        return latent.check_numbers(decode_point(code, count), count).tolist()

    def _home(self, name: str) -> str:
        """The code of where the sliders begin, as ``demo/widgets/latent_sliders`` makes it."""
        if name not in self._homes:
            place = self._place(name, self._beginning(name)[0])
            self._homes[name] = encode_point((place["base"] if self.is_wide(name) else []) + place["at"])
        return self._homes[name]

    def _place(self, name: str, z: list[float], origin: str = "") -> Place:
        wide, inside = self.is_wide(name), latent.clamp_to_sliders(torch.tensor(z))
        axes, caption, fold = self._principal_axes(name) if wide else self._coordinates(name)
        return {
            "model": name,
            **latent.picture_shape(self.cards[name].model_config.image),
            "base": z if wide else [0.0] * len(z),
            "axes": axes,
            "at": [0.0 if wide else inside[axis["index"]] for axis in axes],
            "origin": origin,
            "caption": caption,
            "fold": fold,
            "home": "",
        }

    def _principal_axes(self, name: str) -> tuple[list[Axis], str, str]:
        """A slider for each principal direction, what their order means, and nothing that is folded."""
        atlas, dataset = self.models.atlas(name), self.cards[name].record
        many, total = dataset.many, len(atlas.gains)
        axes: list[Axis] = [
            {
                "label": f"p{nth + 1}",
                "note": f"A step of 1, the standard deviation of real {many}, changes levels by {gain:.0f} on average. "
                f"{RESET}",
                "direction": [round(x, 5) for x in step],
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
            }
            for nth, (step, gain) in enumerate(zip(atlas.principal.tolist(), atlas.gains.tolist(), strict=False))
            if gain > LEAST_CHANGE * float(atlas.gains[0])
        ]
        if not axes:
            return axes, f"No direction is known here: to this model all held-out {many} are the same", ""
        share = atlas.gains[: len(axes)].square().sum() / atlas.gains.square().sum()
        return axes, f"{len(axes)} directions of {total}, {100 * share:.0f} % of how {many} differ; the rest stays", ""

    def _coordinates(self, name: str) -> tuple[list[Axis], str, str]:
        """A slider for each coordinate, what their order means, and what the folded ones are."""
        kl, kind = self.models.atlas(name).kl.tolist(), self.cards[name].record.noun
        order = sorted(range(len(kl)), key=lambda index: -kl[index])
        axes: list[Axis] = [
            {
                "label": f"z{index + 1}",
                "note": f"Carries {kl[index]:.2f} nats of a real {kind} on average. {RESET}",
                "index": index,
                "low": -latent.LIMIT,
                "high": latent.LIMIT,
                "folded": nth >= SHOWN or kl[index] < LEAST_KL,
            }
            for nth, index in enumerate(order)
        ]
        return axes, "most informative dimensions first", fold_summary([kl[index] for index in order])

    def model(self, sent: Value) -> tuple[str, Variational]:
        """The model that was named.

        Raises:
            InputError: There is none of that name.
        """
        name = self.check_name(sent.get("model"))
        return name, self.models.variational(name)

    def check_name(self, sent: object) -> str:
        """A latent space, by its model's name as a client sent it.

        Raises:
            InputError: There is none of that name.
        """
        if not isinstance(sent, str) or sent not in self.cards:
            raise InputError(f"There is no such latent space; choose {' or '.join(self.cards)}.")
        return sent

    def check_place(self, sent: object) -> Place:
        """Where sliders stand, as the browser sent it, checked.

        Raises:
            InputError: It is not a place.
        """
        if not isinstance(sent, dict):
            raise InputError("A place is a model, and where its sliders stand.")
        name, vae = self.model(sent)
        base = [0.0] * vae.dimensions
        if self.is_wide(name):
            base = latent.check_point(vae, sent.get("base"), latent.FAR).tolist()
        place = self.place(name, base)
        return {**place, "at": latent.check_numbers(sent.get("at"), len(place["axes"])).tolist()}

    def point(self, sent: object) -> tuple[str, Tensor]:
        """The point where sliders stand: the model, and the point, both checked.

        Raises:
            InputError: It is not a place.
        """
        place = self.check_place(sent)
        z = torch.tensor(place["base"])
        for axis, at in zip(place["axes"], place["at"], strict=True):
            if "index" in axis:
                z[axis["index"]] = at
            else:
                z += at * torch.tensor(axis["direction"])
        return place["model"], z

    def lines(self, sent: Value) -> Value:
        """Pictures along lines; see :func:`demo.walk.latent.lines`."""
        _, vae = self.model(sent)
        shown = latent.lines(vae, sent.get("ends"), sent.get("count"), latent.check_view(sent.get("view")))
        return latent.picture_answer(shown)

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        _, vae = self.model(sent)
        view, z = latent.check_view(sent.get("view")), latent.check_point(vae, sent.get("z"), latent.FAR)
        reading = view_line(view) + distance(vae.dimensions, float(z.norm()))
        return latent.picture_answer(latent.picture(vae, z, view)) | {"reading": reading}

    def prior(self, sent: Value) -> Value:
        """A random point of the prior: where sliders are to stand, ``at`` and ``base``."""
        name, vae = self.model(sent)
        place = self.place(name, latent.sample_prior(vae, read_seed(sent.get("seed"))))
        return {"at": place["at"], "base": place["base"]}

    def start(self, name: str, seed: int, code: int) -> tuple[list[float], str]:
        """A point to begin at, and where it comes from: a random one, or in a wide space that of a held-out picture.

        Random points of a wide space look like nothing, and moving from one to another shows nothing either.

        Args:
            name: The model.
            seed: Of the random point.
            code: Number of the held-out picture.
        """
        if not self.is_wide(name):
            return latent.sample_prior(self.models.variational(name), seed), f"drawn from the prior with seed {seed}"
        codes, one = self.models.atlas(name).codes, self.cards[name].record.one
        z = codes[code % len(codes)].clamp(-latent.FAR, latent.FAR)
        return z.tolist(), f"{one} that the model has not seen in training, encoded"

    def _beginning(self, name: str) -> tuple[list[float], str]:
        """The point at which a walk begins, and where it comes from."""
        first = self.cards[name].record.seeds.point
        return self.start(name, first, first)

    def first_place(self, name: str) -> Place:
        """Where a walk begins."""
        z, origin = self._beginning(name)
        return self.place(name, z, origin[:1].upper() + origin[1:] + "." if self.is_wide(name) else "")


def variational_cards(models: Models) -> list[Card]:
    """The cards of all latent models with a posterior, of pictures of 256 levels, digits first."""
    cards = [card for card in models.cards() if card.has(Variational) and card.model_config.image.levels == 256]
    return sorted(cards, key=lambda card: (place_of(card.dataset), card.name))


def fold_summary(kl: list[float]) -> str:
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
