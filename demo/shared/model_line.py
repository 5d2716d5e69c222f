"""The line that says what a model is: its checkpoint, its size, its training and its figures."""

import re
from collections.abc import Iterable
from html import escape

from demo.base.words import duration, note_html
from gm_core import Card
from gm_core.data.catalog import dataset_of

_THREADS = re.compile(r"(\d+) CPU thread\(s\).*")


def model_line(card: Card, figures: Iterable[str]) -> str:
    """One line about a model.

    Args:
        card: Of the model.
        figures: How good it was measured to be, in words.

    Returns:
        A paragraph of HTML.
    """
    about = [
        f"<code>{escape(card.name)}</code>",
        f"{card.parameters / 1e6:.2f} million parameters",
        escape(f"trained on {dataset_of(card.dataset).title}{effort(card)}"),
        *map(escape, figures),
    ]
    return note_html(f"Model: {' · '.join(about)}")


def effort(card: Card) -> str:
    """What the training cost, as far as the card says: " for 40,000 steps, 89 minutes on one CPU core"."""
    steps, minutes, hardware = (card.cost.get(key) for key in ("steps", "minutes", "hardware"))
    parts = [f"{steps:,} steps"] if steps else []
    if minutes:
        parts.append(duration(minutes) + (f" on {cores(str(hardware))}" if hardware else ""))
    return f" for {', '.join(parts)}" if parts else ""


def cores(hardware: str) -> str:
    """What trained a model, in words: a card says "1 CPU thread(s), x86_64"."""
    threads = _THREADS.fullmatch(hardware)
    if threads is None:
        return hardware
    return "one CPU core" if threads[1] == "1" else f"{threads[1]} CPU cores"
