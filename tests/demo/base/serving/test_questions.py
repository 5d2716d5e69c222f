"""Questions of widgets: a few at once, and only for those who wait."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import httpx
import pytest

from demo.base.serving.lanes import QUESTIONS, SLOW, Lane
from demo.base.serving.questions import BUSY, Places, in_lanes
from demo.base.serving.waiting import Abandoned, check_wanted
from tests.demo.base.serving.client import serving


@dataclass
class Works:
    """What the small app answers."""

    url: str = ""
    component: int = 0
    begun: int = 0
    running: int = 0
    most: int = 0
    abandoned: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hard(self, question: dict[str, Any]) -> dict[str, Any]:
        """Something slow, in steps."""
        with self.lock:
            self.begun += 1
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            for _ in range(question["steps"]):
                if self.gate.wait(0.02):
                    break
                check_wanted()
        except Abandoned:
            self.abandoned += 1
            raise
        finally:
            self.running -= 1
        return {"words": "done"}

    def ask(self, name: str, visitor: str, timeout: float = 10, **question: Any) -> httpx.Response:
        """Ask as the page does."""
        sent = {"data": question, "component_id": self.component, "fn_name": name, "session_hash": visitor}
        return httpx.post(f"{self.url}gradio_api/component_server/", json=sent, timeout=timeout)


@pytest.fixture(scope="module")
def server() -> Iterator[Works]:
    works = Works()
    with gr.Blocks() as app:
        functions = {"hard": works.hard, "easy": lambda question: {"words": "easy"}}
        widget = gr.HTML(server_functions=[in_lanes(name, answer) for name, answer in functions.items()])
    works.component = widget._id
    with serving(app) as works.url:
        yield works


@pytest.fixture
def works(server: Works) -> Works:
    """The app, with nothing to do."""
    server.begun = server.most = server.abandoned = 0
    server.gate.clear()
    return server


def test_questions_that_are_hung_up_end(works: Works, caplog: pytest.LogCaptureFixture) -> None:
    """The server's log has no word of them."""
    for n in range(8):
        with pytest.raises(httpx.ReadTimeout):
            works.ask("hard", f"rude{n}", timeout=0.1, steps=500)
    assert works.ask("hard", "polite", steps=1).json() == {"words": "done"}
    assert works.begun - works.abandoned == 1
    gc.collect()
    assert not caplog.records


def test_places_are_not_lost_with_those_who_leave() -> None:
    """Two leave at the same moment: one who has the place, and the next in turn."""

    async def visit(places: Places, name: str) -> None:
        async with places.take(name):
            await asyncio.sleep(10)

    async def run() -> Places:
        places = Places(Lane(places=1, share=1, waiting=10, own=1))
        tasks = [asyncio.create_task(visit(places, name)) for name in "abc"]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return places

    with ThreadPoolExecutor(1) as apart:  # another test of this process may leave a loop running in its thread
        places = apart.submit(asyncio.run, run()).result()
    assert (places.free, places.waiting, places.running) == (1, [], {})


def test_few_are_answered_at_once(works: Works) -> None:
    asking = [threading.Thread(target=works.ask, args=("hard", f"v{n}"), kwargs={"steps": 10}) for n in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert works.most <= sum(lane.places for lane in QUESTIONS.values())
    assert works.begun == 8


def test_an_easy_question_does_not_wait_for_hard_ones(works: Works) -> None:
    assert works.ask("easy", "v").json() == {"words": "easy"}  # from now on known to be easy
    hard = {"steps": 500, "model": "never asked before"}
    asking = [threading.Thread(target=works.ask, args=("hard", f"v{n}"), kwargs=hard) for n in range(4)]
    for one in asking:
        one.start()
    while not works.running:
        time.sleep(0.01)
    assert works.ask("easy", "v").json() == {"words": "easy"}
    assert works.running
    works.gate.set()
    for one in asking:
        one.join()


def test_one_visitor_cannot_ask_without_end(works: Works) -> None:
    replies: list[dict[str, Any]] = []

    def ask() -> None:
        replies.append(works.ask("hard", "greedy", steps=50, model="nor this").json())

    asking = [threading.Thread(target=ask) for _ in range(QUESTIONS[SLOW].own + 3)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert replies.count({"error": BUSY}) == 3
