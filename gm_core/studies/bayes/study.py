"""A PixelCNN by Bayes' rule compared with a classifier: how often each is right, and what abstaining gains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import Images, load_dataset
from gm_core.evaluation.batches import in_batches
from gm_core.evaluation.confidence import accuracy_versus_coverage, log_odds, posterior_figures
from gm_core.models.capabilities import Classifies, Density
from gm_core.numerics import isolate
from gm_core.studies.bayes.rule import class_log_probs, likelihood_from_posterior, log_joint
from gm_core.studies.detector.outliers import fit, outliers_named
from gm_core.studies.store import Measurement, Stored, StudyFamily, register

MIXED_IMAGES = 1000
"""Test images, and as many of another data set, which belong to no class, so that a judge should refuse them."""

USUAL_IMAGES = 500
"""Held-out images, evenly spread, whose median log p(x) is the usual one."""

CURVES = ("classifier", "pixelcnn")
MIXED_CURVES = ("classifier", "pixelcnn", "log_prob", "typicality", "joined")
"""What is refused first: a small p(y|x) of either model; a small log p(x); a log p(x) far from the usual one. In these
two the PixelCNN answers; in ``"joined"`` the classifier answers, and a small log p(x) of the PixelCNN is refused."""


@dataclass(frozen=True, eq=False)
class BayesStudy:
    """What was found on a data set's test images; see the card ``DATASET-bayes`` for the figures.

    Attributes:
        prior: p(y), the classes' shares of the training images, ``float64`` (classes,).
        usual_log_prob: Median of log p(x) over held-out images, nats.
        coverage: Shares of the pictures that are answered, ``float64`` (101,).
        accuracy: Accuracy of those answers, (101,), for each of :data:`CURVES`, the least confident being refused.
        mixed_accuracy: The same where half of the pictures belong to no class, so that every answer to them is wrong;
            for each of :data:`MIXED_CURVES`.
        outliers: Name of the data set that those belong to, or of their kind.
    """

    prior: Tensor
    usual_log_prob: float
    coverage: Tensor
    accuracy: dict[str, Tensor]
    mixed_accuracy: dict[str, Tensor]
    outliers: str


@isolate
def make_bayes(
    dataset: str,
    train: Images,
    held_out: Images,
    test: Images,
    outliers: Images,
    outliers_name: str,
    *,
    device: torch.device,
    directory: Path,
    quiet: bool = False,
) -> Card:
    """Compare a data set's PixelCNN and classifier, and save what was found: figures and curves, but no images.

    Args:
        dataset: Its models are the density of its detector and ``DATASET-classifier``.
        train: Images they were trained on; their labels give the prior, see :func:`class_shares`.
        held_out: Images they were not trained on, for the usual log p(x).
        test: Other images, to compare on.
        outliers: Pictures that belong to none of the classes.
        outliers_name: Their name.
        device: Where to run.
        directory: Where the models lie, and where the study goes, as ``DATASET-bayes``.
        quiet: No progress bars.

    Returns:
        The study's card.

    Raises:
        CheckpointError: A model is missing, or lacks the capability.
    """
    pixelcnn, classifier = load_judges(dataset, device, directory)
    prior = class_shares(train)
    some = held_out.images[:: max(1, len(held_out) // USUAL_IMAGES)][:USUAL_IMAGES]
    some = class_log_probs(pixelcnn, some, title="log p(x|y), held-out images", quiet=quiet)
    usual = float(log_joint(some, prior).logsumexp(dim=1).median())
    metrics, curves = evaluate_bayes(pixelcnn, classifier, prior, usual, test, outliers, outliers_name, quiet)
    return BAYES.save(
        dataset,
        {"prior": prior, "usual_log_prob": torch.tensor([usual], dtype=torch.float64), **curves},
        directory,
        description="The PixelCNN by Bayes' rule beside the classifier, both with the option to refuse",
        split=f"prior of {len(train):,} training images, usual log p(x) of {len(some):,} held out; measured on test",
        metrics=metrics,
        class_names=train.class_names,
        settings={"test_images": len(test), "outliers": outliers_name},
    )


def class_shares(train: Images) -> Tensor:
    """The classes' shares of the training images, p(y), ``float64`` (classes,).

    Where a class has no picture among them, every class is counted once more (Laplace's rule of succession): a class
    that exists is not impossible.
    """
    counts = train.labels.bincount(minlength=len(train.class_names)).double()
    if not bool(counts.all()):
        counts += 1
    return counts / counts.sum()


@isolate
def evaluate_bayes(
    pixelcnn: Density,
    classifier: Classifies,
    prior: Tensor,
    usual_log_prob: float,
    test: Images,
    outliers: Images,
    outliers_name: str,
    quiet: bool = False,
) -> tuple[list[Metric], dict[str, Tensor]]:
    """Ask both models about the same pictures.

    Args:
        pixelcnn: A class-conditional density, which answers by Bayes' rule.
        classifier: A classifier of the same classes.
        prior: p(y), (classes,).
        usual_log_prob: The usual log p(x), nats.
        test: Images that neither has seen.
        outliers: Pictures that belong to none of the classes, of any size; brought to the test images' form.
        outliers_name: Their name.
        quiet: No progress bars.

    Returns:
        The figures, and the curves of accuracy by coverage, ``float64`` (101,) each: ``accuracy.NAME`` for
        :data:`CURVES` and ``mixed_accuracy.NAME`` for :data:`MIXED_CURVES`.
    """
    likelihoods = class_log_probs(pixelcnn, test.images, title="log p(x|y), test images", quiet=quiet)
    any_class = in_batches(pixelcnn.log_prob, test.images, batch=20, title="log p(x), test images", quiet=quiet)
    joint, logits = log_joint(likelihoods, prior), in_batches(_log_posterior(classifier), test.images).double()
    posteriors = {"classifier": logits.log_softmax(dim=1), "pixelcnn": joint.log_softmax(dim=1)}
    answered_by = {"classifier": "the classifier", "pixelcnn": "the PixelCNN by Bayes' rule"}
    count = f"first {len(test):,} test images"
    metrics, curves = [], {}
    for name in CURVES:
        which = f"{count}, {answered_by[name]}"
        metrics += posterior_figures(posteriors[name], test.labels, which, f"{name}_")
        _, curve = accuracy_versus_coverage(posteriors[name], test.labels, log_odds(posteriors[name]))
        curves[f"accuracy.{name}"] = curve
        protocol = f"share of right answers when the least confident 5 % are refused, {which}"
        metrics.append(Metric(f"{name}_accuracy_at_95_percent", float(curve[95]), "share", protocol))

    own = test.labels[:, None]
    by_bayes = likelihood_from_posterior(posteriors["classifier"].exp(), any_class, prior)
    for name, values, what in (
        ("log_prob_given_class", likelihoods.gather(1, own), "p(x|y) of the true class, the PixelCNN's own"),
        (
            "log_prob_given_class_by_bayes",
            by_bayes.gather(1, own),
            "p(x|y) of the true class, from the classifier's p(y|x) and the PixelCNN's p(x) of any class",
        ),
        ("log_prob", any_class.double(), 'p(x), label "any class"'),
        ("log_prob_by_bayes", joint.logsumexp(dim=1), "p(x), sum of p(x|y) p(y) over the classes"),
    ):
        metrics.append(Metric(name, float(values.mean()), "nats", f"mean log {what}, {count}"))

    half = min(MIXED_IMAGES, len(test), len(outliers))
    channels, height, width = test.images.shape[1:]
    others = fit(outliers.images[:half], channels, (height, width))
    likelihoods = class_log_probs(pixelcnn, others, title=f"log p(x|y), {outliers_name}", quiet=quiet)
    joint = torch.cat([joint[:half], log_joint(likelihoods, prior)])
    logits = torch.cat([logits[:half], in_batches(_log_posterior(classifier), others).double()])
    labels = torch.cat([test.labels[:half], torch.full((half,), -1)])
    which = f"first {half:,} test images, and as many of {outliers_name}, where every answer is wrong"
    mixed = _mixed_curves(joint, logits, labels, usual_log_prob, which)
    return metrics + [metric for metric, _ in mixed.values()], curves | {
        f"mixed_accuracy.{name}": curve for name, (_, curve) in mixed.items()
    }


def _log_posterior(classifier: Classifies) -> Callable[[Tensor], Tensor]:
    """From images to log p(y | x), nats, (B, classes)."""
    return lambda images: classifier.posterior(images).logits


def _mixed_curves(
    joint: Tensor, logits: Tensor, labels: Tensor, usual_log_prob: float, which: str
) -> dict[str, tuple[Metric, Tensor]]:
    """A figure and a curve for each of :data:`MIXED_CURVES`, from the answers of both models."""
    log_prob = joint.logsumexp(dim=1)
    results = {}
    for name, scores, confidence, reason in (
        ("classifier", logits, log_odds(logits), "a small p(y|x) of the classifier"),
        ("pixelcnn", joint, log_odds(joint), "a small p(y|x) of the PixelCNN"),
        ("log_prob", joint, log_prob, "a small log p(x), the PixelCNN answering the rest"),
        ("typicality", joint, -(log_prob - usual_log_prob).abs(), "a log p(x) far from the median of held-out images"),
        ("joined", logits, log_prob, "a small log p(x), the classifier answering the rest"),
    ):
        _, curve = accuracy_versus_coverage(scores, labels, confidence)
        protocol = f"share of right answers when half are refused for {reason}, {which}"
        results[name] = Metric(f"mixed_accuracy_at_half_{name}", float(curve[50]), "share", protocol), curve
    return results


def load_judges(
    dataset: str, device: str | torch.device = "auto", directory: Path | None = None
) -> tuple[Density, Classifies]:
    """A data set's class-conditional PixelCNN and its classifier.

    Args:
        dataset: Their checkpoints are the density of its detector and ``DATASET-classifier``.
        device: Where to run.
        directory: Where they lie.

    Raises:
        CheckpointError: One is missing, damaged, or not what its name says; or they know different numbers of classes.
        DeviceError: This machine has no such device.
    """
    names = BAYES.sources(dataset)
    pixelcnn = load(names["density"], device, directory, what=Density)
    classifier = load(names["classifier"], device, directory, what=Classifies)
    if pixelcnn.config.classes != classifier.config.classes:
        raise CheckpointError(
            f"{names['density']!r} knows {pixelcnn.config.classes} classes, "
            f"{names['classifier']!r} {classifier.config.classes}"
        )
    return pixelcnn, classifier


class BayesFamily(StudyFamily[BayesStudy]):
    """Comparisons: each of one data set's density and classifier."""

    family = "bayes"
    noun = "a study of Bayes' rule"
    command = "bayes"

    def sources(self, subject: str) -> dict[str, str]:
        """The density and the classifier of a data set."""
        record = dataset_of(subject)
        return {"density": record.density, "classifier": record.classifier}

    def entries(self, sources: Mapping[str, Card]) -> dict[str, Any]:
        """Both models' SHA-256 by name, in one entry."""
        return {"models": {card.name: card.sha256 for card in sources.values()}}

    def hashes(self, config: Mapping[str, Any], parts: Sequence[str]) -> dict[str, str]:
        """The reverse of :meth:`entries`."""
        return dict(config["models"])

    def parse(self, stored: Stored) -> BayesStudy:
        """A study from its tensors: a prior, a number, and curves of 101 points."""
        return BayesStudy(
            prior=stored.tensor("prior", len(stored.card.class_names)),
            usual_log_prob=float(stored.tensor("usual_log_prob", 1)),
            coverage=torch.linspace(0, 1, 101, dtype=torch.float64),
            accuracy={name: stored.tensor(f"accuracy.{name}", 101) for name in CURVES},
            mixed_accuracy={name: stored.tensor(f"mixed_accuracy.{name}", 101) for name in MIXED_CURVES},
            outliers=str(stored.card.config["outliers"]),
        )

    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Ask both models about the test images again, as many as on the card unless limited."""
        card = read_card(self.name(subject))
        test, study = load_dataset(card.dataset, "test", data_dir), self.load(subject, "cpu")
        test = test.first(limit or card.config["test_images"])
        outliers = outliers_named(study.outliers, card.dataset, card.record.image, data_dir).first(limit)
        pixelcnn, classifier = load_judges(subject, device)
        metrics, _ = evaluate_bayes(
            pixelcnn, classifier, study.prior, study.usual_log_prob, test, outliers, study.outliers
        )
        return Measurement(metrics)


BAYES = register(BayesFamily())


def load_bayes(dataset: str, directory: Path | None = None) -> BayesStudy:
    """What was found on a data set's test images; read only once.

    Args:
        dataset: The study's checkpoint is ``DATASET-bayes``.
        directory: Where it lies.

    Raises:
        CheckpointError: It is missing, damaged, or of other weights than the models' here.
    """
    return BAYES.load(dataset, "cpu", directory)
