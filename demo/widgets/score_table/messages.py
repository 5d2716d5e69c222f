"""What the server sends to a table of verdicts."""

from typing import Literal, NotRequired, TypedDict


class ScoreRow(TypedDict):
    """A picture and its scores, or an ``error`` in their place.

    Attributes:
        name: As the file is called.
        picture: An image's address, if it could be read.
        csv: Its fields in the CSV file, before and after the verdict.
    """

    name: str
    picture: str | None
    csv: list[str]
    p_value: NotRequired[float | None]
    outlier_score: NotRequired[float | None]
    log_prob: NotRequired[float | None]
    bits_per_dim: NotRequired[float | None]
    error: NotRequired[str]


# By a call, for "as" is no name that a class can have.
ScoreMessage = TypedDict(
    "ScoreMessage",
    {
        "run": int,
        "state": Literal["waiting", "running", "done", "stopped", "failed"],
        "as": str,
        "note": NotRequired[str],
        "total": NotRequired[int],
        "start": NotRequired[int],
        "rows": NotRequired[list[ScoreRow]],
    },
)
"""Rows from number ``start`` on, of ``total``, of one run.

What the pictures were judged ``as``; a ``note`` to the user, if there is one. Messages may come twice, or not at all,
as long as the last of a run holds every row; those of an older run are ignored.
"""
