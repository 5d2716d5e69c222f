"""What may stand on a card: it may have been altered by hand, so everything on it is checked when it is read."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Of a checkpoint, and so of its card."""

MOST_BYTES = 2**22
"""Of a card; far above any that is written here."""

MOST_UNITS = 2**53
"""Above this a whole number is no count of anything here, and no ``float`` holds it."""

_COST = {"steps": int, "images_seen": int, "minutes": float, "hardware": str}
_STAGE = {"steps": int, "change": str}
_STAGE_MORE = {"minutes": float, "learning_rate": float, "result": str}


def card_names(directory: Path) -> list[str]:
    """The names of the cards in a folder, in the order of the files; what is not a card is passed over.

    Raises:
        OSError: The folder cannot be read.
    """
    return [path.stem for path in sorted(directory.iterdir()) if is_card(path)]


def is_card(path: Path) -> bool:
    """Whether it is a file with a card's name; copies and notes of other programs have other names."""
    return path.suffix == ".json" and bool(NAME.fullmatch(path.stem)) and path.is_file()


def read_entries(path: Path) -> dict[str, Any]:
    """What a card says, as it stands there.

    Numbers that JSON does not have, as ``NaN``, are read as ``None``.

    Raises:
        OSError: The file cannot be read.
        ValueError, RecursionError: It is no JSON object in UTF-8, or too large.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("it is larger than any card")
    text = path.read_text(encoding="utf-8")
    entries = json.loads(text, parse_constant=lambda _: None, parse_float=_number, parse_int=_count)
    if not isinstance(entries, dict):
        raise ValueError("it is not a JSON object")
    json.dumps(entries, ensure_ascii=False).encode()  # half of a surrogate pair cannot be written anywhere
    return entries


def check_figure(name: object, value: object, *texts: object) -> None:
    """``ValueError`` unless a figure has a name, a number, a unit and a protocol."""
    if not (_is(value, float) and all(_is(text, str) for text in (name, *texts))):
        raise ValueError(f"the figure {name!r} must have a number, a unit and a protocol")


def check_cost(cost: Mapping[str, Any]) -> None:
    """``ValueError`` unless it says nothing, or all that is known of a training's cost."""
    _check(cost, {key: kind for key, kind in _COST.items() if key in cost}, "cost")


def check_history(history: Sequence[Any]) -> None:
    """``ValueError`` unless every stage of training says when it ended and what it was."""
    for number, stage in enumerate(history, 1):
        if not isinstance(stage, Mapping):
            raise ValueError("history must be a list of stages")
        _check(stage, _STAGE | {key: kind for key, kind in _STAGE_MORE.items() if key in stage}, f"stage {number}")


def check_names(names: Sequence[Any], classes: int) -> None:
    """``ValueError`` unless every class has a name of its own.

    Args:
        names: Of the classes; those of a data set also where the model knows no classes, or none at all.
        classes: How many the model knows.
    """
    if not all(_is(name, str) and name for name in names):
        raise ValueError("class_names must be a list of names")
    if len(set(names)) < len(names):
        raise ValueError("two of its class_names are the same")
    if names and classes and len(names) != classes:
        raise ValueError(f"it has {len(names)} class_names, and its model knows {classes} classes")


def _check(entries: Mapping[str, Any], kinds: Mapping[str, type], what: str) -> None:
    for key, kind in kinds.items():
        if not _is(entries.get(key), kind):
            raise ValueError(f"{what} must have {key}, {'a text' if kind is str else 'a number of at least 0'}")
        if kind is not str and entries[key] < 0:
            raise ValueError(f"{what} must have {key}, a number of at least 0")


def _is(value: object, kind: type) -> bool:
    """Whether a value is of a kind, where a whole number is a ``float`` too, and a truth value no number."""
    return isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _count(text: str) -> int:
    number = int(text)
    if abs(number) > MOST_UNITS:
        raise ValueError(f"the number {text[:20]}... is too large")
    return number
