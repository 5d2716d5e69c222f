"""The detector's figures for people: every one is that of the card, at its place on the axis."""

import re
from pathlib import Path

import gradio as gr
import pytest

from demo.judge.judgement import Judgement
from demo.judge.measured import FAR, NEAR, MeasuredPanel, figures_html
from demo.shared.models import Models
from gm_core import Card, Metric
from gm_core.data.catalog import CATALOG, outliers_to
from gm_core.studies.detector.outliers import ALTERED, PLAIN
from gm_core.studies.detector.refusal import _slug


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.on("cpu")


def made_up(dataset: str) -> Card:
    against = "outliers (x) against 10,000 test images"
    metrics = [
        Metric("false_alarm_rate_at_0.05", 0.0412, "share", "share of the 10,000 test images with a p-value of ..."),
        *[
            Metric(f"{kind}_{which}", value, "AUROC", f"{count} {against}")
            for which, count, naive, value in (("mnist", "1,000", 0.08, 0.995), ("noise", "1,000", 1.0, 1.0))
            for kind, value in (("naive_auroc", naive), ("auroc", value))
        ],
        Metric("auroc_constants", 0.75, "AUROC", f"256 {against}"),
        Metric("auroc_flipped_left_to_right", 0.66, "AUROC", f"1,000 {against}"),
        Metric("detection_rate_mnist", 0.987, "share", "share of 1,000 outliers"),
    ]
    return Card(f"{dataset}-detector", "detector", "", dataset, "", metrics=metrics)


def test_every_set_that_is_measured_has_words() -> None:
    far = {
        *(other.name for name in CATALOG for other in outliers_to(name)),
        *PLAIN,
        *(_slug(name) for name, (_, is_far) in ALTERED.items() if is_far),
    }
    near = {_slug(name) for name, (_, is_far) in ALTERED.items() if not is_far}
    assert (set(FAR), set(NEAR)) == (far, near)
    assert {which for record in CATALOG.values() for which in record.published} <= far | near


def test_figures_are_the_cards(models: Models) -> None:
    card = models.card("mnist-detector")
    html = figures_html("mnist", card)
    for metric in card.metrics:
        if "auroc" in metric.name:
            assert f"{metric.value:.3f}" in html, metric.name
        else:
            assert f"{100 * metric.value:.1f} %" in html, metric.name
    assert "False alarms among 10,000 test digits" in html and "(256 of uniform grey)" in html


def test_dots_lie_at_their_values_and_near_shifts_apart() -> None:
    html = figures_html("fashion", made_up("fashion"))
    row = re.search(r"digits \(MNIST\).*?</tr>", html)
    assert row and 'class="dot" style="left:8.0%"' in row[0] and 'class="dot full" style="left:99.5%"' in row[0]
    assert "left:8.0%;width:91.5%" in row[0] and "98.7 %" in row[0]
    far, near = html.split("Near shifts")
    assert "flipped left to right" in near and "flipped" not in far
    assert "0.994" in html, "published figures beside ours"
    assert "Published" not in figures_html("mnist", made_up("mnist"))


def test_a_card_without_figures_says_so() -> None:
    bare = Card("mnist-detector", "detector", "", "mnist", "")
    assert "Not measured" in figures_html("mnist", bare)


def test_it_follows_the_dataset(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = MeasuredPanel(models)
    assert panel.show(None) == ""
    verdict = prepared = None  # not looked at
    judgement = Judgement("mnist", prepared, verdict)  # type: ignore[arg-type]
    name, html = panel.follow(judgement, None)
    assert name == "mnist" and "test digits" in html
    assert panel.follow(judgement, "mnist")[1] == gr.skip()
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    missing = panel.show("cifar10")
    assert CATALOG["cifar10"].many in missing and "cifar10-detector" in missing
