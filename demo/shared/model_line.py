"""The line that says what a model is: its checkpoint, its size, its training and its figures."""

import re
from html import escape

from demo.base.words import duration, note_html
from gm_core import Card, Metric

FIGURES = {
    "bits_per_dim": "{:.3f} bits/dim on {tested}",
    "reconstruction_error": "rebuilds test {many} to within {:.0f} grey levels (root mean square)",
    "elbo_bits_per_dim": "test {many} cost at most {:.2f} bits per value",
    "bound_bits_per_dim": "test {many} cost at most {:.2f} bits per value",
    "estimated_bits_per_dim": "about {:.2f} bits per value by an estimate",
    "kl": "its codes cost {:.1f} nats per {noun} (KL)",
}
"""Which of a card's figures are shown, by name, and how."""

_TEST_IMAGES = re.compile(r"((?:the first )?\d[\d,]*) test images")
_THREADS = re.compile(r"(\d+) CPU thread\(s\).*")


def figure_line(card: Card) -> str:
    """One line about a model: its checkpoint, what it was trained on and how long, and how good it was measured to be.

    Returns:
        A paragraph of HTML; how a figure was measured is its title.
    """
    about = [
        f"<code>{escape(card.name)}</code>",
        f"{card.parameters / 1e6:.2f} million parameters",
        escape(f"trained on {card.record.title}{effort(card)}"),
        *(f'<span title="{escape(metric.protocol)}">{escape(words)}</span>' for metric, words in figures(card)),
    ]
    return note_html(f"Model: {' · '.join(about)}")


def figures(card: Card) -> list[tuple[Metric, str]]:
    """What was measured of a model and is shown, and each figure in words."""
    dataset, patterns = card.record, dict(FIGURES)
    if card.model_config.image.levels == 2:  # whose likelihoods are published in nats per picture
        del patterns["bits_per_dim"]
        patterns["log_prob"] = "{:.1f} nats on {tested}"
    found = []
    for metric in card.metrics:
        if metric.name in patterns:
            value = -metric.value if metric.name == "log_prob" else metric.value
            words = {"many": dataset.many, "noun": dataset.noun, "tested": pictures_of(metric, dataset.many)}
            found.append((metric, patterns[metric.name].format(value, **words)))
    return found


def pictures_of(metric: Metric, many: str) -> str:
    """What a figure was measured on: "10,000 test digits"; its whole protocol where that does not say how many.

    Args:
        metric: The figure.
        many: What the pictures are called.
    """
    found = _TEST_IMAGES.search(metric.protocol)
    return f"{found[1]} test {many}" if found else f"test {many} ({metric.protocol})"


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
