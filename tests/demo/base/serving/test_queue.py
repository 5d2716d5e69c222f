"""One visitor does not hold up another, and nothing is computed for visitors who are gone."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import gradio as gr
import pytest

from demo.base.serving import queue, threads
from demo.base.serving.lanes import LANES, MANY, QUICK, SLOW, Costs, LaneChoice
from demo.base.serving.queue import FairQueue
from demo.base.serving.waiting import is_wanted
from tests.demo.base.serving.client import CLIENT, Browser, serving

ADD, HOLD, DRAW, COUNT, NICE, HOLD_QUICK = range(6)


@dataclass
class Works:
    """What the small app does."""

    url: str = ""
    queue: FairQueue | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)
    steps: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def hold(self, name: str) -> str:
        """Something slow."""
        self.begun.append(name)
        self.gate.wait(10)
        return name

    def draw(self, name: str) -> Iterator[str]:
        """Something slow in steps."""
        self.begun.append(name)
        while not self.gate.wait(0.05):
            yield name
        yield f"{name} done"

    def count(self, name: str) -> Iterator[str]:
        """Something endless."""
        try:
            while is_wanted():
                self.steps += 1
                time.sleep(0.02)
                yield name
        finally:
            self.ended.set()


def nice(lane: str) -> Iterator[str]:
    """How far the threads of a lane give way."""
    for _ in range(3):
        yield str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


@pytest.fixture(scope="module")
def server() -> Iterator[Works]:
    works = Works()
    with gr.Blocks() as app:
        text, out = gr.Textbox(), gr.Textbox()
        for fn, lane in (
            (lambda name: name + "!", QUICK),
            (works.hold, SLOW),
            (works.draw, LaneChoice("draw", lambda sent: SLOW)),
            (works.count, SLOW),
            (nice, LaneChoice("nice", lambda sent: str(sent[0]))),
            (works.hold, QUICK),
        ):
            gr.on([], fn, text, out, concurrency_id=lane)
    with serving(app) as works.url:
        works.queue = app._queue
        yield works


@pytest.fixture
def works(server: Works) -> Iterator[Works]:
    """The app, with nothing to do."""
    server.begun, server.steps, server.gate, server.ended = [], 0, threading.Event(), threading.Event()
    assert server.queue is not None
    for lane in server.queue.event_queue_per_concurrency_id.values():
        lane.queue.clear()
    yield server
    server.gate.set()
    assert wait_for(lambda: not any(server.queue.active_jobs))


def wait_for(condition: Callable[[], object], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(condition())


def test_what_is_quick_does_not_wait_for_what_is_slow(works: Works) -> None:
    visitors = [Browser(works.url, f"slow{n}") for n in range(LANES[SLOW].places + 3)]
    for visitor in visitors:
        visitor.join(HOLD, visitor.name)
        visitor.listening().__enter__()
    assert wait_for(lambda: works.begun)
    quick = Browser(works.url, "quick")
    quick.join(ADD, "me")
    (answer,) = quick.listen_to_end()
    assert answer["output"]["data"] == ["me!"]
    assert len(works.begun) == LANES[SLOW].places


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priorities of their own")
@pytest.mark.parametrize("lane", LANES)
def test_what_is_slow_gives_way(works: Works, lane: str) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    visitor = Browser(works.url, f"{lane} visitor")
    visitor.join(NICE, lane)
    (answer,) = visitor.listen_to_end()
    assert answer["output"]["data"] == [str(max(own, threads.NICE) if lane in (SLOW, MANY) else own)]


def test_an_older_answer_never_comes_after_a_newer_one(works: Works) -> None:
    """Of one visitor, to what is to be seen at the same place; another visitor waits for neither."""
    one, other = Browser(works.url, "impatient"), Browser(works.url, "patient")
    one.join(HOLD_QUICK, "older")
    with one.listening():
        assert wait_for(lambda: works.begun == ["older"])
        one.join(ADD, "newer")
        other.join(ADD, "other")
        assert other.listen_to_end()[0]["output"]["data"] == ["other!"]
        assert not one.answers()
        works.gate.set()
        assert wait_for(lambda: len(one.answers()) == 2)
    assert [answer["output"]["data"] for answer in one.answers()] == [["older"], ["newer!"]]


def test_turns_are_fair(works: Works) -> None:
    """Who asks for a second thing gets it after the other's first, though that was asked for later."""
    many, one = Browser(works.url, "many"), Browser(works.url, "one")
    for name in ("a", "b", "c"):
        many.join(HOLD, name)
    one.join(HOLD, "other")
    with many.listening(), one.listening():
        assert wait_for(lambda: works.begun)
        works.gate.set()
        assert wait_for(lambda: len(works.begun) == 4)
    assert works.begun.index("other") < works.begun.index("b" if LANES[SLOW].places == 1 else "c")


def test_what_no_visitor_listens_to_is_not_computed(works: Works) -> None:
    visitor = Browser(works.url, "deaf")
    visitor.join(ADD, "x")
    heard = Browser(works.url, "hearing")
    heard.join(ADD, "y")
    heard.listen_to_end()
    assert works.queue is not None and len(works.queue) == 1
    assert visitor.listen_to_end()[0]["output"]["data"] == ["x!"]


def test_who_begins_to_listen_when_all_is_answered_hears_what_comes_next(works: Works) -> None:
    """A browser that learns of its event after the answer to it opens a connection for it all the same."""
    visitor = Browser(works.url, "late")
    visitor.join(ADD, "first")
    assert len(visitor.listen_to_end()) == 1
    late = threading.Thread(target=visitor.listen_to_end)
    late.start()
    assert works.queue is not None and wait_for(lambda: works.queue.listeners[visitor.name])
    visitor.join(ADD, "second")
    late.join()
    assert [answer["output"]["data"] for answer in visitor.answers()] == [["first!"], ["second!"]]
    assert len(visitor.listen_to_end()) == 2  # and, as nothing comes, the connection is closed like any other
    assert visitor.messages[-1]["msg"] == "close_stream"
    assert not any(message.get("session_not_found") for message in visitor.messages)


def test_several_broken_connections_of_a_visitor_are_no_error(works: Works, caplog: pytest.LogCaptureFixture) -> None:
    visitor = Browser(works.url, "cut off")
    visitor.join(HOLD, "x")
    with visitor.stream(), visitor.stream(), visitor.stream():
        assert wait_for(lambda: works.begun)
    assert works.queue is not None and wait_for(lambda: visitor.name not in works.queue.listeners)
    assert not [record for record in caplog.records if record.exc_info]
    assert visitor.name not in works.queue.pending_messages_per_session


def test_who_listens_for_messages_that_are_gone_is_told_so(works: Works, capfd: pytest.CaptureFixture[str]) -> None:
    visitor = Browser(works.url, "late listener")
    visitor.join(HOLD, "x")
    assert works.queue is not None
    del works.queue.pending_messages_per_session[visitor.name]
    visitor.listen_to_end()
    assert visitor.messages[-1]["session_not_found"]
    assert "Traceback" not in capfd.readouterr().err


def test_of_made_up_visitors_little_is_kept(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_UNHEARD", 5)
    for n in range(10):
        assert Browser(works.url, f"made-up{n}").join(ADD, "x").status_code == 200
    heard = Browser(works.url, "heard well")
    heard.join(ADD, "y")
    assert heard.listen_to_end()
    assert works.queue is not None
    assert wait_for(lambda: len(works.queue) <= 5 and heard.name not in works.queue.listeners)
    for kept in (works.queue.pending_messages_per_session, works.queue.pending_event_ids_session):
        assert sum(name.startswith("made-up") for name in kept) <= 5
        assert heard.name not in kept


def test_a_newer_drawing_replaces_an_older_one(works: Works) -> None:
    visitor = Browser(works.url, "drawing")
    visitor.join(DRAW, "first")
    with visitor.listening():
        assert wait_for(lambda: works.begun == ["first"])
        for name in ("second", "third"):
            visitor.join(DRAW, name)
        assert wait_for(lambda: works.begun[-1] == "third")
        works.gate.set()
        assert wait_for(lambda: len(visitor.answers()) == 3)
    assert all(answer["success"] for answer in visitor.answers())
    assert visitor.answers()[-1]["output"]["data"] == ["third done"]


@pytest.mark.parametrize("numbers", ["546", "5x", "5-"])
def test_the_network_does_not_decide_which_drawing_is_the_newer(works: Works, numbers: str) -> None:
    visitor = Browser(works.url, f"overtaken{numbers}")
    visitor.join(DRAW, "5", number="5")
    with visitor.listening():
        assert wait_for(lambda: works.begun == ["5"])
        for number in numbers[1:]:
            visitor.join(DRAW, number, number=number)
        assert wait_for(lambda: works.begun == ["5", numbers[-1]])
        works.gate.set()
        assert wait_for(lambda: len(visitor.answers()) == len(numbers))
    assert visitor.answers()[-1]["output"]["data"] == [f"{numbers[-1]} done"]


def test_an_older_drawing_that_arrives_after_all_is_done_changes_nothing(works: Works) -> None:
    visitor = Browser(works.url, "late")
    works.gate.set()
    visitor.join(DRAW, "newer", number="5")
    visitor.listen_to_end()
    visitor.join(DRAW, "older", number="4")
    assert visitor.listen_to_end()[-1]["output"]["data"] == [{"__type__": "update"}]
    assert works.begun == ["newer"]


def test_work_ends_when_the_visitor_leaves(works: Works) -> None:
    visitor = Browser(works.url, "leaving")
    visitor.join(COUNT, "x")
    with visitor.stream():
        assert wait_for(lambda: works.steps > 2)
    assert works.ended.wait(5)
    assert works.queue is not None
    assert wait_for(lambda: "leaving" not in works.queue.pending_messages_per_session)


def test_a_refusal_says_when_to_come_back(works: Works) -> None:
    visitor = Browser(works.url, "greedy")
    replies = [visitor.join(HOLD, "x") for _ in range(LANES[SLOW].own + 1)]
    assert [reply.status_code for reply in replies[:-1]] == [200] * LANES[SLOW].own
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["retry-after"]) > 0
    assert "try again in" in replies[-1].json()["detail"]
    assert Browser(works.url, "other").join(HOLD, "x").status_code == 200


def test_a_full_lane_is_full_of_visitors_who_listen(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LANES, SLOW, replace(LANES[SLOW], waiting=2))
    for number in range(6):
        assert Browser(works.url, f"made-up{number}").join(HOLD, "x").status_code == 200
    with ExitStack() as stack:
        for number in range(LANES[SLOW].places + 2):
            visitor = Browser(works.url, f"listening{number}")
            assert visitor.join(HOLD, "x").status_code == 200
            stack.enter_context(visitor.listening())
            assert wait_for(lambda: len(works.begun) == min(number + 1, LANES[SLOW].places))  # noqa: B023
        assert wait_for(lambda: works.queue and works.queue.listeners[visitor.name])
        assert Browser(works.url, "too many").join(HOLD, "x").status_code == 503
        works.gate.set()


def test_a_class_that_comes_at_once_is_not_refused(works: Works) -> None:
    replies = [Browser(works.url, f"pupil{n}").join(ADD, "x") for n in range(70)]
    assert all(reply.status_code == 200 for reply in replies)


def test_bad_events_are_refused_in_words(works: Works) -> None:
    visitor = Browser(works.url, "x" * 100)
    assert visitor.join(ADD, "x").status_code == 422
    assert Browser(works.url, "a").join(999, "x").status_code == 404
    for way in ("run", "call"):
        assert CLIENT.post(f"{visitor.url}/{way}/no-such-name", json={"data": ["x"]}).status_code == 404
    assert CLIENT.post(f"{visitor.url}/run/hold", json={"data": ["x"]}).status_code == 404
    assert not works.begun


def test_costs_decide_the_lane() -> None:
    costs = Costs()
    assert costs.lane("unknown") == SLOW
    costs.learn("photograph", 8.0)
    with costs.measure("digit"):
        pass
    assert (costs.lane("photograph"), costs.lane("digit")) == (SLOW, QUICK)
