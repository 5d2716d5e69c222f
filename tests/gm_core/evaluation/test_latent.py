"""The figure of a latent space: how far a rebuilt picture is from the picture."""

import pytest
import torch

from gm_core import VAE, Autoencoder, AutoencoderConfig, VAEConfig
from gm_core.data.datasets import Images
from gm_core.evaluation.latent import measure
from gm_core.models import ImageShape
from tests.helpers import seeded

SMALL = {"latent": 2, "width": 4, "hidden": 16}


@pytest.mark.parametrize(
    ("build", "unit"),
    [
        (lambda: Autoencoder(AutoencoderConfig(image=ImageShape(height=8, width=8), **SMALL)), "grey levels"),
        (lambda: VAE(VAEConfig(image=ImageShape(height=8, width=8, channels=3), **SMALL)), "levels"),
    ],
)
def test_the_error_is_the_root_mean_square_over_the_pixels(build, unit):
    torch.manual_seed(0)
    model = build().eval().requires_grad_(False)
    images = torch.randint(256, (5, *model.config.image.size), dtype=torch.uint8, generator=seeded())
    (metric,) = measure(model, Images(images, torch.zeros(5, dtype=torch.int64), ("noise",)), quiet=True)
    assert (metric.name, metric.unit) == ("reconstruction_error", unit)
    error = (model.expected(model.code(images)) - images).square().mean().sqrt()
    assert metric.value == pytest.approx(float(error), rel=1e-4)
