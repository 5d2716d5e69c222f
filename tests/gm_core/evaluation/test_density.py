"""The figures of an exact density."""

import math

import pytest
import torch

from gm_core import PixelCNNPP, PixelCNNPPConfig
from gm_core.data.datasets import Images, load_dataset
from gm_core.evaluation import evaluate
from gm_core.models import ImageShape
from tests.helpers import flat, seeded


def small(**entries) -> PixelCNNPP:
    torch.manual_seed(0)
    shape = {"height": 6, "width": 7, "mixture": 3, "vertical": (8, 8, 8), "horizontal": (8, 12, 8)}
    config = flat(PixelCNNPPConfig, **shape, blocks=(1, 1, 1), **entries)
    return PixelCNNPP(config).eval().requires_grad_(False)


def test_a_part_of_the_test_set_is_called_so(sheets):
    test = load_dataset("cifar10", "test", sheets)
    assert test.part == "the first 40 test images"
    protocol = evaluate(small(classes=10), test, quiet=True)[0].protocol
    assert protocol == 'exact, 256 levels, mean over the first 40 test images, label "any class"'
    assert test.first(10).part == ""


def test_figures_are_the_mean_log_likelihood_and_what_it_is_per_value():
    model, labels = small(classes=3), torch.tensor([0, 2, 1, 2])
    images = torch.randint(256, (4, *model.config.image.size), dtype=torch.uint8, generator=seeded())
    figures = {metric.name: metric.value for metric in evaluate(model, Images(images, labels, ("a", "b", "c")), True)}
    dims = ImageShape(height=6, width=7, channels=3).values * math.log(2)
    log_prob = float(model.log_prob(images).mean())
    assert figures["log_prob"] == pytest.approx(log_prob, rel=1e-5)
    assert figures["bits_per_dim"] == pytest.approx(-log_prob / dims, rel=1e-5)
    given = -float(model.log_prob(images, labels).mean()) / dims
    assert figures["bits_per_dim_given_class"] == pytest.approx(given, rel=1e-5)
