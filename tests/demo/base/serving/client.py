"""A browser, as far as the server can tell."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
import httpx

from demo.base.serving.queue import NUMBER, queue_fairly
from tests.helpers import served

CLIENT = httpx.Client(timeout=20, verify=False, limits=httpx.Limits(max_connections=None))
"""Of all, for each takes a while to make."""


class Browser:
    """A visitor with a name.

    Args:
        url: Of the app.
        name: Of the visit.
    """

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = f"{url}gradio_api", name
        self.messages: list[dict[str, Any]] = []

    def join(self, event: int, *data: Any, number: str | None = None) -> httpx.Response:
        """Fire an event; a page numbers them."""
        sent = {"data": list(data), "fn_index": event, "session_hash": self.name}
        headers = {} if number is None else {NUMBER: number}
        return CLIENT.post(f"{self.url}/queue/join", json=sent, headers=headers)

    @contextmanager
    def stream(self) -> Iterator[httpx.Response]:
        """A connection that waits for answers."""
        parameters = {"session_hash": self.name}
        with CLIENT.stream("GET", f"{self.url}/queue/data", params=parameters) as lines:
            yield lines

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Read the answers meanwhile; closing the connection at the end."""
        ready, stop = threading.Event(), threading.Event()

        def read() -> None:
            with self.stream() as lines:
                ready.set()
                for line in lines.iter_lines():
                    if line.startswith("data:"):
                        self.messages.append(json.loads(line[5:]))
                    if stop.is_set():
                        return

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        ready.wait(5)
        yield
        stop.set()

    def answers(self) -> list[dict[str, Any]]:
        """Those that were the last of their events."""
        return [message for message in self.messages if message["msg"] == "process_completed"]

    def listen_to_end(self) -> list[dict[str, Any]]:
        """Read until nothing is waited for; the last message of each event."""
        with self.stream() as lines:
            self.messages += [json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:")]
        return self.answers()


@contextmanager
def serving(app: gr.Blocks) -> Iterator[str]:
    """The address of a small app, while it is served as the real one is."""
    app.analytics_enabled = False
    queue_fairly(app)
    with served(app) as url:
        yield url
