"""Whether somebody still waits for what is being computed: work that nobody waits for ends at its next step."""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

import gradio as gr

T = TypeVar("T")

_is_wanted: ContextVar[Callable[[], bool]] = ContextVar("is_wanted", default=lambda: True)


class Abandoned(gr.Error):
    """Nobody waits for this any more; no word of it in the server's log."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this any more.", print_exception=False)


def set_waiting(is_wanted: Callable[[], bool]) -> None:
    """Say how to find out, for all that this task and its threads compute from here on."""
    _is_wanted.set(is_wanted)


def is_wanted() -> bool:
    """Whether somebody still waits; long computations ask between their steps."""
    return _is_wanted.get()()


def check_wanted() -> None:
    """End a computation that nobody waits for.

    Raises:
        Abandoned: Nobody does.
    """
    if not is_wanted():
        raise Abandoned


def while_wanted(parts: Iterable[T]) -> Iterator[T]:
    """The parts of a computation, while somebody waits for it; see :func:`check_wanted`."""
    for part in parts:
        check_wanted()
        yield part
