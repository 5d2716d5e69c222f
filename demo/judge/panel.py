"""What the panels below the verdict have in common."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gradio.components import Component


class Panel(Protocol):
    """What follows every judgement, from the values of its inputs to those of its outputs."""

    @property
    def inputs(self) -> Sequence[Component]:
        """What it reads besides the judgement."""
        ...

    @property
    def outputs(self) -> Sequence[Component]:
        """What it sets."""
        ...

    @property
    def follow(self) -> Callable[..., tuple[Any, ...]]:
        """From the judgement and the inputs' values to the outputs'."""
        ...
