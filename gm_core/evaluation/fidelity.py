r"""The figures of drawn pictures: how far they are from real ones, and whether they are of the class asked for.

Both are read from what the data set's own classifier makes of a picture. The Fréchet distance compares two sets of
pictures by the means :math:`m` and covariances :math:`C` of its features, as if these were normally distributed:

.. math:: d^2 = |m_1 - m_2|^2 + \operatorname{tr}(C_1 + C_2 - 2 (C_1 C_2)^{1/2}).

It falls with the number of pictures even between sets of the same kind, so it is given with a floor: the distance
between as many training images and the test images, which no model of this data set can be asked to go below.

References:
    Heusel et al. (2017), "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", section
    4, with features of a network trained on ImageNet: figures of that name cannot be compared with those of here.
    https://arxiv.org/abs/1706.08500
"""

import logging
from time import monotonic

import torch
from torch import Tensor

from gm_core.checkpoints import CheckpointError, Metric, available, load
from gm_core.data.datasets import Images, Source, load_dataset
from gm_core.evaluation.batches import in_batches
from gm_core.models import Model
from gm_core.models.capabilities import Classifies, Samples
from gm_core.numerics import isolate

PICTURES = (1000, 500, 200)
"""How many are drawn: the most that the time allows; fewer than features would say little of their covariance."""

BATCH = 50
"""Pictures drawn side by side; each of the numbers above holds it."""

SECONDS = 600.0
"""For drawing them; how long that takes is known from the first batch."""

BOOTSTRAPS = 100
"""Resampled sets behind a standard error."""


def measure(model: Samples, data: Images, quiet: bool) -> list[Metric]:
    """The Fréchet distance with its floor, and the share of right classes of a model that is asked for them.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.

    Returns:
        The figures; none, with a line in the log that says why, where there is no classifier of the data set, or too
        few test images, or the model draws too slowly.
    """
    try:
        source = _source(data)
        name, classifier = judge_of(model, source.dataset)
        images, labels = _some(data, _number(model, data))
    except LookupError as reason:
        logging.getLogger(__name__).warning("no figure of drawn pictures: %s", reason.args[0])
        return []
    n = len(images)
    real, train = (
        _features(classifier, pictures, quiet)
        for pictures in (images, _some(load_dataset(source.dataset, "train", source.directory), n)[0])
    )
    drawn = _features(classifier, draw(model, n, None, quiet), quiet)
    features = f"Fréchet distance of the features of {name} between {{}} and {n:,} test images, standard error {{:.2f}}"
    pairs = (
        ("frechet_distance", drawn, f"{n:,} drawn pictures, seed 0,"),
        ("frechet_distance_floor", train, f"{n:,} training images"),
    )
    metrics = [
        Metric(figure, frechet_distance(some, real), "distance", features.format(what, standard_error(some, real)))
        for figure, some, what in pairs
    ]
    if model.config.classes:
        asked = draw(model, n, labels, quiet)
        right, own = (_share(classifier, pictures, labels, quiet) for pictures in (asked, images))
        protocol = (
            f"share of {n:,} drawn pictures, seed 0, that {name} reads as the class asked for; of as many test images "
            f"it reads {own:.4f} as their own"
        )
        metrics.append(Metric("class_as_asked", right, "share", protocol))
    return metrics


@isolate
def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The squared Fréchet distance between two sets of points, as if each were normally distributed.

    Args:
        a: Points, (N, F), N at least 2.
        b: Points, (M, F).
    """
    (mean_a, cov_a), (mean_b, cov_b) = _moments(a), _moments(b)
    # tr (AB)^1/2 is that of (A^1/2 B A^1/2)^1/2, of symmetric matrices.
    root = _root(cov_a)
    both = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * both)


@isolate
def standard_error(a: Tensor, b: Tensor, bootstraps: int = BOOTSTRAPS) -> float:
    """The standard error of the Fréchet distance between two sets of points, by resampling both.

    Args:
        a: Points, (N, F).
        b: Points, (M, F).
        bootstraps: Resampled pairs.
    """
    generator = torch.Generator().manual_seed(0)
    distances = [
        frechet_distance(*(part[torch.randint(len(part), (len(part),), generator=generator)] for part in (a, b)))
        for _ in range(bootstraps)
    ]
    return float(torch.tensor(distances).std())


def judge_of(model: Samples, dataset: str) -> tuple[str, Classifies]:
    """A data set's classifier, with its name.

    Args:
        model: The model whose pictures are to be judged.
        dataset: The data set's name.

    Raises:
        LookupError: There is none that can be used.
    """
    try:
        for card in available():
            if card.dataset == dataset and card.has(Classifies) and card.model_config.image == model.config.image:
                return card.name, load(card.name, model.device, what=Classifies)
    except CheckpointError as error:
        raise LookupError(str(error)) from error
    raise LookupError(f"there is no classifier of {dataset}")


@isolate
def draw(model: Samples, n: int, labels: Tensor | None = None, quiet: bool = True) -> Tensor:
    """Draw pictures a batch at a time, the same whatever their number.

    Args:
        model: The model.
        n: How many.
        labels: Class of each, ``int64`` (n,).
        quiet: No progress bar.

    Returns:
        ``uint8`` (n, C, H, W).
    """
    generator = torch.Generator().manual_seed(0)
    labels = torch.full((n,), -1) if labels is None else labels
    return in_batches(
        lambda part: model.sample(len(part), part, generator=generator), labels, batch=BATCH, title="drawn", quiet=quiet
    )


def _source(data: Images) -> Source:
    """Where images come from.

    Raises:
        LookupError: They are of no data set.
    """
    if data.source is None:
        raise LookupError("there is no classifier of these pictures")
    return data.source


def _number(model: Samples, data: Images) -> int:
    """How many pictures are to be drawn, as many of the test images being compared with.

    Raises:
        LookupError: Not even the least number.
    """
    allowed = [n for n in PICTURES if n <= len(data)]
    if not allowed:
        raise LookupError(f"{len(data)} test images are fewer than {PICTURES[-1]}")
    if isinstance(model, Model):
        model.warm_up(allowed[0] * (2 if model.config.classes else 1))
    model.sample(1)  # whatever is only done once
    begin = monotonic()
    draw(model, BATCH)
    seconds = (monotonic() - begin) / BATCH * (2 if model.config.classes else 1)
    for n in allowed:
        if n * seconds <= SECONDS:
            return n
    raise LookupError(f"{PICTURES[-1]} pictures would take {PICTURES[-1] * seconds:.0f} s to draw")


def _some(data: Images, n: int) -> tuple[Tensor, Tensor]:
    """Pictures chosen at random, as a data set may be in the order of its classes, and their labels."""
    index = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:n]
    return data.pictures(index), data.labels[index]


def _features(classifier: Classifies, images: Tensor, quiet: bool) -> Tensor:
    return in_batches(classifier.features, images, title="features", quiet=quiet)


def _share(classifier: Classifies, images: Tensor, labels: Tensor, quiet: bool) -> float:
    """The share of pictures that a classifier reads as what they should be."""

    def answers(batch: Tensor) -> Tensor:
        return classifier.posterior(batch).logits.argmax(dim=1)

    return float((in_batches(answers, images, title="p(y|x)", quiet=quiet) == labels).double().mean())


def _moments(points: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance, in double precision."""
    points = points.double()
    return points.mean(dim=0), torch.cov(points.T, correction=1).reshape(points.shape[1], points.shape[1])


def _root(matrix: Tensor) -> Tensor:
    """The square root of a positive semi-definite symmetric matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
