"""How far drawn pictures are from real ones: closed forms, what it costs, and when there is no figure."""

import logging

import pytest
import torch

from gm_core.data.datasets import Images, Source
from gm_core.evaluation import fidelity
from gm_core.evaluation.fidelity import draw, frechet_distance, standard_error
from gm_core.models import ImageShape
from gm_core.models.autoregressive import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.classifier import Classifier, ClassifierConfig
from tests.helpers import seeded, shipped

SHAPE = ImageShape(height=8, width=8)


def exact(mean, cov, n=50, seed=0):
    """Points whose mean and covariance are these to the last digit."""
    points = torch.randn(n, len(mean), generator=seeded(seed), dtype=torch.float64)
    points = points - points.mean(dim=0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(points.T)), points.T, upper=False).T
    return mean + white @ torch.linalg.cholesky(cov).T


def test_the_distance_of_gaussians_is_the_closed_form():
    zero, eye = torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    shift, scales = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([4.0, 0.25, 1.0]).double()
    here = exact(zero, eye)
    assert frechet_distance(here, exact(zero, eye, 70, 1)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(here, exact(shift, eye, 70, 1)) == pytest.approx(float(shift.square().sum()))
    # Of independent dimensions it is the sum of (difference of standard deviations)^2.
    spread = float((1 - scales.sqrt()).square().sum())
    assert frechet_distance(here, exact(zero, scales.diag(), 70, 1)) == pytest.approx(spread)
    both = float(shift.square().sum()) + spread
    assert frechet_distance(exact(shift, scales.diag(), 70, 1), here) == pytest.approx(both)


def test_covariances_that_do_not_commute_agree_with_the_matrix_square_root():
    generator = seeded(1)
    a, b = (torch.randn(4, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    a, b = a @ a.T + torch.eye(4), b @ b.T + torch.eye(4)
    values = torch.linalg.eigvals(a @ b)  # of a product of two positive definite matrices: real and positive
    assert float(values.imag.abs().max()) < 1e-9
    expected = float(a.trace() + b.trace() - 2 * values.real.sqrt().sum())
    zero = torch.zeros(4, dtype=torch.float64)
    assert frechet_distance(exact(zero, a), exact(zero, b, 60, 2)) == pytest.approx(expected)


def test_fewer_points_than_dimensions_and_constant_features_have_a_distance():
    flat = torch.zeros(5, 20)
    assert frechet_distance(flat, flat + 2) == pytest.approx(80)
    points = torch.randn(5, 20, generator=seeded())
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)


def test_the_standard_error_is_that_of_repeated_draws():
    """In one dimension, of means 3 apart: the distance is near 9, with an error near 2 * 3 * (2 / n)^1/2."""
    n = 500
    a, b = torch.randn(n, 1, generator=seeded(1)), 3 + torch.randn(n, 1, generator=seeded(2))
    assert standard_error(a, b) == pytest.approx(6 * (2 / n) ** 0.5, rel=0.3)


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
    distance, floor, asked = fidelity.measure(model, data, True)
    assert (distance.name, floor.name, asked.name) == ("frechet_distance", "frechet_distance_floor", "class_as_asked")
    assert 0 <= floor.value < distance.value and 0 <= asked.value <= 1
    assert "200 drawn pictures, seed 0, and 200 test images, standard error" in distance.protocol
    assert "features of none-classifier" in distance.protocol and "200 training images" in floor.protocol
    assert [metric.value for metric in fidelity.measure(model, data, True)] == [
        distance.value,
        floor.value,
        asked.value,
    ]


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
    monkeypatch.setattr(fidelity, "monotonic", lambda: next(clock))  # a batch of 50 takes a second, both sets two
    monkeypatch.setattr(fidelity, "PICTURES", (120, 100, 50))
    for seconds, n in ((10.0, 120), (4.0, 100), (2.0, 50)):
        monkeypatch.setattr(fidelity, "SECONDS", seconds)
        assert fidelity._number(model, data) == n
