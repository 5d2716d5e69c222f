"""What the view "Steps against quality" asks: sixteen pictures in so many steps, and the curves that were measured."""

import time
from typing import Any, TypedDict

import torch
from torch import Tensor

from demo.base.checks import is_index, is_number
from demo.base.errors import Answer, InputError
from demo.base.packing import pack_pictures
from demo.base.serving.waiting import while_wanted
from demo.noise.drawings import LAST_SEED, WRONG_SEED, Drawings
from demo.shared.models import Models
from gm_core import Card
from gm_core.models.latents import draw_latents
from gm_core.rendering import visible
from gm_core.studies import PACES
from gm_core.studies.first_seeds import read_probabilities
from gm_core.studies.pace import Curve, PaceStudy, stations

PICTURES = 16
MOST_PASSES = 256
"""Passes through the network, each of one picture, in a question; one picture may always be asked for."""
MOST_GUIDANCE = 5.0

WRONG_PART = f"The pictures must be some of the {PICTURES}: the first, and how many."
WRONG_GUIDANCE = f"The guidance must be a number from 0 to {MOST_GUIDANCE:g}."


class Points(TypedDict):
    """A curve: places, calls and milliseconds for a picture, and each figure's values with their standard errors."""

    at: list[float]
    calls: list[int]
    milliseconds: list[float]
    figures: dict[str, list[list[float]]]


class Curves(TypedDict):
    """All curves of a model, as a :class:`~gm_core.studies.pace.PaceStudy` has them."""

    methods: dict[str, Points]
    guidance: Points | None
    guided: tuple[str, int]
    floors: dict[str, tuple[float, float]]
    pictures: int


class Sheets:
    """Answers the view's questions; each is checked, for any client can send one.

    Args:
        models: The app's models.
        drawings: What is known of those that make pictures of noise.

    Attributes:
        cards: Of the models that take any number of steps, by name.
    """

    def __init__(self, models: Models, drawings: Drawings) -> None:
        self.models, self.drawings = models, drawings
        self.cards = {name: card for name, card in drawings.cards.items() if drawings.is_paced(name)}

    def functions(self) -> dict[str, Answer]:
        """The answers, by the names that the view asks for them with."""
        return {"sheet": self.sheet, "curves": self.curves}

    def labels(self, name: str) -> Tensor:
        """What the sixteen pictures are asked to be, ``int64`` (16,): every class in turn; any where there are none."""
        classes = self.cards[name].model_config.classes
        return torch.arange(PICTURES) % classes if classes else torch.full((PICTURES,), -1)

    def sheet(self, sent: Any) -> dict[str, Any]:
        """Some of the sixteen pictures of a seed: the same whatever is asked for with them.

        Args:
            sent: ``model``, ``method``, ``steps``, ``guidance``, ``seed``; ``first`` and ``count`` of the pictures.

        Returns:
            ``images``, base64 of their levels; as what a classifier ``reads`` each, how ``sure`` it is, and whether
            that is what was asked for, ``right``, if there is one; ``calls`` for each picture, and the ``seconds``
            that the processor was busy.

        Raises:
            InputError: The question is not as it must be.
        """
        card, options, first, count = self._read(sent)
        model: Any = self.models.streams(card.name)
        labels = self.labels(card.name)[first : first + count]
        generator = torch.Generator().manual_seed(int(sent["seed"]))
        if first:  # noise is drawn picture by picture: past that of those before
            draw_latents(first, card.model_config.image.values, generator)
        begin = time.thread_time()
        *_, last = while_wanted(model.stream(count, labels, generator=generator, **options))
        seconds = time.thread_time() - begin
        images = pack_pictures(visible(last.images, card.model_config.image.levels))
        return {"images": images, "calls": last.calls, "seconds": seconds, **self._reading(card, last.images, labels)}

    def curves(self, sent: Any) -> Curves:
        """What was measured of a model.

        Args:
            sent: ``model``.

        Raises:
            InputError: There is no such model.
            CheckpointError: It was not measured.
        """
        study: PaceStudy = self.models.pace(self._card(sent).name)
        return {
            "methods": {name: _points(curve) for name, curve in study.methods.items()},
            "guidance": _points(study.guidance) if study.guidance else None,
            "guided": study.guided,
            "floors": study.floors,
            "pictures": study.pictures,
        }

    def is_measured(self, name: str) -> bool:
        """Whether there are curves of a model."""
        return self.models.has(PACES.name(name))

    def _card(self, sent: Any) -> Card:
        name = sent.get("model") if isinstance(sent, dict) else None
        if not isinstance(name, str) or name not in self.cards:
            raise InputError(f"The model must be one of {', '.join(self.cards)}.")
        return self.cards[name]

    def _read(self, sent: Any) -> tuple[Card, dict[str, Any], int, int]:
        """A question as it came, checked: the model's card, how it is to draw, the first picture and how many."""
        card = self._card(sent)
        methods = self.drawings.methods(card.name)
        method, steps, guidance, seed = (sent.get(key) for key in ("method", "steps", "guidance", "seed"))
        first, count = sent.get("first"), sent.get("count")
        if not isinstance(method, str) or method not in methods:
            raise InputError(f"Choose how a step is taken: {', '.join(methods)}.")
        allowed = stations(methods[method])
        if not (is_index(steps, allowed[-1] + 1) and steps in allowed):
            raise InputError(f"The steps must be one of {', '.join(map(str, allowed))}.")
        if not is_number(guidance, 0, MOST_GUIDANCE):
            raise InputError(WRONG_GUIDANCE)
        if not (is_number(seed, 0, LAST_SEED) and seed == int(seed)):
            raise InputError(WRONG_SEED)
        if not (is_index(first, PICTURES) and is_index(count, PICTURES - first + 1) and count):
            raise InputError(WRONG_PART)
        is_guided = guidance != 1 and card.model_config.classes > 0
        passes = steps * methods[method] * (2 if is_guided else 1)
        if count > max(1, MOST_PASSES // passes):
            raise InputError(f"Ask for at most {max(1, MOST_PASSES // passes)} pictures at once in so many steps.")
        options = {"steps": steps, "sampler": method}
        return card, options | ({"guidance": float(guidance)} if is_guided else {}), first, count

    def _reading(self, card: Card, images: Tensor, labels: Tensor) -> dict[str, Any]:
        reader = self.drawings.reader(card.name)
        if reader is None:
            return {"reads": None, "sure": None, "right": None}
        sure, best = read_probabilities(reader, images, card.model_config.image.levels).max(dim=1)
        right = [own in (-1, read) for own, read in zip(labels.tolist(), best.tolist(), strict=True)]
        return {
            "reads": [card.class_names[i] for i in best.tolist()],
            "sure": [round(p, 4) for p in sure.tolist()],
            "right": right,
        }


def _points(curve: Curve) -> Points:
    return {
        "at": curve.at.tolist(),
        "calls": curve.calls.tolist(),
        "milliseconds": curve.milliseconds.tolist(),
        "figures": {name: values.tolist() for name, values in curve.figures.items()},
    }
