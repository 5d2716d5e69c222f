"""The detector: a density, a bound, a score, and what they are on held-out images."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gm_core.checkpoints import CheckpointError, load, read_card, read_tensors
from gm_core.detection.conformal import conformal_p_value
from gm_core.detection.typicality import Typicality
from gm_core.evaluation.likelihood import in_batches
from gm_core.models.pixelcnn import GatedPixelCNN
from gm_core.models.vae import VAE

BOUND_SAMPLES = 16
"""Importance samples of the VAE's bound."""


@dataclass(frozen=True)
class Verdict:
    """What a detector says of one picture.

    Attributes:
        log_prob: Exact log p(x) under the PixelCNN, nats.
        bits_per_dim: The same, as bits a pixel.
        bound: The VAE's importance-weighted lower bound on log p(x), nats.
        outlier_score: Higher is less reasonable.
        p_value: Conformal p-value of the score.
        alpha: The false-alarm rate that was accepted.
        surprise: -log p of each pixel given those before it, nats, ``float32`` (H, W).
    """

    log_prob: float
    bits_per_dim: float
    bound: float
    outlier_score: float
    p_value: float
    alpha: float
    surprise: Tensor

    @property
    def verdict(self) -> Literal["reasonable", "unreasonable"]:
        """Reasonable when the p-value is above the accepted false-alarm rate."""
        return "reasonable" if self.p_value > self.alpha else "unreasonable"


class Detector:
    """Judges pictures by their likelihood.

    Args:
        domain: What it knows, for instance ``"mnist"``.
        pixelcnn: The density.
        vae: The model whose bound is shown beside it.
        typicality: The score, fitted on training images.
        log_prob: log p(x) of the calibration images, nats, (n,).
        bound: The VAE's bound on the calibration images, nats, (n,).
    """

    def __init__(
        self, domain: str, pixelcnn: GatedPixelCNN, vae: VAE, typicality: Typicality, log_prob: Tensor, bound: Tensor
    ) -> None:
        self.domain, self.pixelcnn, self.vae, self.typicality = domain, pixelcnn, vae, typicality
        self.log_prob, self.bound = log_prob, bound
        self.calibration = typicality.outlier_score(log_prob.double()).sort().values

    def score(self, images: Tensor, alpha: float = 0.05) -> list[Verdict]:
        """Judge pictures.

        Args:
            images: ``uint8`` (B, 1, H, W) of the models' size.
            alpha: The share of reasonable pictures one accepts to have called unreasonable, in (0, 1).

        Returns:
            A verdict for each.

        Raises:
            ValueError: The images are of the wrong kind, or alpha is out of range.
        """
        check_alpha(alpha)
        surprise = -in_batches(self.pixelcnn.pixel_log_prob, images)[:, 0]
        bound = vae_bound(self.vae, images)
        # The sum is the model's own, in its own precision, so that every way to ask gives the same number.
        log_prob = -surprise.flatten(1).sum(dim=1)
        scores = self.typicality.outlier_score(log_prob.double())
        p_values = conformal_p_value(scores, self.calibration)
        dims = surprise[0].numel() * math.log(2)
        return [
            Verdict(
                log_prob=float(log_prob[i]),
                bits_per_dim=float(-log_prob[i]) / dims,
                bound=float(bound[i]),
                outlier_score=float(scores[i]),
                p_value=float(p_values[i]),
                alpha=alpha,
                surprise=surprise[i],
            )
            for i in range(len(images))
        ]

    def reasonable_range(self, alpha: float) -> tuple[float, float]:
        """Where log p(x) of a picture must lie for it to be called reasonable, nats; the ends are part of it.

        Args:
            alpha: The accepted false-alarm rate, in (0, 1). With fewer than ``1 / alpha - 1`` calibration images
                nothing is ever refused, and the range is everything.
        """
        check_alpha(alpha)
        n = len(self.calibration)
        # A picture stranger than all but `refused - 1` of the calibration images has the p-value refused / (n + 1).
        refused = int((torch.arange(1, n + 1, dtype=torch.float64) / (n + 1) <= alpha).sum())
        if not refused:
            return -math.inf, math.inf
        strangest = float(self.calibration[n - refused])
        low, middle, high = self.typicality.low, self.typicality.middle, self.typicality.high
        return middle - strangest * (middle - low), middle + strangest * (high - middle)

    def share_less_likely(self, log_prob: float) -> float:
        """Share of the calibration images that are less likely than this, from 0 to 1."""
        return float((self.log_prob < log_prob).double().mean())


def check_alpha(alpha: float) -> float:
    """A false-alarm rate, or a ``ValueError`` that says what is wrong with it."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha, the accepted false-alarm rate, must lie between 0 and 1, not {alpha!r}")
    return alpha


def vae_bound(vae: VAE, images: Tensor) -> Tensor:
    """The VAE's importance-weighted bound, nats, (B,); the same noise for every picture, so repeatable."""
    return in_batches(
        lambda image: vae.log_prob(image, BOUND_SAMPLES, torch.Generator().manual_seed(0)), images, batch=1
    )


def load_detector(domain: str, device: str | torch.device = "auto", directory: Path | None = None) -> Detector:
    """The calibrated detector of a domain.

    Args:
        domain: For instance ``"mnist"``; its checkpoint is ``DOMAIN-detector``.
        device: Where its models run.
        directory: Where the checkpoints lie.

    Raises:
        CheckpointError: A part is missing, damaged, or not the one the detector was calibrated with.
    """
    card = read_card(f"{domain}-detector", directory)
    if card.family != "detector":
        raise CheckpointError(f"checkpoint {card.name!r} holds a {card.family!r}, not a detector")
    tensors = read_tensors(card, directory)
    parts = {}
    for part in ("pixelcnn", "vae"):
        name, sha256 = card.config[part]["name"], card.config[part]["sha256"]
        if read_card(name, directory).sha256 != sha256:
            raise CheckpointError(f"{card.name!r} was calibrated with other weights of {name!r}; calibrate it again")
        parts[part] = load(name, device, directory)
    pixelcnn, vae = parts["pixelcnn"], parts["vae"]
    if not isinstance(pixelcnn, GatedPixelCNN) or not isinstance(vae, VAE):
        raise CheckpointError(f"{card.name!r} names models of the wrong kind; calibrate it again")
    return Detector(
        domain, pixelcnn, vae, Typicality(**card.config["typicality"]), tensors["log_prob"], tensors["bound"]
    )
