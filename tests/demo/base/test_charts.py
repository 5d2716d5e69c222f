"""Charts show the numbers that they are given, within their frames."""

import re

import pytest
import torch

import gm_core
from demo.base.charts.coverage import Curve, coverage_chart, coverage_table
from demo.base.charts.histogram import histogram
from gm_core import Detector


@pytest.fixture(scope="module")
def detector() -> Detector:
    return gm_core.load_detector("mnist", "cpu")


@pytest.mark.parametrize(("here", "arrow"), [(-1e5, "← this picture"), (1e5, "this picture: 100,000.0 →")])
def test_far_outside_is_marked_at_the_edge(detector: Detector, here: float, arrow: str) -> None:
    drawn = histogram(detector.held_out["log_prob"], here, detector.usual_range("log_prob", 0.05))
    assert arrow in drawn
    places = [float(x) for x in re.findall(r' x[12]?="(-?[\d.]+)"', drawn)]
    assert places and all(0 <= x <= 480 for x in places), "nothing is drawn outside the picture"


def test_a_chart_reads_off_its_curves_and_holds_its_key() -> None:
    falling = Curve("falls", "classifier", "own", torch.linspace(1, 0.5, 101, dtype=torch.float64))
    level = Curve("stays", "density", "log_prob", torch.full((101,), 0.8, dtype=torch.float64))
    svg = coverage_chart([falling, level], 50)
    assert f"Accuracy against the share of pictures answered. falls: {75.0} % where 50 % are answered" in svg
    places = re.findall(r'<g class="at">(.*?)</g></g>', svg)
    assert len(places) == 21 and "80.0 %" in places[4] and "90.0 %" in places[4] and "20 % are answered" in places[4]
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1])  # type: ignore[index]
    assert max(float(y) for y in re.findall(r' y="([\d.]+)"', svg)) < height
    assert "<td>75.0 %</td><td>80.0 %</td>" in coverage_table([falling, level])
