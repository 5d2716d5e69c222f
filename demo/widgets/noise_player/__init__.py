"""Noise that becomes a picture: played step by step, beside it what the model expects of the end."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Taken, Widget


class PlayedModel(TypedDict):
    """What the player says of a model.

    Attributes:
        title: What it is called.
        one: What its pictures show, in a word.
        many: The same of several.
        idea: What its family is, in a sentence.
        layers: Whether a step is a layer of the model, rather than one of as many steps as one likes.
        density: What the question ``density`` answers: ``"exact"``, ``"bound"``, or nothing.
        estimate: Whether there is an answer to ``estimate``.
        usual: Bits per value of test pictures, by the kind of figure, where they were measured.
    """

    title: str
    one: str
    many: str
    idea: str
    layers: bool
    density: str
    estimate: bool
    usual: dict[str, float]


class NoisePlayer(Widget):
    """Plays back how pictures come from noise, at a pace that the eye can follow; the browser needs no server for it.

    Its value is a :class:`~demo.widgets.noise_player.messages.PlayerMessage`. The event ``stop`` fires when the viewer
    has seen enough; the frames that are there stay.

    Args:
        models: What it says of each model, by name.
        taken: What other tabs are told, by model.
        answers: ``density`` and ``estimate``, log p(x) of a picture, ``steps``, what each step adds to it, and
            ``record``, an animation of some frames.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["stop"]
    about = "JSON: run, total, and some frames, each with step, title, at, calls, images and ending (base64 bytes)"

    def __init__(
        self,
        *,
        models: Mapping[str, PlayedModel],
        taken: Mapping[str, Taken],
        answers: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(functions=answers, models=dict(models), taken=dict(taken), **options)
