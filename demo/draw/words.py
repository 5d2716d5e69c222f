"""What the Draw tab says: its explanations, its models' names and figures."""

import math
from collections.abc import Mapping

from demo.widgets.model_choice import ModelOption
from gm_core import FAMILIES, Card

TEMPERATURE_INFO = "1 is the model. Below 1 favours the likeliest greys, mostly black; above 1, noise."
COLD = "The likeliest picture is no digit: show 0.1"
USUAL = "Back to the model itself"
GUIDANCE_INFO = "Weight of the class. 1 draws from p(x | y). Above 1: sharper than p(x | y), and no longer its draws."


def model_options(cards: Mapping[str, Card]) -> list[ModelOption]:
    """What models are called where a user chooses among them.

    Args:
        cards: Of the models, by name. Where several know the same data set, the one with the fewest bits per dimension
            is called the best, and comes first.
    """
    found: list[ModelOption] = []
    for name, card in cards.items():
        rivals = [_bits(other) for other in cards.values() if other.dataset == card.dataset]
        label = card.record.label
        best = " (best)" if len(rivals) > 1 and _bits(card) == min(rivals) < math.inf else ""
        subject = f"{label[:1].upper()}{label[1:]}"
        found.append({"name": name, "subject": subject, "title": f"{FAMILIES[card.family].title}{best}"})
    return found


def _bits(card: Card) -> float:
    bits = card.value("bits_per_dim")
    return math.inf if bits is None else bits
