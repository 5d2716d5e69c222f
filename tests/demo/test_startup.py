"""The app starts whatever the environment is like, or says in one line what to set."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app import ALONE, environment
from tests.helpers import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hostile(tmp_path):
    """Proxies that answer nothing or are none, certificates that are not there, another user's Gradio folder."""
    (tmp_path / "gradio").write_text("not a folder that can be written in")
    mine = {
        "http_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "nonsense",
        "ALL_PROXY": "socks://127.0.0.1:1080",
        "SSL_CERT_FILE": str(tmp_path / "nowhere.pem"),
        "TMPDIR": str(tmp_path),
        "GRADIO_NUM_PORTS": "x",
        "GRADIO_SERVER_NAME": "::1",
        "NUMBA_DISABLE_JIT": "1",
    }
    kept = {key: value for key, value in os.environ.items() if key.lower() not in ("no_proxy", "gradio_temp_dir")}
    return kept | mine


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="there is no IPv6 here")
def test_the_app_starts_in_a_hostile_environment_and_ends_without_a_trace(hostile, tmp_path):
    port = free_port()
    hostile["GRADIO_SERVER_PORT"] = str(port)
    app = subprocess.Popen(
        [sys.executable, "app.py", "--device", "cpu"],
        cwd=ROOT, env=hostile, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        with httpx.Client(trust_env=False) as client:
            while True:
                assert app.poll() is None, app.stdout.read()
                try:
                    assert client.get(f"http://[::1]:{port}/config").status_code == 200
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
        assert [path.stat().st_mode & 0o777 for path in tmp_path.glob("gm-lab-*")] == [0o700]
    finally:
        app.send_signal(signal.SIGTERM)
        said, _ = app.communicate(timeout=60)
    assert app.returncode == 143, said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("gm-lab-*"))


DRAWING = """
import app, hashlib, os, pathlib, signal, threading

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started without it

def serve(args):
    def draw():
        while True:
            hashlib.pbkdf2_hmac("sha1", b"", b"", 9999)
    for _ in range(3):
        threading.Thread(target=draw).start()
    print("drawing")
    pathlib.Path(os.environ["READY"]).touch()
    threading.Event().wait()

app.serve = serve
app.main()
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("streams", ["", "2>&-", "<&- >&- 2>&-"])
def test_the_app_ends_at_once_while_pictures_are_drawn(number, status, streams, tmp_path):
    ready, log = tmp_path / "ready", tmp_path / "log"
    with log.open("w") as file:
        app = subprocess.Popen(
            ["bash", "-c", f'exec "$0" -c "$1" {streams}', sys.executable, DRAWING],
            cwd=ROOT, env=os.environ | {"READY": str(ready)}, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        while not ready.exists():
            assert app.poll() is None, log.read_text()
            time.sleep(0.02)
        app.send_signal(number)
        assert app.wait(timeout=20) == status
    finally:
        app.kill()
        app.wait()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"GRADIO_SERVER_PORT": "x"}, "GRADIO_SERVER_PORT must be a number"),
        ({"GRADIO_TEMP_DIR": "/dev/null/x"}, "set GRADIO_TEMP_DIR"),
    ],
)
def test_what_cannot_be_used_is_named_before_anything_is_loaded(settings, says):
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode in (1, 2)
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_proxies_and_certificates_are_passed_by_and_come_back(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.delenv("no_proxy", raising=False)
    with environment(ALONE):
        httpx.Client().close()
    assert "no_proxy" not in os.environ
    with pytest.raises(ValueError, match="proxy"):
        httpx.Client()
    assert os.environ["SSL_CERT_FILE"] == "/nowhere"
