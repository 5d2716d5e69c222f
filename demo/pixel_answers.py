"""What the Draw tab's canvas asks about the picture on it: where a pixel came from, and a film to take away."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

import torch
from torch import Tensor

from gm_core import Card, PixelCNN, influence
from gm_core.rendering import film, gif

ANY = "any"
COLDEST, HOTTEST = 0.1, 2.0
FRAME = 60
"""Milliseconds a frame of the film."""

KEPT = 32
"""Pictures whose distributions are kept, about 1 MB each: a pointer that moves over a picture asks for many pixels."""

Answer = dict[str, Any]


class QuestionError(ValueError):
    """A question that no canvas would ask."""


@dataclass(frozen=True)
class Question:
    """A pixel of a picture, checked.

    Attributes:
        image: ``uint8`` (1, 1, H, W), 0 where nothing is drawn yet.
        index: The pixel, in raster order.
        label: The class that the picture was asked to be, ``None`` for any.
        other: A class to compare with: a number, ``None`` for any.
        compare: Whether there is one.
        temperature: At which it was drawn.
    """

    image: Tensor
    index: int
    label: int | None
    other: int | None
    compare: bool
    temperature: float


class Answers:
    """Answers the canvas' questions; each is checked, for anybody can send one.

    Args:
        model: Which drew the pictures.
        card: Its card.
    """

    def __init__(self, model: PixelCNN, card: Card) -> None:
        self.model, self.card = model, card
        self._log_probs = lru_cache(KEPT)(self._all_log_probs)

    def functions(self) -> list[Callable[[Any], Answer]]:
        """The answers as functions for a component's ``server_functions``, which must be plain ones."""

        def explain(question: Any) -> Answer:
            return self._answer(self.explain, question)

        def depends(question: Any) -> Answer:
            return self._answer(self.depends, question)

        def record(question: Any) -> Answer:
            return self._answer(self.record, question)

        return [explain, depends, record]

    def explain(self, question: Question) -> Answer:
        """The distribution of a pixel: under its own label, at the temperature of the draw, under another label."""
        own = self._distribution(question, question.label)
        drawn_from = torch.softmax(own / question.temperature, dim=0)
        answer = _numbers(own) | {"drawn_from": _rounded(drawn_from) if question.temperature != 1 else None}
        other = _numbers(self._distribution(question, question.other)) if question.compare else None
        return answer | {"other": other}

    def depends(self, question: Question) -> Answer:
        """How strongly a pixel's value hangs on each of those before it, nats; those after it never count."""
        strength = influence(self.model, question.image, question.index, question.label).flatten()[: question.index]
        return {"strength": [float(f"{nats:.4g}") for nats in strength.tolist()]}

    def record(self, question: Question) -> Answer:
        """An animated GIF of the drawing, base64."""
        return {"gif": base64.b64encode(gif(film(question.image[0]), FRAME)).decode()}

    def read(self, question: Any) -> Question:
        """A question as it came, checked.

        Raises:
            QuestionError: Something in it is not as it must be.
        """
        if not isinstance(question, dict):
            raise QuestionError("A question must be an object.")
        config = self.model.config
        size, values, index = config.height * config.width, question.get("values"), question.get("index", 0)
        if not (isinstance(values, list) and len(values) == size and all(_is_index(v, config.levels) for v in values)):
            raise QuestionError(f"The picture must be {size} whole numbers from 0 to {config.levels - 1}.")
        if not _is_index(index, size):
            raise QuestionError(f"The pixel must be a whole number from 0 to {size - 1}.")
        temperature = question.get("temperature", 1.0)
        if not is_number(temperature, COLDEST, HOTTEST):
            raise QuestionError(f"The temperature must be a number from {COLDEST} to {HOTTEST}.")
        other = question.get("other")
        return Question(
            image=torch.tensor(values, dtype=torch.uint8).view(1, 1, config.height, config.width),
            index=index,
            label=self._label(question.get("label", ANY)),
            other=None if other is None else self._label(other),
            compare=other is not None,
            temperature=temperature,
        )

    def _answer(self, function: Callable[[Question], Answer], question: Any) -> Answer:
        try:
            return function(self.read(question))
        except QuestionError as error:
            return {"error": str(error)}

    def _label(self, name: Any) -> int | None:
        if name == ANY:
            return None
        if name not in self.card.class_names:
            raise QuestionError(f"The class must be one of {', '.join([ANY, *self.card.class_names])}.")
        return self.card.class_names.index(name)

    def _distribution(self, question: Question, label: int | None) -> Tensor:
        """Log-probabilities of all levels of the pixel, (levels,)."""
        return self._log_probs(bytes(question.image.flatten().tolist()), label)[question.index]

    def _all_log_probs(self, values: bytes, label: int | None) -> Tensor:
        """Log-probabilities of all levels of every pixel, (H * W, levels)."""
        config = self.model.config
        image = torch.tensor(list(values), dtype=torch.uint8).view(1, 1, config.height, config.width)
        with torch.inference_mode():
            distribution = self.model.distribution(image, None if label is None else torch.tensor([label]))
            return distribution.logits.flatten(0, -2).cpu()


def is_number(value: object, low: float, high: float) -> TypeGuard[float]:
    """Whether it is a number, and from ``low`` to ``high``."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_index(value: object, end: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _numbers(log_p: Tensor) -> Answer:
    p = log_p.exp()
    return {"p": _rounded(p), "entropy": float(torch.special.entr(p).sum())}


def _rounded(probabilities: Tensor) -> list[float]:
    return [round(p, 6) for p in probabilities.tolist()]
