"""The figures of a lower bound."""

import math

import pytest
import torch

from gm_core import VAE, VAEConfig
from gm_core.data.datasets import Images
from gm_core.evaluation import bound, evaluate
from gm_core.models import ImageShape
from tests.helpers import seeded


def test_figures_count_every_channel(monkeypatch):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 100)
    config = VAEConfig(image=ImageShape(height=8, width=8, channels=3), latent=2, width=4, hidden=8)
    images = torch.randint(256, (60, 3, 8, 8), dtype=torch.uint8, generator=seeded())
    figures = evaluate(VAE(config).eval(), Images(images, torch.zeros(60, dtype=torch.int64), ("noise",)), quiet=True)
    value, protocol = ({figure.name: getattr(figure, part) for figure in figures} for part in ("value", "protocol"))
    assert value["elbo_bits_per_dim"] == pytest.approx(-value["elbo"] / (192 * math.log(2)))
    assert value["elbo"] == pytest.approx(value["reconstruction"] - value["kl"])
    assert value["importance_weighted_bound"] > value["elbo"]
    assert "on the first 50 of them" in protocol["importance_weighted_bound"]
