"""The examples: always the same, and of the form that the models know once they are prepared."""

import shutil
from pathlib import Path

import pytest

import gm_core
from demo.shared.examples import Example, _make, _sample, examples, problems
from demo.shared.models import Models
from demo.widgets.sketch_pad import decode
from gm_core.checkpoints import checkpoint_dir


@pytest.fixture(scope="module")
def shown() -> tuple[Example, ...]:
    return examples(Models.on("cpu"))


def test_the_same_at_every_start(shown: tuple[Example, ...]) -> None:
    _make.cache_clear()
    _sample.cache_clear()
    again = examples(Models.on("cpu"))
    assert again[0] is not shown[0]
    assert [example.url for example in again] == [example.url for example in shown]


def test_all_are_different_and_told_apart(shown: tuple[Example, ...]) -> None:
    assert len({example.url for example in shown}) == len({example.name for example in shown}) == len(shown) >= 12
    assert all(example.look_for for example in shown)


def test_prepared_to_the_models_size(shown: tuple[Example, ...]) -> None:
    for example in shown:
        picture = gm_core.open_picture(decode(example.url) or b"")
        assert gm_core.prepare(picture, example.preparation).image.shape == (1, 1, 28, 28), example.name


def test_digits_reach_the_model_as_it_drew_them(shown: tuple[Example, ...]) -> None:
    """Through PNG, data URL and preparation, no pixel changes; the negative one is the same digit again."""
    by_name = {example.name: example for example in shown}
    digit = by_name["a digit"]
    seen = gm_core.prepare(gm_core.open_picture(decode(digit.url) or b"")).image[0, 0]
    assert bytes(seen.numpy()) == digit.picture.tobytes()
    negative = gm_core.prepare(gm_core.open_picture(decode(by_name["negative"].url) or b"")).image[0, 0]
    assert negative.equal(seen)


def test_a_missing_model_costs_only_its_own_examples(
    shown: tuple[Example, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in checkpoint_dir().glob("mnist-pixelcnn-gated.*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    _make.cache_clear()
    _sample.cache_clear()
    names = {example.name for example in examples(Models.on("cpu"))}
    assert {example.name for example in shown} - names == {"sneaker", "bag"}
    (problem,) = problems(Models.on("cpu"))
    assert "fashion-pixelcnn" in problem
