"""What commands print: figures, JSON documents, and missing data."""

import json
import sys
from collections.abc import Iterable, Sequence

from gm_core.checkpoints import Card, Metric
from gm_core.data.datasets import Images, describe_change


def print_metrics(metrics: Sequence[Metric]) -> None:
    """Print figures for people, a line each in columns as wide as they need: name, value, unit, protocol."""
    rows = [(metric.name, f"{metric.value:.4f}", metric.unit, metric.protocol) for metric in metrics]
    name, value, unit = (max((len(row[column]) for row in rows), default=0) for column in range(3))
    for row in rows:
        print(f"{row[0]:{name}}  {row[1]:>{value}}  {row[2]:{unit}}  {row[3]}")


def print_json(document: object) -> None:
    """Print one JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def print_missing(lines: Iterable[str]) -> None:
    """Say on standard error which data was left out, and why."""
    for line in lines:
        print(f"left out: {line}", file=sys.stderr)


def print_changes(cards: Iterable[Card], data: Images) -> None:
    """Say on standard error where a user's own pictures are others than those that models were trained with."""
    for card in cards if data.folder else ():
        if change := describe_change(card.data, data.provenance):
            print(f"warning: {card.name}: {change}", file=sys.stderr)
