"""The shell compares a density with a classifier, and measures the comparison again."""

import json
from dataclasses import replace

import pytest
import torch

import gm_core
from gm_core import checkpoints
from gm_core.studies.bayes import study as bayes_study
from tests.helpers import shipped


@pytest.fixture
def judges(tmp_path, monkeypatch):
    """A folder of a small untrained PixelCNN and classifier of digits; the shell looks there."""
    torch.manual_seed(0)
    models = {
        "mnist-pixelcnn-gated": gm_core.GatedPixelCNN(gm_core.GatedPixelCNNConfig(width=4, layers=1)),
        "mnist-classifier": gm_core.Classifier(gm_core.ClassifierConfig(width=4, hidden=8)),
    }
    for name, model in models.items():
        card = shipped(model.eval(), name, tmp_path)
        checkpoints.save(replace(card, dataset="mnist"), model.state_dict(), tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(bayes_study, "USUAL_IMAGES", 3)
    return tmp_path


def test_bayes_compares_two_judges_and_evaluate_measures_them_again(cli, judges, data_dir):
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, _ = cli("bayes", "mnist", "--outliers", "mnist", "--limit", 6, *common, "--out", judges)
    assert code == 0
    card = gm_core.read_card("mnist-bayes")
    assert [line.split()[0] for line in out.splitlines()] == [metric.name for metric in card.metrics]
    assert gm_core.load_bayes("mnist").outliers == "mnist"
    code, out, _ = cli("evaluate", "mnist-bayes", *common, "--json")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-4, abs=1e-6)
        assert measured["protocol"] == carded.protocol


def test_what_cannot_draw_or_judge_says_so_in_one_line(cli, judges, data_dir):
    for arguments, message in (
        (("sample", "mnist-classifier"), "is a classifier: it draws no pictures"),
        (("bayes", "fashion", "--outliers", "mnist", "--data-dir", data_dir), "fashion"),
        (("evaluate", "mnist-bayes", "--data-dir", data_dir), "there is no checkpoint 'mnist-bayes'"),
        (("bayes", "mnist", "--outliers", "cats", "--data-dir", data_dir), "there is no data set 'cats'"),
    ):
        code, out, err = cli(*arguments, "--device", "cpu")
        assert (code, out) == (1, "")
        assert err.startswith("error: ") and message in err.lower() and len(err.splitlines()) == 1
