"""Whether what came from outside is a number; written so that "not a number" and what no integer can hold fail too."""

from typing import TypeGuard


def is_number(value: object, low: float, high: float) -> TypeGuard[float]:
    """Whether it is a number, and from ``low`` to ``high``."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_index(value: object, end: int) -> TypeGuard[int]:
    """Whether it is a whole number from 0 to before ``end``."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end
