"""What the Draw tab says: its explanations, its models' names and figures."""

import math
from collections.abc import Mapping
from pathlib import Path

from gm_core import FAMILIES, Card

HINT = """<p class="lab-hint">This model draws a picture one pixel at a time: each is drawn at random, with odds set by
the pixels before it. <b>Pick a class</b> and watch, or <b>take the pen</b> and let it finish your drawing.</p>"""

HOW = (Path(__file__).parent / "how.md").read_text(encoding="utf-8")

TEMPERATURE_INFO = "Below 1 favours the likeliest values, for digits mostly black; above 1, noise."
SEED_INFO = "Repeats the random numbers."


def titles(cards: Mapping[str, Card]) -> dict[str, str]:
    """What models are called where a user chooses among them, by name.

    Args:
        cards: Of the models, by name. Where several know the same data set, the one with the fewest bits per dimension
            is called the best.
    """
    found = {}
    for name, card in cards.items():
        rivals = [_bits(other) for other in cards.values() if other.dataset == card.dataset]
        label = card.record.label
        best = " (best)" if len(rivals) > 1 and _bits(card) == min(rivals) < math.inf else ""
        found[name] = f"{label[:1].upper()}{label[1:]} · {FAMILIES[card.family].title}{best}"
    return found


def _bits(card: Card) -> float:
    bits = card.value("bits_per_dim")
    return math.inf if bits is None else bits
