"""The line that says what a model is."""

from dataclasses import replace

import pytest

import gm_core
from demo.shared.model_line import figure_line
from gm_core import Metric


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnist-pixelcnn", "0.776 bits/dim on 10,000 test digits"),
        ("cifar10-pixelcnnpp", "3.380 bits/dim on the first 1,000 test photographs"),
    ],
)
def test_a_likelihood_says_on_what_it_was_measured_and_how(name: str, words: str) -> None:
    line = figure_line(gm_core.read_card(name))
    assert f">{words}<" in line and "label &quot;any class&quot;" in line


def test_a_protocol_that_gives_no_number_is_shown_as_it_is() -> None:
    card = replace(gm_core.read_card("mnist-pixelcnn"), metrics=[Metric("bits_per_dim", 0.5, "bits/dim", "a <guess>")])
    assert ">0.500 bits/dim on test digits (a &lt;guess&gt;)<" in figure_line(card)
