"""What tests and examples in docstrings run with."""

import os
from typing import Any

# Small models run fastest, and the same everywhere, on one thread; so do the commands and the apps that tests start, of
# which several share the machine. Before torch is imported, which reads it.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch

import gm_core


@pytest.fixture(autouse=True)
def seeded_example(request: pytest.FixtureRequest) -> None:
    """Examples draw the same numbers however many ran before them."""
    if isinstance(request.node, pytest.DoctestItem):
        torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def example_names(doctest_namespace: dict[str, Any]) -> None:
    """What every example may use without importing it."""
    doctest_namespace.update(torch=torch, gm_core=gm_core)
