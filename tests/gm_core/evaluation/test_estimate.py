"""The figures of an estimate, of a model that has no posterior over codes to give them with."""

import math

import pytest
import torch

from gm_core import VAE, VAEConfig
from gm_core.data.datasets import Images
from gm_core.evaluation import estimate
from gm_core.evaluation.estimate import measure
from gm_core.models import ImageShape
from gm_core.models.flow import RealNVP, RealNVPConfig
from tests.helpers import seeded

SHAPE = ImageShape(height=8, width=8)


def noise(n: int) -> Images:
    pictures = torch.randint(256, (n, *SHAPE.size), dtype=torch.uint8, generator=seeded())
    return Images(pictures, torch.zeros(n, dtype=torch.int64), ("noise",))


def test_figures_are_of_evenly_spread_images_and_say_how_sure_they_are(monkeypatch):
    monkeypatch.setattr(estimate, "IMAGES", 5)
    monkeypatch.setattr(estimate, "SAMPLES", (3,))
    torch.manual_seed(0)
    config = RealNVPConfig(image=SHAPE, couplings=(2, 2), widths=(8, 8), blocks=1, noise_width=8)
    model, data = RealNVP(config).eval().requires_grad_(False), noise(20)
    bits, nats = measure(model, data, quiet=True)
    values = model.estimate(data.images[::4], samples=3, generator=seeded()).value.double()
    assert nats.value == pytest.approx(float(values.mean()), rel=1e-5)
    assert bits.value == pytest.approx(-nats.value / (64 * math.log(2)))
    assert "3 draws per image, mean over 5 evenly spread test images" in nats.protocol
    assert f"standard error over images {float(values.std() / 5**0.5):.2f} nats" in nats.protocol


def test_a_model_with_a_posterior_gives_its_estimate_with_the_bound():
    assert measure(VAE(VAEConfig(image=SHAPE, latent=2, width=4, hidden=8)).eval(), noise(2), quiet=True) == []
