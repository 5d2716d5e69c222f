"""A row of example pictures to choose from."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict

from demo.widgets.base import Widget


class ExampleCard(TypedDict):
    """An example: its name, what to look for, and the address of its picture."""

    name: str
    look_for: str
    picture: str


class ExampleRow(Widget):
    """Thumbnails with names; choosing one shows what to look for and triggers ``pick`` with its ``index``.

    Args:
        value: The examples.
        chosen: Index of the one that stands out, if any.
        tab: The page's tab in whose address the chosen one's index is kept, as ``example``; the first is the default.
        view: The tab's view that it is for, with which the field's name then begins.
        hint: What else to try; plain text.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["pick"]
    about = "JSON: name, look_for and picture of each example"

    def __init__(
        self,
        value: Sequence[ExampleCard] | None = None,
        *,
        chosen: int | None = None,
        tab: str = "",
        view: str = "",
        hint: str = "",
        **options: Any,
    ) -> None:
        super().__init__(value, chosen=chosen, tab=tab, view=view, hint=hint, **options)
