"""Whether a visitor still waits for what is being computed; else it ends at its next step."""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

import gradio as gr

T = TypeVar("T")

_is_wanted: ContextVar[Callable[[], bool]] = ContextVar("is_wanted", default=lambda: True)


class Abandoned(gr.Error):
    """No visitor waits for this any more; the server's log has no word of it."""

    def __init__(self) -> None:
        super().__init__("No visitor waits for this any more.", print_exception=False)


def set_waiting(is_wanted: Callable[[], bool]) -> None:
    """Say how to find out, for all that this task and its threads compute from here on."""
    _is_wanted.set(is_wanted)


def waiting() -> Callable[[], bool]:
    """How to find out, also from another thread, whether a visitor still waits for what is computed here."""
    return _is_wanted.get()


def is_wanted() -> bool:
    """Whether a visitor still waits; long computations ask between their steps."""
    return waiting()()


def check_wanted() -> None:
    """End a computation that no visitor waits for.

    Raises:
        Abandoned: None does.
    """
    if not is_wanted():
        raise Abandoned


def while_wanted(parts: Iterable[T]) -> Iterator[T]:
    """The parts of a computation, while a visitor waits for it; see :func:`check_wanted`."""
    for part in parts:
        check_wanted()
        yield part
