"""Fixtures that more than one test file uses."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small models run fastest, and the same everywhere, on one thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the running app."""
    from demo import create_app, launch_options

    app = create_app("cpu")
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    app.close()
