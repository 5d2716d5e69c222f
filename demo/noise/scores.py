"""What the player asks about a picture that it shows: how likely it is, by the model that drew it."""

import base64
import binascii
import math
from typing import Any

import torch
from torch import Tensor

from demo.base.errors import Answer, InputError
from demo.base.serving.waiting import while_wanted
from demo.shared.models import Models
from gm_core import Bounded, Card, Density, Estimated, in_levels

BATCHES, BATCH = 8, 16
"""Draws of the noise that a bound is the mean of: within a batch a model may spread them evenly, so that the error is
that of the mean of the batches."""

ESTIMATE_DRAWS = 4
"""Of an estimate, each of which may take a second."""


class Scores:
    """Answers the player's questions about log p(x); each is checked, for any client can send one.

    Args:
        models: The app's models.
        cards: The cards of those that draw, by name.
    """

    def __init__(self, models: Models, cards: dict[str, Card]) -> None:
        self.models, self.cards = models, cards

    def functions(self) -> dict[str, Answer]:
        """The answers, by the names that the player asks for them with."""
        return {"density": self.density, "estimate": self.estimate}

    def density(self, sent: Any) -> dict[str, Any]:
        """What is quick: log p(x) of a picture, exact, or a lower bound of it.

        Returns:
            ``nats``, their ``error`` if the figure is random, its ``kind``, and the ``bits`` per value.

        Raises:
            InputError: The model has neither, or the question is not as it must be.
        """
        name, image = self.read(sent)
        model: Any = self.models.streams(name)
        with torch.no_grad():
            if isinstance(model, Density):
                return self._figure(name, "exact", model.log_prob(image), 1)
            if isinstance(model, Bounded):
                # Of one picture many times over: what is random is drawn anew for each.
                many, generator = image.expand(BATCH, -1, -1, -1), torch.Generator().manual_seed(0)
                batches = [model.bound(many, generator=generator).value.mean() for _ in while_wanted(range(BATCHES))]
                return self._figure(name, "bound", torch.stack(batches), BATCHES * BATCH)
        raise InputError("This model has no density and no bound that is quick to compute.")

    def estimate(self, sent: Any) -> dict[str, Any]:
        """What takes seconds: an estimate of log p(x) of a picture; the answer is as for :meth:`density`.

        Raises:
            InputError: The model has none, or the question is not as it must be.
        """
        name, image = self.read(sent)
        model: Any = self.models.streams(name)
        if not isinstance(model, Estimated):
            raise InputError("This model has no estimate of its density.")
        with torch.no_grad():
            found = model.estimate(image, samples=ESTIMATE_DRAWS, generator=torch.Generator().manual_seed(0))
        return self._figure(name, found.kind, found.value, found.samples) | {"error": float(found.error[0])}

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

    def _figure(self, name: str, kind: str, values: Tensor, draws: int) -> dict[str, Any]:
        """A figure as the player takes it: the mean of some values, each of as many draws."""
        mean = float(values.double().mean())
        error = float(values.double().std()) / math.sqrt(len(values)) if len(values) > 1 else None
        bits = -mean / (self.cards[name].model_config.image.values * math.log(2))
        return {"kind": kind, "nats": mean, "error": error, "draws": draws, "bits": bits}
