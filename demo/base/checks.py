"""Whether what a client sent is what it must be.

The checks of numbers are written so that "not a number" and what no integer can hold fail too.
"""

from pathlib import Path
from typing import TypeGuard

from gradio.utils import get_upload_folder

from demo.base.errors import InputError

SHORT_SEEDS = 10_000
"""Seeds that the page chooses are below this: short enough to say aloud in class."""

NO_UPLOAD = "This file was not uploaded here; choose it again."


def is_number(value: object, low: float, high: float) -> TypeGuard[float]:
    """Whether it is a number, and from ``low`` to ``high``."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def to_number(text: str | float) -> float | None:
    """The number that a part of an address is, if any."""
    try:
        return float(text)
    except ValueError:
        return None


def is_index(value: object, end: int) -> TypeGuard[int]:
    """Whether it is a whole number from 0 to before ``end``."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def is_upload(path: str) -> bool:
    """Whether a path leads into the folder where Gradio keeps uploads.

    A client may name any path of the server, and Gradio checks an image's only if the client itself marks it as a file.
    """
    return "\0" not in path and Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())


def read_seed(value: object, end: int = SHORT_SEEDS) -> int:
    """A seed that a client sent.

    Args:
        value: Anything.
        end: Seeds are below this.

    Raises:
        InputError: It is not a seed.
    """
    if not is_number(value, 0, end - 1) or value != int(value):
        raise InputError(f"A seed is a whole number from 0 to {end - 1}.")
    return int(value)
