"""Benchmarks compare in one run, and keep their keys."""

import json

import pytest
import torch

import gm_core
from gm_core.benchmarks import latency
from gm_core.benchmarks import sampling as bench
from gm_core.benchmarks import training as training_bench
from tests.helpers import shipped


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-autoencoder"])
def test_bench_latency_times_a_latent_space(cli, untrained, monkeypatch, name):
    monkeypatch.setattr(latency, "LEAST_RUNS", 3)
    monkeypatch.setattr(latency, "SECONDS", 0.0)
    monkeypatch.setattr(latency, "SAMPLES", 10)
    code, out, _ = cli("bench", "latency", "--model", name, "--json", "--threads", 1, "--device", "cpu")
    assert code == 0
    document = json.loads(out)
    assert (document["model"], document["device"], document["threads"]) == (name, "cpu", 1)
    lines = [(line["task"], line["batch"]) for line in document["results"]]
    assert lines == [("decode", 1), ("decode", 64), ("encode", 1), ("bound", 1)][: len(lines)]
    assert len(lines) == (3 if name == "mnist-autoencoder" else 4)
    code, out, _ = cli("bench", "latency", "--device", "cpu")  # of mnist-vae when left out
    assert code == 0
    assert out.startswith("mnist-vae on cpu")
    assert len(out.splitlines()) == 2 + 4


def test_bench_compares_the_samplers_in_one_run(cli, monkeypatch):
    monkeypatch.setattr(bench, "CASES", ((1, 28, 28), (3, 5, 6)))
    monkeypatch.setattr(bench, "NAIVE_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSION_SECONDS", 0.1)
    code, out, _ = cli("bench", "sampling", "--json", "--threads", 1, "--device", "cpu")
    assert code == 0
    document = json.loads(out)
    assert (document["model"], document["device"], document["threads"]) == ("mnist-pixelcnn", "cpu", 1)
    for line, case in zip(document["results"], bench.CASES, strict=True):
        assert (line["batch"], line["height"], line["width"]) == case
        assert line["speedup"] == pytest.approx(line["naive_seconds"] / line["cached_seconds"])
        assert line["identical"] is True
    assert document["results"][0]["speedup"] > 10


def test_bench_compares_the_samplers_of_colour(cli, tmp_path, monkeypatch):
    torch.manual_seed(0)
    model = gm_core.PixelCNNPP(gm_core.PixelCNNPPConfig(vertical=(4, 4), horizontal=(4, 6), blocks=(1, 1), mixture=2))
    shipped(model.eval(), "colour-pixelcnnpp", tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(bench, "CASES", ((2, 5, 6),))
    monkeypatch.setattr(bench, "NAIVE_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSION_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSIONS", 2)
    code, out, _ = cli("bench", "sampling", "--model", "colour-pixelcnnpp", "--json", "--device", "cpu")
    assert code == 0
    assert json.loads(out)["results"][0]["identical"] is True


@pytest.mark.usefixtures("tiny_recipes")
def test_bench_training_adds_one_speed_up_after_the_other(cli, monkeypatch):
    monkeypatch.setattr(training_bench, "SECONDS", 0.02)
    monkeypatch.setattr(training_bench, "WAYS", training_bench.WAYS[:-1])  # compiling takes half a minute
    for name in ("tiny-pixelcnn", "tiny-classifier"):
        code, out, _ = cli("bench", "training", "--model", name, "--json", "--device", "cpu")
        assert code == 0
        document = json.loads(out)
        assert (document["recipe"], document["batch"]) == (name, 4)
        plain, *others = document["results"]
        assert plain["speedup"] == 1 and len(others) == 3
        for line in others:
            assert line["speedup"] == pytest.approx(line["images_per_second"] / plain["images_per_second"])
