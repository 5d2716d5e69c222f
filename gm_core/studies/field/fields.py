"""The fields of a study, each asked in the same way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gm_core.models.flow.ffjord import FFJORD, standard_normal
from gm_core.models.ode import even_times, follow
from gm_core.studies.field.mixture import PATHS, ExactField, Mixture

LEARNED = "learned"

KINDS = (*PATHS, LEARNED)
"""The fields by name."""

DENSITY_STEPS = 16
"""Steps of Runge and Kutta's method, from time 1 to 0, in which the learned flow's density is computed."""


class PlaneField(Protocol):
    """A field from a standard normal, at time 0, to codes, at time 1; all is ``float64``."""

    def velocity(self, z: Tensor, t: float) -> Tensor:
        """At points (B, D), (B, D)."""
        ...

    def with_divergence(self, z: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """The velocity at points (B, D), (B, D), and its divergence, (B,)."""
        ...

    def log_prob(self, z: Tensor, t: float) -> Tensor:
        """The density at a time of points that flow from the standard normal: log p(z) at points (B, D), nats (B,)."""
        ...


@dataclass(frozen=True, eq=False)
class LearnedField:
    """FFJORD's field for a class.

    Attributes:
        flow: The flow.
        label: The class, -1 for any.
    """

    flow: FFJORD
    label: int

    def velocity(self, z: Tensor, t: float) -> Tensor:
        """See :class:`PlaneField`."""
        return self.flow.velocity(z.float(), t, self._labels(z)).double()

    def with_divergence(self, z: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """See :class:`PlaneField`."""
        velocity, divergence = self.flow.with_divergence(z.float(), t, self._labels(z))
        return velocity.double(), divergence.double()

    def log_prob(self, z: Tensor, t: float) -> Tensor:
        """See :class:`PlaneField`; up to the steps of the solver."""
        if t == 0:
            return standard_normal(z.double())
        times = [t * share for share in even_times(max(1, round(DENSITY_STEPS * t)))]
        return self.flow.log_prob(z.float(), self._labels(z), times=times).double()

    def _labels(self, z: Tensor) -> Tensor:
        return torch.full((len(z),), self.label)


@dataclass(frozen=True, eq=False)
class FieldStudy:
    """The fields of a plane of codes.

    Attributes:
        mixture: Of the posteriors of some training pictures: where the exact fields lead.
        flow: What was learned from all training pictures.
        class_names: What each label means.
    """

    mixture: Mixture
    flow: FFJORD
    class_names: tuple[str, ...]

    def field(self, kind: str, label: int = -1) -> PlaneField:
        """One of :data:`KINDS`, of a class or, for -1, of any.

        Raises:
            KeyError: There is none of that name.
            ValueError: The mixture has no component of that class.
        """
        if kind == LEARNED:
            return LearnedField(self.flow, label)
        return ExactField(self.mixture.given(label), PATHS[kind])


def follow_density(
    field: PlaneField, z: Tensor, log_prob: Tensor, times: Sequence[float], solver: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Points that follow a field, and their log p by the instantaneous change of variables, both by the same solver.

    Args:
        field: The field.
        z: Where the points begin, ``float64`` (B, D).
        log_prob: Log p there, nats (B,).
        times: Of the solver's steps.
        solver: One of :data:`gm_core.models.ode.SOLVERS`.

    Yields:
        The points at each time, and their log p.
    """

    def both(state: Tensor, t: float) -> Tensor:
        velocity, divergence = field.with_divergence(state[:, :-1], t)
        return torch.cat((velocity, -divergence[:, None]), dim=1)

    for state in follow(both, torch.cat((z, log_prob[:, None]), dim=1), times, solver):
        yield state[:, :-1], state[:, -1]
