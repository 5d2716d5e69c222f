"""The same pictures in ever more steps, as sheets to click through, beside curves of what such pictures are worth."""

from collections.abc import Mapping
from typing import Any, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Widget


class SteppedMethod(TypedDict):
    """A way of taking a step: its name and title, calls of the network in a step, and the numbers of steps offered."""

    name: str
    title: str
    calls: int
    stations: list[int]


class SteppedModel(TypedDict):
    """What is said of a model, and may be asked of it.

    Attributes:
        title: What it is called.
        many: What its pictures show, of several.
        asked: What each of the pictures is asked to be; empty texts where the model knows no classes.
        channels: Of a picture.
        height: Of a picture, in pixels.
        width: Of a picture, in pixels.
        methods: Its methods.
        method: Name of the one to begin with.
        seed: The one to begin with.
        measured: Whether the question ``curves`` has an answer.
        command: What measures them.
    """

    title: str
    many: str
    asked: list[str]
    channels: int
    height: int
    width: int
    methods: list[SteppedMethod]
    method: str
    seed: int
    measured: bool
    command: str


class NoiseSteps(Widget):
    """Draws sheets by questions, the short ones by itself and the long ones when it is asked to; it has no value.

    Args:
        models: What it says of each model, by name; the first is shown on arrival.
        most_guidance: The largest weight of the class.
        most_passes: How many passes through the network, each of one picture, a question may ask for.
        last_seed: The largest seed.
        answers: ``sheet``, some pictures of a sheet; and ``curves``, what was measured of a model.
        **options: As for ``Widget``.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, SteppedModel],
        most_guidance: float,
        most_passes: int,
        last_seed: int,
        answers: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(
            functions=answers,
            models=dict(models),
            most_guidance=most_guidance,
            most_passes=most_passes,
            last_seed=last_seed,
            **options,
        )
