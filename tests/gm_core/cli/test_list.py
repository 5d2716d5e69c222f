"""The shell lists the checkpoints."""

import json

import gm_core


def test_list_names_every_checkpoint(cli):
    code, out, _ = cli("list", "--json")
    assert code == 0
    cards = json.loads(out)
    assert [card["name"] for card in cards] == [card.name for card in gm_core.available()]
    assert {"family", "config", "dataset", "split", "recipe", "cost", "metrics", "sha256"} <= set(cards[0])
    code, out, _ = cli("list")
    assert [line.split()[0] for line in out.splitlines()] == [card["name"] for card in cards]


def test_list_gives_a_line_with_the_first_figure_to_each_model(cli, untrained):
    code, out, err = cli("list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.stem for path in untrained.glob("*.json"))
    assert all("1.5 bits/dim" in line and line.endswith("A test's own.") for line in lines)
