"""Questions of widgets to the server: few are answered at once, in fair turns, and only while the asker listens.

Gradio would answer them all at once, to the end, though the visitor may be gone.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from demo.base.errors import Answer, InputError, Message, answer_errors
from demo.base.serving.lanes import QUESTIONS, Costs, Lane
from demo.base.serving.threads import choose_threads, compute
from demo.base.serving.waiting import Abandoned, set_waiting

BUSY = "The server is busy with many questions; ask again in a few seconds."


class Places:
    """The places of a lane.

    Args:
        lane: How many there are.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane, self.free = lane, lane.places
        self.waiting: list[tuple[str, asyncio.Future[None]]] = []
        self.running: Counter[str] = Counter()

    @asynccontextmanager
    async def take(self, visitor: str) -> AsyncIterator[None]:
        """A place, from when it is this visitor's turn.

        Raises:
            InputError: Too much is waiting already.
        """
        own = self.running[visitor] + sum(name == visitor for name, _ in self.waiting)
        if own >= self.lane.own or len(self.waiting) >= self.lane.waiting:
            raise InputError(BUSY)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((visitor, turn))
        self._begin()
        try:
            await turn
            yield
        finally:
            if turn.cancelled():
                self.waiting.remove((visitor, turn))
            else:
                self.free += 1
                self.running[visitor] -= 1
                self.running += Counter()
            self._begin()

    def _begin(self) -> None:
        """Give free places to those with the fewest, in the order of asking."""
        while self.free and (waiting := [one for one in self.waiting if not one[1].cancelled()]):
            visitor, turn = min(waiting, key=lambda one: self.running[one[0]])
            if self.running[visitor] >= self.lane.share:
                return
            self.waiting.remove((visitor, turn))
            self.free -= 1
            self.running[visitor] += 1
            turn.set_result(None)


_places: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Places]] = WeakKeyDictionary()
"""Of each running server."""


def in_lanes(name: str, answer: Answer) -> Callable[..., Any]:
    """A function that Gradio lets the page call.

    Args:
        name: By which the page calls it.
        answer: From a question to an answer; what it raises is answered as :func:`answer_errors` says.
    """
    costs, checked = Costs(), answer_errors(answer)

    async def call(question: Any, request: gr.Request) -> Message:
        places = _places.setdefault(asyncio.get_running_loop(), {lane: Places(at) for lane, at in QUESTIONS.items()})
        kind = _kind(question)

        def answer_now() -> Message:
            try:
                with costs.measure(kind):
                    return checked(question)
            except Abandoned as abandoned:
                return {"error": str(abandoned)}

        visitor = str((await request.json()).get("session_hash"))  # Gradio has read the message already
        gone = asyncio.create_task(_hang_up(request))
        choose_threads(lane := costs.lane(kind))
        work = asyncio.create_task(_compute(answer_now, places[lane], visitor))
        try:
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            return await work if work.done() else {"error": str(Abandoned())}
        finally:
            gone.cancel()
            work.cancel()

    call.__name__ = name
    return call


def _kind(question: Any) -> str | None:
    """Questions of one kind cost much the same: those about one model."""
    model = question.get("model") if isinstance(question, dict) else None
    return model if isinstance(model, str) and len(model) < 100 else None


async def _compute(answer: Callable[[], Message], places: Places, visitor: str) -> Message:
    gone = Event()

    async def in_thread() -> Message:
        set_waiting(lambda: not gone.is_set())
        return await compute(answer)

    try:
        async with places.take(visitor):
            computation = asyncio.create_task(in_thread())
            try:
                return await asyncio.shield(computation)
            finally:  # the place is free when the computation has seen that the visitor is gone, and ended
                gone.set()
                await asyncio.wait({computation})
    except InputError as error:
        return {"error": str(error)}


async def _hang_up(request: Any) -> None:
    """Return when the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
