"""What the two ends of a way through latent space may be."""

from dataclasses import dataclass

from demo.shared.picture_input import UserPicture

FIRST_SEEDS, FIRST_CODES = {"A": 155, "B": 65}, {"A": 25, "B": 54}
"""Seeds of the ends on arrival; in a wide space, numbers of held-out pictures."""


@dataclass(frozen=True)
class Point:
    """An end that is a point of one latent space.

    Attributes:
        z: Its coordinates.
        what: Where it comes from, in words.
    """

    z: list[float]
    what: str


@dataclass(frozen=True)
class Seed:
    """An end that is a random point, in every latent space another."""

    seed: int


End = Point | Seed | UserPicture
"""An end of a way; of a picture, the point is its code, computed when a latent space needs it."""

Ends = dict[str, dict[str, End]]
"""By model and by A or B, what the user has chosen; what is there on arrival where nothing is."""
