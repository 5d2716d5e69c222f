"""Threads that give way: what takes long has a lower priority, so that what is quick is computed first."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import wraps
from typing import ParamSpec, TypeVar

import anyio.to_thread

from demo.base.serving.lanes import LANES, MANY, QUESTIONS, SLOW

P = ParamSpec("P")
R = TypeVar("R")

NICE = 10
"""How far they give way. Linux gives each thread a priority of its own; elsewhere they are threads like others."""

_gives_way: ContextVar[bool] = ContextVar("gives_way", default=False)


def _give_way() -> None:
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))


# A thread that was lowered cannot be raised again, so these compute nothing else.
_slow = ThreadPoolExecutor(
    LANES[SLOW].places + LANES[MANY].places + QUESTIONS[SLOW].places, "giving way", initializer=_give_way
)


def choose_threads(lane: str) -> None:
    """Say where this task computes from here on.

    Args:
        lane: Name of the lane that it is in.
    """
    _gives_way.set(lane in (SLOW, MANY))


async def compute(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a thread of the right kind."""

    def call() -> R:
        return function(*args, **kwargs)

    if _gives_way.get():
        called = asyncio.get_running_loop().run_in_executor(_slow, copy_context().run, call)
        try:
            return await asyncio.shield(called)
        finally:  # a thread cannot be cancelled
            await asyncio.wait({called})
    return await anyio.to_thread.run_sync(call)


def _step(values: Generator[R]) -> tuple[R] | None:
    try:
        return (next(values),)
    except StopIteration:
        return None


def in_threads(handler: Callable[P, Generator[R]]) -> Callable[P, AsyncIterator[R]]:
    """A handler of an event that computes each of its values in a thread of the right kind.

    Args:
        handler: A generator of values.
    """

    @wraps(handler)
    async def steps(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
        values = handler(*args, **kwargs)
        try:
            while value := await compute(_step, values):
                yield value[0]
        finally:
            values.close()

    return steps
