"""What ``evaluate`` measures is asked of the registries, and printed by one printer."""

import json

import pytest

from gm_core import Card, Metric
from gm_core.checkpoints import read_card, save, write_metrics
from gm_core.cli.printing import print_metrics
from gm_core.studies.store import STUDIES, Measurement, StudyFamily


class Census(StudyFamily[int]):
    family = "census"
    noun = "a census"
    command = "count"

    def sources(self, subject):
        return {}

    def parse(self, stored):
        return 0

    def evaluate(self, subject, *, data_dir, limit, device):
        metrics = [Metric("heads", float(limit or 9), "pictures", f"counted in {subject}")]
        return Measurement(metrics, {"towns": [1, 2]}, "two towns", ["no third town"])


@pytest.fixture
def census(tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "census", Census())
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    save(Card("mnist-census", "census", "A test's own.", "mnist", "none"), {}, tmp_path)


@pytest.mark.usefixtures("census")
def test_a_study_that_is_registered_is_measured_by_its_name(cli):
    code, out, err = cli("evaluate", "mnist-census", "--limit", 4, "--json", "--device", "cpu")
    assert (code, err) == (0, "left out: no third town\n")
    metric = {"name": "heads", "value": 4.0, "unit": "pictures", "protocol": "counted in mnist"}
    assert json.loads(out) == {"model": "mnist-census", "metrics": [metric], "towns": [1, 2]}
    code, out, _ = cli("evaluate", "mnist-census")
    assert (code, out.splitlines()) == (0, ["two towns", "heads  9.0000  pictures  counted in mnist"])


def test_figures_are_printed_in_columns(capsys):
    print_metrics([Metric("elbo", -1234.5, "nats", "a"), Metric("bits_per_dim", 0.25, "bits/dim", "b")])
    assert capsys.readouterr().out.splitlines() == [
        "elbo          -1234.5000  nats      a",
        "bits_per_dim      0.2500  bits/dim  b",
    ]
    print_metrics([])
    assert capsys.readouterr().out == ""


def test_what_is_measured_is_put_on_the_card_and_all_else_of_it_stays(cli, data_dir, untrained):
    path = untrained / "mnist-autoencoder.json"
    own = {"name": "mnist-autoencoder", "since": "a field of another version", "cost": {"minutes": 3}}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    before = json.loads(path.read_text())
    common = ["evaluate", "mnist-autoencoder", "--data-dir", data_dir, "--device", "cpu", "--json"]
    assert cli(*common)[0] == 0
    assert json.loads(path.read_text()) == before  # not unless it is asked for
    for _ in range(2):
        code, out, _ = cli(*common, "--write")
        assert code == 0
        after = json.loads(path.read_text())
        measured = json.loads(out)["metrics"]
        assert [metric["name"] for metric in measured] == ["reconstruction_error"]
        assert after == before | {"metrics": before["metrics"] + measured}
    code, _, err = cli(*common, "--write", "--limit", 7)
    assert code == 2 and "leave out --limit" in " ".join(err.replace("│", " ").split())


def test_a_figure_that_is_measured_again_replaces_the_old_one(census, tmp_path):
    old, new = Metric("heads", 1.0, "pictures", "then"), Metric("heads", 2.0, "pictures", "now")
    other = Metric("tails", 5.0, "pictures", "then")
    write_metrics("mnist-census", [old, other], tmp_path)
    card = write_metrics("mnist-census", [new], tmp_path)
    assert card.metrics == [new, other] and card.sha256 == read_card("mnist-census", tmp_path).sha256
