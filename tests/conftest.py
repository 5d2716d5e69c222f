"""Fixtures that more than one test file uses."""

from collections.abc import Iterator

import pytest
import torch

from tests.helpers import served


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
