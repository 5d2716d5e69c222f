"""The shell calibrates a detector, and measures it again."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

import gm_core
from gm_core import checkpoints
from gm_core.cli import calibrate
from gm_core.data.datasets import load_dataset
from gm_core.studies.detector.refusal import evaluate_detector
from tests.helpers import shipped

HELD_OUT = 8
"""Images of each part of the data set, and pictures in each set of outliers."""


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A folder of the small untrained models that a detector of digits is made of; the shell looks there."""
    torch.manual_seed(0)
    models = {
        "mnist-pixelcnn-gated": gm_core.GatedPixelCNN(gm_core.GatedPixelCNNConfig(width=4, layers=1)),
        "mnist-pixelcnn-background": gm_core.GatedPixelCNN(gm_core.GatedPixelCNNConfig(width=4, layers=1)),
        "mnist-vae": gm_core.VAE(gm_core.VAEConfig(latent=2, width=4, hidden=8)),
        "mnist-classifier": gm_core.Classifier(gm_core.ClassifierConfig(width=4, hidden=8)),
    }
    for name, model in models.items():
        card = shipped(model.eval(), name, tmp_path)
        checkpoints.save(replace(card, dataset="mnist"), model.state_dict(), tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    return tmp_path


def test_calibrate_makes_a_detector_and_evaluate_measures_it_again(cli, parts, data_dir, monkeypatch):
    # The command itself takes whole splits; a few images of each are enough to go its way.
    monkeypatch.setattr(calibrate, "load_dataset", lambda *names: load_dataset(*names).first(HELD_OUT))
    monkeypatch.setattr(calibrate, "evaluate_detector", partial(evaluate_detector, limit=HELD_OUT))
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, err = cli("calibrate", "mnist", *common, "--out", parts)
    assert code == 0 and "fashion" in err.lower(), "the other data sets that are not there are named"
    card = gm_core.read_card("mnist-detector")
    assert [line.split()[0] for line in out.splitlines()] == [metric.name for metric in card.metrics]
    assert {"false_alarm_rate_at_0.05", "auroc_noise", "detection_rate_noise"} <= {m.name for m in card.metrics}
    detector = gm_core.load_detector("mnist", "cpu")
    assert len(detector) == HELD_OUT
    test = load_dataset("mnist", "test", data_dir).first(2)
    assert set(detector.score(test.images)[0].tests) == {"density", "features"}
    assert card.split.endswith(f"features of the first {HELD_OUT} training images")
    code, out, _ = cli("evaluate", "mnist-detector", *common, "--limit", HELD_OUT, "--json")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-4, abs=1e-6)
        assert measured["protocol"] == carded.protocol


def test_a_part_that_is_missing_is_named_in_one_line(cli, parts, data_dir, monkeypatch):
    (parts / "mnist-pixelcnn-background.json").unlink()
    code, out, err = cli("calibrate", "mnist", "--data-dir", data_dir, "--out", parts, "--device", "cpu")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: there is no checkpoint 'mnist-pixelcnn-background'")
    assert not (parts / "mnist-detector.json").exists()
