"""A plane of codes with a field: arrows, and a swarm of points that it carries from noise to digits."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from demo.base.errors import Answer
from demo.base.theme import CLASS_COLORS
from demo.widgets.base import Widget


class FieldKind(TypedDict):
    """A field that can be chosen: its ``name``, what it is called in ``title``, and what it is, in ``idea``."""

    name: str
    title: str
    idea: str


class FieldSolver(TypedDict):
    """A solver that can be chosen: its ``name``, what it is called in ``title``, and its ``calls`` per step."""

    name: str
    title: str
    calls: int


class NoiseField(Widget):
    """A field to look at; it has no value, and asks for all that it shows.

    Args:
        kinds: The fields, the first to begin with.
        solvers: The solvers, the first to begin with.
        steps: Numbers of steps.
        points: Points of a swarm.
        parts: In how many questions they are asked for.
        times: Of which there are arrows and densities.
        grids: Of arrows and of densities: how many there are along an edge.
        units: What the whole numbers of a message stand for, in a velocity and in a coordinate.
        seeds: Seeds are below this.
        classes: Names of the classes.
        figures: What is measured of the densities, in a sentence; nothing where nothing is.
        functions: What it asks: ``plane``, ``tiles``, ``look``, ``arrows``, ``density``, ``swarm`` and ``way``.
        **options: As for ``Widget``.
    """

    about = "nothing: what this shows is computed when the page asks for it"

    def __init__(
        self,
        *,
        kinds: Sequence[FieldKind],
        solvers: Sequence[FieldSolver],
        steps: Sequence[int],
        points: int,
        parts: int,
        times: Sequence[float],
        grids: tuple[int, int],
        units: tuple[float, float],
        seeds: int,
        classes: Sequence[str],
        figures: str,
        functions: Mapping[str, Answer],
        **options: Any,
    ) -> None:
        super().__init__(
            functions=functions,
            kinds=list(kinds),
            solvers=list(solvers),
            steps=list(steps),
            points=points,
            parts=parts,
            times=list(times),
            grids=list(grids),
            units=list(units),
            seeds=seeds,
            classes=list(classes),
            colors=list(CLASS_COLORS),
            figures=figures,
            **options,
        )
