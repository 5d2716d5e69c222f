"""Messages are bounded wherever they go; only files are not messages."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from demo.base.limits import LIMIT, MOST_VALUES, NO_FILES, is_upload_route
from tests.demo.base.serving.client import serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with gr.Blocks() as app:
        gr.on([], lambda text: text, gr.Textbox(), gr.Textbox(), api_name="repeat")
    with serving(app) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "root", "method", "files"),
    [
        ("/gradio_api/upload", "", "POST", True),
        ("/lab/gradio_api/upload", "/lab", "POST", True),
        ("/gradio_api/upload", "", "GET", False),
        ("/gradio_api/run/upload", "", "POST", False),
        ("/gradio_api/call/upload", "", "POST", False),
        ("/upload", "", "POST", False),
        ("/x/gradio_api/upload", "", "POST", False),
        ("/gradio_api/upload/", "", "POST", False),
    ],
)
def test_files_are_taken_at_one_path_alone(path: str, root: str, method: str, files: bool) -> None:
    scope: dict[str, Any] = {"type": "http", "path": path, "root_path": root, "method": method}
    assert is_upload_route(scope) is files


@pytest.mark.parametrize("path", ["run/upload", "call/upload", "queue/join", "component_server/", "reset"])
def test_a_long_message_is_read_nowhere(url: str, path: str) -> None:
    reply = httpx.post(f"{url}gradio_api/{path}", content=b"[" * (LIMIT + 1))
    assert reply.status_code == 413


def test_a_message_of_many_values_is_not_read(url: str) -> None:
    content = b'{"data":[' + b"[],[" * (MOST_VALUES // 2) + b"]}"
    assert len(content) < LIMIT
    assert httpx.post(f"{url}gradio_api/queue/join", content=content).status_code == 413


def test_server_functions_take_no_files(url: str) -> None:
    reply = httpx.post(f"{url}gradio_api/component_server", files={"files": ("a", b"0")})
    assert (reply.status_code, reply.text) == (415, NO_FILES)


def test_nothing_goes_past_the_queue(url: str) -> None:
    assert httpx.post(f"{url}gradio_api/run/repeat", json={"data": ["x"]}).status_code == 404
