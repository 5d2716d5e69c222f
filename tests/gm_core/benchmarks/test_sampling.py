"""The benchmark of the samplers compares like with like."""

import pytest
import torch

from gm_core import PixelCNNPP, PixelCNNPPConfig
from gm_core.benchmarks import sampling
from gm_core.benchmarks.sampling import _network_would_draw, bench_sampling
from gm_core.models import ImageShape
from tests.helpers import seeded


@pytest.fixture(scope="module")
def model() -> PixelCNNPP:
    torch.manual_seed(0)
    size = {"vertical": (4, 4), "horizontal": (4, 6), "blocks": (1, 1), "mixture": 2}
    return PixelCNNPP(PixelCNNPPConfig(image=ImageShape(channels=3, height=6, width=8), **size)).eval()


def test_a_picture_of_other_pixels_is_not_called_identical(model):
    images = model.sample(2, generator=seeded(), size=(5, 6))
    assert _network_would_draw(model, images)
    images[1, 2, 4, 5] ^= 128  # the last value of the last picture
    assert not _network_would_draw(model, images)


def test_a_line_per_case_and_the_sessions_together(model, monkeypatch):
    monkeypatch.setattr(sampling, "CASES", ((2, 3, 4), (1, 5, 6)))
    monkeypatch.setattr(sampling, "NAIVE_SECONDS", 0.01)
    monkeypatch.setattr(sampling, "SESSION_SECONDS", 0.02)
    monkeypatch.setattr(sampling, "SESSIONS", 2)
    document = bench_sampling(model, "tiny")
    assert (document["model"], document["device"]) == ("tiny", "cpu")
    assert [(line["batch"], line["height"], line["width"]) for line in document["results"]] == [(2, 3, 4), (1, 5, 6)]
    for line in document["results"]:
        assert line["identical"]
        assert line["pictures_per_second"] == pytest.approx(line["batch"] / line["cached_seconds"])
        assert line["times_limit"] == pytest.approx(line["cached_seconds"] / line["limit_seconds"])
    sessions = document["sessions"]
    assert sessions["count"] == 2 and 0 < sessions["slowest_share"] <= 1
