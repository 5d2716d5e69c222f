"""The README says what the cards say."""

import re
from pathlib import Path

import pytest

import gm_core

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def figures() -> list[tuple[str, str, float]]:
    """Checkpoint, figure and value of every line of the README's table of figures."""
    lines = re.findall(r"^\| `([\w-]+)` \| `([\w.]+)` \| [*]*(-?[\d.,]+)[*]* ", README, flags=re.MULTILINE)
    return [(name, metric, float(value.replace(",", ""))) for name, metric, value in lines]


def test_there_is_a_line_for_every_checkpoint():
    assert {name for name, _, _ in figures()} == {card.name for card in gm_core.available()}


@pytest.mark.parametrize(("name", "metric", "value"), figures())
def test_every_figure_is_its_cards(name, metric, value):
    carded = gm_core.read_card(name).metric(metric).value
    assert value == pytest.approx(carded, rel=2e-3, abs=6e-4)


def test_every_file_it_names_is_there():
    root = Path(__file__).parent.parent
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / path).exists(), path
