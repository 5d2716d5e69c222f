"""What a link to the Walk tab asks for, read: the usual where it asks for nothing, or for what is not there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast, get_args

from demo.base.checks import read_seed
from demo.base.errors import InputError
from demo.shell.address import Asked
from demo.walk.codes import decode_point
from demo.walk.ends import FIRST_SEEDS, Ends, Point, Seed
from demo.walk.map import Region
from demo.walk.spaces import Spaces
from demo.widgets.latent_sliders import Place

EXTRA = ("z", "za", "zb", "edited", "shown", "point", "line", "way", "at")
"""What the widgets keep in the address themselves: where the sliders stand, ends that no seed says, how the example was
edited, and in the browser alone what is shown of every pixel, the map's point and path, and which way and its place."""

T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """What is asked for.

    Attributes:
        space: The latent space, by its model's name.
        place: Where its sliders stand, if not where they begin.
        seeds: Of A and B, where that is what they are.
        ends: A and B, where they are not the usual.
        edited: How far the example is moved along each direction, if it is.
        seed: Of the random points beside the autoencoder; ``None`` for the usual one.
        region: Where these come from; ``None`` for the usual.
        wrong: Names of fields that ask for what is not there.
    """

    space: str
    place: Place | None
    seeds: dict[str, int | None]
    ends: Ends
    edited: list[float] | None
    seed: int | None
    region: Region | None
    wrong: list[str]


def read_link(spaces: Spaces, asked: Asked, space: str) -> Link:
    """Read a link.

    Args:
        spaces: The latent spaces.
        asked: What the address says, by the names of its fields.
        space: The latent space where none is asked for.
    """
    wrong: list[str] = []

    def read(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(asked[name]) if asked.get(name) else None
        except (InputError, ValueError):
            wrong.append(name)
            return None

    name = read("space", spaces.check_name) or space
    seeds: dict[str, int | None] = {}
    ends: Ends = {}
    for end, usual in FIRST_SEEDS.items():
        z = read(f"z{end.lower()}", lambda code: decode_point(code, spaces.dimensions[name]))
        seed = read(end.lower(), _seed)
        if z is not None:
            seeds[end] = None
            ends[name] = ends.get(name, {}) | {end: Point(z, "the point of this link")}
            continue
        seeds[end] = usual if seed is None else seed
        if seeds[end] != usual:
            for one in spaces.cards:
                ends[one] = ends.get(one, {}) | {end: Seed(cast(int, seed))}
    return Link(
        space=name,
        place=read("z", lambda code: spaces.decode(name, code)),
        seeds=seeds,
        ends=ends,
        edited=read("edited", lambda code: spaces.decode_changes(name, code)),
        seed=read("seed", _seed),
        region=read("from", _region),
        wrong=wrong,
    )


def _seed(text: str) -> int:
    return read_seed(int(text))


def _region(text: str) -> Region:
    for region in get_args(Region):
        if region == text:
            return cast(Region, region)
    raise InputError(f"Random points come from {' or '.join(get_args(Region))}.")
