"""``python -m gm_core list``: the checkpoints, a line each."""

from dataclasses import asdict

from gm_core.checkpoints import available
from gm_core.cli.options import Json
from gm_core.cli.printing import print_json, print_line


def list_checkpoints(as_json: Json = False) -> None:
    """List the checkpoints."""
    cards = available()
    if as_json:
        print_json([asdict(card) for card in cards])
        return
    for card in cards:
        figure = next((f"{metric.value:.4g} {metric.unit}" for metric in card.metrics), "")
        print_line(f"{card.name:24} {figure:18} {card.description}")
