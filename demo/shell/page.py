"""The page around the tabs: its header, its head, and the files that it needs before Gradio begins."""

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.base.scripts import bundle, strip
from demo.base.tabs import Tab
from demo.shell.glossary import glossary_json
from demo.shell.languages import table
from demo.shell.lesson import lesson_json

FOLDER = Path(__file__).parent
ICON = FOLDER / "icon.svg"
TITLE = "Generative image models, live"
SUMMARY = "Real models of digits, clothes and photographs, running as you watch."
HEADER = (FOLDER / "header.html").read_text(encoding="utf-8")
STYLE = strip("\n".join(path.read_text(encoding="utf-8") for path in sorted((FOLDER / "styles").glob("*.css"))))

_META = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>')


def routes() -> list[Mount]:
    """The addresses of the shell's own files."""

    def send_table(_: Request) -> Response:
        return Response(_table(), media_type="application/json", headers={"Cache-Control": "max-age=31536000"})

    def send_file(name: str) -> Route:
        return Route(f"/{name}", lambda _: FileResponse(FOLDER / name, headers={"Cache-Control": "max-age=86400"}))

    return [Mount("/shell", routes=[Route("/zh.json", send_table), send_file("icon.svg"), send_file("preview.png")])]


@cache
def _table() -> bytes:
    return json.dumps(table(), ensure_ascii=False, separators=(",", ":")).encode()


class Head:
    """Gives the page's head its own title, icon, preview tags and script, in place of Gradio's; sends it compressed.

    Programs that make previews of links run no script, so the tags have to be in the page as it is sent. A quarter of
    its 1.5 MB is left; Gradio compresses files only. Stronger compression costs every visitor more than it saves.

    Args:
        app: What sends the page.
        tabs: Of the page, in its order.
    """

    def __init__(self, app: ASGIApp, tabs: Sequence[Tab[Any]]) -> None:
        self.app = app
        self.page = GZipMiddleware(self._send_page, compresslevel=1)
        config = {
            "title": TITLE,
            "tabs": [{"id": tab.id, "title": tab.title} for tab in tabs],
            "table": f"shell/zh.json?{hashlib.sha256(_table()).hexdigest()[:12]}",
            "glossary": glossary_json(),
            "lesson": lesson_json(),
        }
        text = json.dumps(config, ensure_ascii=False).replace("</", "<\\/")
        script = bundle(FOLDER / "scripts" / "shell.js").replace("</", "<\\/")
        self.end = (
            f"<style>{STYLE}</style><script>window.shell_config = {text};</script>"
            f"<script>(() => {{ {script} }})();</script></head>"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if path not in ("/", "") or scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            await self.page(scope, receive, send)

    async def _send_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = b""

        async def send_rewritten(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(raw=start["headers"])
            if headers.get("content-type", "").startswith("text/html") and body:
                body = self.rewrite(body.decode(), base_url(scope)).encode()
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, send_rewritten)

    def rewrite(self, page: str, base: str) -> str:
        """A page with its own head.

        Args:
            page: As Gradio makes it.
            base: The address of the page's folder, for readers that follow no relative one.
        """
        tags = {
            "og:type": "website",
            "og:url": base,
            "og:title": TITLE,
            "og:description": SUMMARY,
            "og:image": f"{base}shell/preview.png",
            "twitter:card": "summary_large_image",
        }
        lines = [f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items()]
        lines += [f'<meta name="description" content="{escape(SUMMARY)}">', f"<title>{escape(TITLE)}</title>"]
        lines.append('<link rel="icon" type="image/svg+xml" href="shell/icon.svg">')
        return _META.sub("", page).replace("</head>", "".join(lines) + self.end, 1)


def base_url(scope: Scope) -> str:
    """The address of the page's folder as its reader sees it, also behind a proxy; it ends with a slash."""
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope["scheme"]).split(",")[0].strip()
    host = headers.get("x-forwarded-host") or headers.get("host", "localhost")
    return f"{scheme}://{host.split(',')[0].strip()}{scope.get('root_path', '').rstrip('/')}/"
