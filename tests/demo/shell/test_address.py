"""A tab's part of the page's address."""

from types import SimpleNamespace

import gradio as gr

from demo.base.tabs import Opening
from demo.shell.address import Address


def build(with_opening: bool) -> tuple[Address, list, list]:
    asked: list = []
    with gr.Blocks():
        opening = Opening() if with_opening else None
        seed = gr.Number(4)
        address = Address("draw", {"seed": seed}, extra=["given"])
        events = address.restore(lambda values: asked.append(values), [], [seed], opening)
    return address, events, asked


def test_what_is_asked_is_texts_of_the_tabs_own_fields() -> None:
    address, _, _ = build(with_opening=False)
    assert address.read({"seed": "5", "given": "", "model": "x"}) == {"seed": "5", "given": ""}
    assert address.read({"seed": 5}) == {} == address.read(["seed"]) == address.read(None)


def test_with_an_opening_the_tab_is_restored_when_it_is_opened_too() -> None:
    assert len(build(with_opening=False)[1]) == 1
    assert len(build(with_opening=True)[1]) == 2


def test_the_address_of_another_tab_asks_nothing_of_this_one() -> None:
    address, _, asked = build(with_opening=True)
    assert address._anchor.props["reads"] is True and address._anchor.props["defaults"] == {"seed": 4, "given": ""}
    for query in ({"tab": "walk", "seed": "5"}, {"tab": "draw", "seed": "5"}, {"seed": "5"}):
        address.on_opening(lambda values: asked.append(values))(SimpleNamespace(query_params=query))  # type: ignore[arg-type]
    assert asked == [{}, {"seed": "5"}, {"seed": "5"}]
