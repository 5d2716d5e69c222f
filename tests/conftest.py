"""Fixtures that more than one test file uses."""

from collections.abc import Iterator

import pytest

from tests.helpers import served


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the running app."""
    from demo import create_app
    from gm_core import warm_up

    warm_up()  # as the running app does
    with served(create_app("cpu")) as url:
        yield url
