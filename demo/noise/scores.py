"""What widgets ask about a picture: how likely it is, by a model, exact, as a lower bound or as an estimate."""

import base64
import binascii
import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import is_index
from demo.base.errors import Answer, InputError
from demo.base.serving.waiting import while_wanted
from demo.shared.models import Models
from gm_core import Bounded, Card, Density, Estimated, Frame, Inverts, NoiseFrame, in_levels

BATCHES, BATCH = 8, 16
"""Draws of the noise that a bound is the mean of: within a batch a model may spread them evenly, so that the error is
that of the mean of the batches."""

ESTIMATE_DRAWS = 4
"""Of an estimate, each of which may take a second."""

MOST_BATCHES = 1000
"""That may be asked for of one picture, one by one."""

READINGS: dict[str, type] = {"exact": Density, "bound": Bounded, "estimate": Estimated}
"""Kinds of figures of log p(x), and what a model must be able to do."""

NAMES = {"exact": "exact density", "bound": "bound of its density", "estimate": "estimate of its density"}

_FIGURES = {
    "exact": ("bits_per_dim",),
    "bound": ("bound_bits_per_dim", "elbo_bits_per_dim"),
    "estimate": ("estimated_bits_per_dim", "importance_weighted_bits_per_dim"),
}
"""What cards call them."""


def readings(card: Card) -> list[str]:
    """What there is of a model's density."""
    return [name for name, capability in READINGS.items() if card.has(capability)]


def usual_bits(card: Card) -> dict[str, float]:
    """Bits per value of test pictures, by the kind of figure, where they were measured."""
    found = {kind: next(filter(None, map(card.value, names)), None) for kind, names in _FIGURES.items()}
    return {kind: bits for kind, bits in found.items() if bits is not None}


class Scores:
    """Answers questions about log p(x); each is checked, for any client can send one.

    Args:
        models: The app's models.
        cards: The cards of those that may be asked about, by name.
    """

    def __init__(self, models: Models, cards: Mapping[str, Card]) -> None:
        self.models, self.cards = models, cards

    def functions(self) -> dict[str, Answer]:
        """The player's questions, by name."""
        return {"density": self.density, "estimate": self.estimate, "steps": self.steps}

    def density(self, sent: Any) -> dict[str, Any]:
        """What is quick: log p(x) of a picture, exact, or a lower bound of it.

        Returns:
            ``nats``, their ``error`` if the figure is random, its ``kind``, and the ``bits`` per value.

        Raises:
            InputError: The model has neither, or the question is not as it must be.
        """
        name, image = self.read(sent)
        model = self.models.model(name)
        with torch.no_grad():
            if isinstance(model, Density):
                return self._figure(name, "exact", model.log_prob(image), 1)
            if isinstance(model, Bounded):
                means = [_bound(model, image, batch) for batch in while_wanted(range(BATCHES))]
                return self._figure(name, "bound", torch.stack(means), BATCHES * BATCH)
        raise InputError("This model has no density and no bound that is quick to compute.")

    def estimate(self, sent: Any) -> dict[str, Any]:
        """What takes seconds: an estimate of log p(x) of a picture; the answer is as for :meth:`density`.

        Raises:
            InputError: The model has none, or the question is not as it must be.
        """
        name, image = self.read(sent)
        if not self.cards[name].has(Estimated):
            raise InputError("This model has no estimate of its density.")
        return self._estimate(name, image, 0, samples=ESTIMATE_DRAWS)

    def steps(self, sent: Any) -> dict[str, Any]:
        """What each step from noise to a picture adds to log p(x), by one draw of what is random.

        Returns:
            ``start``, the nats of the noise itself and of the place within the levels; the ``steps`` from noise to the
            picture, each with the ``title`` of the moment where it begins, the ``nats`` that it adds, and ``at``, where
            on the way it ends, from 0 to 1; and the ``total``.

        Raises:
            InputError: The model has no such steps, or the question is not as it must be.
        """
        name, image = self.read(sent)
        if not self.cards[name].has(Inverts):
            raise InputError("This model has no steps that lead from noise to a picture and back.")
        model: Any = self.models.model(name)
        with torch.no_grad():
            way = model.to_noise(image, generator=torch.Generator().manual_seed(0), terms=True)
            first, *others = while_wanted(way)
        steps = [
            {
                "title": frame.title,
                "at": 1.0 if before is first else way_share(before.total - 1 - before.index, before),
                "nats": sum(float(nats) for term, nats in frame.terms.items() if term != "prior"),
            }
            for before, frame in itertools.pairwise([first, *others])
        ]
        start = sum(float(nats) for nats in first.terms.values()) + float(others[-1].terms["prior"])
        total = start + sum(step["nats"] for step in steps)
        return {"start": start, "steps": steps[::-1], "total": total}

    def score(self, sent: Any) -> dict[str, Any]:
        """One figure of a picture, of one batch of draws where it is random.

        Args:
            sent: As for the others, and the ``reading``: one of :data:`READINGS`; and the number of the ``batch``,
                whose draws are others than those of other batches, and always the same.

        Returns:
            As for :meth:`density`, where the ``error`` of a single draw is ``None``; and the ``draws``.

        Raises:
            InputError: The model has no such figure, or the question is not as it must be.
        """
        name, image = self.read(sent)
        reading, batch = sent.get("reading"), sent.get("batch")
        if not isinstance(reading, str) or reading not in READINGS:
            raise InputError(f"The reading must be one of {', '.join(READINGS)}.")
        if not is_index(batch, MOST_BATCHES):
            raise InputError(f"The batch must be a whole number from 0 to {MOST_BATCHES - 1}.")
        if reading not in readings(self.cards[name]):
            raise InputError(f"This model has no {NAMES[reading]}.")
        if reading == "estimate":
            return self._estimate(name, image, batch)
        model: Any = self.models.model(name)
        with torch.no_grad():
            if reading == "exact":
                return self._figure(name, reading, model.log_prob(image), 1)
            return self._figure(name, reading, _bound(model, image, batch)[None], BATCH)

    def read(self, sent: Any) -> tuple[str, Tensor]:
        """A question as it came, checked: the model's name, and the picture in its levels, (1, C, H, W).

        Raises:
            InputError: Something in it is not as it must be.
        """
        name, text = sent.get("model"), sent.get("picture")
        if not isinstance(name, str) or name not in self.cards:
            raise InputError(f"The model must be one of {', '.join(self.cards)}.")
        shape = self.cards[name].model_config.image
        channels, height, width = shape.size
        try:
            content = base64.b64decode(text if isinstance(text, str) else "", validate=True)
        except (binascii.Error, ValueError):
            content = b""
        if len(content) != shape.values:
            raise InputError(f"The picture must be {shape.values} bytes in base64, row by row.")
        values = torch.frombuffer(bytearray(content), dtype=torch.uint8).view(1, height, width, channels)
        return name, in_levels(values.movedim(-1, 1).contiguous(), shape.levels)

    def _estimate(self, name: str, image: Tensor, batch: int, **options: Any) -> dict[str, Any]:
        """An estimate, of as many draws as are usual for the model where nothing else is said."""
        model: Any = self.models.model(name)
        with torch.no_grad():
            found = model.estimate(image, generator=torch.Generator().manual_seed(batch), **options)
        error = float(found.error[0])
        figure = self._figure(name, found.kind, found.value, found.samples)
        return figure | {"error": error if math.isfinite(error) else None}

    def _figure(self, name: str, kind: str, values: Tensor, draws: int) -> dict[str, Any]:
        """A figure as widgets take it: the mean of some values, and its standard error."""
        mean = float(values.double().mean())
        error = float(values.double().std()) / math.sqrt(len(values)) if len(values) > 1 else None
        bits = -mean / (self.cards[name].model_config.image.values * math.log(2))
        return {"kind": kind, "nats": mean, "error": error, "draws": draws, "bits": bits}


def way_share(index: int, frame: Frame) -> float:
    """Where on the way from noise to a picture a frame is, from 0 to 1: by its time, else by its number from there."""
    return frame.time if isinstance(frame, NoiseFrame) else index / (frame.total - 1)


def _bound(model: Bounded, image: Tensor, batch: int) -> Tensor:
    """The mean of a batch of draws of a bound, a number of nats.

    Of one picture many times over: what is random is drawn anew for each.
    """
    many = image.expand(BATCH, -1, -1, -1)
    return model.bound(many, generator=torch.Generator().manual_seed(batch)).value.mean()
