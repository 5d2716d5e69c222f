"""Whatever a stranger sends to whichever event, the answer is short, tells nothing of the server, and it lives on."""

import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

import httpx
import pytest

from demo.base.limits import LIMIT

LONG = "A" * 100_000
BAD = (None, LONG, -1, math.nan, 10**400, [[]] * 1000, {"model": ["x"], "z": LONG}, {"path": "/etc/passwd"})
EVENT_DATA = (None, "x", {"index": -1}, {"index": [0]})


@pytest.fixture(scope="module")
def server(app_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{app_url}gradio_api", timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def events(server: httpx.Client) -> list[tuple[int, list[dict[str, Any]]]]:
    """All events that the server answers, named or not: their number, and the components that they read."""
    config = server.get(str(server.base_url).replace("gradio_api", "config")).json()
    components = {component["id"]: component for component in config["components"]}
    return [
        (event["id"], [components[component] for component in event["inputs"]])
        for event in config["dependencies"]
        if event["backend_fn"]
    ]


def answer(server: httpx.Client, event: int, data: list[Any], event_data: Any = None) -> tuple[bool, str | None]:
    """Whether an event succeeded, and the whole answer when it did not, ``None`` when that holds no words."""
    session = uuid4().hex
    content = {"data": data, "fn_index": event, "session_hash": session, "event_data": event_data}
    joined = server.post("/queue/join", content=json.dumps(content), headers={"content-type": "application/json"})
    if joined.status_code != 200:
        return False, joined.text
    with server.stream("GET", "/queue/data", params={"session_hash": session}) as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") == "process_completed":
                said = message["output"].get("error")
                return message["success"], said and json.dumps(message)
    raise AssertionError("the stream ended without an answer")


def test_every_event_can_be_fired_on_arrival(server: httpx.Client, events: list[tuple[int, list[dict]]]) -> None:
    """Nothing is drawn or uploaded yet: a person may press anything, and is answered or told what is missing."""
    for event, components in events:
        good, said = answer(server, event, [component["props"].get("value") for component in components])
        assert good or said, f"event {event} broke"


def test_the_answer_to_anything_is_short(server: httpx.Client, events: list[tuple[int, list[dict]]]) -> None:
    bad, event_data = cycle(BAD), cycle(EVENT_DATA)

    def messages() -> Iterator[tuple[int, list[Any], Any]]:
        for event, components in events:
            usual = [component["props"].get("value") for component in components]
            for place, component in enumerate(components):
                if component["type"] == "state":
                    continue  # the server's own; what is sent in its place is not read
                for wrong in islice(bad, 2):  # all in turn would take minutes
                    yield event, [*usual[:place], wrong, *usual[place + 1 :]], next(event_data)

    with ThreadPoolExecutor(4) as strangers:  # most of the time is spent waiting for the queue
        for good, said in strangers.map(lambda message: answer(server, *message), list(messages())):
            assert good or said is None or (len(said) < 2000 and "Traceback" not in said and ".py" not in said)
    assert server.get("/info").status_code == 200


@pytest.mark.parametrize("announced", [True, False])
def test_a_message_that_is_too_long_is_not_read(server: httpx.Client, announced: bool) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (LIMIT // 2)

    reply = server.post("/queue/join", content=b"".join(parts()) if announced else parts())
    assert reply.status_code == 413
    assert "longer than" in reply.text
