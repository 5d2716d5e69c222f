"""Making the detector of a data set."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from gm_core.checkpoints import Card, Metric
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import DataError, Images
from gm_core.numerics import isolate
from gm_core.studies.detector.detector import Detector, scores_of
from gm_core.studies.detector.family import DETECTORS, load_parts
from gm_core.studies.detector.scores import SCORES

SHRINK = 1e-3
"""Share of a score's variance that is added to it, because some scores are almost determined by others."""

FLAT = 1e-6
"""A score that varies by a smaller share of itself is taken to vary by that: where all pictures are the same, it has
no spread to be measured in."""

ENOUGH = 500
"""So many training images at least set the units, if there are so many."""


@isolate
def calibrate(
    dataset: str,
    train: Images,
    held_out: Images,
    measure: Callable[[Detector], list[Metric]],
    *,
    device: torch.device,
    directory: Path,
    quiet: bool = False,
) -> Card:
    """Make a data set's detector from reasonable images alone: it never sees an outlier.

    Args:
        dataset: Its models are those of :attr:`gm_core.data.catalog.DataSet.detector_parts`.
        train: Images the models were trained on; as many of them as are held out, and :data:`ENOUGH` at least, set
            the units of the scores.
        held_out: Images they were not trained on; a picture is compared with all of them.
        measure: Measures the figures of its card.
        device: Where to run.
        directory: Where the models lie, and where the detector goes.
        quiet: No progress bars.

    Returns:
        The detector's card.

    Raises:
        CheckpointError: A model is missing or lacks what its part needs.
        DataError: There are too few images.
    """
    if min(len(train), len(held_out)) < 2:
        raise DataError(
            f"a detector needs 2 training images and 2 held-out ones at least, not {len(train):,} and "
            f"{len(held_out):,}; add pictures"
        )
    pixelcnn, background, vae = models = load_parts(dataset_of(dataset).detector_parts, device, directory)

    def scores_for(images: Images, title: str) -> Tensor:
        return scores_of(models, images.images, title, quiet)

    some = train.first(max(len(held_out), ENOUGH))
    center, whitening = _units(scores_for(some, "training images"))
    scores = scores_for(held_out, "held-out images")
    detector = Detector(dataset, pixelcnn, background, vae, center, whitening, scores)
    return DETECTORS.save(
        dataset,
        {"center": center, "whitening": whitening, "held_out": scores},
        directory,
        description=f"{len(SCORES)} scores of a picture among those of held-out images, with a conformal p-value",
        split=f"units from {len(some):,} training images, fitted and calibrated on the {len(held_out):,} held out",
        metrics=measure(detector),
        class_names=held_out.class_names,
        settings={"scores": list(SCORES)},
    )


def _units(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Center and whitening: in these units the covariance of the scores is the identity."""
    center = scores.median(dim=0).values
    floor = FLAT * center.abs().clamp_min(1)
    spread = torch.maximum(scores.std(dim=0), floor)
    correlation = (scores / spread).T.cov()
    correlation += (1 + SHRINK) * torch.eye(len(center), dtype=scores.dtype) - torch.diag(correlation.diag())
    return center, torch.linalg.cholesky(torch.linalg.inv(correlation)) / spread[:, None]
