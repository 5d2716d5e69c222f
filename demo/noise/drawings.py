"""What a visitor asks to be made of noise, checked, and the messages to the player about it."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import is_number
from demo.base.packing import pack_pictures
from demo.base.serving.lanes import Costs
from demo.base.serving.waiting import check_wanted
from demo.noise.scores import way_share
from demo.noise.words import METHOD_NAMES
from demo.shared.models import Models
from demo.shared.readers import reader_of
from demo.widgets.noise_player.messages import DoneMessage, FrameMessage, PlayerMessage
from gm_core import FAMILIES, Frame, Model, NoiseFrame, Paced, Streams
from gm_core.rendering import visible
from gm_core.studies.first_seeds import read_probabilities
from gm_core.studies.pace import usual

ANY = "any"
LAST_SEED = 999_999
"""The largest seed."""
MOST_STEPS, USUAL_STEPS = 100, 10
MOST_CALLS = 250
"""Calls of the network for a drawing."""
COLDEST, HOTTEST = 0.1, 2.0
UNGUIDED, MOST_GUIDED = 1.0, 4.0
PICTURES = ("1", "4", "16")
MOST_SHOWN = 640
"""Pictures on the way that a drawing shows, all frames together: beyond it frames are left out, evenly."""
MESSAGE_SECONDS = 0.1
"""Time between two messages."""

OWN = "own"
"""The method of a model that has a way of its own, with no choice."""
OWN_WAY = {OWN: 1}

WRONG_SEED = f"The seed must be a whole number from 0 to {LAST_SEED:,}."
WRONG_TEMPERATURE = f"The temperature must be a number from {COLDEST} to {HOTTEST}."
WRONG_GUIDANCE = f"The guidance must be a number from {UNGUIDED} to {MOST_GUIDED}."


@dataclass(frozen=True)
class NoiseRequest:
    """What is to be drawn.

    Attributes:
        label: A class, or any.
        seed: Seed of the noise.
        steps: Steps from noise to picture, where the model leaves that open.
        model: Name of the model.
        pictures: How many: one of :data:`PICTURES`.
        method: How a step is taken, where the model leaves that open.
        guidance: Weight of the class, where the model knows classes.
        temperature: Scale of the noise.
    """

    label: str
    seed: float
    steps: float
    model: str
    pictures: str
    method: str
    guidance: float
    temperature: float


class Drawings:
    """Draws what is asked for, with the app's models.

    Args:
        models: The app's models, of which none is loaded before it has to draw.

    Attributes:
        cards: Of the models that make pictures of noise, by name, in the order in which they are offered.
        first: Name of the model that draws on arrival; empty without any.
        costs: Of drawings, by model, number of pictures and size of the work.
        reader: The classifier that reads a model's pictures, if any, by the model's name.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.cards = {card.name: card for card in models.from_noise()}
        self.first = next(iter(self.cards), "")
        self.costs = Costs()
        self.reader = cache(lambda name: reader_of(models, self.cards[name]))

    def seed(self, model: str) -> int:
        """The seed that a model's drawings begin with."""
        seeds = self.cards[model].record.seeds
        return seeds.drawings.get(model, seeds.picture)

    def labels(self, model: str) -> list[str]:
        """What a model can be asked for: any class, and one, where it knows classes."""
        card = self.cards[model]
        names = card.class_names[: card.model_config.classes]
        return [ANY, *(f"{name} (a class)" if name == ANY else name for name in names)]

    def is_paced(self, model: str) -> bool:
        """Whether a model takes as many steps as one likes."""
        return self.cards[model].has(Paced)

    def family(self, model: str) -> type[Model]:
        """A model's family."""
        return FAMILIES[self.cards[model].family]

    def methods(self, model: str) -> Mapping[str, int]:
        """How a model can take a step, and the calls of the network that it takes."""
        family: Any = self.family(model)
        return family.methods if self.is_paced(model) else OWN_WAY

    def usual_method(self, model: str) -> str:
        """How a model takes a step where nothing else is asked for."""
        if not self.is_paced(model):
            return OWN
        family: Any = self.family(model)
        return usual(family)[0]

    def most_steps(self, model: str, method: str) -> int:
        """The most steps that may be asked for."""
        return min(MOST_STEPS, MOST_CALLS // self.methods(model)[method])

    def problems(
        self,
        label: object,
        seed: object,
        steps: object,
        model: object,
        pictures: object,
        method: object,
        guidance: object,
        temperature: object,
    ) -> list[str | None]:
        """What is wrong with each part of a request, if anything."""
        known = model if isinstance(model, str) and model in self.cards else self.first
        labels, methods = self.labels(known), list(self.methods(known))
        most = self.most_steps(known, method if isinstance(method, str) and method in methods else methods[0])
        verdicts = [
            (label in labels, f"Choose a class: {', '.join(labels)}."),
            (is_number(seed, 0, LAST_SEED) and seed == int(seed), WRONG_SEED),
            (
                is_number(steps, 1, most if self.is_paced(known) else MOST_STEPS) and steps == int(steps),
                f"The steps must be a whole number from 1 to {most}: at most {MOST_CALLS} calls of the network.",
            ),
            (model == known, f"Choose a model: {', '.join(self.cards)}."),
            (pictures in PICTURES, f"Choose how many pictures: {', '.join(PICTURES)}."),
            (model != known or method in methods, f"Choose how a step is taken: {', '.join(methods)}."),
            (is_number(guidance, UNGUIDED, MOST_GUIDED), WRONG_GUIDANCE),
            (is_number(temperature, COLDEST, HOTTEST), WRONG_TEMPERATURE),
        ]
        return [None if good else words for good, words in verdicts]

    def kind(self, request: NoiseRequest) -> tuple[str, str, int]:
        """What drawings of one cost have in common; that of the work is its next power of two."""
        work = request.steps * self.methods(request.model)[request.method] * (2 if self._is_guided(request) else 1)
        return request.model, request.pictures, math.ceil(math.log2(work)) if self.is_paced(request.model) else 0

    def _is_guided(self, request: NoiseRequest) -> bool:
        return request.label != ANY and request.guidance != UNGUIDED

    def messages(self, request: NoiseRequest, run: int) -> Iterator[PlayerMessage]:
        """Draw, as messages for the player; the last holds every frame, and what is known of the pictures.

        Args:
            request: What is to be drawn.
            run: Number of the drawing.
        """
        config = self.cards[request.model].model_config
        n = int(request.pictures)
        frames: list[FrameMessage] = []
        sent, total, every = 0, 0, 1
        model = self.models.streams(request.model)
        told, busy = time.perf_counter(), time.thread_time()
        cost = 0.0
        last: Frame | None = None
        for last in self._stream(model, request, n):
            check_wanted()
            cost += time.thread_time() - busy
            total, every = last.total, math.ceil(last.total * n / MOST_SHOWN)
            if last.index % every == 0 or last.index == total - 1:
                frames.append(_frame(last, config.image.levels))
            if time.perf_counter() - told > MESSAGE_SECONDS and len(frames) > sent:
                yield self._message(request, run, total, every, sent, frames[sent:])
                sent, told = len(frames), time.perf_counter()
            busy = time.thread_time()
        assert last is not None  # every stream begins with its noise
        self.costs.learn(self.kind(request), cost)
        done = self._done(request.model, last.images, cost)
        yield {**self._message(request, run, total, every, 0, frames), "done": done}

    def _stream(self, model: Streams, request: NoiseRequest, n: int) -> Iterator[Frame]:
        """The model's own frames."""
        names = self.labels(request.model)
        labels = torch.full((n,), names.index(request.label) - 1)
        options: dict[str, Any] = {"temperature": request.temperature}
        if isinstance(model, Paced):
            options |= {"steps": int(request.steps), "sampler": request.method}
            if self._is_guided(request):
                options["guidance"] = request.guidance
        yield from model.stream(n, labels, generator=torch.Generator().manual_seed(int(request.seed)), **options)

    def _message(
        self, request: NoiseRequest, run: int, total: int, every: int, first: int, frames: list[FrameMessage]
    ) -> PlayerMessage:
        channels, height, width = self.cards[request.model].model_config.image.size
        return {
            "run": run,
            "model": request.model,
            "label": request.label,
            "seed": int(request.seed),
            "guidance": request.guidance if self._is_guided(request) else UNGUIDED,
            "temperature": request.temperature,
            "method": METHOD_NAMES.get(request.method, request.method) if self.is_paced(request.model) else "",
            "pictures": int(request.pictures),
            "channels": channels,
            "height": height,
            "width": width,
            "steps": total - 1,
            "total": (total - 2) // every + 2,
            "first": first,
            "frames": frames,
        }

    def _done(self, model: str, images: Tensor, seconds: float) -> DoneMessage:
        """As what a classifier reads each picture, and for how long a processor was busy with the model."""
        reader, card = self.reader(model), self.cards[model]
        if reader is None:
            return {"seconds": round(seconds, 4), "reads": None, "sure": None}
        sure, best = read_probabilities(reader, images, card.model_config.image.levels).max(dim=1)
        return {
            "seconds": round(seconds, 4),
            "reads": [card.class_names[i] for i in best.tolist()],
            "sure": [round(p, 4) for p in sure.tolist()],
        }


def _frame(frame: Frame, levels: int) -> FrameMessage:
    """A frame as the player takes it."""
    ending = frame.ending if isinstance(frame, NoiseFrame) else None
    return {
        "step": frame.index,
        "title": str(getattr(frame, "title", "")),
        "at": round(way_share(frame.index, frame), 5),
        "calls": frame.calls if isinstance(frame, NoiseFrame) else frame.index,
        "images": pack_pictures(visible(frame.images, levels)),
        "ending": None if ending is None else pack_pictures(visible(ending, levels)),
    }
