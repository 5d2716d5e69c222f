"""A second test: how unlike all training pictures a picture looks to the classifier of the same data set."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.evaluation.batches import in_batches
from gm_core.models.capabilities import Classifies

REFERENCES = 1000
"""Training images that a picture is compared with, where there are as many."""


class FeatureTest:
    r"""An outlier score by the distance to the nearest training picture in a classifier's features, with its p-value.

    A density is surprised by pixels; a classifier has learned which shapes matter. It cannot refuse a picture by its
    answer, but where it has to answer for a shape that it has not learned, its last hidden layer lies apart.

    The distance is fixed before the held-out pictures are looked at, so these and a new one are exchangeable in it: the
    p-value is the share of the n + 1 that lie at least as far out, and :math:`P(p \le \alpha) \le \alpha`.

    Args:
        classifier: A classifier that was trained without the held-out pictures.
        references: What :func:`directions` gives of training pictures, (m, F).
        held_out: The distances of the held-out pictures, (n,).

    References:
        Sun, Ming, Zhu and Li (2022), "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML.
        https://arxiv.org/abs/2204.06507
    """

    def __init__(self, classifier: Classifies, references: Tensor, held_out: Tensor) -> None:
        self.classifier, self.references = classifier, references
        self.held_out = held_out.double().sort().values

    def distance(self, images: Tensor) -> Tensor:
        """The distance of each of some images, ``uint8`` (B, C, H, W); see :func:`distances`."""
        return distances(self.classifier, self.references, images)

    def peers(self, distance: Tensor) -> Tensor:
        """How many held-out pictures lie at least as far out, ``int64`` (B,)."""
        return len(self.held_out) - torch.searchsorted(self.held_out, distance.double().contiguous())

    def share_below(self, distance: float) -> float:
        """Share of the held-out pictures that lie nearer, from 0 to 1."""
        return float((self.held_out < distance).double().mean())


def directions(classifier: Classifies, images: Tensor) -> Tensor:
    """The directions of pictures from the origin of a classifier's features: vectors of length 1.

    In half precision, in which they are stored: what held-out pictures are compared with is then to the bit what new
    ones are.

    Args:
        classifier: The classifier.
        images: ``uint8`` (N, C, H, W).

    Returns:
        ``float16`` (N, F).
    """
    return F.normalize(in_batches(classifier.features, images).double(), dim=1).half()


def distances(classifier: Classifies, references: Tensor, images: Tensor) -> Tensor:
    """The cosine distance of pictures to the nearest of others: 1 less the largest cosine of their angles.

    Args:
        classifier: The classifier in whose features it is measured.
        references: The directions of the others, (m, F).
        images: ``uint8`` (N, C, H, W).

    Returns:
        ``float64`` (N,), from 0 to 2.
    """
    features = F.normalize(in_batches(classifier.features, images).double(), dim=1)
    return 1 - (features @ references.double().T).amax(dim=1)
