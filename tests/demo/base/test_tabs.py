"""A part of the page that is opened is filled once, or says what is missing."""

import logging

import gradio as gr
import pytest

from demo.base.errors import InputError
from demo.base.tabs import OPENED, guard
from gm_core import CheckpointError


@pytest.fixture
def notice() -> gr.HTML:
    return gr.HTML()


def missing() -> str:
    raise CheckpointError("weights of 'x' are missing; restore them from the repository")


def refused():
    yield "a first value"
    raise InputError("the seed is wrong.")


def test_values_follow_the_notice(notice: gr.HTML) -> None:
    assert guard(lambda: "one", notice, 1)() == (OPENED, "one")
    assert guard(lambda: ("one", "two"), notice, 2)() == (OPENED, "one", "two")
    assert guard(lambda: {"a": 1}, notice, 1)() == (OPENED, {"a": 1})
    assert guard(lambda: {notice: "", gr.HTML(): "one"}, notice, 2)()[notice] == ""
    html, tabs = gr.HTML(), gr.Tabs()  # which is no component to Gradio
    assert guard(lambda: {html: "one", tabs: "two"}, notice, 2)() == {notice: OPENED, html: "one", tabs: "two"}


def test_what_is_missing_is_said_in_its_place_and_logged(notice: gr.HTML, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        said, *others = guard(missing, notice, 2)()
    assert "Weights of &#x27;x&#x27; are missing; restore them from the repository." in said
    assert others == [gr.skip()] * 2
    assert "restore them" in caplog.text


def test_a_generator_says_what_went_wrong_after_its_values(notice: gr.HTML) -> None:
    first, (said, _) = guard(refused, notice, 1)()
    assert first == (OPENED, "a first value") and "The seed is wrong." in said
