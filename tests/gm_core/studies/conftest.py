"""A world small enough to calibrate a detector in."""

from typing import Any

import pytest
import torch

from gm_core import VAE, Detector, GatedPixelCNN, GatedPixelCNNConfig, VAEConfig
from gm_core.studies.detector.detector import scores_of
from tests.helpers import flat, seeded


@pytest.fixture(scope="module")
def pieces() -> tuple[dict[str, Any], torch.Tensor]:
    """What a detector of pictures is made of that a small PixelCNN draws, and the pictures.

    The first 400 set the units, the next 400 are held out, the last 400 are for testing.
    """
    torch.manual_seed(0)
    shape = {"height": 8, "width": 8}
    pixelcnn = (
        GatedPixelCNN(flat(GatedPixelCNNConfig, classes=2, channels=8, layers=2, **shape)).eval().requires_grad_(False)
    )
    background = (
        GatedPixelCNN(flat(GatedPixelCNNConfig, classes=2, channels=4, layers=1, **shape)).eval().requires_grad_(False)
    )
    vae = VAE(flat(VAEConfig, latent=2, channels=4, hidden=8, **shape)).eval().requires_grad_(False)
    images = pixelcnn.sample(1200, generator=seeded(1))
    scores = scores_of((pixelcnn, background, vae), images[:800])
    parts = {
        "pixelcnn": pixelcnn,
        "background": background,
        "vae": vae,
        "center": scores[:400].median(dim=0).values,
        "whitening": torch.diag(1 / scores[:400].std(dim=0)),
        "held_out": scores[400:],
    }
    return parts, images


@pytest.fixture(scope="module")
def world(pieces) -> tuple[Detector, torch.Tensor]:
    """The detector, and pictures for testing."""
    parts, images = pieces
    return Detector("drawn", **parts), images[800:]
