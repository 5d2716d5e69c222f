"""Counting what lasts for a while."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def counted(counter: Counter[str], name: str) -> Iterator[None]:
    """Count one more under a name while this lasts; names that count nothing are forgotten.

    Args:
        counter: The counter.
        name: The name.
    """
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
