"""Making the detector of a data set."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from gm_core.checkpoints import Card, Metric, load
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import DataError, Images
from gm_core.models.capabilities import Classifies
from gm_core.numerics import isolate
from gm_core.studies.detector.detector import Detector, scores_of
from gm_core.studies.detector.family import DETECTORS, load_parts
from gm_core.studies.detector.features import REFERENCES, FeatureTest, directions, distances
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
            the units of the scores; the first :data:`~gm_core.studies.detector.features.REFERENCES` are what features
            are compared with.
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
    parts = dataset_of(dataset).detector_parts
    pixelcnn, background, vae = models = load_parts(parts, device, directory)
    features = None
    if "classifier" in parts:
        features = feature_test(load(parts["classifier"], device, directory, what=Classifies), train, held_out)

    def scores_for(images: Images, title: str) -> Tensor:
        return scores_of(models, images.images, title, quiet)

    some = train.first(max(len(held_out), ENOUGH))
    center, whitening = _units(scores_for(some, "training images"))
    scores = scores_for(held_out, "held-out images")
    detector = Detector(dataset, pixelcnn, background, vae, center, whitening, scores, features=features)
    return save_detector(detector, scores, measure(detector), some, held_out, directory)


def feature_test(classifier: Classifies, train: Images, held_out: Images) -> FeatureTest:
    """The test by a classifier's features, of reasonable images alone."""
    references = directions(classifier, train.first(REFERENCES).images)
    return FeatureTest(classifier, references, distances(classifier, references, held_out.images))


def save_detector(
    detector: Detector, scores: Tensor, metrics: list[Metric], units: Images, held_out: Images, directory: Path
) -> Card:
    """Write a detector beside its models.

    Args:
        detector: The detector.
        scores: Those of the held-out images, (n, scores), in their order.
        metrics: Its figures.
        units: Images that set the units of the scores.
        held_out: The held-out images.
        directory: Where the models lie, and where it goes.

    Returns:
        Its card.
    """
    tensors = {"center": detector.center, "whitening": detector.whitening, "held_out": scores}
    description = f"{len(SCORES)} scores of a picture among those of held-out images, with a conformal p-value"
    split = f"units from {len(units):,} training images, fitted and calibrated on the {len(held_out):,} held out"
    if features := detector.features:
        tensors |= {"feature_references": features.references, "feature_held_out": features.held_out}
        description += "; a second one of the distance to training images in a classifier's features"
        split += f"; features of the first {len(features.references):,} training images"
    return DETECTORS.save(
        detector.dataset,
        tensors,
        directory,
        description=description,
        split=split,
        metrics=metrics,
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
