"""Who listens: connections that wait for answers, and those that say that a page is open."""

import asyncio
import json
import time
from urllib.parse import parse_qs

from gradio.server_messages import CloseStreamMessage
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.base.serving.queue import FairQueue

API = "/gradio_api"
ANSWERS = f"{API}/queue/data"

PATIENCE = 1.0
"""Seconds that a connection for answers waits for a question, when all that were asked are answered."""


class Listening:
    """Lets the queue know of each such connection, while it is open.

    Args:
        app: What answers it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        queue = scope["app"].get_blocks()._queue
        if not isinstance(queue, FairQueue):  # Gradio's own knows nothing of who listens
            await self.app(scope, receive, send)
            return
        if path == ANSWERS:
            visitor = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        elif path.startswith(f"{API}/call/"):
            visitor = queue.visitor_of(path.rsplit("/", 1)[-1])
        elif path.startswith(f"{API}/heartbeat/"):
            with queue.open_page(path.rsplit("/", 1)[-1]):
                await self.app(scope, receive, send)
            return
        else:
            await self.app(scope, receive, send)
            return
        with queue.listen(visitor):
            is_closed = path == ANSWERS and not await _is_asked(queue, visitor)
            try:
                await (_closed() if is_closed else self.app)(scope, receive, send)
            except RuntimeError as error:
                # Gradio has told the browser that its messages are gone, as after another of its connections broke.
                if not isinstance(error.__cause__, HTTPException):
                    raise
                await send({"type": "http.response.body", "body": b""})


async def _is_asked(queue: FairQueue, visitor: str) -> bool:
    """Whether there is, or soon comes, a question whose answer a connection can wait for.

    A browser that learns of its event after the answer to it opens a connection for it all the same. Gradio would tell
    it that its session is gone, after which the page is dead.
    """
    until = time.monotonic() + PATIENCE
    while not queue.is_owed(visitor) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    return queue.is_owed(visitor)


def _closed() -> Response:
    """What ends a connection for answers as after the last of them."""
    return Response(f"data: {json.dumps(CloseStreamMessage().model_dump())}\n\n", media_type="text/event-stream")
