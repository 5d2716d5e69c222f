"""How good a model is on images that it has never seen: the figures of every capability that it has.

One file per capability: :mod:`~gm_core.evaluation.density`, :mod:`~gm_core.evaluation.bound`,
:mod:`~gm_core.evaluation.estimate`, :mod:`~gm_core.evaluation.latent`, :mod:`~gm_core.evaluation.fidelity`,
:mod:`~gm_core.evaluation.labels`. A model is asked what it can do, never what family it is of, so a new family is
measured without another line here.
"""

from collections.abc import Callable
from typing import Any

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation import bound, density, estimate, fidelity, labels, latent
from gm_core.models import Model
from gm_core.models.capabilities import Bounded, Classifies, Density, Estimated, Latent, Samples
from gm_core.numerics import isolate

Measure = Callable[[Any, Images, bool], list[Metric]]

MEASURES: tuple[tuple[type, Measure], ...] = (
    (Density, density.measure),
    (Bounded, bound.measure),
    (Estimated, estimate.measure),
    (Latent, latent.measure),
    (Samples, fidelity.measure),
    (Classifies, labels.measure),
)
"""The capabilities that have figures, in the order in which those are given."""


@isolate
def evaluate(model: Model, data: Images, quiet: bool = False) -> list[Metric]:
    """Measure a model on images it was not trained on.

    Args:
        model: The model.
        data: The images.
        quiet: No progress bars.

    Returns:
        The figures of every capability that it has, each with its protocol.
    """
    return [
        metric
        for capability, measure in MEASURES
        if isinstance(model, capability)
        for metric in measure(model, data, quiet)
    ]
