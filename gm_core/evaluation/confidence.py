"""How sure a classifier is, and whether it is right to be."""

import torch
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.numerics import isolate

BINS = 15
"""Of the calibration error, as in Guo et al. (2017)."""


@isolate
def posterior_figures(log_posterior: Tensor, labels: Tensor, which: str, prefix: str = "") -> list[Metric]:
    """How good the probabilities of the classes are.

    Args:
        log_posterior: log p(y | x), nats, (N, classes).
        labels: Classes, ``int64`` (N,).
        which: What to call the pictures, and where the probabilities are from.
        prefix: Of the figures' names.

    Returns:
        The share of right answers, the mean of -log p(y | x), and the calibration error.
    """
    right = (log_posterior.argmax(dim=1) == labels).double().mean()
    nll = -log_posterior.double().gather(1, labels[:, None]).mean()
    error = calibration_error(log_posterior.double().exp(), labels)
    bins = f"expected calibration error of the likeliest class, {BINS} bins of equal width"
    return [
        Metric(f"{prefix}accuracy", float(right), "share", f"share whose likeliest class is their own, {which}"),
        Metric(f"{prefix}nll", float(nll), "nats", f"mean of -log p(y|x) of the true class, {which}"),
        Metric(f"{prefix}calibration_error", error, "share", f"{bins}, {which}"),
    ]


@isolate
def calibration_error(probs: Tensor, labels: Tensor, bins: int = BINS) -> float:
    r"""Expected calibration error: by how much the share of right answers misses the confidence in them.

    Pictures are put into bins of equal width by the probability of their likeliest class; the error is the mean over
    the pictures of :math:`|\text{accuracy} - \text{mean confidence}|` of their bin.

    Args:
        probs: Probabilities of the classes, (N, classes).
        labels: Classes, ``int64`` (N,).
        bins: Number of bins.

    Returns:
        The error, 0 to 1.

    References:
        Guo et al. (2017), "On Calibration of Modern Neural Networks", section 2. https://arxiv.org/abs/1706.04599
    """
    confidence, answer = probs.double().max(dim=1)
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1  # as there, a bin holds its upper edge
    excess = (answer == labels).double() - confidence
    return float(torch.zeros(bins, dtype=torch.float64).index_add(0, place, excess).abs().sum() / len(labels))


@isolate
def log_odds(scores: Tensor) -> Tensor:
    r"""How sure the likeliest class is: :math:`\log p(\hat y \mid x) - \log(1 - p(\hat y \mid x))`.

    It rises with the largest probability, and still tells apart pictures where that is 1 in floating point.

    Args:
        scores: Log-probabilities of at least two classes up to a constant of the picture, as logits, (N, classes).

    Returns:
        Nats, ``float64`` (N,).
    """
    ordered = scores.double().sort(dim=1, descending=True).values
    return ordered[:, 0] - ordered[:, 1:].logsumexp(dim=1)


@isolate
def accuracy_versus_coverage(
    probs: Tensor, labels: Tensor, confidence: Tensor | None = None, points: int = 101
) -> tuple[Tensor, Tensor]:
    """How often the answers are right when those one is least sure of are refused.

    Among pictures of the same confidence those to refuse are chosen by lot, and the expected accuracy is given.

    Args:
        probs: Probabilities of the classes, or anything that is largest for the answer, (N, classes).
        labels: Classes, ``int64`` (N,); -1 is of no class, so that whatever is answered is wrong.
        confidence: What is refused first where it is lowest, (N,); the largest probability when left out.
        points: Coverages from 0 to 1.

    Returns:
        Coverages, evenly spaced, and the accuracy of the answers at each, ``float64`` (points,). The smallest coverage,
        0, stands for one answer.

    Raises:
        ValueError: There is no picture, or a confidence is not a number.

    References:
        El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification".
        https://jmlr.org/papers/v11/el-yaniv10a.html
    """
    largest, answer = probs.max(dim=1)
    confidence = largest if confidence is None else confidence
    if not len(labels) or confidence.isnan().any():
        raise ValueError("a curve needs at least one picture, and a confidence that is a number for each")
    _, group, counts = confidence.unique(return_inverse=True, return_counts=True)
    right = torch.zeros(len(counts), dtype=torch.float64).index_add(0, group, (answer == labels).double()) / counts
    answers = right[group][group.argsort(descending=True)].cumsum(dim=0)
    coverage = torch.linspace(0, 1, points, dtype=torch.float64)
    answered = (coverage * len(labels)).round().long().clamp(min=1)
    return coverage, answers[answered - 1] / answered
