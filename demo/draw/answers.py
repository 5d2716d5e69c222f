"""What the Draw tab's canvas asks about the picture on it: where a pixel came from, and an animation to export."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import is_index, is_number
from demo.base.errors import InputError
from demo.base.packing import round_all
from demo.draw.starts import picture_shape, read_values
from demo.shared.models import Models
from gm_core import Card, influence
from gm_core.models.autoregressive.sampling import guide
from gm_core.rendering import animation, gif, visible

ANY = "any"
COLDEST, HOTTEST = 0.1, 2.0
UNGUIDED, MOST_GUIDED = 1.0, 3.0
"""Weights of the class: without guidance, and the most."""

FRAME = 60
"""Milliseconds per frame of the animation."""

MOST_PICTURES = 16
KEPT = 32
"""Pictures whose distributions are kept, about 1 MB each: a pointer that moves over a picture asks for many pixels."""

DIGITS = 6
"""Digits after the point of the probabilities in a message."""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A pixel of a picture, checked.

    Attributes:
        name: Name of the model that drew it.
        image: ``uint8`` (1, C, H, W), 0 where nothing is drawn yet.
        index: The pixel, in raster order.
        label: The class that the picture was asked to be, ``None`` for any.
        other: A class to compare with: a number, ``None`` for any.
        compare: Whether there is one.
        rival: Name of a model to compare with, if any.
        temperature: At which it was drawn.
        guidance: With which weight of the class.
    """

    name: str
    image: Tensor
    index: int
    label: int | None
    other: int | None
    compare: bool
    rival: str | None
    temperature: float
    guidance: float

    @property
    def value(self) -> Tensor:
        """The pixel's channels, (C,)."""
        return self.image[0].flatten(1)[:, self.index]


class Answers:
    """Answers the canvas' questions; each is checked, for any client can send one.

    Args:
        models: The app's models.
        cards: The cards of those that draw, by name.
    """

    def __init__(self, models: Models, cards: dict[str, Card]) -> None:
        self.models, self.cards = models, cards
        self._distributions = lru_cache(KEPT)(self._all_distributions)

    def functions(self) -> dict[str, Callable[[Any], Answer]]:
        """The answers, by the names that the canvas asks for them with."""
        return {"explain": self.explain, "depends": self.depends, "record": self.record}

    def explain(self, sent: Any) -> Answer:
        """The distribution of a pixel: as it was drawn from, and under another label.

        For a colour, those of its channels, each given the channels before it.
        """
        question = self.read(sent)
        own = self._distribution(question, question.label)
        others = self._distribution(question, question.other) if question.compare else [None] * len(own)
        answers = []
        is_guided = question.guidance != UNGUIDED and question.label is not None
        any_class = self._distribution(question, None) if is_guided else own
        changed = is_guided or question.temperature != 1
        for log_p, free, other, value in zip(own, any_class, others, question.value.tolist(), strict=True):
            guided = guide(torch.stack([log_p, free]), question.guidance)[0] if is_guided else log_p
            drawn_from = torch.softmax(guided / question.temperature, dim=0)
            answer = _numbers(log_p, value) | {"drawn_from": round_all(drawn_from, DIGITS) if changed else None}
            answers.append(answer | {"other": None if other is None else _numbers(other, value)})
        return answers[0] if len(answers) == 1 else {"channels": answers}

    def depends(self, sent: Any) -> Answer:
        """How strongly a pixel's value depends on each of those before it, nats; those after it never count."""
        question = self.read(sent)
        names = {"strength": question.name, "rival": question.rival}
        return {key: self._influence(name, question) if name else None for key, name in names.items()}

    def record(self, sent: Any) -> Answer:
        """An animated GIF of the drawing of some pictures, base64."""
        name = self._name(sent)
        pictures = sent.get("pictures")
        if not (isinstance(pictures, list) and 1 <= len(pictures) <= MOST_PICTURES):
            raise InputError(f"There must be 1 to {MOST_PICTURES} pictures.")
        model = self.models.autoregressive(name)
        images = visible(torch.cat([read_values(picture, model) for picture in pictures]), model.config.image.levels)
        zoom = max(2, 10 // math.ceil(math.sqrt(len(pictures))))
        return {"gif": base64.b64encode(gif(animation(images, zoom=zoom), FRAME)).decode()}

    def read(self, sent: Any) -> Question:
        """A question as it came, checked.

        Raises:
            InputError: Something in it is not as it must be.
        """
        name = self._name(sent)
        model = self.models.autoregressive(name)
        image, index = read_values(sent.get("values"), model), sent.get("index", 0)
        size = image[0, 0].numel()
        if not is_index(index, size):
            raise InputError(f"The pixel must be a whole number from 0 to {size - 1}.")
        temperature = sent.get("temperature", 1.0)
        if not is_number(temperature, COLDEST, HOTTEST):
            raise InputError(f"The temperature must be a number from {COLDEST} to {HOTTEST}.")
        guidance = sent.get("guidance", UNGUIDED)
        if not is_number(guidance, UNGUIDED, MOST_GUIDED):
            raise InputError(f"The guidance must be a number from {UNGUIDED} to {MOST_GUIDED}.")
        other, rival = sent.get("other"), sent.get("rival")
        if rival is not None:
            beside = self.models.autoregressive(self._name({"model": rival}))
            kinds = {(part.config.classes, part.config.image.levels, *picture_shape(part)) for part in (model, beside)}
            if len(kinds) > 1:
                raise InputError("The two models must know the same classes, and pictures of the same size and levels.")
        return Question(
            name=name,
            image=image,
            index=index,
            label=self._label(name, sent.get("label", ANY)),
            other=None if other is None else self._label(name, other),
            compare=other is not None,
            rival=rival,
            temperature=temperature,
            guidance=guidance,
        )

    def _name(self, sent: Any) -> str:
        """The model that a question is about."""
        if not isinstance(sent, dict):
            raise InputError("A question must be an object.")
        name = sent.get("model")
        if not isinstance(name, str) or name not in self.cards:
            raise InputError(f"The model must be one of {', '.join(self.cards)}.")
        return name

    def _label(self, model: str, name: Any) -> int | None:
        if name == ANY:
            return None
        names = class_names(self.cards[model])
        if name not in names:
            raise InputError(f"The class must be one of {', '.join([ANY, *names])}.")
        return names.index(name)

    def _influence(self, name: str, question: Question) -> list[float]:
        strength = influence(self.models.autoregressive(name), question.image, question.index, question.label)
        return [float(f"{nats:.4g}") for nats in strength.flatten()[: question.index].tolist()]

    def _distribution(self, question: Question, label: int | None) -> Tensor:
        """Log-probabilities of all levels of the pixel's channels, (C, levels)."""
        values = bytes(question.image.movedim(1, -1).flatten().tolist())
        found = self._distributions(question.name, values, label)
        row, column = divmod(question.index, question.image.shape[-1])
        head = self.models.autoregressive(question.name).head
        with torch.inference_mode():
            return head.level_log_prob(found[row, column], question.value.to(found.device)).cpu()

    def _all_distributions(self, name: str, values: bytes, label: int | None) -> Tensor:
        """The network's numbers for every pixel, (H, W, size): the head makes distributions of them when asked."""
        model = self.models.autoregressive(name)
        channels, height, width = picture_shape(model)
        image = torch.tensor(list(values), dtype=torch.uint8).view(1, height, width, channels).movedim(-1, 1)
        labels = None if label is None else torch.tensor([label])
        with torch.inference_mode():
            return model.outputs_of(image, labels)[0]


def class_names(card: Card) -> list[str]:
    """What the classes of a model are asked for by; one that is called "any" is not any class."""
    return [f"{name} (a class)" if name == ANY else name for name in card.class_names]


def _numbers(log_p: Tensor, value: int) -> Answer:
    p = log_p.exp()
    return {"p": round_all(p, DIGITS), "log_prob": float(log_p[value]), "entropy": float(torch.special.entr(p).sum())}
