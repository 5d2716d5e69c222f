"""The figures of a classifier."""

import pytest
import torch

from gm_core import Classifier, ClassifierConfig
from gm_core.data.datasets import Images
from gm_core.evaluation import evaluate, labels
from gm_core.models import ImageShape
from tests.helpers import loss_of, seeded


def test_figures_are_read_from_the_posterior(monkeypatch):
    monkeypatch.setattr(labels, "NOISE_IMAGES", 20)
    torch.manual_seed(0)
    config = ClassifierConfig(image=ImageShape(height=8, width=8), classes=4, width=4, hidden=16)
    model = Classifier(config).eval().requires_grad_(False)
    images = torch.randint(256, (40, 1, 8, 8), dtype=torch.uint8, generator=seeded())
    answers = model.posterior(images).logits.argmax(dim=1)
    truth = answers.clone()
    truth[:10] = (truth[:10] + 1) % 4
    figures = {metric.name: metric for metric in evaluate(model, Images(images, truth, tuple("abcd")), quiet=True)}
    assert figures["accuracy"].value == pytest.approx(30 / 40)
    assert figures["nll"].value == pytest.approx(float(loss_of(model, images, truth)), rel=1e-4)
    assert 1 / 4 <= figures["confident_on_noise"].value <= 1
    assert "of 20 pictures of uniform noise" in figures["confident_on_noise"].protocol
