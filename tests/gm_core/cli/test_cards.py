"""The shell prints every card in full, as JSON or as a page."""

import json
import re

import pytest


def test_cards_are_printed_as_they_were_written(cli, untrained):
    code, out, err = cli("cards")
    assert (code, err) == (0, "")
    assert json.loads(out) == [json.loads(path.read_text()) for path in sorted(untrained.glob("*.json"))]


def test_the_page_has_a_row_for_every_figure(cli, untrained):
    code, out, err = cli("cards", "--markdown")
    assert (code, err) == (0, "")
    assert "## MNIST (`mnist`)" in out
    for path in untrained.glob("*.json"):
        assert f"| `{path.stem}` | `bits_per_dim` | 1.5000 bits/dim | made up |" in out


@pytest.mark.parametrize(
    ("split", "epochs"),
    [
        ("trained on the first 1,500 training images; the last 300 held out; measured on test", "2.0 epochs"),
        ("trained on 1,200 training images; 300 that the data sets apart held out; measured on test", "2.5 epochs"),
        ("made up", "–"),
    ],
)
def test_epochs_are_counted_in_the_training_images_of_the_card(cli, untrained, split, epochs):
    path = untrained / "mnist-vae.json"
    cost = {"images_seen": 3000, "minutes": 7.4, "hardware": "one core", "steps": 30}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"split": split, "cost": cost}))
    _, out, _ = cli("cards", "--markdown")
    (row,) = re.findall(r"^\| `mnist-vae` \| [\d.]+ M \| (.*) \|$", out, flags=re.MULTILINE)
    assert row == f"{epochs} | 7 | one core"
