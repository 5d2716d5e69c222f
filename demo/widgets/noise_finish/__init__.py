"""A picture that a model makes its own: noise on, noise off; or a part kept and the rest made."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Taken, Widget


class FinishModel(TypedDict):
    """What the widget says of a model.

    Attributes:
        title: What it is called.
        subject: What its pictures show, with a capital letter.
        channels: Of its pictures.
        height: Of its pictures.
        width: Of its pictures.
        classes: What it can be asked for.
        any: That of them which asks for no class.
    """

    title: str
    subject: str
    channels: int
    height: int
    width: int
    classes: list[str]
    any: str


class NoiseFinish(Widget):
    """Shows what a model makes of a picture, under the pen.

    Its value is a ``GivenPicture`` of :mod:`demo.noise.own`. It keeps what is chosen in the address of the Noise tab.

    Args:
        models: What it says of each model, by name; the first is chosen on arrival.
        taken: What other tabs are told, by model.
        functions: ``redraw`` and ``complete``: what a model makes of a picture.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = []
    about = "JSON: pictures (base64), by the model's name"

    def __init__(
        self,
        *,
        models: Mapping[str, FinishModel],
        taken: Mapping[str, Taken],
        functions: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(functions=functions, models=dict(models), taken=dict(taken), **options)
