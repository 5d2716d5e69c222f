"""The shell measures steps against quality, and measures a study again; only some figures of a card if asked for."""

import json
from dataclasses import replace

import pytest
import torch

from gm_core.checkpoints import read_card, write_card
from gm_core.models.classifier import Classifier, ClassifierConfig
from gm_core.models.diffusion import Diffusion, DiffusionConfig
from gm_core.studies import pace
from tests.helpers import shipped


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A model and the classifier of its data set; few places, so that they are soon drawn."""
    monkeypatch.setattr(pace, "STATIONS", (1,))
    monkeypatch.setattr(pace, "MOST_CALLS", 4)
    monkeypatch.setattr(pace, "GUIDANCES", (1.0,))
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    torch.manual_seed(0)
    model = Diffusion(DiffusionConfig(classes=10, widths=(8, 32), blocks=1)).eval()
    classifier = Classifier(ClassifierConfig(classes=10, width=4, hidden=8)).eval()
    for name, one in (("mnist-diffusion", model), ("mnist-classifier", classifier)):
        write_card(replace(shipped(one, name, tmp_path), dataset="mnist"), tmp_path)
    return tmp_path


def test_a_study_is_made_and_measured_again(cli, data_dir, folder):
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, _ = cli("pace", "mnist-diffusion", *common, "--pictures", 20, "--out", folder)
    assert code == 0 and "enough_calls_heun" in out
    assert cli("evaluate", "mnist-diffusion-pace", *common)[:2] == (0, out)
    code, _, err = cli("evaluate", "mnist-diffusion-pace", *common, "--only", "fidelity")
    assert code == 2 and "is no model" in err
    code, _, err = cli("pace", "mnist-classifier", *common, "--out", folder)
    assert code == 1 and "has no choice of the number of steps" in err


def test_only_some_figures_are_measured_and_the_others_stay(cli, data_dir, folder):
    common = ("evaluate", "mnist-classifier", "--data-dir", data_dir, "--device", "cpu")
    before = read_card("mnist-classifier")
    code, out, _ = cli(*common, "--only", "labels", "--json", "--write")
    names = [metric["name"] for metric in json.loads(out)["metrics"]]
    after = read_card("mnist-classifier")
    assert code == 0 and "accuracy" in names and after.sha256 == before.sha256
    assert [metric.name for metric in after.metrics] == [*(metric.name for metric in before.metrics), *names]
    assert json.loads(cli(*common, "--only", "density", "--json")[1])["metrics"] == []
    code, _, err = cli(*common, "--only", "beauty")
    assert code == 2 and "there is no beauty" in err
