"""A world small enough to calibrate a detector in."""

import pytest
import torch

from gm_core import VAE, Detector, GatedPixelCNN, GatedPixelCNNConfig, VAEConfig
from gm_core.studies.detector.detector import scores_of
from tests.helpers import flat, seeded


@pytest.fixture(scope="module")
def world():
    """A detector of pictures that a small PixelCNN draws, and more of them for testing."""
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
    held_out = scores_of((pixelcnn, background, vae), images[:800])
    center, whitening = held_out[:400].median(dim=0).values, torch.diag(1 / held_out[:400].std(dim=0))
    return Detector("drawn", pixelcnn, background, vae, center, whitening, held_out[400:]), images[800:]
