"""Lanes: what is quick never waits behind what is slow. One set is for events, another for questions of widgets."""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gm_core.device import cpu_count


@dataclass(frozen=True)
class Lane:
    """What may be computed at once, and how much may wait.

    Attributes:
        places: Computations at once.
        share: Of these, for one visitor.
        waiting: That may wait, of all visitors.
        own: Of one visitor, that may wait or run.
    """

    places: int
    share: int
    waiting: int
    own: int


QUICK, FILES, SLOW, MANY = "quick", "files", "slow", "many"

_SOME = max(1, cpu_count() // 2)

LANES = {
    QUICK: Lane(places=4, share=2, waiting=512, own=24),
    # A file is decoded elsewhere, for which they mostly wait.
    FILES: Lane(places=12, share=1, waiting=256, own=8),
    # Each keeps a core busy for seconds, and half of the cores are left to everything else.
    SLOW: Lane(places=_SOME, share=1, waiting=128, own=4),
    # They take turns on their own, batch by batch.
    MANY: Lane(places=8, share=1, waiting=64, own=2),
}
"""The lanes of events, by name."""

QUESTIONS = {
    QUICK: Lane(places=3, share=2, waiting=256, own=16),
    SLOW: Lane(places=_SOME, share=1, waiting=64, own=4),
}
"""The lanes of widgets' questions."""


class LaneChoice(str):
    """A ``concurrency_id`` of events whose lane depends on what is asked for; a visitor's newest replaces the others.

    Args:
        name: Of this kind of event.
        choose: From the inputs' values, as a client sent them, to the lane's name.
    """

    choose: Callable[[list[Any]], str]

    def __new__(cls, name: str, choose: Callable[[list[Any]], str]) -> "LaneChoice":
        """Make one."""
        made = super().__new__(cls, name)
        made.choose = choose
        return made


QUICK_SECONDS = 0.3
"""What needs more of a processor is slow."""

MOST_KINDS = 1000
"""Kinds of computations whose cost is known."""


class Costs:
    """What each kind of computation last cost: seconds of a processor, however busy it was with others."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, float] = {}

    def lane(self, kind: Hashable) -> str:
        """The lane of a kind; what was never computed may be slow."""
        return QUICK if self._seconds.get(kind, QUICK_SECONDS) < QUICK_SECONDS else SLOW

    def learn(self, kind: Hashable, seconds: float) -> None:
        """Take what a computation cost."""
        if kind in self._seconds or len(self._seconds) < MOST_KINDS:
            self._seconds[kind] = seconds

    @contextmanager
    def measure(self, kind: Hashable) -> Iterator[None]:
        """Measure what is computed within, in this thread, to its end."""
        begun = time.thread_time()
        yield
        self.learn(kind, time.thread_time() - begun)
