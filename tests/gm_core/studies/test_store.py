"""Every family of studies is saved, verified and loaded in the same way, and says what to do when it cannot be."""

import json

import pytest
import torch

import gm_core
from gm_core import CheckpointError, Classifier, ClassifierConfig
from gm_core.models import ImageShape
from gm_core.studies.store import STUDIES, Measurement, StudyFamily, register
from tests.helpers import shipped


class MeanFamily(StudyFamily[torch.Tensor]):
    """The mean of something of two numbers."""

    family = "mean"
    noun = "a mean"
    command = "average"

    def sources(self, subject):
        return {"model": f"{subject}-classifier"}

    def parse(self, stored):
        return stored.tensor("mean", 2).to(stored.device)

    def evaluate(self, subject, *, data_dir, limit, device):
        return Measurement([])


MEANS = MeanFamily()


def classifier(hidden=4):
    return Classifier(ClassifierConfig(image=ImageShape(height=8, width=8), classes=2, width=4, hidden=hidden)).eval()


def write(directory, mean):
    text = {"description": "A test's own.", "split": "none", "metrics": [], "class_names": ["a", "b"]}
    return MEANS.save("my", {"mean": mean}, directory, **text, settings={"more": 1})


@pytest.fixture
def directory(tmp_path):
    shipped(classifier(), "my-classifier", tmp_path)
    write(tmp_path, torch.tensor([1.0, 2.0]))
    return tmp_path


def test_a_study_is_saved_with_its_sources_and_read_once(directory):
    card, source = gm_core.read_card("my-mean", directory), gm_core.read_card("my-classifier", directory)
    assert (card.family, card.dataset) == ("mean", source.dataset)
    assert card.config == {"model": {"name": source.name, "sha256": source.sha256}, "more": 1}
    assert not card.is_model
    study = MEANS.load("my", "cpu", directory)
    assert study.tolist() == [1, 2]
    assert MEANS.load("my", "cpu", directory) is study
    write(directory, torch.tensor([3.0, 4.0]))
    assert MEANS.load("my", "cpu", directory).tolist() == [3, 4], "a study that was made anew is read anew"


def test_a_loaded_study_is_checked_again_when_its_files_change(directory):
    MEANS.load("my", "cpu", directory)
    shipped(classifier(hidden=8), "my-classifier", directory)
    with pytest.raises(CheckpointError, match=r"mean .*my-mean\.json was made with other weights of 'my-classifier'; "
                       r"make it with: python -m gm_core average my --out"):  # fmt: skip
        MEANS.load("my", "cpu", directory)


@pytest.mark.parametrize("mean", [torch.zeros(3), torch.zeros(2, 1)])
def test_tensors_of_another_shape_are_of_another_version(directory, mean):
    write(directory, mean)
    with pytest.raises(CheckpointError, match=r"not one of this version \(its mean is of shape .*make it with"):
        MEANS.load("my", "cpu", directory)


@pytest.mark.parametrize("config", [{}, {"model": "x"}, {"model": {}}])
def test_a_card_that_does_not_name_its_sources_is_of_another_version(directory, config):
    path = directory / "my-mean.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config": config}))
    with pytest.raises(CheckpointError, match=r"not one of this version.*make it with: python -m gm_core average my"):
        MEANS.load("my", "cpu", directory)


def test_what_is_missing_or_something_else_is_named_with_its_remedy(directory):
    shipped(classifier(), "other-mean", directory)
    shipped(classifier(), "other-classifier", directory)
    with pytest.raises(CheckpointError, match=r"'other-mean' holds a 'classifier', not a mean; make it with"):
        MEANS.load("other", "cpu", directory)
    (directory / "my-mean.json").unlink()
    with pytest.raises(CheckpointError, match=r"no checkpoint 'my-mean'; there are: other-mean; make it with: .* my "):
        MEANS.load("my", "cpu", directory)
    with pytest.raises(CheckpointError, match=r"no checkpoint 'cats-mean', nor 'cats-classifier' to make it of"):
        MEANS.load("cats", "cpu", directory)


def test_every_shipped_study_is_of_a_registered_family_and_of_the_shipped_models():
    cards = [card for card in gm_core.available() if not card.is_model]
    assert {card.family for card in cards} == set(STUDIES)
    for card in cards:
        family = STUDIES[card.family]
        subject = family.subject(card.name)
        assert family.name(subject) == card.name
        hashes = family.hashes(card.config, list(family.sources(subject)))
        assert hashes == {name: gm_core.read_card(name).sha256 for name in family.sources(subject).values()}


def test_two_families_of_one_name_are_refused():
    class Again(MeanFamily):
        family = "atlas"

    with pytest.raises(ValueError, match="called 'atlas'"):
        register(Again())
