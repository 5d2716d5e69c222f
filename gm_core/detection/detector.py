"""The detector: a density, a bound, a score, and what they are on held-out images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from gm_core.checkpoints import CheckpointError, load, read_card, read_tensors
from gm_core.detection.conformal import conformal_p_value
from gm_core.detection.typicality import Typicality
from gm_core.evaluation.likelihood import in_batches
from gm_core.models.pixelcnn import GatedPixelCNN
from gm_core.models.vae import VAE

BOUND_SAMPLES = 16
"""Importance samples of the VAE's bound."""


Statistic = Literal["log_prob", "bound"]
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)
"""The two witnesses: the PixelCNN's exact log p(x), and the VAE's lower bound on its own."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a detector says of one picture.

    Attributes:
        log_prob: Exact log p(x) under the PixelCNN, nats.
        bits_per_dim: The same, as bits a pixel.
        bound: The VAE's importance-weighted lower bound on its log p(x), nats.
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
    """Judges pictures by two likelihoods: reasonable is what neither finds unusual.

    The score is the larger of the two distances to the usual. One alone is easily satisfied: a white picture costs the
    PixelCNN a surprise at its first pixels and little after, as many nats in all as a digit; the VAE cannot rebuild
    it.

    Args:
        domain: What it knows, for instance ``"mnist"``.
        pixelcnn: The density.
        vae: The model that bounds its own density from below.
        typicality: What is usual of each statistic, fitted on training images.
        held_out: Each statistic of the calibration images, nats, (n,).
    """

    def __init__(
        self,
        domain: str,
        pixelcnn: GatedPixelCNN,
        vae: VAE,
        typicality: Mapping[Statistic, Typicality],
        held_out: Mapping[Statistic, Tensor],
    ) -> None:
        self.domain, self.pixelcnn, self.vae = domain, pixelcnn, vae
        self.typicality, self.held_out = dict(typicality), dict(held_out)
        self.calibration = self.outlier_score(held_out).sort().values

    def outlier_score(self, statistics: Mapping[Statistic, Tensor]) -> Tensor:
        """The larger of the distances of the two statistics from the usual, ``float64`` (B,)."""
        scores = [self.typicality[name].outlier_score(statistics[name].double()) for name in STATISTICS]
        return torch.stack(scores).amax(dim=0)

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
        statistics: dict[Statistic, Tensor] = {
            "log_prob": -surprise.flatten(1).sum(dim=1),
            "bound": vae_bound(self.vae, images),
        }
        scores = self.outlier_score(statistics)
        p_values = conformal_p_value(scores, self.calibration)
        dims = surprise[0].numel() * math.log(2)
        return [
            Verdict(
                log_prob=float(statistics["log_prob"][i]),
                bits_per_dim=float(-statistics["log_prob"][i]) / dims,
                bound=float(statistics["bound"][i]),
                outlier_score=float(scores[i]),
                p_value=float(p_values[i]),
                alpha=alpha,
                surprise=surprise[i],
            )
            for i in range(len(images))
        ]

    def reasonable_range(self, alpha: float, statistic: Statistic = "log_prob") -> tuple[float, float]:
        """Where a statistic of a picture must lie for it to be called reasonable, nats; the ends are part of it.

        A picture is called reasonable exactly when both its statistics lie in their ranges.

        Args:
            alpha: The accepted false-alarm rate, in (0, 1). With fewer than ``1 / alpha - 1`` calibration images
                nothing is ever refused, and the range is everything.
            statistic: Which of the two.
        """
        check_alpha(alpha)
        n = len(self.calibration)
        # A picture stranger than all but `refused - 1` of the calibration images has the p-value refused / (n + 1).
        refused = int((torch.arange(1, n + 1, dtype=torch.float64) / (n + 1) <= alpha).sum())
        if not refused:
            return -math.inf, math.inf
        return self.typicality[statistic].within(float(self.calibration[n - refused]))

    def share_less_likely(self, value: float, statistic: Statistic = "log_prob") -> float:
        """Share of the calibration images of which a statistic is lower than this, from 0 to 1."""
        return float((self.held_out[statistic] < value).double().mean())


def check_alpha(alpha: float) -> float:
    """A false-alarm rate, or a ``ValueError`` that says what is wrong with it."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha, the accepted false-alarm rate, must lie between 0 and 1, not {alpha!r}")
    return alpha


def vae_bound(vae: VAE, images: Tensor, title: str = "", quiet: bool = True) -> Tensor:
    """The VAE's importance-weighted bound, nats, (B,); the same noise for every picture, so repeatable."""

    def bound(image: Tensor) -> Tensor:
        return vae.log_prob(image, BOUND_SAMPLES, torch.Generator().manual_seed(0))

    return in_batches(bound, images, batch=1, title=title, quiet=quiet)


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
    parts: dict[str, nn.Module] = {}
    try:
        names = {part: card.config[part]["name"] for part in ("pixelcnn", "vae")}
        hashes = {part: card.config[part]["sha256"] for part in names}
        typicality = {name: Typicality(**card.config["typicality"][name]) for name in STATISTICS}
        held_out = {name: tensors[name] for name in STATISTICS}
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"card {card.name!r} is not one of a detector of this version; calibrate it again"
        ) from error
    for part, name in names.items():
        if read_card(name, directory).sha256 != hashes[part]:
            raise CheckpointError(f"{card.name!r} was calibrated with other weights of {name!r}; calibrate it again")
        parts[part] = load(name, device, directory)
    pixelcnn, vae = parts["pixelcnn"], parts["vae"]
    if not isinstance(pixelcnn, GatedPixelCNN) or not isinstance(vae, VAE):
        raise CheckpointError(f"{card.name!r} names models of the wrong kind; calibrate it again")
    return Detector(domain, pixelcnn, vae, typicality, held_out)
