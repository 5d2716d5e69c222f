"""What a visitor asks to be drawn, checked, and the messages to the canvas about it."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.serving.lanes import Costs
from demo.base.serving.waiting import check_wanted
from demo.base.sessions import new_run
from demo.draw.answers import ANY, COLDEST, HOTTEST, MOST_GUIDED, MOST_PICTURES, UNGUIDED, class_names
from demo.draw.starts import Start, picture_shape, read_start
from demo.shared.models import BACKGROUND, Models
from demo.shared.readers import reader_of
from demo.widgets.pixel_canvas.messages import (
    CanvasMessage,
    DoneMessage,
    DrawingMessage,
    LastMessage,
    PixelsMessage,
    pixels,
)
from gm_core import Autoregressive, CheckpointError, Detector, PixelEvent, draw_noise, rebuild
from gm_core.data.catalog import FIRST
from gm_core.studies.first_seeds import read_probabilities

NAME = FIRST.pixelcnn
LAST_SEED = 999_999
"""The largest seed."""

WRONG_SEED = f"The seed must be a whole number from 0 to {LAST_SEED:,}."
WRONG_TEMPERATURE = f"The temperature must be a number from {COLDEST} to {HOTTEST}."
WRONG_GUIDANCE = f"The guidance must be a number from {UNGUIDED} to {MOST_GUIDED}."

EACH = "one of each class"
PICTURES = ("1", "4", "16", EACH)
MESSAGE_SECONDS = 0.03
"""Time between two messages: short enough to look alive, long enough for the page, where each takes time."""


@dataclass(frozen=True)
class DrawRequest:
    """What is to be drawn.

    Attributes:
        label: A class, or any.
        temperature: Temperature.
        seed: Seed.
        pictures: How many: one of :data:`PICTURES`.
        model: Name of the model.
        guidance: Weight of the class.
    """

    label: str
    temperature: float
    seed: float
    pictures: str
    model: str
    guidance: float = UNGUIDED


class Drawings:
    """Draws what is asked for, with the app's models.

    Args:
        models: The app's models, of which none is loaded before it has to draw.

    Attributes:
        cards: Of the models that draw, by name, in the order in which they are offered.
        first: Name of the model that draws on arrival.
        costs: Of drawings, by model and number of pictures.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.cards = {card.name: card for card in models.autoregressives() if not card.name.endswith(BACKGROUND)}
        self.first = NAME if NAME in self.cards else next(iter(self.cards), NAME)
        self.detector = cache(self._load_detector)
        self.costs = Costs()
        self.reader = cache(lambda name: reader_of(models, self.cards[name]))

    def _load_detector(self, name: str) -> Detector | None:
        """The detector that was calibrated with a model; ``None`` without one, and where it cannot be read."""
        try:
            return self.models.detector_of(name)
        except CheckpointError as error:
            logging.getLogger(__name__).warning("%s", error)
            return None

    def seed(self, model: str) -> int:
        """The seed that a model's drawings begin with: a classifier reads each of its classes as it was asked for."""
        seeds = self.cards[model].record.seeds
        return seeds.drawings.get(model, seeds.picture)

    def choices(self, model: str) -> list[str]:
        """What a model can be asked for: any class, or one."""
        return [ANY, *class_names(self.cards[model])]

    def counts(self, model: str) -> list[str]:
        """How many pictures a model can be asked for: one of each class only where they are not too many."""
        few = len(self.cards[model].class_names) <= MOST_PICTURES
        return [count for count in PICTURES if few or count != EACH]

    def problems(
        self,
        label: object,
        temperature: object,
        seed: object,
        pictures: object,
        model: object,
        guidance: object = UNGUIDED,
    ) -> list[str | None]:
        """What is wrong with each part of a request, if anything."""
        known = model if isinstance(model, str) and model in self.cards else self.first
        choices, counts = self.choices(known), self.counts(known)
        verdicts = [
            (label in choices, f"Choose a class: {', '.join(choices)}."),
            (is_number(temperature, COLDEST, HOTTEST), WRONG_TEMPERATURE),
            (is_number(seed, 0, LAST_SEED) and seed == int(seed), WRONG_SEED),
            (pictures in counts, f"Choose how many pictures: {', '.join(counts)}."),
            (model == known, f"Choose a model: {', '.join(self.cards)}."),
            (is_number(guidance, UNGUIDED, MOST_GUIDED), WRONG_GUIDANCE),
        ]
        return [None if good else words for good, words in verdicts]

    def read(self, sent: Any) -> tuple[DrawRequest, Start | None]:
        """A request as the canvas sends it, checked, and what it starts from.

        Args:
            sent: The parts of a request by name, and ``start`` as for :func:`read_start`.

        Raises:
            InputError: Something in it is not as it must be.
        """
        parts = [sent.get(name) for name in ("label", "temperature", "seed", "pictures", "model")]
        parts.append(sent.get("guidance", UNGUIDED))
        for words in self.problems(*parts):
            if words:
                raise InputError(words)
        request = DrawRequest(*parts)
        return request, read_start(sent.get("start"), self.models.autoregressive(request.model))

    def redraw(self, sent: Any) -> CanvasMessage:
        """A drawing in one message, while the pointer moves: it depends on what is sent, see :meth:`read`, alone."""
        request, start = self.read(sent)
        (message,) = self.messages(request, start, new_run(), live=True)
        return message

    def messages(
        self, request: DrawRequest, start: Start | None, run: int, *, live: bool = False
    ) -> Iterator[CanvasMessage]:
        """Draw, as messages for the canvas; the last holds every pixel, and what they add up to.

        Args:
            request: What is to be drawn.
            start: What is given, if anything; it fits the model.
            run: Number of the drawing.
            live: All in one message; the canvas shows it at the place that is looked at.
        """
        model, card = self.models.autoregressive(request.model), self.cards[request.model]
        dataset = card.record
        config, each = model.config, request.pictures == EACH
        channels, height, width = picture_shape(model)
        n = config.classes if each else int(request.pictures)
        names, labels = class_names(card), self.labels(request, n)
        head: DrawingMessage = {
            "run": run,
            "model": request.model,
            "label": request.label,
            "pictures": request.pictures,
            "seed": int(request.seed),
            "temperature": request.temperature,
            "guidance": request.guidance,
            "channels": channels,
            "height": height,
            "width": width,
            "levels": config.image.levels,
            "classes": self.choices(request.model),
            "subject": [f"{dataset.adjective} {dataset.noun}".strip(), dataset.many],
            "labels": [ANY if label < 0 else names[label] for label in labels.tolist()],
            "live": live,
            "start": start.message() if start else None,
        }
        events: list[PixelEvent] = []
        guidance = _guidance(request, labels)
        dice = start.dice if start else 0
        generator = torch.Generator().manual_seed(int(request.seed) + dice * (LAST_SEED + 1))
        sent, begun, busy = 0, time.perf_counter(), time.thread_time()
        seconds = waited = cost = 0.0
        # One of each class: the same random numbers for all, so that the class alone makes the difference.
        noise = draw_noise(1 if each else n, height, width, generator, channels)
        for event in self.events(request, start, labels, noise):
            events.append(event)
            waited += time.perf_counter() - begun
            cost += time.thread_time() - busy
            if waited > MESSAGE_SECONDS and not live:
                yield {**head, **_pixels(events[sent:])}
                sent, seconds, waited = len(events), seconds + waited, 0.0
            begun, busy = time.perf_counter(), time.thread_time()
        seconds += waited
        self.costs.learn((request.model, request.pictures), cost)
        images, pixel_log_prob = rebuild(events, height, width)
        if guidance != UNGUIDED:  # what is said of a picture is the model's own, whatever it was drawn by
            with torch.inference_mode():
                pixel_log_prob = model.pixel_log_prob(images, labels).cpu()
                parts = zip(images.split(1), labels.split(1), strict=True)
                entropy = torch.cat([model.distribution(*part).entropy().cpu() for part in parts])
        done = self._done(model, request, labels, images, pixel_log_prob)
        whole = _pixels(events) if guidance == UNGUIDED else _own_pixels(images, pixel_log_prob, entropy)
        last: LastMessage = {**head, **whole, "done": done, "seconds": round(seconds, 3)}
        yield last

    def labels(self, request: DrawRequest, n: int) -> Tensor:
        """The classes of some pictures, (n,): the one that is asked for, or one after the other; -1 is any class."""
        if request.pictures == EACH:
            return torch.arange(n) % self.models.autoregressive(request.model).config.classes
        names = class_names(self.cards[request.model])
        return torch.full((n,), -1 if request.label == ANY else names.index(request.label))

    def events(self, request: DrawRequest, start: Start | None, labels: Tensor, noise: Tensor) -> Iterator[PixelEvent]:
        """Draw pictures row by row, as long as a visitor waits for them.

        Args:
            request: What is to be drawn, but for how many.
            start: What is given, if anything.
            labels: Class of each picture, (n,).
            noise: All the randomness, for each or for all; see :meth:`gm_core.Autoregressive.stream`.
        """
        model = self.models.autoregressive(request.model)
        for event in model.stream(
            len(labels),
            labels,
            start=start.values if start else None,
            keep=start.keep.expand_as(start.values) if start else None,
            noise=noise,
            temperature=request.temperature,
            guidance=_guidance(request, labels),
            chunk=model.config.image.width,
        ):
            check_wanted()
            yield event

    def _done(
        self, model: Autoregressive, request: DrawRequest, labels: Tensor, images: Tensor, pixel_log_prob: Tensor
    ) -> DoneMessage:
        """How likely each picture is for any class, and as which a classifier reads it."""
        conditioned = labels >= 0
        log_prob = pixel_log_prob.flatten(1).sum(dim=1)
        if conditioned.any():
            with torch.inference_mode():
                log_prob[conditioned] = model.log_prob(images[conditioned]).cpu()
        detector = self.detector(request.model)
        reads, sure = self._read(request.model, images) or (None, None)
        return {
            "log_prob": log_prob.tolist(),
            "share": [detector.share_below("log_prob", nats) for nats in log_prob.tolist()] if detector else None,
            "of": len(detector) if detector else None,
            "usual": self.cards[request.model].value("bits_per_dim"),
            "reads": reads,
            "sure": sure,
        }

    def _read(self, model: str, images: Tensor) -> tuple[list[str], list[float]] | None:
        """As which class a classifier reads each picture, and how sure it is; ``None`` without a classifier."""
        reader = self.reader(model)
        if reader is None:
            return None
        levels, names = self.models.autoregressive(model).config.image.levels, self.cards[model].class_names
        sure, best = read_probabilities(reader, images, levels).max(dim=1)
        return [names[i] for i in best.tolist()], [round(p, 4) for p in sure.tolist()]


def _guidance(request: DrawRequest, labels: Tensor) -> float:
    """The weight of the class; without a class there is nothing to weigh."""
    return request.guidance if bool((labels >= 0).all()) else UNGUIDED


def _own_pixels(images: Tensor, log_prob: Tensor, entropy: Tensor) -> PixelsMessage:
    """The same of whole pictures, (n, C, H, W), and of what was computed of them."""
    log_prob, entropy = (part.view_as(images) for part in (log_prob, entropy))
    return pixels(0, *(part.flatten(2).movedim(1, -1) for part in (images, log_prob, entropy)))


def _pixels(events: list[PixelEvent]) -> PixelsMessage:
    """The part of a message that holds the pixels of these events, which follow each other."""
    parts = ("values", "log_prob", "entropy")
    return pixels(events[0].index, *(torch.cat([getattr(event, part) for event in events], dim=1) for part in parts))
