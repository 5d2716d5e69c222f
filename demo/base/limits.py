"""A limit on the length of a message, before anything reads it."""

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT = 2**21
"""Bytes; the page's longest message is a drawing, a fraction of this. Uploads have their own limit and endpoint."""

TOO_LONG = f"A message must not be longer than {LIMIT:,} bytes."


class MessageLimit:
    """Refuses messages longer than :data:`LIMIT`; without it a client could fill the memory with one.

    Args:
        app: What answers the shorter ones.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].endswith("/upload"):
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > LIMIT:
            await PlainTextResponse(TOO_LONG, 413)(scope, receive, send)
            return
        read = 0

        async def receive_and_count() -> Message:
            """The next part; a message need not announce its length."""
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LIMIT:
                raise HTTPException(413, TOO_LONG)
            return message

        await self.app(scope, receive_and_count, send)
