"""How good a model is on images that it has never seen: the figures of every capability that it has.

One file per capability: :mod:`~gm_core.evaluation.density`, :mod:`~gm_core.evaluation.bound`,
:mod:`~gm_core.evaluation.estimate`, :mod:`~gm_core.evaluation.latent`, :mod:`~gm_core.evaluation.fidelity`,
:mod:`~gm_core.evaluation.labels`; distances between sets of pictures are in :mod:`~gm_core.evaluation.distances`.
A model is asked what it can do, never what family it is of, so a new family is measured without another line here.
"""

from collections.abc import Callable, Collection
from typing import Any

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation import bound, density, estimate, fidelity, labels, latent
from gm_core.models import Model
from gm_core.models.capabilities import Bounded, Classifies, Density, Estimated, Latent, Samples
from gm_core.numerics import isolate

Measure = Callable[[Any, Images, bool], list[Metric]]

MEASURES: dict[str, tuple[type, Measure]] = {
    "density": (Density, density.measure),
    "bound": (Bounded, bound.measure),
    "estimate": (Estimated, estimate.measure),
    "latent": (Latent, latent.measure),
    "fidelity": (Samples, fidelity.measure),
    "labels": (Classifies, labels.measure),
}
"""The capabilities that have figures, in the order in which those are given, by the names of the files."""


@isolate
def evaluate(model: Model, data: Images, quiet: bool = False, only: Collection[str] = tuple(MEASURES)) -> list[Metric]:
    """Measure a model on images it was not trained on.

    Args:
        model: The model.
        data: The images.
        quiet: No progress bars.
        only: Which of :data:`MEASURES`.

    Returns:
        The figures of every capability that it has, each with its protocol.
    """
    return [
        metric
        for name, (capability, measure) in MEASURES.items()
        if name in only and isinstance(model, capability)
        for metric in measure(model, data, quiet)
    ]
