"""The latency benchmark times every task in one run, and says what it timed."""

import json

import pytest
import torch

from gm_core import VAE, Autoencoder, AutoencoderConfig, VAEConfig
from gm_core.benchmarks import latency
from gm_core.benchmarks.latency import bench_latency
from tests.helpers import flat

SHAPE = {"height": 8, "width": 8, "latent": 3, "channels": 4, "hidden": 8}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(latency, "LEAST_RUNS", 5)
    monkeypatch.setattr(latency, "SECONDS", 0.01)


@pytest.mark.parametrize(
    ("model", "tasks"),
    [
        (VAE(flat(VAEConfig, **SHAPE)), [("decode", 1), ("decode", 64), ("encode", 1), ("bound", 1)]),
        (
            VAE(flat(VAEConfig, levels=2, **SHAPE)),
            [("decode", 1), ("decode", 64), ("encode", 1), ("bound", 1)],
        ),
        (Autoencoder(flat(AutoencoderConfig, **SHAPE)), [("decode", 1), ("decode", 64), ("encode", 1)]),
    ],
)
def test_every_task_has_its_median_and_p95(model, tasks):
    document = json.loads(json.dumps(bench_latency(model, "tiny")))
    assert (document["model"], document["device"]) == ("tiny", "cpu")
    assert document["threads"] == torch.get_num_threads()
    assert document["importance_samples"] == 1000
    assert [(line["task"], line["batch"]) for line in document["results"]] == tasks
    for line in document["results"]:
        assert line["runs"] >= 5
        assert 0 < line["median_milliseconds"] <= line["p95_milliseconds"]


def test_the_bound_is_timed_with_its_samples(monkeypatch):
    asked = []
    model = VAE(flat(VAEConfig, **SHAPE))
    whole = model.estimate
    monkeypatch.setattr(
        model, "estimate", lambda images, *, samples: asked.append(samples) or whole(images, samples=samples)
    )
    bench_latency(model, "tiny")
    assert set(asked) == {1000}
