"""A table of many pictures and the verdict on each, which fills as they are judged."""

from typing import Any, ClassVar

from demo.widgets.base import Widget
from demo.widgets.score_table.messages import ScoreMessage


class ScoreTable(Widget):
    """Verdicts with thumbnails: sorted by a click on a column's head, counted, and downloaded as CSV, in the browser.

    The event ``stop`` fires when the user has seen enough.

    Args:
        value: The message to begin with.
        alpha: The accepted false-alarm rate: pictures are reasonable where the p-value is above it.
        columns: The first line of the CSV file, without its end.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["stop"]
    about = "JSON: run, state, total, and some rows from number start on"

    def __init__(
        self, value: ScoreMessage | None = None, *, alpha: float = 0.05, columns: str = "", **options: Any
    ) -> None:
        super().__init__(value, alpha=alpha, columns=columns, **options)
