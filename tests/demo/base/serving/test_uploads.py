"""Uploads are bounded, and nothing stays of one that breaks off."""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest
from starlette.datastructures import UploadFile

from demo.base.serving import uploads
from demo.base.serving.uploads import FULL, MIB, MOST_FIELDS, trim
from tests.demo.base.serving.client import serving


@pytest.fixture(scope="module")
def uploaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def client(uploaded: Path) -> Iterator[httpx.Client]:
    with gr.Blocks() as app:
        gr.File()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(uploaded))
        with serving(app) as url, httpx.Client(base_url=url, timeout=20) as client:
            yield client


@pytest.fixture
def folder(uploaded: Path) -> Path:
    """Where uploads go, empty."""
    for path in files(uploaded):
        path.unlink()
    return uploaded


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def wait_for(condition: Callable[[], object], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(condition())


def upload(client: httpx.Client, size: int = 100) -> httpx.Response:
    return client.post("/gradio_api/upload", files={"files": ("a.png", os.urandom(size))})


def test_an_upload_is_kept(client: httpx.Client, folder: Path) -> None:
    reply = upload(client)
    assert reply.status_code == 200
    assert [str(path) for path in files(folder)] == reply.json()


def test_of_an_upload_that_breaks_off_nothing_stays(client: httpx.Client, folder: Path) -> None:
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port)) as broken:
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + b"0" * MIB
        head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
        broken.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + part)
        assert wait_for(lambda: files(folder))
    assert wait_for(lambda: not files(folder))


def test_an_upload_that_takes_too_long_ends_with_a_word_of_it(
    client: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LONGEST", 0.5)
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=20) as slow:
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + b"0" * MIB
        head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
        slow.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + part)
        answer = b"".join(iter(lambda: slow.recv(10_000), b"")).decode()
    assert answer.startswith("HTTP/1.1 408")
    assert "must not take longer than" in answer
    assert wait_for(lambda: not files(folder))
    assert upload(client).status_code == 200, "others are not held up"


def test_a_full_disk_is_one_clear_error(
    client: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(UploadFile, "write", no_space)
    reply = upload(client)
    assert (reply.status_code, reply.text) == (507, FULL)
    assert not files(folder)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("fields", [{"note": "x" * 2000}, {f"note{n}": "x" for n in range(MOST_FIELDS + 1)}])
@pytest.mark.parametrize("followed", [False, True], ids=["unfollowed", "followed"])
def test_fields_of_the_form_are_few_and_short(
    client: httpx.Client, folder: Path, fields: dict[str, str], followed: bool
) -> None:
    address = "/gradio_api/upload" + "?upload_id=x" * followed
    reply = client.post(address, data=fields, files={"files": ("a.png", b"0")})
    assert reply.status_code == 400
    assert not files(folder)


def test_one_client_cannot_send_all_the_time(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CLIENT_BYTES", MIB)
    monkeypatch.setattr(uploads, "CLIENT_RATE", MIB // 100)
    replies = [upload(client, MIB // 2 - 1000) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert int(replies[2].headers["retry-after"]) > 0
    assert "Try again in" in replies[2].text


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_has_a_largest_size(client: httpx.Client, monkeypatch: pytest.MonkeyPatch, announced: bool) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", MIB)
    monkeypatch.setattr(uploads, "CLIENT_RATE", 1000 * uploads.CLIENT_BYTES)  # whatever was sent before
    content = os.urandom(2 * MIB)
    if announced:
        reply = client.post("/gradio_api/upload", files={"files": ("a.png", content)})
    else:
        body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=x"}
        reply = client.post("/gradio_api/upload", content=iter([body]), headers=headers)
    assert reply.status_code == 413


def test_the_oldest_uploads_go_first(tmp_path: Path) -> None:
    kept = set()
    for name in "abcd":
        (tmp_path / name).write_bytes(b"0" * 10)
        kept.add(str(tmp_path / name))
        time.sleep(0.02)
    trim(kept, most_bytes=25, most_files=100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d"] == sorted(Path(path).name for path in kept)
    trim(kept, most_bytes=25, most_files=1)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
