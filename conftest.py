"""What tests and examples in docstrings run with."""

from typing import Any

import pytest
import torch

import gm_core


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small models run fastest, and the same everywhere, on one thread."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded_example(request: pytest.FixtureRequest) -> None:
    """Examples draw the same numbers however many ran before them."""
    if isinstance(request.node, pytest.DoctestItem):
        torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def example_names(doctest_namespace: dict[str, Any]) -> None:
    """What every example may use without importing it."""
    doctest_namespace.update(torch=torch, gm_core=gm_core)
