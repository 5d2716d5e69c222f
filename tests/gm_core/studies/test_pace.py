"""Steps against quality: the same noise everywhere, the figures of the fidelity, and a study of these very weights."""

from dataclasses import replace

import pytest
import torch

import gm_core
from gm_core.checkpoints import CheckpointError, read_card, save
from gm_core.data.datasets import Images, Source
from gm_core.evaluation.distances import coverage, frechet_distance
from gm_core.evaluation.fidelity import Judge, draw, share_error, some_of
from gm_core.models import ImageShape
from gm_core.models.classifier import Classifier, ClassifierConfig
from gm_core.models.diffusion import Diffusion, DiffusionConfig
from gm_core.models.flow_matching import FlowMatching
from gm_core.studies import pace
from gm_core.studies.pace import figures, load_pace, make_pace, measure, stations, usual
from tests.helpers import seeded, shipped

SHAPE = ImageShape(height=8, width=8)
NAME = "none-diffusion"


@pytest.fixture
def few(monkeypatch):
    """Few places, so that they are soon drawn."""
    monkeypatch.setattr(pace, "STATIONS", (1, 2, 4))
    monkeypatch.setattr(pace, "MOST_CALLS", 4)
    monkeypatch.setattr(pace, "GUIDANCES", (0.0, 1.0, 2.0))


@pytest.fixture
def folder(tmp_path, monkeypatch, few):
    """A model, and the classifier of its data set."""
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    torch.manual_seed(0)
    shipped(Classifier(ClassifierConfig(image=SHAPE, classes=2, width=4, hidden=8)).eval(), "none-classifier", tmp_path)
    model = Diffusion(DiffusionConfig(image=SHAPE, classes=2, widths=(8, 32), blocks=1)).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.05 * torch.randn_like(weights))
    shipped(model, NAME, tmp_path)
    return tmp_path


def images(seed: int) -> Images:
    labels = torch.arange(40) % 2
    pixels = torch.randint(256, (40, 1, 8, 8), generator=seeded(seed), dtype=torch.uint8)
    return Images(pixels, labels, ("a", "b"), source=Source("none"))


def test_the_stations_end_with_as_many_steps_as_fit():
    assert stations(1) == [1, 2, 4, 8, 16, 32, 64, 128, 250]
    assert stations(2) == [1, 2, 4, 8, 16, 32, 64, 125]
    assert stations(4) == [1, 2, 4, 8, 16, 32, 62]
    assert (usual(Diffusion), usual(FlowMatching)) == (("ddpm", 10), ("ddpm", 10))


def test_a_study_is_what_fidelity_says_of_the_same_pictures_and_is_kept(folder):
    train, test = images(1), images(2)
    card = make_pace(NAME, train, test, device=torch.device("cpu"), directory=folder, pictures=20, quiet=True)
    study = load_pace(NAME)
    assert list(study.methods) == list(Diffusion.methods) and study.guided == ("ddpm", 10) and study.pictures == 20
    ddim, heun, guidance = study.methods["ddim"], study.methods["heun"], study.guidance
    assert ddim.at.tolist() == [1, 2, 4] == ddim.calls.tolist()
    assert heun.at.tolist() == [1, 2] and heun.calls.tolist() == [1, 3]  # the last step is Euler's
    for name, values in ddim.figures.items():  # a first step of Heun's to the end is one of Euler's, on the same noise
        assert torch.equal(values[0], heun.figures[name][0]), name
    model, judge = gm_core.load(NAME, "cpu"), Judge.of(gm_core.load(NAME, "cpu"), "none")
    real, labels = some_of(test, 20)
    alone = draw(model, 20, labels)  # as the model draws where nothing is asked for: guidance 1
    seen, points = judge.features(alone), judge.features(real)
    assert float(guidance.figures["frechet_distance"][1, 0]) == pytest.approx(frechet_distance(points, seen), rel=1e-6)
    assert float(guidance.figures["coverage"][1, 0]) == coverage(points, seen)
    right = float(judge.is_right(alone, labels).mean())
    assert guidance.figures["class_as_asked"][1].tolist() == [right, share_error(right, 20)]
    floor = judge.features(pace._alike(train, labels))
    assert study.floors["frechet_distance"][0] == pytest.approx(frechet_distance(points, floor))
    assert {metric.name for metric in card.metrics} >= {"frechet_distance_floor", "enough_calls_ddim", "best_guidance"}
    assert figures(study) == card.metrics


def test_real_pictures_are_compared_with_others_of_the_same_classes():
    labels, some = torch.arange(40) % 2, torch.tensor([1, 0, 1, 1, 1])
    pixels = labels[:, None, None, None].expand(40, 1, 8, 8).to(torch.uint8)
    alike = pace._alike(Images(pixels, labels, ("a", "b"), source=Source("none")), some)
    assert alike[:, 0, 0, 0].bincount().tolist() == some.bincount().tolist()


def test_a_study_of_other_weights_is_refused_with_the_remedy(folder):
    make_pace(NAME, images(1), images(2), device=torch.device("cpu"), directory=folder, pictures=20, quiet=True)
    card = read_card(NAME)
    model = Diffusion(DiffusionConfig(image=SHAPE, classes=2, widths=(8, 32), blocks=1))
    save(replace(card, sha256=""), model.state_dict(), folder)
    with pytest.raises(CheckpointError, match=f"other weights.*python -m gm_core pace {NAME}"):
        load_pace(NAME)
    with pytest.raises(CheckpointError, match="has no choice of the number of steps"):
        make_pace("none-classifier", images(1), images(2), device=torch.device("cpu"), directory=folder)


@pytest.mark.usefixtures("folder")
def test_a_model_without_classes_has_no_curve_over_guidance():
    model = Diffusion(DiffusionConfig(image=SHAPE, widths=(8, 32), blocks=1)).eval()
    study = measure(model, "none", images(1), images(2), 20, quiet=True)
    assert study.guidance is None and set(study.floors) == {"frechet_distance", "coverage"}
    with pytest.raises(CheckpointError, match="no classifier of other"):
        measure(model, "other", images(1), images(2), 20, quiet=True)
