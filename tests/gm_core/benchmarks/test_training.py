"""The benchmark of training takes each way that the family allows."""

import pytest
import torch

from gm_core import VAEConfig
from gm_core.benchmarks import training
from gm_core.benchmarks.training import WAYS, bench_training
from gm_core.models import ImageShape
from gm_core.training.recipes import Recipe

CONFIG = VAEConfig(image=ImageShape(height=8, width=8), latent=2, width=4, hidden=8)


def test_speed_ups_are_relative_to_the_plain_loop_and_only_what_compiles_is_compiled(monkeypatch):
    monkeypatch.setattr(training, "SECONDS", 0.02)
    document = bench_training(Recipe("tiny-vae", "none", CONFIG, 6, 4, 5e-3, 2), torch.device("cpu"))
    assert (document["recipe"], document["device"], document["batch"]) == ("tiny-vae", "cpu", 4)
    plain, *others = document["results"]
    assert [line["way"] for line in document["results"]] == [way.name for way in WAYS if not way.compiled]
    assert plain["speedup"] == 1
    for line in others:
        assert line["speedup"] == pytest.approx(line["images_per_second"] / plain["images_per_second"])
