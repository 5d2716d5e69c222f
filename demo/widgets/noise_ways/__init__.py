"""A race: one noise becomes a picture by every model and method at once, as fast as each was when it was measured."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Widget


class Entrant(TypedDict):
    """Who races.

    Attributes:
        model: Name of the model.
        method: How it takes a step.
        title: What its family is called.
        way: What the method is called.
        knows: Whether it knows classes.
        anew: Whether it draws more noise on the way.
        paced: Whether it takes as many steps as one likes; else a step is a layer.
    """

    model: str
    method: str
    title: str
    way: str
    knows: bool
    anew: bool
    paced: bool


class Field(TypedDict):
    """The race of a data set.

    Attributes:
        dataset: Its name.
        label: What its pictures are called.
        classes: What can be asked for, any class first.
        seed: Of the first noise.
        last: The largest seed.
        steps: Of the first race.
        most: The most steps.
        size: Channels, height and width of a picture.
        entrants: Who races.
    """

    dataset: str
    label: str
    classes: list[str]
    seed: int
    last: int
    steps: int
    most: int
    size: list[int]
    entrants: list[Entrant]


class NoiseWays(Widget):
    """Asks the server for each entrant's way, one after the other, so that none slows another down; then all start.

    It begins when it is first seen, and keeps what was chosen in the address of the tab ``noise``.

    Args:
        fields: The races, at least one.
        functions: ``run``: from an entrant's question to its moments.
        **options: As for ``Widget``.
    """

    def __init__(self, *, fields: Sequence[Field], functions: Mapping[str, Answer], **options: Any) -> None:
        super().__init__(functions=functions, fields=list(fields), **options)
