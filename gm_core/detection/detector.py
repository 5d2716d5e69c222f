"""The detector: a density, a bound, a score, and what they are on held-out images."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card, read_tensors, save
from gm_core.data.datasets import Images
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


def calibrate(
    domain: str,
    train: Images,
    held_out: Images,
    test: Images,
    *,
    device: torch.device,
    directory: Path,
    quiet: bool = False,
) -> Card:
    """Make a domain's detector: fit the score on training images, calibrate on held-out ones, check on test images.

    Args:
        domain: Its models are ``DOMAIN-pixelcnn`` and ``DOMAIN-vae``.
        train: Images the models were trained on; as many of the first as are held out are used.
        held_out: Images they were not trained on.
        test: Others, to measure the false-alarm rate on.
        device: Where to run.
        directory: Where the models lie, and where the detector goes.
        quiet: No progress bars.

    Returns:
        The detector's card.
    """
    names = {"pixelcnn": f"{domain}-pixelcnn", "vae": f"{domain}-vae"}
    pixelcnn, vae = (load(name, device, directory) for name in names.values())
    assert isinstance(pixelcnn, GatedPixelCNN) and isinstance(vae, VAE)

    def log_prob(images: Images, title: str) -> Tensor:
        return in_batches(pixelcnn.log_prob, images.images, title=title, quiet=quiet)

    typicality = Typicality.fit(log_prob(train.first(len(held_out)), "training images"))
    calibration = log_prob(held_out, "held-out images")
    bound = vae_bound(vae, held_out.images)
    detector = Detector(domain, pixelcnn, vae, typicality, calibration, bound)
    p_values = conformal_p_value(typicality.outlier_score(log_prob(test, "test images").double()), detector.calibration)
    card = Card(
        name=f"{domain}-detector",
        family="detector",
        description="Two-sided typicality of log p(x), with conformal p-values",
        dataset=read_card(names["pixelcnn"], directory).dataset,
        split=f"score fitted on {len(held_out):,} training images, calibrated on the {len(held_out):,} held out",
        config={
            **{part: {"name": name, "sha256": read_card(name, directory).sha256} for part, name in names.items()},
            "typicality": asdict(typicality),
        },
        metrics=[
            Metric(
                f"false_alarm_rate_at_{alpha}",
                float((p_values <= alpha).double().mean()),
                "share",
                f"share of the {len(test):,} test images with a p-value of at most {alpha}",
            )
            for alpha in (0.01, 0.05, 0.1)
        ],
        class_names=list(held_out.class_names),
    )
    return save(card, {"log_prob": calibration, "bound": bound}, directory)
