"""The figures of drawn pictures: beside which floor, what a picture costs, and when there is no figure."""

import logging
from dataclasses import replace

import pytest
import torch

from gm_core.checkpoints import write_card
from gm_core.data.datasets import Images, Source
from gm_core.evaluation import fidelity
from gm_core.evaluation.fidelity import DISTANCES, Judge, draw, share_error
from gm_core.models import ImageShape
from gm_core.models.autoregressive import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.classifier import Classifier, ClassifierConfig
from gm_core.models.diffusion import Diffusion, DiffusionConfig
from gm_core.models.vae import VAE, VAEConfig
from tests.helpers import seeded, shipped

SHAPE = ImageShape(height=8, width=8)


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = ResidualPixelCNNConfig(image=SHAPE, classes=2, vertical=4, horizontal=8, blocks=1)
    return ResidualPixelCNN(config).eval()


@pytest.fixture
def data(tmp_path, monkeypatch) -> Images:
    """240 test images of a data set that has a classifier, and 250 training images."""
    torch.manual_seed(1)
    classifier = Classifier(ClassifierConfig(image=SHAPE, classes=2, width=4, hidden=8)).eval()
    shipped(classifier, "none-classifier", tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))

    def images(n, seed):
        labels = torch.arange(n) % 2
        pixels = torch.randint(128, (n, 1, 8, 8), generator=seeded(seed), dtype=torch.uint8)
        return Images(pixels + 128 * labels[:, None, None, None].to(torch.uint8), labels, ("dark", "light"))

    monkeypatch.setattr(fidelity, "load_dataset", lambda name, split, directory: images(250, 5))
    test = images(240, 3)
    return Images(test.images, test.labels, test.class_names, source=Source("none"))


def test_drawn_pictures_are_measured_beside_a_floor(model, data):
    metrics = {metric.name: metric for metric in fidelity.measure(model, data, True)}
    pairs = [name + end for name in DISTANCES for end in ("", "_floor")]
    assert list(metrics) == [*pairs, "class_as_asked", "milliseconds_per_picture", "network_calls"]
    for name in DISTANCES:
        figure, floor = metrics[name], metrics[f"{name}_floor"]
        assert "200 drawn pictures, seed 0, and 200 test images, standard error" in figure.protocol
        assert "features of none-classifier" in figure.protocol and "200 training images" in floor.protocol
    for name in ("frechet_distance", "kernel_distance"):
        assert metrics[f"{name}_floor"].value < metrics[name].value
    assert metrics["coverage_floor"].value > 0.9 > metrics["coverage"].value
    assert 0 <= metrics["class_as_asked"].value <= 1
    assert metrics["network_calls"].value == 64 and metrics["milliseconds_per_picture"].value > 0
    again = {metric.name: metric for metric in fidelity.measure(model, data, True)}
    assert all(again[name] == metrics[name] for name in (*pairs, "class_as_asked"))


def test_pictures_of_fewer_levels_are_judged_by_the_classifier_of_what_they_show(data, tmp_path):
    config = ClassifierConfig(image=ImageShape(height=8, width=8), classes=2, width=4, hidden=8)
    card = shipped(Classifier(config).eval(), "digits-classifier", tmp_path)
    write_card(replace(card, dataset="mnist"), tmp_path)
    binary = ImageShape(height=8, width=8, levels=2)
    vae = VAE(VAEConfig(image=binary, width=4, hidden=8, latent=2)).eval()
    judge = Judge.of(vae, "mnist-binary")
    assert judge.name == "digits-classifier"
    images = torch.randint(2, (3, 1, 8, 8), generator=seeded(), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(judge.features(images), judge.classifier.features(images * 255))
    assert fidelity._calls(vae) == 1


def test_the_error_of_a_share_is_the_binomials_and_never_nothing():
    assert share_error(0.5, 1000) == pytest.approx((0.25 / 1000) ** 0.5)
    assert share_error(1.0, 200) == pytest.approx((201 / 202 / 202 / 200) ** 0.5) == share_error(0.0, 200)


def test_a_model_of_steps_says_how_often_it_calls_its_network():
    config = DiffusionConfig(image=ImageShape(height=8, width=8), widths=(8, 32), blocks=1)
    assert fidelity._calls(Diffusion(config).eval()) == 10  # ten steps of DDPM


def test_pictures_are_the_same_however_many_are_drawn(model):
    assert torch.equal(draw(model, 100)[:50], draw(model, 50))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"few": True}, "199 test images are fewer than 200"),
        ({"slow": True}, "200 pictures would take"),
        ({"source": None}, "no classifier of these pictures"),
        ({"source": Source("other")}, "no classifier of other"),
    ],
)
def test_why_there_is_no_figure_is_said(model, data, monkeypatch, caplog, change, reason):
    if change.get("few"):
        data = data.first(199)
    if change.get("slow"):
        monkeypatch.setattr(fidelity, "SECONDS", 0.0)
    if "source" in change:
        data = Images(data.images, data.labels, data.class_names, source=change["source"])
    with caplog.at_level(logging.WARNING):
        assert fidelity.measure(model, data, True) == []
    assert reason in caplog.text


def test_the_number_of_pictures_is_what_the_time_allows(model, data, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(fidelity, "process_time", lambda: next(clock))  # a batch takes a second, both sets two
    monkeypatch.setattr(fidelity, "PICTURES", (120, 100, 50))
    for seconds, n in ((10.0, 120), (4.0, 100), (2.0, 50)):
        monkeypatch.setattr(fidelity, "SECONDS", seconds)
        number, (time, _) = fidelity._number(model, data)
        assert number == n and time.value == 1000 / 50
