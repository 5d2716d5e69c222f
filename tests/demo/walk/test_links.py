"""What a link to the Walk tab says is what is shown, and what is damaged costs only itself."""

import pytest

from demo.base.errors import InputError
from demo.shared.models import Models
from demo.walk import latent
from demo.walk.codes import decode_point, encode_point
from demo.walk.ends import FIRST_SEEDS, Point, Seed
from demo.walk.links import read_link
from demo.walk.spaces import Spaces

NAME = "mnist-vae"


@pytest.fixture(scope="module")
def spaces() -> Spaces:
    return Spaces(Models.on("cpu"))


def test_a_point_comes_back_as_it_is_on_the_screen() -> None:
    z = [0.0, 1.234567, -3.0, latent.FAR, -latent.FAR]
    again = decode_point(encode_point(z), len(z))
    assert again == pytest.approx(z, abs=1 / 1600)
    assert encode_point(again) == encode_point(z)  # a link to what a link shows is the same link


@pytest.mark.parametrize("code", ["", "AAA", "AAAAAAAA", "!!!!", "AA==", "é", "A" * 10_000])
def test_a_damaged_point_is_one_clear_message(code: str) -> None:
    with pytest.raises(InputError, match="damaged"):
        decode_point(code, 2)


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-vae2d", "fashion-vae", "cifar10-vae"])
def test_sliders_come_back_in_every_latent_space(spaces: Spaces, name: str) -> None:
    place = spaces.first_place(name)
    place["at"] = [0.5 * (-1) ** nth for nth in range(len(place["at"]))]
    code = encode_point((place["base"] if spaces.is_wide(name) else []) + place["at"])
    link = read_link(spaces, {"space": name, "z": code}, NAME)
    assert link.space == name and link.place is not None and not link.wrong
    assert link.place["at"] == place["at"] and link.place["axes"] == place["axes"]
    assert link.place["base"] == pytest.approx(place["base"], abs=1 / 1599)
    assert link.place["home"] == spaces.first_place(name)["home"] != code


def test_a_link_that_asks_for_nothing_is_the_usual(spaces: Spaces) -> None:
    link = read_link(spaces, {"z": "", "a": "", "za": ""}, "fashion-vae")
    assert (link.space, link.place, link.ends, link.wrong) == ("fashion-vae", None, {}, [])
    assert link.seeds == FIRST_SEEDS


def test_an_end_is_a_seed_in_every_space_and_a_point_in_one(spaces: Spaces) -> None:
    code = encode_point([1.0, -1.0])
    link = read_link(spaces, {"space": "mnist-vae2d", "a": "3", "b": "", "zb": code}, NAME)
    assert {ends["A"] for ends in link.ends.values()} == {Seed(3)} and link.ends.keys() == spaces.cards.keys()
    point = link.ends["mnist-vae2d"]["B"]
    assert isinstance(point, Point) and point.z == [1.0, -1.0]
    assert "B" not in link.ends[NAME] and link.seeds == {"A": 3, "B": None}


def test_what_is_wrong_costs_only_itself(spaces: Spaces) -> None:
    asked = {"space": "x", "z": "AAAA", "za": "?", "a": "1e5", "b": "7", "seed": "-1", "from": "far"}
    link = read_link(spaces, asked, NAME)
    assert link.wrong == ["space", "za", "a", "z", "seed", "from"]
    assert link.space == NAME and link.seeds == {"A": FIRST_SEEDS["A"], "B": 7}
