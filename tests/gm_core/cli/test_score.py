"""Scores in the shell are Python's, in the form that was promised."""

import csv
import json
import os
import zipfile

import pytest
import torch
from PIL import Image

import gm_core
from gm_core.studies.detector.scoring import SCORE_KEYS
from tests.helpers import HOSTILE_NAMES


@pytest.fixture
def digits(tmp_path):
    """Two digits drawn by the model, as files, and the pictures themselves."""
    images = gm_core.load("mnist-pixelcnn", "cpu").sample(2, generator=torch.Generator().manual_seed(3))
    for name, image in zip(("a.png", "b.png"), images, strict=True):
        Image.fromarray(image[0].numpy()).save(tmp_path / name)
    return tmp_path, images


def test_score_gives_pythons_numbers_in_the_promised_form(cli, digits):
    folder, images = digits
    code, out, _ = cli("score", folder / "b.png", folder, "--json", "--alpha", 0.2, "--device", "cpu")
    assert code == 0
    results = json.loads(out)
    assert [result["path"] for result in results] == [str(folder / name) for name in ("b.png", "a.png", "b.png")]
    detector = gm_core.load_detector("mnist", "cpu")
    # All in one batch, as the command does: in another the last digits may differ.
    seen = torch.cat([gm_core.prepare(Image.fromarray(images[i, 0].numpy())).image for i in (1, 0, 1)])
    for result, verdict in zip(results, detector.score(seen, 0.2), strict=True):
        assert tuple(result) == SCORE_KEYS
        assert result["model"] == "mnist"
        assert result["error"] is None
        for key in ("log_prob", "bits_per_dim", "p_value", "outlier_score", "verdict"):
            assert result[key] == getattr(verdict, key)
        assert result["verdict"] == ("reasonable" if result["p_value"] > 0.2 else "unreasonable")


def test_a_bad_file_has_its_error_and_the_rest_is_scored(cli, digits):
    folder, _ = digits
    (folder / "aa.png").write_text("a note")
    code, out, err = cli("score", folder, "--json", "--device", "cpu")
    assert code == 1
    results = json.loads(out)
    assert [bool(result["error"]) for result in results] == [False, True, False]
    assert results[1] == dict.fromkeys(SCORE_KEYS) | {key: results[1][key] for key in ("path", "model", "error")}
    code, out, err = cli("score", folder, "--csv", folder / "table.csv", "--device", "cpu")
    assert code == 1
    with (folder / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [result["verdict"] or "" for result in results]
    code, out, err = cli("score", folder, "--device", "cpu")
    assert code == 1
    assert len(out.splitlines()) == 2
    assert len(err.splitlines()) == 1
    assert "aa.png is not a picture" in err


def test_there_is_a_line_per_picture_whatever_it_is_called(cli, digits, monkeypatch):
    folder, _ = digits
    good, named, packed = (folder / "a.png").read_bytes(), folder / "named", folder / "packed.zip"
    named.mkdir()
    for name in HOSTILE_NAMES:
        (named / name).write_bytes(good)
    (named / "broken\n\x1b[2J.png").write_text("a note")
    with zipfile.ZipFile(packed, "w") as archive:
        for name in HOSTILE_NAMES:
            if "\udce9" not in name:  # an archive's names are of another encoding, but never bytes
                archive.writestr(name, good)
    count = 2 * len(HOSTILE_NAMES)
    code, out, err = cli("score", named, packed, "--device", "cpu")
    assert code == 1 and (len(out.splitlines()), len(err.splitlines())) == (count - 1, 1)
    assert (out + err).replace("\n", "").isprintable() and r"caf\xe9.png" in out
    code, out, err = cli("score", named, packed, "--csv", folder / "table.csv", "--device", "cpu")
    with (folder / "table.csv").open(newline="") as file:
        assert len(file.read().splitlines()) == count + 1
        file.seek(0)
        rows = list(csv.DictReader(file))
    assert len(rows) == count and (out, err) == ("", "")
    code, out, _ = cli("score", named, packed, "--json", "--device", "cpu")
    paths = [result["path"] for result in json.loads(out)]
    assert len(paths) == count and os.fsencode(named) + b"/caf\xe9.png" in map(os.fsencode, paths)


def test_names_that_a_spreadsheet_would_compute_are_texts(cli, digits, monkeypatch):
    folder, _ = digits
    monkeypatch.chdir(folder)
    for name in ("=1+1.png", "@x.png"):
        (folder / name).write_text("a note")
    cli("score", "=1+1.png", "@x.png", "--csv", "table.csv", "--device", "cpu")
    with (folder / "table.csv").open(newline="") as file:
        cells = [row[key] for row in csv.DictReader(file) for key in ("path", "error")]
    assert [cell[:2] for cell in cells] == ["'=", "'=", "'@", "'@"]
