"""Limits on what a client sends, before anything reads it: the length of a message, and which messages are files."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT = 2**21
"""Bytes; the page's longest message is a drawing, a fraction of this. Uploads have their own limit and endpoint."""

MOST_VALUES = 2**18
"""Commas and brackets of a message: read, each value takes many times its bytes."""

UPLOAD = "/gradio_api/upload"
"""The one path that takes files."""

TOO_LONG = f"A message must not be longer than {LIMIT:,} bytes."
TOO_MANY_VALUES = f"A message must not hold more than {MOST_VALUES:,} values."
NO_FILES = f"Files are sent to {UPLOAD} only."


class MessageLimit:
    """Refuses messages longer than :data:`LIMIT`; without it a client could fill the memory with one.

    Args:
        app: What answers the shorter ones.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or is_upload_route(scope):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if (announced_length(headers) or 0) > LIMIT:
            await PlainTextResponse(TOO_LONG, 413)(scope, receive, send)
            return
        if headers.get("content-type", "").strip().lower().startswith("multipart/"):
            # Gradio would take files at the route of server functions too.
            await PlainTextResponse(NO_FILES, 415)(scope, receive, send)
            return
        read = values = 0

        async def receive_and_count() -> Message:
            """The next part; a message need not announce its length."""
            nonlocal read, values
            message = await receive()
            body = message.get("body", b"")
            read += len(body)
            values += sum(map(body.count, (b",", b"[", b"{")))
            if read > LIMIT or values > MOST_VALUES:
                raise HTTPException(413, TOO_LONG if read > LIMIT else TOO_MANY_VALUES)
            return message

        await self.app(scope, receive_and_count, send)


def announced_length(headers: Headers) -> int | None:
    """The length of its message that a client announces, in bytes; ``None`` where it announces none."""
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def is_upload_route(scope: Scope) -> bool:
    """Whether a request goes to :data:`UPLOAD`; its path alone decides, below the path where the app is mounted."""
    path: str = scope["path"]
    return scope["method"] == "POST" and path.removeprefix(scope.get("root_path", "")) == UPLOAD
