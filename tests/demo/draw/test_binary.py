"""The Draw tab in black and white: a model of two levels beside those of 256."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from demo.base.errors import answer_errors
from demo.draw.answers import ANY, Answers
from demo.draw.handlers import DrawHandlers, DrawingSession
from demo.draw.starts import Start
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from gm_core import in_levels, prepare
from gm_core.rendering import visible

GREY, BINARY = "mnist-pixelcnn", "mnist-binary-pixelcnn"


@pytest.fixture(scope="module")
def tab() -> DrawHandlers:
    return DrawHandlers(Models.on("cpu"))


@pytest.fixture(scope="module")
def image(tab) -> torch.Tensor:
    return tab.models.autoregressive(BINARY).sample(1, None, torch.Generator().manual_seed(7))


def ask(tab, name, image, **changes):
    functions = Answers(tab.models, tab.drawings.cards).functions()
    values = image.flatten().tolist()
    question = {"model": BINARY, "values": values, "index": 400, "label": ANY, "temperature": 1, "other": None}
    return answer_errors(functions[name])(question | {"pictures": [values]} | changes)


def drawn(tab, model, session):
    (*_, last) = tab.draw(ANY, 1.0, 7, "1", model, 1.0, session)
    return last


def test_it_is_offered_among_the_digits_with_its_figure_in_nats(tab):
    names = list(tab.drawings.cards)
    assert names.index(GREY) < names.index(BINARY) < names.index("fashion-pixelcnn")
    card = tab.drawings.cards[BINARY]
    assert {"name": BINARY, "subject": "Digits in black and white", "title": "residual PixelCNN"} in tab.options
    nats = -card.metric("log_prob").value
    line = figure_line(card)
    assert f">{nats:.1f} nats on 10,000 test digits in black and white<" in line and 'title="exact, 2 levels' in line


def test_what_is_drawn_are_the_models_zeros_and_ones(tab, image):
    message = drawn(tab, BINARY, DrawingSession())
    assert message["levels"] == 2 and message["subject"][1] == "digits in black and white"
    assert message["values"][0] == image.flatten().tolist() and set(message["values"][0]) == {0, 1}
    assert max(message["entropy"][0]) <= 0.6932  # log 2


def test_a_pixel_has_a_distribution_of_two(tab, image):
    answer = ask(tab, "explain", image)
    assert len(answer["p"]) == 2 and sum(answer["p"]) == pytest.approx(1, abs=1e-5)


def test_an_uploaded_picture_is_brought_to_black_and_white(tab, tmp_path):
    grey = Image.fromarray(np.tile(np.arange(28, dtype=np.uint8) * 9, (28, 1)))
    grey.save(tmp_path / "ramp.png")
    session = DrawingSession()
    tab.upload(str(tmp_path / "ramp.png"), BINARY, session)
    message = drawn(tab, BINARY, session)
    whole = prepare(grey).image
    assert message["values"][0][:392] == (whole >= 128).flatten()[:392].tolist()
    assert torch.equal(in_levels(whole, 256), whole)


def test_a_start_of_other_levels_is_not_taken_along(tab, image):
    session = DrawingSession()
    session.start = Start.upper_half(torch.full((1, 1, 28, 28), 1, dtype=torch.uint8))  # all but black
    assert drawn(tab, BINARY, session)["start"] is None and session.start is None
    session.start = Start.upper_half(image, 2)
    assert drawn(tab, GREY, session)["start"] is None and session.start is None


def test_models_of_other_levels_are_not_compared(tab, image):
    assert "same size and levels" in ask(tab, "depends", image, rival=GREY)["error"]


def test_the_animation_shows_ink_as_white(tab, image):
    animation = Image.open(io.BytesIO(base64.b64decode(ask(tab, "record", image)["gif"])))
    animation.seek(animation.n_frames - 1)
    shown = np.asarray(animation.convert("L"))[5::10, 5::10]
    assert np.array_equal(shown, visible(image, 2)[0, 0].numpy()) and shown.max() == 255
