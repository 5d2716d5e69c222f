"""The choice of a model as a sentence: of what the pictures are, and by which model."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict

from demo.widgets.base import Widget


class ModelOption(TypedDict):
    """A model: its name, what its pictures show, and what it is called among those of the same pictures."""

    name: str
    subject: str
    title: str


class ModelChoice(Widget):
    """Two lists within a sentence. Its value is a model's name; the event ``input`` fires when another is chosen.

    Args:
        value: Name of the one that is chosen on arrival.
        options: The models, those of one subject together, the best-known first.
        by: The words between the two lists.
        **settings: As for ``Widget``.
    """

    EVENTS: ClassVar = ["input", "change"]
    about = "Name of a model"

    def __init__(
        self, value: str = "", *, options: Sequence[ModelOption] = (), by: str = "by the", **settings: Any
    ) -> None:
        super().__init__(value, options=list(options), by=by, **settings)
