"""Fixtures that more than one test file uses."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small models run fastest, and the same everywhere, on one thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the running app."""
    from demo import create_app
    from gm_core import warm_up

    warm_up()  # as the running app does
    with served(create_app("cpu")) as url:
        yield url


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an app, while it runs."""
    from demo import launch_options

    with socket.socket() as free:  # looking for a free port by itself, Gradio leaves sockets open
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_port=port, **launch_options())
    yield url
    app.close()
