"""What uploads may cost: how many, how large, how often. Of one that breaks off nothing stays."""

import asyncio
import logging
import math
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio.route_utils
from anyio.to_thread import run_sync
from gradio.route_utils import GradioMultiPartParser
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.base.limits import announced_length, is_upload_route
from demo.base.serving.counting import counted

MIB = 2**20

MOST_BYTES = 256 * MIB
"""Of one upload, which may hold many files, each as large as ``max_file_size`` of the app's launch."""

MOST_FILES, MOST_FIELDS, LONGEST_FIELD = 1000, 8, 1024
"""Of one upload: files, other fields of the form, and bytes of such a field. The page sends files alone."""

LONGEST = 120
"""Seconds of one upload."""

AT_ONCE, AT_ONCE_PER_CLIENT = 64, 48
"""Uploads; one client may be a class room behind one address."""

CLIENT_BYTES, CLIENT_RATE = 256 * MIB, 4 * MIB
"""What one client may send at once, and per second from then on."""

LEAST_COST = MIB // 4
"""Bytes that even the smallest upload counts for."""

FOLDER_BYTES, FOLDER_FILES = 1024 * MIB, 10_000
"""What is kept of all uploads; beyond it the oldest go first."""

LOOK_EVERY = 64 * MIB
"""Bytes between two looks at the folder, so that it holds at most so much more than it may."""

DRAINED = 32 * MIB
"""Bytes of a refused upload that are read and dropped: a browser that is cut off while it sends shows no reason."""

DRAIN_RATE = 4 * MIB
"""Bytes per second of it: who floods the server is to wait, not the others."""

TOO_MUCH = f"An upload must not be larger than {MOST_BYTES // MIB} MB in all; send the files in several parts."
FULL = "The disk of the server is full, so nothing of this upload was kept. Try again later."

_parsers: ContextVar[list["BoundedParser"]] = ContextVar("parsers")


class BoundedParser(GradioMultiPartParser):
    """Gradio's reader of forms, with bounds on all parts; it says which temporary files it made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **(options | {"max_files": MOST_FILES, "max_fields": MOST_FIELDS}))
        _parsers.get([]).append(self)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take some bytes of a part; those of a field are kept in memory."""
        part = self._current_part
        if part.file is not None:
            super().on_part_data(data, start, end)
            return
        if len(part.data) + end - start > LONGEST_FIELD:
            raise MultiPartException(f"A field of an upload must not be longer than {LONGEST_FIELD:,} bytes.")
        part.data += data[start:end]

    def remove_leftovers(self) -> None:
        """Remove what still has its temporary name: no client was told of it."""
        for file in self._files_to_close_on_error:
            file.close()
            Path(file.name).unlink(missing_ok=True)


gradio.route_utils.GradioMultiPartParser = BoundedParser


@dataclass
class Budget:
    """What one client may still send.

    Attributes:
        level: Bytes, at the time ``at``; may be below zero.
        at: Seconds of a monotonic clock.
    """

    level: float
    at: float

    def refill(self, now: float) -> float:
        """The bytes that may be sent by now."""
        self.level, self.at = min(CLIENT_BYTES, self.level + CLIENT_RATE * (now - self.at)), now
        return self.level


class UploadLimit:
    """Takes uploads within their bounds.

    Args:
        app: Gradio's, which stores the files.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._budgets: dict[str, Budget] = {}
        self._running: Counter[str] = Counter()
        self._grown = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not is_upload_route(scope):
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        size = announced_length(Headers(scope=scope)) or 0
        refusal = self._refuse(client, size)
        if refusal:
            await _drain(receive)
            await refusal(scope, receive, send)
            return
        with counted(self._running, client):
            await self._take(client, size, scope, receive, send)

    def _refuse(self, client: str, size: int) -> PlainTextResponse | None:
        """The answer to an upload that is not taken; else its bytes, where known, are counted."""
        if size > MOST_BYTES:
            return PlainTextResponse(TOO_MUCH, 413)
        if self._running.total() >= AT_ONCE or self._running[client] >= AT_ONCE_PER_CLIENT:
            return _later("There are too many uploads at this moment.", 5)
        budget, now = self._budget(client), time.monotonic()
        cost = max(size, LEAST_COST)
        missing = cost - budget.refill(now)
        if missing > 0:
            return _later("This is more than one client may upload at a time.", math.ceil(missing / CLIENT_RATE))
        budget.level -= cost
        return None

    def _budget(self, client: str) -> Budget:
        now = time.monotonic()
        for other in [other for other, budget in self._budgets.items() if budget.refill(now) >= CLIENT_BYTES]:
            del self._budgets[other]
        return self._budgets.setdefault(client, Budget(CLIENT_BYTES, now))

    async def _take(self, client: str, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        read, begun = 0, False

        async def receive_and_count() -> Message:
            nonlocal read
            message = await receive()
            part = len(message.get("body", b""))
            read += part
            if not size:
                self._budget(client).level -= part
            if read > MOST_BYTES or (not size and self._budgets[client].level < 0):
                raise HTTPException(413, TOO_MUCH)
            return message

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        parsers: list[BoundedParser] = []
        token = _parsers.set(parsers)
        refusal = None
        try:
            async with asyncio.timeout(LONGEST):
                await self.app(scope, receive_and_count, send_and_note)
        except TimeoutError:
            refusal = PlainTextResponse(f"An upload must not take longer than {LONGEST} seconds.", 408)
        except OSError as error:
            logging.getLogger(__name__).warning("An upload was not kept: %s", error)
            refusal = PlainTextResponse(FULL, 507)
        except ClientDisconnect:
            begun = True  # no client is there to be answered
        finally:
            _parsers.reset(token)
            for parser in parsers:
                parser.remove_leftovers()
        if refusal and not begun:
            await refusal(scope, receive, send)
        self._grown += max(read, LEAST_COST)
        if self._grown > LOOK_EVERY:
            self._grown = 0
            await run_sync(trim, scope["app"].get_blocks().upload_file_set)


def trim(uploads: set[str], most_bytes: int = FOLDER_BYTES, most_files: int = FOLDER_FILES) -> None:
    """Remove the oldest uploads until the others are within the bounds.

    Args:
        uploads: Their paths; those that are gone are taken out.
        most_bytes: Of all files together.
        most_files: How many.
    """
    found = []
    for path in list(uploads):
        try:
            stat = Path(path).stat()
            found.append((stat.st_ctime, stat.st_size, path))
        except OSError:
            uploads.discard(path)
    found.sort(reverse=True)
    total = 0
    for count, (_, size, path) in enumerate(found, 1):
        total += size
        if total > most_bytes or count > most_files:
            Path(path).unlink(missing_ok=True)
            uploads.discard(path)


def _later(words: str, seconds: int) -> PlainTextResponse:
    """An answer that says when to come back."""
    return PlainTextResponse(f"{words} Try again in {seconds} seconds.", 429, {"retry-after": str(seconds)})


async def _drain(receive: Receive) -> None:
    """Read what is being sent, and drop it."""
    read = 0
    try:
        async with asyncio.timeout(10):
            while read < DRAINED:
                message = await receive()
                part = len(message.get("body", b""))
                read += part
                if not message.get("more_body"):
                    return
                await asyncio.sleep(part / DRAIN_RATE)
    except TimeoutError:
        return
