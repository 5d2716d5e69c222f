"""What commands print: lines for people, figures, JSON documents, and remarks; nothing else here prints."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from gm_core.checkpoints import Card, Metric
from gm_core.data.datasets import Images, describe_change
from gm_core.streams import is_standard_output
from gm_core.text import json_text, printable, strict_json


def print_line(text: str) -> None:
    """Print one line, whatever names the text repeats."""
    print(printable(text))


def print_lines(text: str) -> None:
    """Print a text of several lines."""
    for line in text.split("\n"):
        print_line(line)


def print_remark(text: str) -> None:
    """Print one line on standard error."""
    print(printable(text), file=sys.stderr)


def print_written(text: str, *paths: Path | None) -> None:
    """Print a line about files that were written; on standard error where one of them is standard output itself."""
    piped = any(path is not None and is_standard_output(path) for path in paths)
    (print_remark if piped else print_line)(text)


def print_metrics(metrics: Sequence[Metric]) -> None:
    """Print figures for people, a line each in columns as wide as they need: name, value, unit, protocol."""
    rows = [(metric.name, f"{metric.value:.4f}", metric.unit, metric.protocol) for metric in metrics]
    name, value, unit = (max((len(row[column]) for row in rows), default=0) for column in range(3))
    for row in rows:
        print_line(f"{row[0]:{name}}  {row[1]:>{value}}  {row[2]:{unit}}  {row[3]}")


def print_json(document: object) -> None:
    """Print one JSON document; in ASCII where the terminal's encoding lacks a letter of it."""
    text = json_text(document)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = strict_json(document, indent=2)
    print(text)


def print_missing(lines: Iterable[str]) -> None:
    """Say on standard error which data was left out, and why."""
    for line in lines:
        print_remark(f"left out: {line}")


def print_changes(cards: Iterable[Card], data: Images) -> None:
    """Say on standard error where a user's own pictures are others than those that models were trained with."""
    for card in cards if data.folder else ():
        if change := describe_change(card.data, data.provenance):
            print_remark(f"warning: {card.name}: {change}")
