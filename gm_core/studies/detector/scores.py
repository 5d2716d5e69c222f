"""What may be unusual about a picture: one number per score, with its source.

None of them is enough alone. A density finds simple pictures likely whatever they show, so a high log p(x) says
little; what a score misses, another notices.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

PEAK = 40
"""Pixels whose surprise :func:`peak` averages."""


@dataclass(frozen=True)
class Evidence:
    """What the models say about some pictures; all scores are computed from it.

    Attributes:
        images: The pictures, ``uint8`` (B, C, H, W).
        surprise: -log p of every value given the earlier ones, nats, (B, C, H, W).
        expected: Its expectation before the value is known: the entropy of the value's distribution, nats.
        variance: Its variance before the value is known, nats squared.
        background: The surprise of a background model, which knows only the general look of the pictures, nats.
        reconstruction: The VAE's E log p(x | z) over its posterior, nats, (B,).
        kl: The VAE's KL(q(z | x) to p(z)), nats, (B,).
    """

    images: Tensor
    surprise: Tensor
    expected: Tensor
    variance: Tensor
    background: Tensor
    reconstruction: Tensor
    kl: Tensor

    @property
    def ratio(self) -> Tensor:
        """Log-likelihood ratio of every value: what the model knows beyond the background, nats, (B, C, H, W)."""
        return self.background - self.surprise


def log_prob(evidence: Evidence) -> Tensor:
    """Exact log p(x), nats, (B,).

    Two-sided, it is the typicality test of Nalisnick et al. (2019), "Detecting Out-of-Distribution Inputs to Deep
    Generative Models Using Typicality". https://arxiv.org/abs/1906.02994
    """
    return -evidence.surprise.flatten(1).sum(dim=1)


def entropy(evidence: Evidence) -> Tensor:
    """The surprise that the model expected, summed over the picture, nats, (B,).

    The sum of the entropies of the distributions that the values are compared with: -log p(x) in expectation, if the
    model had drawn the picture.
    """
    return evidence.expected.flatten(1).sum(dim=1)


def excess(evidence: Evidence) -> Tensor:
    """Observed minus expected surprise, in standard deviations, (B,).

    For a picture drawn by the model the differences are a martingale with these variances, so this has mean 0 and
    variance 1 whatever the picture shows: the typicality test with the picture's own entropy in place of the data
    set's.
    """
    spread = evidence.variance.flatten(1).sum(dim=1).clamp_min(1e-6).sqrt()
    return (entropy(evidence) + log_prob(evidence)).neg() / spread


def peak(evidence: Evidence) -> Tensor:
    """Mean of the largest surprises, nats, (B,): a few impossible pixels are lost in a sum over all."""
    surprise = evidence.surprise.flatten(1)
    return surprise.topk(min(PEAK, surprise.shape[1]), dim=1).values.mean(dim=1)


def spread(evidence: Evidence) -> Tensor:
    """Standard deviation of the surprises of a picture, nats, (B,)."""
    return evidence.surprise.flatten(1).std(dim=1)


def clustering(evidence: Evidence) -> Tensor:
    """Whether surprising pixels are neighbours: mean product of neighbours' standardised excess surprises, (B,).

    For a picture drawn by the model they are uncorrelated; on a part it does not know, the model keeps being wrong in
    the same way.
    """
    # The small constant prevents division by nearly 0 where the model was sure, and right.
    off = (evidence.surprise - evidence.expected) / (evidence.variance + 0.05).sqrt()
    beside, below = off[..., :, 1:] * off[..., :, :-1], off[..., 1:, :] * off[..., :-1, :]
    return beside.flatten(1).mean(dim=1) + below.flatten(1).mean(dim=1)


def complexity_png(evidence: Evidence) -> Tensor:
    """Input complexity with PNG as the coder, bits, (B,); see :func:`complexity_webp`."""
    return _model_bits(evidence) - _coded_bits(evidence.images, format="PNG", optimize=True)


def complexity_webp(evidence: Evidence) -> Tensor:
    """-log2 p(x) minus the bits that a lossless coder (WebP) needs for the picture, (B,).

    A general coder also finds simple pictures simple; a picture that costs the model much more is not of its kind.

    Serrà et al. (2020), "Input Complexity and Out-of-Distribution Detection with Likelihood-Based Generative Models",
    equation 1 (there with PNG, JPEG 2000 and FLIF). https://arxiv.org/abs/1909.11480
    """
    return _model_bits(evidence) - _coded_bits(evidence.images, format="WEBP", lossless=True, quality=80, method=4)


def likelihood_ratio(evidence: Evidence) -> Tensor:
    """Log p(x) minus that of a background model trained on pictures with mutated pixels, nats, (B,).

    What makes all simple pictures likely makes them likely under both models.

    Ren et al. (2019), "Likelihood Ratios for Out-of-Distribution Detection", section 4.
    https://arxiv.org/abs/1906.02845
    """
    return evidence.ratio.flatten(1).sum(dim=1)


def reconstruction(evidence: Evidence) -> Tensor:
    """The VAE's reconstruction term: how well the picture survives the latent space, nats, (B,)."""
    return evidence.reconstruction


def kl(evidence: Evidence) -> Tensor:
    """The VAE's KL term: how far from the prior the picture lies in the latent space, nats, (B,).

    The lower bound is :func:`reconstruction` minus this. Kingma and Welling (2014), equation 3.
    https://arxiv.org/abs/1312.6114
    """
    return evidence.kl


SCORES: dict[str, Callable[[Evidence], Tensor]] = {
    score.__name__: score
    for score in (
        log_prob,
        entropy,
        excess,
        peak,
        spread,
        clustering,
        complexity_png,
        complexity_webp,
        likelihood_ratio,
        reconstruction,
        kl,
    )
}
"""All scores by name; the detector combines them."""


def all_scores(evidence: Evidence) -> Tensor:
    """Every score of every picture, ``float64`` (B, scores), in the order of :data:`SCORES`."""
    return torch.stack([score(evidence).double().cpu() for score in SCORES.values()], dim=1)


def _model_bits(evidence: Evidence) -> Tensor:
    """-log2 p(x), (B,), on the CPU, where pictures are coded."""
    return (-log_prob(evidence) / math.log(2)).cpu()


def _coded_bits(images: Tensor, **options: object) -> Tensor:
    """Bits of each picture's compressed file, (B,), on the CPU."""
    bits = []
    for image in images.cpu():
        buffer, array = io.BytesIO(), image.permute(1, 2, 0).numpy()
        Image.fromarray(array if array.shape[2] == 3 else array[..., 0]).save(buffer, **options)  # type: ignore[arg-type]
        bits.append(8 * buffer.tell())
    return torch.tensor(bits, dtype=torch.float64)
