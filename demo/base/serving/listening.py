"""Who listens: connections that wait for answers, and those that say that a page is open."""

from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from demo.base.serving.queue import FairQueue

API = "/gradio_api"


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
        if path == f"{API}/queue/data":
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
            await self.app(scope, receive, send)
