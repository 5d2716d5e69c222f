"""A picture that travels to its noise and back: the moments on the way, the noise and how usual it is."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Widget


class TravelModel(TypedDict):
    """What the widget says of a model.

    Attributes:
        title: What it is called.
        subject: What its pictures show, with a capital letter.
        channels: Of its pictures.
        height: Of its pictures.
        width: Of its pictures.
        levels: Of a value.
        layers: Whether a step is a layer of the model, rather than one of a differential equation.
    """

    title: str
    subject: str
    channels: int
    height: int
    width: int
    levels: int
    layers: bool


class NoiseBack(Widget):
    """Shows a picture's way to its noise, and back.

    Its value is a ``GivenPicture`` of :mod:`demo.noise.own`. It keeps the model, the seed and the moment in the
    address of the Noise tab.

    Args:
        models: What it says of each model, by name; the first is chosen on arrival.
        functions: ``there`` and ``back``: the two ways.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = []
    about = "JSON: pictures (base64), by the model's name"

    def __init__(self, *, models: Mapping[str, TravelModel], functions: Mapping[str, Answer], **options: Any) -> None:
        super().__init__(functions=functions, models=dict(models), **options)
