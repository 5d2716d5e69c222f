"""What ``evaluate`` measures is asked of the registries, and printed by one printer."""

import json

import pytest

from gm_core import Card, Metric
from gm_core.checkpoints import save
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
