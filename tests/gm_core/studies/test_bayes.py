"""Bayes' rule holds both ways, and a study says what its models say."""

import json
from dataclasses import replace

import pytest
import torch

import gm_core
from gm_core import (
    CheckpointError,
    Classifier,
    ClassifierConfig,
    GatedPixelCNN,
    GatedPixelCNNConfig,
    bayes_posterior,
    class_log_probs,
    likelihood_from_posterior,
    load_bayes,
    marginal_log_prob,
)
from gm_core.checkpoints import read_card, save
from gm_core.data.datasets import Images
from gm_core.models import ImageShape
from gm_core.studies.bayes.study import CURVES, MIXED_CURVES, evaluate_bayes, load_judges, make_bayes
from tests.helpers import shipped

PRIOR = torch.tensor([0.5, 0.3, 0.2])


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def pixelcnn():
    torch.manual_seed(0)
    model = GatedPixelCNN(GatedPixelCNNConfig(image=ImageShape(height=8, width=8), classes=3, width=8, layers=2)).eval()
    with torch.no_grad():  # so that classes differ, though not so much that one cannot be mistaken for another
        for name, parameter in model.named_parameters():
            if "label" in name:
                parameter.normal_(std=2.0)
        model.stacks.logits.weight.mul_(3)
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    config = ClassifierConfig(image=ImageShape(height=8, width=8), classes=3, width=4, hidden=8)
    return Classifier(config).eval().requires_grad_(False)


def drawn(pixelcnn, n: int, seed: int) -> Images:
    """Pictures of known classes that the model drew itself."""
    labels = torch.randint(3, (n,), generator=torch.Generator().manual_seed(seed))
    return Images(pixelcnn.sample(n, labels, torch.Generator().manual_seed(seed)), labels, ("a", "b", "c"))


def test_every_class_has_its_likelihood_however_the_work_is_cut(pixelcnn, monkeypatch):
    images = drawn(pixelcnn, 5, 1).images
    table = class_log_probs(pixelcnn, images)
    assert table.shape == (5, 3) and table.dtype == torch.float64
    for label in range(3):
        own = pixelcnn.log_prob(images, torch.full((5,), label)).double()
        torch.testing.assert_close(table[:, label], own, rtol=1e-5, atol=1e-3)
    monkeypatch.setattr("gm_core.studies.bayes.rule.PASSES", {"cpu": 1})
    torch.testing.assert_close(class_log_probs(pixelcnn, images), table, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_bayes_rule_both_ways_comes_back_to_where_it_began(prior):
    # Nats as of pictures: their exponentials are 0 in floating point.
    likelihood = -800 + 3 * random(6, 3).double()
    posterior = bayes_posterior(likelihood, prior)
    torch.testing.assert_close(posterior.sum(dim=1), torch.ones(6).double())
    marginal = marginal_log_prob(likelihood, prior)
    again = likelihood_from_posterior(posterior, marginal, prior)
    torch.testing.assert_close(again, likelihood)
    torch.testing.assert_close(bayes_posterior(again, prior), posterior)
    # By hand, with numbers that can be.
    small = torch.tensor([[0.2, 0.1, 0.4]]).log()
    weights = torch.tensor([0.2, 0.1, 0.4]) * (torch.full((3,), 1 / 3) if prior is None else prior)
    torch.testing.assert_close(bayes_posterior(small, prior)[0], (weights / weights.sum()).double())
    assert float(marginal_log_prob(small, prior).exp()) == pytest.approx(float(weights.sum()))


def test_a_class_that_the_classifier_rules_out_cannot_have_drawn_the_picture():
    table = likelihood_from_posterior(torch.tensor([[1.0, 0.0]]), torch.tensor([-10.0]))
    assert table[0, 0] == pytest.approx(-10 + float(torch.tensor(2.0).log()))
    assert table[0, 1] == -torch.inf


@pytest.mark.parametrize("prior", [[0.5, 0.5], [0.5, 0.6, 0.2], [1.0, 0.5, -0.5], [1.0, 0.0, 0.0]])
def test_what_is_no_prior_of_these_classes_is_refused(prior):
    with pytest.raises(ValueError, match="3 positive probabilities"):
        bayes_posterior(random(2, 3), torch.tensor(prior))
    with pytest.raises(ValueError, match="one row per picture"):
        bayes_posterior(random(3))


def test_the_model_knows_its_own_pictures_by_bayes_rule(pixelcnn):
    """The posterior of a picture that the model drew is the true one: calibrated, and right more often than chance."""
    own = drawn(pixelcnn, 300, 2)
    posterior = bayes_posterior(class_log_probs(pixelcnn, own.images))
    accuracy = float((posterior.argmax(dim=1) == own.labels).double().mean())
    confidence = float(posterior.amax(dim=1).mean())
    assert accuracy > 0.5
    assert abs(accuracy - confidence) < 3 * (0.25 / 300) ** 0.5


@pytest.fixture
def directory(pixelcnn, classifier, tmp_path):
    shipped(pixelcnn, "drawn-pixelcnnpp", tmp_path)
    shipped(classifier, "drawn-classifier", tmp_path)
    noise = torch.randint(256, (30, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    sets = {
        "train": drawn(pixelcnn, 60, 3),
        "held_out": drawn(pixelcnn, 20, 4),
        "test": drawn(pixelcnn, 40, 6),
        "outliers": Images(noise, torch.zeros(30, dtype=torch.int64), ("noise",)),
    }
    make_bayes("drawn", **sets, outliers_name="noise", device=torch.device("cpu"), directory=tmp_path, quiet=True)
    return tmp_path, sets


def test_a_study_holds_what_its_models_say_of_the_test_images(directory):
    path, sets = directory
    study, card = load_bayes("drawn", path), read_card("drawn-bayes", path)
    pixelcnn, classifier = load_judges("drawn", "cpu", path)
    test, train = sets["test"], sets["train"]
    assert study.prior.tolist() == pytest.approx([float((train.labels == label).double().mean()) for label in range(3)])
    likelihoods = class_log_probs(pixelcnn, test.images)
    posteriors = {
        "pixelcnn": bayes_posterior(likelihoods, study.prior),
        "classifier": classifier.posterior(test.images).probs.double(),
    }
    for name in CURVES:
        own = (posteriors[name].argmax(dim=1) == test.labels).double().mean()
        assert card.metric(f"{name}_accuracy").value == pytest.approx(float(own))
        assert float(study.accuracy[name][-1]) == pytest.approx(float(own))
        assert card.metric(f"{name}_accuracy_at_95_percent").value == pytest.approx(float(study.accuracy[name][95]))
    mean = float(marginal_log_prob(likelihoods, study.prior).mean())
    assert card.metric("log_prob_by_bayes").value == pytest.approx(mean)
    # Noise is of no class: at most the share of the others can be right, 30 of 60.
    assert set(study.mixed_accuracy) == set(MIXED_CURVES)
    assert all(float(curve[-1]) <= 0.5 for curve in study.mixed_accuracy.values())
    again, _ = evaluate_bayes(
        pixelcnn, classifier, study.prior, study.usual_log_prob, test, sets["outliers"], study.outliers, quiet=True
    )
    assert [(metric.name, metric.protocol) for metric in again] == [(m.name, m.protocol) for m in card.metrics]
    assert [metric.value for metric in again] == pytest.approx([metric.value for metric in card.metrics], rel=1e-6)


def test_a_study_of_other_weights_or_of_another_kind_is_refused(directory, classifier):
    path, _ = directory
    with pytest.raises(CheckpointError, match="there is no checkpoint 'other-bayes'"):
        load_bayes("other", path)
    card = path / "drawn-bayes.json"
    entries = json.loads(card.read_text())
    card.write_text(json.dumps(entries | {"family": "atlas"}))
    with pytest.raises(CheckpointError, match="not a study"):
        load_bayes("drawn", path)
    card.write_text(json.dumps(entries | {"config": {"models": entries["config"]["models"]}}))
    with pytest.raises(CheckpointError, match="not one of this version"):
        load_bayes("drawn", path)
    card.write_text(json.dumps(entries))
    shipped(Classifier(replace(classifier.config, hidden=4)), "drawn-classifier", path)
    with pytest.raises(
        CheckpointError, match=r"other weights of 'drawn-classifier'; make it with: python -m gm_core bayes drawn"
    ):
        load_bayes("drawn", path)
    shipped(Classifier(replace(classifier.config, classes=4)), "drawn-classifier", path)
    with pytest.raises(CheckpointError, match="knows 3 classes, 'drawn-classifier' 4"):
        load_judges("drawn", "cpu", path)
    shipped(classifier, "drawn-pixelcnnpp", path)
    with pytest.raises(CheckpointError, match="has no exact density"):
        load_judges("drawn", "cpu", path)


def test_a_card_may_not_lack_its_tensors(directory):
    path, _ = directory
    save(read_card("drawn-bayes", path), {"prior": torch.ones(3) / 3}, path)
    with pytest.raises(CheckpointError, match="not one of this version"):
        load_bayes("drawn", path)


@pytest.mark.parametrize("dataset", ["mnist"])
def test_the_shipped_study_is_of_the_shipped_models(dataset):
    study, card = load_bayes(dataset), gm_core.read_card(f"{dataset}-bayes")
    assert len(study.coverage) == 101
    for name in CURVES:
        assert float(study.accuracy[name][-1]) == pytest.approx(card.metric(f"{name}_accuracy").value)
        # Either is wrong less often than a guess is right.
        assert 1 - card.metric(f"{name}_accuracy").value < 1 / len(card.class_names)
    # Where half of the pictures are of no class, the density knows better than the classifier which ones to refuse.
    assert study.mixed_accuracy["joined"][45] > study.mixed_accuracy["classifier"][45]
