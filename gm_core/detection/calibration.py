"""Making a domain's detector, and measuring its false alarms."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card, save
from gm_core.data.datasets import Images
from gm_core.detection.conformal import conformal_p_value
from gm_core.detection.detector import Detector, Statistic, vae_bound
from gm_core.detection.typicality import Typicality
from gm_core.evaluation.likelihood import in_batches
from gm_core.models.pixelcnn import GatedPixelCNN
from gm_core.models.vae import VAE

ALPHAS = (0.01, 0.05, 0.1)


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

    Raises:
        CheckpointError: A model is missing or of the wrong kind.
    """
    names = {"pixelcnn": f"{domain}-pixelcnn", "vae": f"{domain}-vae"}
    pixelcnn, vae = (load(name, device, directory) for name in names.values())
    if not isinstance(pixelcnn, GatedPixelCNN) or not isinstance(vae, VAE):
        raise CheckpointError(f"{names['pixelcnn']!r} and {names['vae']!r} must hold a PixelCNN and a VAE")

    typical = _statistics(pixelcnn, vae, train.first(len(held_out)), "training images", quiet)
    typicality = {name: Typicality.fit(values) for name, values in typical.items()}
    statistics = _statistics(pixelcnn, vae, held_out, "held-out images", quiet)
    detector = Detector(domain, pixelcnn, vae, typicality, statistics)
    card = Card(
        name=f"{domain}-detector",
        family="detector",
        description="Two-sided typicality of log p(x) and of the VAE's bound, with conformal p-values",
        dataset=read_card(names["pixelcnn"], directory).dataset,
        split=f"score fitted on {len(held_out):,} training images, calibrated on the {len(held_out):,} held out",
        config={
            **{part: {"name": name, "sha256": read_card(name, directory).sha256} for part, name in names.items()},
            "typicality": {name: asdict(fitted) for name, fitted in typicality.items()},
        },
        metrics=false_alarm_rates(detector, test, quiet=quiet),
        class_names=list(held_out.class_names),
    )
    return save(card, {str(name): values for name, values in statistics.items()}, directory)


def false_alarm_rates(detector: Detector, test: Images, quiet: bool = False) -> list[Metric]:
    """Share of unseen, reasonable images that are called unreasonable, at several accepted rates.

    Args:
        detector: The detector.
        test: Images that neither its models nor its calibration have seen.
        quiet: No progress bar.

    Returns:
        A figure for each of :data:`ALPHAS`.
    """
    statistics = _statistics(detector.pixelcnn, detector.vae, test, "test images", quiet)
    p_values = conformal_p_value(detector.outlier_score(statistics), detector.calibration)
    return [
        Metric(
            f"false_alarm_rate_at_{alpha}",
            float((p_values <= alpha).double().mean()),
            "share",
            f"share of the {len(test):,} test images with a p-value of at most {alpha}",
        )
        for alpha in ALPHAS
    ]


def _statistics(pixelcnn: GatedPixelCNN, vae: VAE, images: Images, title: str, quiet: bool) -> dict[Statistic, Tensor]:
    """Both statistics of many images, nats."""
    return {
        "log_prob": in_batches(pixelcnn.log_prob, images.images, title=f"log p(x), {title}", quiet=quiet),
        "bound": vae_bound(vae, images.images, title=f"bound, {title}", quiet=quiet),
    }
