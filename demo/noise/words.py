"""What the Noise tab says: its models' names, what they are, and its explanations."""

import sys
from collections.abc import Mapping
from pathlib import Path

from demo.widgets.model_choice import ModelOption
from gm_core import FAMILIES, Card

METHOD_NAMES = {
    "euler": "Euler",
    "heun": "Heun",
    "rk4": "Runge–Kutta",
    "ddpm": "DDPM",
    "ddim": "DDIM",
    "langevin": "Langevin",
}
"""What methods of taking a step are called in print; the others by their own names."""

DRAWS_ANEW = ("ddpm", "langevin")
"""Methods that draw more noise on the way."""

GUIDANCE_INFO = "Weight of the class. 1 is the model. Above 1: clearer, less varied, no longer the model's draws."
TEMPERATURE_INFO = "Scales the first noise. 1 is the model."
METHOD_INFO = "Each calls the network so often in a step."

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]

HOW = Path(__file__).parent / "how"


def model_options(cards: Mapping[str, Card]) -> list[ModelOption]:
    """What models are called where a user chooses among them."""
    found: list[ModelOption] = []
    for name, card in cards.items():
        label = card.record.label
        subject = f"{label[:1].upper()}{label[1:]}"
        found.append({"name": name, "subject": subject, "title": FAMILIES[card.family].title})
    return found


def method_choices(methods: Mapping[str, int]) -> list[tuple[str, str]]:
    """The methods of a model as choices: what each is called and how often it calls the network, and its name."""
    return [(f"{METHOD_NAMES.get(name, name)} × {calls}", name) for name, calls in methods.items()]


def idea(card: Card) -> str:
    """What a model's family is, in a sentence: the first of its package."""
    package = sys.modules[FAMILIES[card.family].__module__.rpartition(".")[0]]
    return " ".join((package.__doc__ or "").strip().split("\n\n")[0].split())


def explained(cards: Mapping[str, Card]) -> list[tuple[str, Path]]:
    """The families that are explained, each once: its title, and the folder of the texts."""
    families = dict.fromkeys(card.family for card in cards.values())
    return [(FAMILIES[name].title, HOW / name) for name in families if (HOW / name).is_dir()]
