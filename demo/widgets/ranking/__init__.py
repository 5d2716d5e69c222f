"""Pictures in line, most likely first, that change places when they are ranked by something else."""

from typing import NotRequired, TypedDict

from demo.widgets.base import Widget


class Rank(TypedDict):
    """Where a picture stands in one ranking: ``place`` 0 is first, ``bar`` is a length from 0 to 1."""

    place: int
    bar: float
    number: str
    words: str
    verdict: NotRequired[str]


class RankedPicture(TypedDict):
    """A picture, its address, and its place in every ranking."""

    name: str
    kind: str
    url: str
    ways: dict[str, Rank]


class RankingRule(TypedDict):
    """A way to rank: its title, what it shows (HTML), and what its bars measure."""

    title: str
    says: str
    scale: str


class RankedLineUp(TypedDict):
    """Pictures in line, and the ways to rank them."""

    key: str
    title: str
    ways: dict[str, RankingRule]
    pictures: list[RankedPicture]
    about: str


class RankingValue(TypedDict):
    """A value of :class:`Ranking`."""

    lineups: list[RankedLineUp]
    about: str


class Ranking(Widget):
    """Line-ups of pictures, each with a switch between two ways to rank it; switching asks no server.

    Its value is a :class:`RankingValue`.
    """

    about = "JSON: line-ups of pictures, with their places by each way to rank"
