"""A classifier beside a density: both answers are the models' own, and what refuses does so for the reason it gives."""

import math
import re
import shutil
from pathlib import Path

import gradio as gr
import pytest
import torch
from torch import Tensor

import gm_core
from demo.base.charts.coverage import TABLE
from demo.base.words import nats, percent
from demo.judge.bayes import NO_CLASSIFIER, NO_STUDY, NOTHING_YET, BayesPanel, score_classes
from demo.judge.bayes_words import ClassScores, abstains, contrast_html, density_html, likelihoods_html
from demo.judge.judgement import Judgement
from demo.shared.models import Models
from gm_core.checkpoints import checkpoint_dir
from gm_core.studies.bayes.study import CURVES, MIXED_CURVES

NAMES = tuple("0123456789")


def picture() -> Tensor:
    """A ring, which is nearly a zero."""
    y, x = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    radius = ((y - 14) ** 2 + (x - 14) ** 2).float().sqrt()
    return (255 * (1 - ((radius - 7).abs() - 1).clamp(0, 1))).to(torch.uint8)[None, None]


def verdict(p_value: float = 0.4, log_prob: float = -400.0) -> gm_core.Verdict:
    nothing = torch.zeros(1, 28, 28)
    return gm_core.Verdict(
        outlier_score=1.0,
        peers=round(p_value * 5001) - 1,
        p_value=p_value,
        alpha=0.05,
        log_prob=log_prob,
        bits_per_dim=-log_prob / 784 / math.log(2),
        scores={},
        p_values={},
        surprise=nothing,
        expected=nothing,
        ratio=nothing,
        tests={"density": p_value},
    )


def judged(p_value: float = 0.4, dataset: str = "mnist") -> Judgement:
    return Judgement(prepared=gm_core.Prepared(picture(), ()), verdict=verdict(p_value), dataset=dataset)


def made_up(classifier: dict[int, float], density: dict[int, float]) -> ClassScores:
    """Two judges who give some classes these probabilities, and the others nearly none."""

    def log_probs(chosen: dict[int, float]) -> Tensor:
        return torch.tensor([chosen.get(i, 1e-6) for i in range(10)], dtype=torch.float64).log()

    return ClassScores(NAMES, log_probs(classifier).log_softmax(dim=0), log_probs(density) - 400, None)


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def bars(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<li.*?><span>(.*?)</span>.*?<span>(.*?)</span></li>", html)


@pytest.fixture(scope="module")
def panel() -> BayesPanel:
    with gr.Blocks(analytics_enabled=False):
        return BayesPanel(Models.on("cpu"), gr.HTML())


def test_both_answers_are_the_models_own(panel: BayesPanel) -> None:
    brief, _, classifier, density, turned, dataset = panel.show(judged(), 90)
    model, prior = gm_core.load("mnist-pixelcnn-gated", "cpu"), gm_core.load_bayes("mnist").prior
    likelihood = gm_core.class_log_probs(model, picture())
    with torch.inference_mode():
        posterior = gm_core.load("mnist-classifier", "cpu").posterior(picture()).probs[0]
    for html, probs in ((classifier, posterior), (density, gm_core.bayes_posterior(likelihood, prior)[0])):
        assert bars(html) == [
            (name, percent(p, "&gt; ", "&lt; ")) for name, p in zip(NAMES, probs.tolist(), strict=True)
        ]
    assert all(nats(value) in turned for value in likelihood[0].tolist())
    assert dataset == "mnist" and "<code>mnist-pixelcnn-gated</code>" in density
    assert f"({percent(float(posterior.max()))}): it always answers" in brief
    accuracy = next(m for m in gm_core.read_card("mnist-classifier").metrics if m.name == "accuracy")
    counted = re.search(r"[\d,]+ test images", accuracy.protocol)
    assert counted and f"classifies {percent(accuracy.value)} of {counted.group()} correctly" in classifier


def test_what_is_unreasonable_is_refused_however_sure_of_its_class() -> None:
    answers = made_up({8: 0.9999}, {8: 0.9999})
    assert abstains(answers, verdict(0.0002), 0.0)
    said = text(density_html(answers, verdict(0.0002), 0.0, None, "m"))
    assert "It abstains" in said and "It says" not in said and "p = 0.0002" in said
    contrast = text(contrast_html(answers, verdict(1 / 5001), 0.9, "", None))
    assert "over 99.9 % sure of an 8" in contrast and "never seen anything like it: unreasonable" in contrast
    # Twenty held-out digits are as unusual, so "never" would be a lie; nor is this classifier sure.
    contrast = text(contrast_html(made_up({4: 0.5, 9: 0.4}, {4: 1.0}), verdict(21 / 5001), 0.9, "", None))
    assert "never" not in contrast and "no way to say “none of these”" in contrast


def test_the_threshold_alone_refuses_what_is_reasonable() -> None:
    answers = made_up({4: 0.99}, {4: 0.62, 9: 0.38})
    assert not abstains(answers, verdict(), 0.6) and abstains(answers, verdict(), 0.63)
    assert "It says: 4 62.0 %" in text(density_html(answers, verdict(), 0.6, None, "m"))
    assert "only 62.0 %: below your 63 %" in text(density_html(answers, verdict(), 0.63, None, "m"))
    assert "wavers between a 4 (62.0 %) and a 9 (38.0 %)" in text(contrast_html(answers, verdict(), 0.63, "", None))


def test_agreement_and_disagreement_are_told_apart() -> None:
    study = gm_core.read_card("mnist-bayes")
    assert "Both call it a 3" in text(contrast_html(made_up({3: 1}, {3: 1}), verdict(), 0.9, "", study))
    said = text(contrast_html(made_up({3: 1}, {5: 1}), verdict(), 0.9, "", study))
    figures = {metric.name: metric.value for metric in study.metrics}
    assert "They disagree: the classifier says a 3" in said
    assert f"{100 * figures['classifier_accuracy']:.1f} % correctly, the PixelCNN" in said
    assert f"the PixelCNN {100 * figures['pixelcnn_accuracy']:.1f} %" in said


def test_a_density_made_of_a_classifier_has_the_classifiers_posterior() -> None:
    answers = made_up({3: 0.7, 5: 0.3}, {3: 0.2, 5: 0.8})
    turned = answers.by_classifier(-412.5)
    torch.testing.assert_close(gm_core.bayes_posterior(turned[None])[0], answers.classifier)
    assert float(gm_core.marginal_log_prob(turned[None])[0]) == pytest.approx(-412.5)
    said = likelihoods_html(answers, -412.5, None)
    assert all(nats(float(value)) in said for value in (*turned, *answers.log_likelihood))
    assert "One column makes a 5 the likeliest reading, the other a 3" in said


def test_moving_the_threshold_asks_no_model(panel: BayesPanel) -> None:
    panel.show(judged(), 90)
    asked = score_classes.cache_info().misses
    contrast, density = panel.on_threshold(judged(), 0)
    assert "It says" in density and "wavers" not in contrast
    assert "It abstains" in panel.on_threshold(judged(0.001), 0)[1]
    assert score_classes.cache_info().misses == asked


def test_one_line_where_there_is_nothing_to_compare(panel: BayesPanel) -> None:
    for given, line in ((None, NOTHING_YET), (judged(dataset="elsewhere"), NO_CLASSIFIER)):
        brief, contrast, *others, dataset = panel.show(given, 90)
        assert text(contrast) == line and not any((brief, *others)) and dataset is None
        assert panel.on_threshold(given, 90) == (contrast, "")
    assert panel.show_study(None) == ""
    assert text(panel.show_study("elsewhere")) == NO_STUDY


@pytest.fixture
def models_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both models and no study."""
    for name in ("mnist-pixelcnn-gated", "mnist-classifier"):
        for ending in ("json", "safetensors"):
            shutil.copy(checkpoint_dir() / f"{name}.{ending}", tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    return tmp_path


def test_without_the_study_both_answer_all_the_same(panel: BayesPanel, models_only: Path) -> None:
    _, _, classifier, density, turned, _ = panel.show(judged(), 90)
    assert len(bars(classifier)) == len(bars(density)) == 10 and "the same for every class" in density and turned
    assert text(panel.show_study("mnist")) == NO_STUDY


def test_a_missing_model_is_one_message(panel: BayesPanel, models_only: Path) -> None:
    (models_only / "mnist-classifier.safetensors").unlink()
    brief, contrast, *others, dataset = panel.show(judged(), 90)
    assert 'role="alert"' in contrast and "mnist-classifier" in contrast
    assert not any((brief, *others)) and dataset is None


def test_a_study_of_other_weights_is_one_message_in_its_place(panel: BayesPanel, models_only: Path) -> None:
    for ending in ("json", "safetensors"):
        shutil.copy(Path(__file__).parents[3] / "checkpoints" / f"mnist-bayes.{ending}", models_only)
    card = models_only / "mnist-bayes.json"
    card.write_text(card.read_text().replace(gm_core.read_card("mnist-classifier").sha256, "0" * 64))
    assert 'role="alert"' in panel.show_study("mnist")
    assert len(bars(panel.show(judged(), 90)[3])) == 10


def test_the_curves_are_the_studys(panel: BayesPanel) -> None:
    html, study = panel.show_study("mnist"), gm_core.load_bayes("mnist")
    tables = re.findall(r"<tbody>(.*?)</tbody>", html)
    for table, curves in zip(tables, (study.accuracy, study.mixed_accuracy), strict=True):
        shown = [re.findall(r"<td>(.*?)</td>", row) for row in table.split("</tr>")[:-1]]
        for at, row in zip(TABLE, shown, strict=True):
            shares = [float(curve[at]) for curve in curves.values()]
            assert sorted(row) == sorted("100 %" if share == 1 else percent(share) for share in shares)
    assert len(study.accuracy) == len(CURVES) and len(study.mixed_accuracy) == len(MIXED_CURVES)
    card = gm_core.read_card("mnist-bayes")
    assert f"the first {card.config['test_images']:,} test images" in html
    assert next(m.protocol for m in card.metrics if m.name == "mixed_accuracy_at_half_joined") in html
