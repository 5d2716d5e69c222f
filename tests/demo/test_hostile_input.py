"""Whatever a client sends to whichever event, the answer is short, tells nothing of the server, and it lives on."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from demo.base.checks import NO_UPLOAD
from demo.base.limits import LIMIT

LONG = "A" * 100_000
BAD: dict[str, Any] = {
    "nothing": None,
    "long text": LONG,
    "a negative number": -1,
    "no number": math.nan,
    "a huge number": 10**400,
    "nested lists": [[]] * 1000,
    "another message": {"model": ["x"], "z": LONG},
    "a file of the server": {"path": "/etc/passwd"},
}
CHOICES = ("radio", "slider", "checkbox")
"""Kinds of fields that accept none of these."""

UPLOADS = ("image", "file")
"""Kinds of fields whose content Gradio reads before us: what it cannot read it refuses without a word."""

OWN = [
    ("nothing", None),
    ("a huge number", "x"),
    ("another message", {"index": -1}),
    ("nested lists", {"index": [0]}),
]
"""What the page's own events get: a value of those above, and what the browser is said to have done."""

PUBLIC = (
    "draw",
    "judge",
    "noise",
    "walk_compare_draw",
    "walk_compare_drawing",
    "walk_compare_upload",
    "walk_edit_drawing",
    "walk_edit_upload",
    "walk_end_a",
    "walk_end_a_drawing",
    "walk_end_a_upload",
    "walk_end_b",
    "walk_end_b_drawing",
    "walk_end_b_upload",
    "walk_map_drawing",
    "walk_map_upload",
    "walk_rebuild_drawing",
    "walk_rebuild_upload",
)
"""The endpoints that the page announces to programs."""


@dataclass(frozen=True)
class Event:
    """Something that the server answers.

    Attributes:
        number: Its number on the page.
        name: Of its endpoint; Gradio numbers those of a name that comes again.
        public: Whether it is announced.
        kinds: Of the fields that it reads.
        usual: What these hold when the page is opened.
    """

    number: int
    name: str
    public: bool
    kinds: tuple[str, ...]
    usual: tuple[Any, ...]

    def fields(self) -> list[int]:
        """Places of the fields that a client fills; a state is the server's own, whatever is sent in its place."""
        return [place for place, kind in enumerate(self.kinds) if kind != "state"]

    def with_bad(self, place: int, wrong: Any) -> list[Any]:
        """What the fields hold, with one of them wrong."""
        return [*self.usual[:place], wrong, *self.usual[place + 1 :]]


@dataclass(frozen=True)
class Answer:
    """What the server said at last: whether the event succeeded, the error's words if any, and all of it."""

    good: bool
    error: str | None
    text: str


@pytest.fixture(scope="module")
def server(app_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{app_url}gradio_api", timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def events(server: httpx.Client) -> list[Event]:
    """All events that the server answers, announced or not."""
    config = server.get(str(server.base_url).replace("gradio_api", "config")).json()
    components = {component["id"]: component for component in config["components"]}
    found = []
    for event in config["dependencies"]:
        if event["backend_fn"]:
            inputs = [components[component] for component in event["inputs"]]
            kinds = tuple(component["type"] for component in inputs)
            usual = tuple(component["props"].get("value") for component in inputs)
            found.append(Event(event["id"], event["api_name"], event["api_visibility"] == "public", kinds, usual))
    return found


def ask(server: httpx.Client, event: Event, data: Iterable[Any], event_data: Any = None) -> Answer:
    session = uuid4().hex
    content = {"data": list(data), "fn_index": event.number, "session_hash": session, "event_data": event_data}
    joined = server.post("/queue/join", content=json.dumps(content), headers={"content-type": "application/json"})
    if joined.status_code != 200:
        return Answer(False, joined.text, joined.text)
    with server.stream("GET", "/queue/data", params={"session_hash": session}) as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") == "process_completed":
                return Answer(message["success"], message["output"].get("error"), json.dumps(message))
    raise AssertionError("the stream ended without an answer")


def check(answer: Answer, case: str) -> None:
    """That an answer tells nothing of the server, and an error says so shortly."""
    assert "Traceback" not in answer.text and "root:" not in answer.text, case
    if not answer.good:
        assert len(answer.text) < 2000 and ".py" not in answer.text, case


def test_the_page_announces_these_endpoints(events: list[Event]) -> None:
    assert sorted(event.name for event in events if event.public) == sorted(PUBLIC)


def test_every_event_can_be_fired_on_arrival(server: httpx.Client, events: list[Event]) -> None:
    """Nothing is drawn or uploaded yet: a person may press anything, and is answered or told what is missing."""
    for event in events:
        answer = ask(server, event, event.usual)
        assert answer.good or answer.error, f"event {event.number}, {event.name}, broke"


@pytest.mark.parametrize("name", PUBLIC)
def test_an_endpoint_answers_any_bad_value_in_any_field(server: httpx.Client, events: list[Event], name: str) -> None:
    """A choice, a slider or a switch refuses it in words; a drawing, a seed or an upload that is wrong is answered."""
    (event,) = [event for event in events if event.public and event.name == name]
    cases = [(place, which) for place in event.fields() for which in BAD]
    with ThreadPoolExecutor(4) as clients:  # most of the time is spent waiting for the queue
        answers = clients.map(lambda case: ask(server, event, event.with_bad(case[0], BAD[case[1]])), cases)
        for (place, which), answer in zip(cases, answers, strict=True):
            kind = event.kinds[place]
            case = f"{name}, field {place} ({kind}): {which}"
            check(answer, case)
            if kind in CHOICES:
                assert not answer.good, f"{case}: accepted"
            assert answer.good or answer.error or kind in UPLOADS, f"{case}: refused without a word"


@pytest.mark.parametrize(("which", "event_data"), OWN)
def test_the_pages_own_events_answer_bad_values(
    server: httpx.Client, events: list[Event], which: str, event_data: Any
) -> None:
    """Every handler once, with the value in each of its fields."""
    own = {(re.sub(r"_\d+$", "", event.name), event.kinds): event for event in events if not event.public}
    cases = [(event, place) for event in own.values() for place in event.fields()]
    messages = [(event, event.with_bad(place, BAD[which])) for event, place in cases]
    with ThreadPoolExecutor(4) as clients:
        answers = clients.map(lambda message: ask(server, *message, event_data), messages)
        for (event, place), answer in zip(cases, answers, strict=True):
            check(answer, f"{event.name}, field {place}")
    assert server.get("/info").status_code == 200


def test_a_picture_of_the_server_that_no_client_uploaded_stays_unread(
    server: httpx.Client, events: list[Event], tmp_path: Path
) -> None:
    """Of an image, Gradio checks the path only where the client itself marks it as a file."""
    Image.new("L", (40, 40), 200).save(tmp_path / "private.png")
    sent = {"path": str(tmp_path / "private.png")}
    places = [(event, place) for event in events for place, kind in enumerate(event.kinds) if kind in UPLOADS]
    assert places
    for event, place in places:
        for wrong in (sent, sent | {"meta": {"_type": "gradio.FileData"}}):
            image = event.kinds[place] == "image"
            answer = ask(server, event, event.with_bad(place, wrong if image else [wrong]))
            assert not answer.good, f"{event.name} read it"
            if image and "meta" not in wrong:
                assert answer.error == NO_UPLOAD


@pytest.mark.parametrize("announced", [True, False])
def test_a_message_that_is_too_long_is_not_read(server: httpx.Client, announced: bool) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (LIMIT // 2)

    reply = server.post("/queue/join", content=b"".join(parts()) if announced else parts())
    assert reply.status_code == 413
    assert "longer than" in reply.text
