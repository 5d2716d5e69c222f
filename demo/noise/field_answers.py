"""What the view "The field" asks for: arrows, densities, and points that follow a field, all computed when asked.

Every question is checked, for any client can send one, and each is small: points come in parts, densities in slices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from demo.base.checks import is_index, is_number, read_seed
from demo.base.errors import InputError
from demo.base.packing import pack, pack_pictures, pack_shorts, round_all
from demo.base.serving.waiting import while_wanted
from demo.shared.models import Models
from demo.shared.plane import MAP, Window, means, tiles, window_of
from gm_core.models.flow.ffjord import standard_normal
from gm_core.models.latents import draw_latents
from gm_core.models.ode import CALLS, arrive, even_times, follow, late_times
from gm_core.studies.field import KINDS, FieldStudy, PlaneField, follow_density

STEPS = (1, 2, 4, 8, 16, 32, 64)
"""Steps from time 0 to 1 that can be asked for."""

POINTS, PARTS = 200, 4
"""Points of a swarm, and in how many questions they are asked for."""

TIMES = (*(index / 10 for index in range(9)), 0.85, 0.9, 0.94, 0.97, 0.99, 1.0)
"""Times of which there are arrows and densities, closer together where the fields change fastest."""

ARROWS, CELLS = 22, 48
"""Arrows along an edge of the plane, and cells of a density."""

ARROW_UNIT, PLACE_UNIT = 0.01, 0.001
"""What one of a message's whole numbers stands for: in a velocity, and in a coordinate of a point."""

FARTHEST = 32.0
"""A coordinate's largest size; a solver's few steps may lead far out, but not in earnest."""

DEEPEST = 7.0
"""Nats below the highest density at which a cell is as dark as one of no density at all."""

EXACT_STEPS = 32
"""Of Runge and Kutta's method, closer and closer together, that lead to the end that is called exact."""

MOST_EXACT = 16
"""Moments of a point's way at which its exact density is computed beside the solver's."""


class Choice(NamedTuple):
    """A field, and the class that it leads to: -1 for any."""

    kind: str
    label: int


@dataclass(frozen=True)
class FieldAnswers:
    """Answers the view's questions.

    Attributes:
        models: The app's models.
    """

    models: Models

    def functions(self) -> dict[str, Callable[[Any], dict[str, Any]]]:
        """The answers, by the names that the view asks for them with."""
        answers = {"plane": self.plane, "tiles": self.tiles, "look": self.look, "arrows": self.arrows}
        return {**answers, "density": self.density, "swarm": self.swarm, "way": self.way}

    @property
    def study(self) -> FieldStudy:
        """The fields; loaded once."""
        return self.models.field(MAP)

    @property
    def window(self) -> Window:
        """The part of the plane that is shown."""
        return window_of(self.models, MAP)

    def plane(self, sent: Any) -> dict[str, Any]:
        """What lies in the plane: the codes of the training digits that the exact fields lead to."""
        mixture = self.study.mixture
        return self.window.dots(mixture.means.float(), mixture.labels)

    def tiles(self, sent: Any) -> dict[str, Any]:
        """The decoded pictures of a grid over the plane, in one lossless picture."""
        return {**tiles(self.models, MAP, sent.get("count"))}

    def look(self, sent: Any) -> dict[str, Any]:
        """The picture at a point."""
        z = self.window.point(sent.get("z"))
        return {"pictures": pack_pictures(means(self.models.latent(MAP), z[None]))}

    def arrows(self, sent: Any) -> dict[str, Any]:
        """The velocities on a grid at all of :data:`TIMES`: time by time, row by row, in :data:`ARROW_UNIT`."""
        return {"arrows": _arrows(self, self._choice(sent))}

    def density(self, sent: Any) -> dict[str, Any]:
        """Log p(z) on a grid at one of :data:`TIMES`, as levels: 255 for the highest, 0 for :data:`DEEPEST` below."""
        choice, slice_ = self._choice(sent), sent.get("slice")
        if not is_index(slice_, len(TIMES)):
            raise InputError(f"A slice is a whole number from 0 to {len(TIMES) - 1}.")
        return {"levels": _density(self, choice, slice_)}

    @torch.inference_mode()
    def swarm(self, sent: Any) -> dict[str, Any]:
        """A part of the points: their ways by a solver, where they would end exactly, and the class that lies there.

        Returns:
            ``paths``, point by point, step by step, and ``ends``, both in :data:`PLACE_UNIT`, and ``labels``.
        """
        choice, part = self._choice(sent), sent.get("part")
        steps, solver, seed = self._way(sent)
        if not is_index(part, PARTS):
            raise InputError(f"A part is a whole number from 0 to {PARTS - 1}.")
        z = _start(seed).view(PARTS, -1, 2)[part]
        way = while_wanted(follow(self._field(choice).velocity, z, even_times(steps), solver))
        paths = torch.stack([*way], dim=1)
        ends, labels = _ends(self, choice, seed, part)
        return {"paths": pack_shorts(paths / PLACE_UNIT), "ends": pack_shorts(ends / PLACE_UNIT), "labels": labels}

    @torch.inference_mode()
    def way(self, sent: Any) -> dict[str, Any]:
        """One point's way: the pictures on it, and log p along it.

        Returns:
            ``pictures`` at every step; ``log_p``, by the instantaneous change of variables with the same solver; and
            ``exact``, the density at the same places and times, ``None`` where it is not computed.
        """
        choice, point = self._choice(sent), sent.get("point")
        steps, solver, seed = self._way(sent)
        if not is_index(point, POINTS):
            raise InputError(f"A point is a whole number from 0 to {POINTS - 1}.")
        field, times = self._field(choice), even_times(steps)
        z = _start(seed)[point : point + 1]
        found = [*while_wanted(follow_density(field, z, standard_normal(z), times, solver))]
        places = torch.cat([place for place, _ in found])
        every = max(1, steps // MOST_EXACT)
        exact = [
            round(float(field.log_prob(place[None], times[step])), 3) if step % every == 0 else None
            for step, place in while_wanted([*enumerate(places)])
        ]
        shown = places.nan_to_num().clamp(-FARTHEST, FARTHEST).float()
        return {
            "pictures": pack_pictures(means(self.models.latent(MAP), shown)),
            "log_p": round_all(torch.cat([log_p for _, log_p in found]), 3),
            "exact": exact,
        }

    def _choice(self, sent: Any) -> Choice:
        """The field and class that a question is about.

        Raises:
            InputError: There is no such field or class.
        """
        kind, label = sent.get("kind"), sent.get("label")
        names = self.study.class_names
        if kind not in KINDS:
            raise InputError(f"Choose a field: {', '.join(KINDS)}.")
        if not (is_number(label, -1, len(names) - 1) and label == int(label)):
            raise InputError(f"A class is a whole number from 0 to {len(names) - 1}, or -1 for any.")
        return Choice(str(kind), int(label))

    def _field(self, choice: Choice) -> PlaneField:
        return self.study.field(*choice)

    def _way(self, sent: Any) -> tuple[int, str, int]:
        """The steps, the solver and the seed of a question.

        Raises:
            InputError: One is not as it must be.
        """
        steps, solver = sent.get("steps"), sent.get("solver")
        if not (is_index(steps, STEPS[-1] + 1) and steps in STEPS):
            raise InputError(f"The steps must be one of {', '.join(map(str, STEPS))}.")
        if not isinstance(solver, str) or solver not in CALLS:
            raise InputError(f"The solver must be one of {', '.join(CALLS)}.")
        return steps, solver, read_seed(sent.get("seed"))


def _start(seed: int) -> Tensor:
    """Where a swarm begins, ``float64`` (POINTS, 2)."""
    return draw_latents(POINTS, 2, torch.Generator().manual_seed(seed)).double()


@lru_cache(maxsize=512)
def _ends(answers: FieldAnswers, choice: Choice, seed: int, part: int) -> tuple[Tensor, list[int]]:
    """Where points end when the solver makes next to no error, and the class that is likeliest there."""
    field, z = answers._field(choice), _start(seed).view(PARTS, -1, 2)[part]
    ends = arrive(field.velocity, z, late_times(EXACT_STEPS), "rk4")
    if choice.label >= 0:
        return ends, [choice.label] * len(ends)
    probs = answers.study.mixture.class_probs(ends, len(answers.study.class_names))
    return ends, probs.argmax(dim=1).tolist()


@cache
@torch.inference_mode()
def _arrows(answers: FieldAnswers, choice: Choice) -> str:
    """The velocities of :meth:`FieldAnswers.arrows`."""
    field, grid = answers._field(choice), answers.window.grid(ARROWS)
    return pack_shorts(torch.stack([field.velocity(grid, t) for t in while_wanted(TIMES)]) / ARROW_UNIT)


@cache
@torch.inference_mode()
def _density(answers: FieldAnswers, choice: Choice, slice_: int) -> str:
    """The levels of :meth:`FieldAnswers.density`."""
    log_p = answers._field(choice).log_prob(answers.window.grid(CELLS), TIMES[slice_])
    levels = 255 * (1 + (log_p - log_p.max()) / DEEPEST).clamp(0, 1)
    return pack(levels.round().to(torch.uint8))
