"""The benchmark of the samplers compares like with like."""

import pytest
import torch

from gm_core import PixelCNNPP, PixelCNNPPConfig, draw_noise, load
from gm_core.benchmarks import sampling
from gm_core.benchmarks.sampling import _compare_with_network, bench_sampling
from gm_core.models import ImageShape
from tests.helpers import seeded


@pytest.fixture(scope="module")
def model() -> PixelCNNPP:
    torch.manual_seed(0)
    size = {"vertical": (4, 4), "horizontal": (4, 6), "blocks": (1, 1), "mixture": 2}
    return PixelCNNPP(PixelCNNPPConfig(image=ImageShape(channels=3, height=6, width=8), **size)).eval()


def test_a_picture_of_other_pixels_is_not_called_identical(model):
    images = model.sample(2, generator=seeded(), size=(5, 6))
    same = {"identical": True, "values": 2 * 3 * 5 * 6, "differing": 0, "widest_margin": 0.0}
    assert _compare_with_network(model, images) == same
    images[1, 2, 4, 5] ^= 128  # the last value of the last picture
    found = _compare_with_network(model, images)
    assert (found["identical"], found["values"], found["differing"]) == (False, same["values"], 1)
    assert found["widest_margin"] > 0.01  # this is not rounding


def test_the_margin_is_how_far_a_random_number_is_from_the_edge_that_it_should_have_fallen_short_of(model):
    """One level higher than the network's draw: the edge that its random number does not reach is the one above."""
    images = model.sample(1, generator=seeded(), size=(5, 6))
    level = int(images[0, 2, 4, 5])
    logits = model.distribution(images).logits[0, 2, 4, 5].double()
    edge = logits.softmax(dim=-1).cumsum(dim=-1)[level]
    uniform = draw_noise(1, 5, 6, seeded(), 3)[0, 4, 5, 2]
    images[0, 2, 4, 5] = level + 1
    assert level < 255
    assert _compare_with_network(model, images)["widest_margin"] == pytest.approx(
        float((edge - uniform).detach()), abs=1e-9
    )


def test_only_rounding_parts_the_samplers_of_a_model_that_is_shipped():
    shipped = load("cifar10-pixelcnnpp", "cpu")
    images = shipped.sample(8, generator=seeded(), size=(6, 6))
    assert torch.equal(images, shipped.sample(8, generator=seeded(), size=(6, 6)))  # to the bit
    found = _compare_with_network(shipped, images)
    assert found["differing"] <= 1 and found["widest_margin"] < 1e-5


def test_a_line_per_case_and_the_sessions_together(model, monkeypatch):
    monkeypatch.setattr(sampling, "CASES", ((2, 3, 4), (1, 5, 6)))
    monkeypatch.setattr(sampling, "NAIVE_SECONDS", 0.01)
    monkeypatch.setattr(sampling, "SESSION_SECONDS", 0.02)
    monkeypatch.setattr(sampling, "SESSIONS", 2)
    document = bench_sampling(model, "tiny")
    assert (document["model"], document["device"]) == ("tiny", "cpu")
    assert [(line["batch"], line["height"], line["width"]) for line in document["results"]] == [(2, 3, 4), (1, 5, 6)]
    for line in document["results"]:
        assert line["identical"] and line["differing"] == 0
        assert line["values"] == line["batch"] * 3 * line["height"] * line["width"]
        assert line["pictures_per_second"] == pytest.approx(line["batch"] / line["cached_seconds"])
        assert line["times_limit"] == pytest.approx(line["cached_seconds"] / line["limit_seconds"])
    sessions = document["sessions"]
    assert sessions["count"] == 2 and 0 < sessions["slowest_share"] <= 1
