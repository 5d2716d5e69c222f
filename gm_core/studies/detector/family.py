"""How detectors are stored, loaded and measured."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from gm_core.checkpoints import Card, load, read_card
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import load_dataset
from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.capabilities import Classifies, Variational
from gm_core.studies.detector.detector import Detector
from gm_core.studies.detector.features import FeatureTest
from gm_core.studies.detector.outliers import OUTLIERS, other_images
from gm_core.studies.detector.refusal import evaluate_detector, refusal_table
from gm_core.studies.detector.scores import SCORES
from gm_core.studies.store import Measurement, Stored, StudyFamily, register


class DetectorFamily(StudyFamily[Detector]):
    """Detectors: each of one data set, made of two densities and a bound; for a second test, of a classifier too."""

    family = "detector"
    noun = "a detector"
    command = "calibrate"

    def sources(self, subject: str) -> dict[str, str]:
        """The density, the background density and the bound of a data set, and its classifier if that has a say."""
        return dataset_of(subject).detector_parts

    def sources_on(self, card: Card) -> dict[str, str]:
        """The same, but for a classifier that had no say yet when the detector was made."""
        parts = super().sources_on(card)
        return {part: name for part, name in parts.items() if part != "classifier" or part in card.config}

    def parse(self, stored: Stored) -> Detector:
        """A detector with its models, from its tensors: units, and the scores of held-out images."""
        if stored.card.config["scores"] != list(SCORES):
            raise ValueError("its scores are others")
        names = {part: card.name for part, card in stored.sources.items()}
        count, held_out = len(SCORES), stored.tensor("held_out", None, len(SCORES))
        return Detector(
            stored.subject,
            *load_parts(names, stored.device, stored.directory),
            center=stored.tensor("center", count),
            whitening=stored.tensor("whitening", count, count),
            held_out=held_out,
            features=self._features(stored, names["classifier"], len(held_out)) if "classifier" in names else None,
        )

    def _features(self, stored: Stored, classifier: str, count: int) -> FeatureTest:
        return FeatureTest(
            load(classifier, stored.device, stored.directory, what=Classifies),
            references=stored.tensor("feature_references", None, None),
            held_out=stored.tensor("feature_held_out", count),
        )

    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Count false alarms on test images, and what is refused of other pictures."""
        dataset = read_card(self.name(subject)).dataset
        test, detector = load_dataset(dataset, "test", data_dir).first(limit), self.load(subject, device)
        others, missing = other_images(dataset, data_dir)
        measured = evaluate_detector(detector, test.images, others, min(limit or OUTLIERS, OUTLIERS))
        return Measurement(
            measured.metrics,
            {"refusals": [asdict(line) for line in measured.table]},
            refusal_table(measured.table),
            missing,
        )


DETECTORS = register(DetectorFamily())


def load_detector(dataset: str, device: str | torch.device = "auto", directory: Path | None = None) -> Detector:
    """The calibrated detector of a data set; loaded once however often it is asked for.

    Args:
        dataset: For instance ``"mnist"``; its checkpoint is ``DATASET-detector``.
        device: Where its models run.
        directory: Where the checkpoints lie.

    Raises:
        CheckpointError: A part is missing, damaged, or not the one the detector was calibrated with.
        DeviceError: This machine has no such device.
    """
    return DETECTORS.load(dataset, device, directory)


def load_parts(
    names: Mapping[str, str], device: torch.device, directory: Path
) -> tuple[Autoregressive, Autoregressive, Variational]:
    """The models that a detector is made of: the density, the background density and the bound.

    Args:
        names: Their checkpoints, by the part they play.
        device: Where to run.
        directory: Where they lie.

    Raises:
        CheckpointError: One is missing, damaged, or not what its part needs.
    """
    return (
        load(names["pixelcnn"], device, directory, what=Autoregressive),
        load(names["background"], device, directory, what=Autoregressive),
        load(names["vae"], device, directory, what=Variational),
    )
