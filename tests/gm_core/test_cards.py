"""A card that was altered by hand is a card all the same, or one clear error that names it; so is that of a study."""

import copy
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
import torch

import gm_core
from gm_core import Autoencoder, AutoencoderConfig, CheckpointError, checkpoints
from gm_core.cli.cards import models_page
from gm_core.models import ImageShape
from tests.helpers import shipped

VALUES = {
    "missing": ...,
    "null": None,
    "text": "x",
    "empty": "",
    "zero": 0,
    "huge": 10**9,
    "vast": 10**400,
    "negative": -1,
    "half": 0.5,
    "nan": math.nan,
    "infinite": math.inf,
    "true": True,
    "list": [],
    "nested": [[["x"]]],
    "object": {"a": {"b": [1, None, math.nan]}},
    "surrogate": "\ud800",
}

CONFIG = AutoencoderConfig(image=ImageShape(height=4, width=4), classes=2, latent=2, width=4)
METRIC = gm_core.Metric("reconstruction_error", 1.5, "levels", "made up")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A model with every field of a card, and a study of it."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    card = shipped(Autoencoder(CONFIG), "tiny-autoencoder", folder)
    stage = {"change": "one run", "steps": 3, "minutes": 0.5, "learning_rate": 1e-3, "result": "well"}
    cost = {"steps": 3, "images_seen": 6, "minutes": 0.5, "hardware": "one core"}
    card = replace(card, history=[stage], cost=cost, recipe={"steps": 3}, class_names=["a", "b"], metrics=[METRIC])
    checkpoints.write_card(card, folder)
    return folder


def places(entry: object, above: tuple = ()) -> Iterator[tuple]:
    """Every place on a card, that of the whole first."""
    yield above
    if isinstance(entry, dict | list):
        for key, value in entry.items() if isinstance(entry, dict) else enumerate(entry):
            yield from places(value, (*above, key))


def altered(card: object, place: tuple, value: object) -> object:
    if not place:
        return value
    card = copy.deepcopy(card)
    at = card
    for key in place[:-1]:
        at = at[key]
    if value is ...:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return card


@pytest.mark.parametrize("kind", VALUES)
def test_an_altered_card_still_works_or_is_one_clear_error(directory, kind, monkeypatch):
    """At each of some forty places; whatever works, every command and the app can use."""
    path = directory / "tiny-autoencoder.json"
    monkeypatch.setenv("GM_CHECKPOINTS", str(directory))
    whole = path.read_text()
    card = json.loads(whole)
    try:
        for place in places(card):
            if not place and kind == "missing":
                continue
            path.write_text(json.dumps(altered(card, place, VALUES[kind])))
            try:
                gm_core.load("tiny-autoencoder", "cpu", directory)
            except CheckpointError as error:
                assert "tiny-autoencoder" in str(error), (place, kind)
                assert "restore" in str(error)
                assert len(str(error).splitlines()) == 1
            read = gm_core.available(directory)
            assert models_page().startswith("# Models"), (place, kind)
            for known in read:
                json.dumps([known.config, known.cost, known.history], allow_nan=False)
    finally:
        path.write_text(whole)


def test_a_card_that_asks_for_a_vast_network_is_refused_at_once(directory):
    path = directory / "tiny-autoencoder.json"
    whole = path.read_text()
    try:
        for name, value in (("latent", 10**6), ("width", 4096)):
            path.write_text(json.dumps(altered(json.loads(whole), ("config", name), value)))
            with pytest.raises(CheckpointError, match="restore"):
                gm_core.load("tiny-autoencoder", "cpu", directory)
    finally:
        path.write_text(whole)


def test_a_wrong_number_of_parameters_or_of_class_names_is_noticed(directory):
    path = directory / "tiny-autoencoder.json"
    whole = path.read_text()
    try:
        for change in ({"parameters": 7}, {"class_names": ["a", "b", "c"]}, {"class_names": ["a", "a"]}):
            path.write_text(json.dumps(json.loads(whole) | change))
            with pytest.raises(CheckpointError, match=r"parameters|class_names"):
                gm_core.load("tiny-autoencoder", "cpu", directory)
        path.write_text(json.dumps(json.loads(whole) | {"class_names": []}))
        assert gm_core.read_card("tiny-autoencoder", directory).class_names == ["0", "1"]
    finally:
        path.write_text(whole)


@pytest.fixture
def littered(directory, tmp_path):
    """A checkpoint among what other programs leave in a folder."""
    for path in directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    card = (tmp_path / "tiny-autoencoder.json").read_bytes()
    for name in ("tiny-autoencoder (1)", "tiny-autoencoder.sync-conflict-20260101-120000", "Copy of it", "kopie-été"):
        (tmp_path / f"{name}.json").write_bytes(card)
    for name, content in {
        "._tiny-autoencoder": b"\x00\x05\x16\x07",
        "notes": b'{"note": "mine"}',
        "numbers": b"[1, 2]",
        "latin": "é".encode("latin-1"),
        "empty": b"",
        "deep": b"[" * 100_000,
        "large": b" " * (2**22 + 1),
        "copied": card,
    }.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "README.txt").write_text("mine")
    return tmp_path


def test_what_other_programs_leave_is_passed_over_and_each_broken_card_is_one_warning(littered, caplog):
    for _ in range(3):
        assert [card.name for card in gm_core.available(littered)] == ["tiny-autoencoder"]
    lines = [record.getMessage() for record in caplog.records]
    assert all(sum(name in line for line in lines) == 1 for name in ("notes", "numbers", "latin", "deep", "large"))
    assert all("\n" not in line for line in lines)
    assert not any("._" in line for line in lines)
    assert gm_core.load("tiny-autoencoder", "cpu", littered).config == CONFIG
    with pytest.raises(CheckpointError, match=r"there is no checkpoint 'other'; there are: .*tiny-autoencoder"):
        gm_core.load("other", "cpu", littered)


def test_no_folder_is_one_clear_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no folder .*nowhere"):
        gm_core.available(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be read"):
        gm_core.available(tmp_path / "file")


def test_the_page_of_models_does_without_figures_that_a_detector_lacks(tmp_path, monkeypatch):
    card = asdict(gm_core.read_card("mnist-detector"))
    figures = [figure for figure in card["metrics"] if figure["name"].endswith("_noise")]
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    for kept, cells in (([], None), (figures[:1], None), ([f for f in figures if f["name"] == "auroc_noise"], "–")):
        (tmp_path / "mnist-detector.json").write_text(json.dumps(card | {"metrics": kept}))
        page = models_page()
        assert ("| noise | – |" in page) == bool(cells)
