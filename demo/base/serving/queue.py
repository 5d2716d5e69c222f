"""Gradio's queue, with lanes by cost, fair turns, and nothing computed or kept for visitors who are gone."""

import inspect
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.util import find_spec
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
import gradio.utils
from fastapi import Request
from gradio.block_function import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, EventQueue, Queue
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import LRUCache
from starlette.exceptions import HTTPException

from demo.base.limits import announced_length
from demo.base.serving.counting import counted
from demo.base.serving.lanes import LANES, QUICK, LaneChoice
from demo.base.serving.threads import choose_threads, in_threads
from demo.base.serving.waiting import set_waiting

LONGEST_NAME = 64
"""Characters of the name that a browser gives its visit."""

GRACE = 60.0
"""Seconds that an event waits for its visitor to listen."""

MOST_UNHEARD = 256
"""Events whose visitors do not listen yet; beyond it the oldest go."""

MOST_UNREAD = 256
"""Messages that a visitor has not read when nothing more is computed for it."""

MOST_MAILBOXES = 2000
"""Visitors for whom messages are kept; as many as Gradio keeps them for."""

WAITING_BYTES = 64 * 2**20
"""Of the messages of all that wait together."""

LOOK_AGAIN = 0.05
"""Seconds until the queue looks again for what may begin, when it knows of no change."""

TICK = 0.004
"""Seconds between two turns of Gradio's loop; its own 0.001 keep a server busy without visitors."""

NUMBER = "x-question"
"""Header in which the page numbers what it asks: the network may bring an older question after a newer one."""


class Mailboxes(LRUCache[str, Any]):
    """What each visitor is still to be told. Of several connections of one visitor, each that breaks removes it."""

    def __delitem__(self, visitor: str) -> None:
        with suppress(KeyError):
            super().__delitem__(visitor)


class FairQueue(Queue):
    """A queue in which one visitor does not hold up another.

    Within a lane turns are fair: of two visitors, the one who asks for a second thing gets it after the other's first.
    An event begins when its visitor listens; when the visitor is gone, it ends at its next message. Of a visitor's
    events in a lane that fill the same, the older is answered first.

    Args:
        blocks: The app.

    Attributes:
        listeners: How many connections each visitor listens with.
        pages: How many pages each has open.
        turns: The turn of the event that began last, by lane.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(
            live_updates=False,  # with 64 waiting, each start would send 64 messages
            concurrency_count=blocks.max_threads,
            update_intervals=2,
            max_size=None,
            blocks=blocks,
            default_concurrency_limit=LANES[QUICK].places,
        )
        self.sleep_when_free = TICK
        self.pending_messages_per_session: Mailboxes = Mailboxes(MOST_MAILBOXES)
        self.listeners: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.turns = dict.fromkeys(LANES, 0)
        self._turn_of: WeakKeyDictionary[Event, int] = WeakKeyDictionary()
        self._sizes: WeakKeyDictionary[Event, int] = WeakKeyDictionary()
        self._look_at = 0.0  # nothing can begin before
        self._newest: LRUCache[tuple[str, str], int] = LRUCache(MOST_MAILBOXES)
        for name, lane in LANES.items():
            self.event_queue_per_concurrency_id[name] = EventQueue(name, lane.places)

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Nothing: Gradio would make a table of the last 10,000 events after each one."""
        summary: dict[str, Any] = self.cached_event_analytics_summary
        return summary

    def create_event_queue_for_fn(self, block_fn: BlockFunction) -> None:
        """Make the lane of an event that has one of its own; those of :data:`LANES` keep their places."""
        if block_fn.concurrency_id not in LANES:
            super().create_event_queue_for_fn(block_fn)

    async def push(self, body: PredictBodyInternal, request: Request, username: str | None) -> Any:
        """Take an event.

        Raises:
            HTTPException: There is no such event, or too much waits already; the latter says when to come back.
        """
        function = self.blocks.fns.get(body.fn_index)
        if function is None or function.fn is None:
            raise HTTPException(404, "There is no such event.")
        if len(body.session_hash or "") > LONGEST_NAME:
            raise HTTPException(422, f"A session's name has at most {LONGEST_NAME} characters.")
        lane = lane_of(function, body.data)
        self._refuse_excess(lane, function, body.session_hash, request)
        answer = await super().push(body, request, username)
        event = self.event_ids_to_events.get(answer[1]) if answer[0] else None
        if event is not None:
            self._place(event, lane)
        return answer

    async def process_events(self, events: list[Event], *args: Any, **options: Any) -> None:
        """Compute, as long as a visitor waits."""
        set_waiting(lambda: any(event.alive for event in events))
        choose_threads(events[0].concurrency_id)
        try:
            await super().process_events(events, *args, **options)
        finally:
            self._look_at = 0.0

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """What is to begin next, if anything."""
        now = time.monotonic()
        if now < self._look_at:
            return None
        self._look_at = now + LOOK_AGAIN
        lanes = self.event_queue_per_concurrency_id.values()
        if not any(lane.queue and lane.current_concurrency < (lane.concurrency_limit or math.inf) for lane in lanes):
            return None
        running = Counter((event.concurrency_id, event.session_hash) for event in self._running())
        aside: list[tuple[EventQueue, list[Event]]] = []
        for lane in lanes:
            share = LANES[lane.concurrency_id].share if lane.concurrency_id in LANES else math.inf
            filled = self._filled(lane.concurrency_id)
            parts: tuple[list[Event], list[Event]] = [], []
            for event in lane.queue:
                outputs = {block._id for block in event.fn.outputs}
                is_free = running[event.concurrency_id, event.session_hash] < share and self._is_heard(event)
                is_next = is_free and not outputs & filled[event.session_hash]
                parts[is_next].append(event)
                if not is_next:
                    filled[event.session_hash] |= outputs
            if parts[False]:
                lane.queue = parts[True]
                aside.append((lane, parts[False]))
        found = super().get_events()
        for lane, held in aside:
            lane.queue = sorted([*lane.queue, *held], key=self._turn)
        self._forget_unheard()
        if found:
            self._look_at = 0.0
            self.turns[found[2]] = max(self.turns.get(found[2], 0), self._turn(found[0][0]))
        return found

    @contextmanager
    def listen(self, visitor: str) -> Iterator[None]:
        """A visitor listens; with the last connection go the messages that were for it."""
        try:
            with counted(self.listeners, visitor):
                self._look_at = 0.0
                yield
        finally:
            self._forget(visitor)

    def open_page(self, visitor: str) -> AbstractContextManager[None]:
        """A visitor's page is open."""
        return counted(self.pages, visitor)

    def is_owed(self, visitor: str) -> bool:
        """Whether anything that a visitor asked for is not answered yet."""
        return bool(self.pending_event_ids_session.get(visitor))

    def is_here(self, visitor: str) -> bool:
        """Whether a visitor has a connection open."""
        return self.listeners[visitor] > 0 or self.pages[visitor] > 0

    def visitor_of(self, event_id: str) -> str:
        """Whose event that is; an event of a client that gave no name has its own."""
        event = self.event_ids_to_events.get(event_id)
        if event is not None:
            return event.session_hash
        pending = self.pending_event_ids_session.items()
        return next((visitor for visitor, events in pending if event_id in events), event_id)

    def _refuse_excess(self, lane: str, function: BlockFunction, visitor: str | None, request: Request) -> None:
        limits, queue = LANES[lane], self.event_queue_per_concurrency_id[lane].queue
        own = sum(event.session_hash == visitor for event in chain(queue, self._running(lane)))
        # Visitors who do not listen keep no other out: they may be made up, and of their events the oldest go.
        heard = sum(self.listeners[event.session_hash] > 0 for event in queue)
        full = (
            heard >= limits.waiting
            or sum(self._sizes.get(event, 0) for event in self._waiting()) + _size_of(request) > WAITING_BYTES
        )
        if not full and (own < limits.own or isinstance(function.concurrency_id, LaneChoice)):
            return
        each = self.process_time_per_fn[function].avg_time if function in self.process_time_per_fn else 1.0
        seconds = max(1, math.ceil((heard if full else own) * each / limits.places))
        words = "Many visitors are waiting" if full else "Much that you asked for is still waiting"
        raise HTTPException(
            503 if full else 429, f"{words}: try again in {seconds} seconds.", {"retry-after": str(seconds)}
        )

    def _place(self, event: Event, lane: str) -> None:
        """Put an event where its turn is: behind the visitor's own, which come one turn after the other."""
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        kind = event.fn.concurrency_id
        own = [other for other in chain(self._waiting(), self._running()) if other.session_hash == event.session_hash]
        event.concurrency_id = lane
        latest = max((self._turn(other) for other in own if other.concurrency_id == lane), default=0)
        self._sizes[event], self._look_at = _size_of(event.request), 0.0
        self._turn_of[event] = max(self.turns[lane], latest + 1)
        queue = self.event_queue_per_concurrency_id[lane]
        queue.queue = sorted([*queue.queue, event], key=self._turn)
        if isinstance(kind, LaneChoice):
            is_newest = self._is_newest(event, kind)
            for old in [other for other in own if other.fn.concurrency_id == kind] if is_newest else [event]:
                self._replace(old)

    def _is_newest(self, event: Event, kind: str) -> bool:
        """Whether a visitor has not asked for another of a kind since; without a number it counts as the newest."""
        text, of = event.request.headers.get(NUMBER, ""), (event.session_hash, kind)
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            return True
        newest = max(int(text), self._newest.get(of, 0))
        self._newest[of] = newest
        return int(text) == newest

    def _replace(self, event: Event) -> None:
        """End an event for a newer one; what it would have changed stays as it is."""
        output = {"data": [gr.skip()] * len(event.fn.outputs), "is_generating": False}
        self.send_message(event, ProcessCompletedMessage(output=output, success=True))
        event.alive = False
        self._remove(event)

    def _remove(self, event: Event) -> None:
        queue = self.event_queue_per_concurrency_id[event.concurrency_id]
        if event in queue.queue:
            queue.queue.remove(event)
            self.event_ids_to_events.pop(event._id, None)

    def _is_heard(self, event: Event) -> bool:
        """Whether the visitor reads what is said about an event."""
        messages = self.pending_messages_per_session.get(event.session_hash)
        return self.listeners[event.session_hash] > 0 and messages is not None and messages.qsize() < MOST_UNREAD

    def _forget_unheard(self) -> None:
        unheard = sorted(
            (event for event in self._waiting() if not self.listeners[event.session_hash]),
            key=lambda event: event.enqueue_time,
        )
        now = time.monotonic()
        for place, event in enumerate(unheard, 1):
            if now - event.enqueue_time > GRACE or place <= len(unheard) - MOST_UNHEARD:
                self._remove(event)
                self.pending_event_ids_session.get(event.session_hash, set()).discard(event._id)
                self._forget(event.session_hash)

    def _forget(self, visitor: str) -> None:
        """Drop what was to be said to a visitor who is gone, and for whom nothing waits."""
        if visitor not in self.listeners and not self.is_owed(visitor):
            self.pending_event_ids_session.pop(visitor, None)
            self.pending_messages_per_session.pop(visitor, None)

    def _waiting(self) -> list[Event]:
        return [event for lane in self.event_queue_per_concurrency_id.values() for event in lane.queue]

    def _running(self, lane: str | None = None) -> list[Event]:
        events = chain.from_iterable(job for job in self.active_jobs if job)
        return [event for event in events if event.alive and lane in (None, event.concurrency_id)]

    def _filled(self, lane: str) -> defaultdict[str, set[int]]:
        """What events of a lane are about to fill, by visitor: an older answer never comes after a newer one.

        What fills it again and again is not waited for.
        """
        filled: defaultdict[str, set[int]] = defaultdict(set)
        for event in self._running(lane):
            if not event.fn.types_generator:
                filled[event.session_hash].update(block._id for block in event.fn.outputs)
        return filled

    def _turn(self, event: Event) -> int:
        return self._turn_of.get(event, 0)


def queue_fairly(app: gr.Blocks) -> None:
    """Give an app this queue; nothing goes past it.

    Args:
        app: Complete, and not launched yet.
    """
    app.queue(api_open=False)
    app._queue = FairQueue(app)
    for event in app.fns.values():
        if inspect.isgeneratorfunction(event.fn):
            event.fn = in_threads(event.fn)
    if find_spec("matplotlib") is None:
        # Gradio tries to import it twice for each event, which looks through all folders of packages.
        gradio.utils.MatplotlibBackendMananger = nullcontext


def lane_of(function: BlockFunction, data: list[Any]) -> str:
    """The lane of an event.

    Args:
        function: What Gradio knows of it.
        data: The inputs' values, as a client sent them.
    """
    kind = function.concurrency_id
    if isinstance(kind, LaneChoice):
        return kind.choose(data)
    return kind if kind in LANES else QUICK


def _size_of(request: Request) -> int:
    announced = announced_length(request.headers)
    return 2**20 if announced is None else announced
