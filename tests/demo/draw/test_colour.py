"""The Draw tab in colour: what it sends and answers is what a model of three channels computes."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from demo.base.errors import answer_errors
from demo.draw import drawings as drawings_module
from demo.draw.answers import ANY, Answers
from demo.draw.drawings import EACH, DrawRequest
from demo.draw.handlers import DrawHandlers, DrawingSession
from demo.draw.starts import Start, read_link
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from tests.demo.colour_model import CLASSES, NAME, SIDE, make_checkpoints

SIZE = SIDE * SIDE
INDEX = 3 * SIDE + 4


@pytest.fixture(scope="module", autouse=True)
def checkpoints(tmp_path_factory):
    directory = tmp_path_factory.mktemp("checkpoints")
    make_checkpoints(directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(directory))
        yield


@pytest.fixture(scope="module")
def tab(checkpoints) -> DrawHandlers:
    return DrawHandlers(Models.on("cpu"))


@pytest.fixture(scope="module")
def model(tab) -> gm_core.Autoregressive:
    return tab.models.autoregressive(NAME)


@pytest.fixture(scope="module")
def image(model) -> torch.Tensor:
    return model.sample(1, None, torch.Generator().manual_seed(7))


def flat(image: torch.Tensor) -> list[int]:
    """As messages hold it: all channels of a pixel together."""
    return image.movedim(1, -1).flatten().tolist()


def order(**changes):
    return {"label": ANY, "temperature": 1.0, "seed": 7, "pictures": "1", "model": NAME, "start": None} | changes


def ask(tab, name, image, **changes):
    functions = Answers(tab.models, tab.drawings.cards).functions()
    question = {"model": NAME, "values": flat(image), "index": INDEX, "label": ANY, "temperature": 1, "other": None}
    return answer_errors(functions[name])(question | {"pictures": [flat(image)]} | changes)


def test_photographs_are_offered_and_backgrounds_are_not(tab):
    assert list(tab.drawings.cards) == ["mnist-pixelcnn", NAME]
    card = tab.drawings.cards[NAME]
    assert {"name": NAME, "subject": "Photographs", "title": "PixelCNN++"} in tab.options
    line = figure_line(card)
    assert "CIFAR-10 for 1,234 steps, 2.5 hours on one CPU thread · " in line and ">3.210 bits/dim on " in line


def test_messages_hold_the_picture_and_numbers_a_pixel(tab, model, image, monkeypatch):
    monkeypatch.setattr(drawings_module, "MESSAGE_SECONDS", 0.0)
    *parts, last = tab.drawings.messages(DrawRequest(ANY, 1.0, 7, "1", NAME), None, 1)
    assert last["channels"] == 3 and last["subject"] == ["photograph", "photographs"]
    assert last["values"] == [flat(image)] == [[value for part in parts for value in part["values"][0]]]
    assert [part["index"] for part in parts] == list(range(0, SIZE, SIDE))
    surprise, entropy, _ = model.surprise(image)
    torch.testing.assert_close(torch.tensor(last["log_prob"][0]), -surprise.sum(dim=1).flatten(), atol=1e-3, rtol=0)
    torch.testing.assert_close(torch.tensor(last["entropy"][0]), entropy.sum(dim=1).flatten(), atol=1e-3, rtol=0)
    assert last["done"]["log_prob"] == pytest.approx([model.log_prob(image).item()], abs=1e-2)
    assert last["done"]["share"] is None and last["done"]["usual"] == 3.21
    assert len(json.dumps(last)) < 50 * SIZE


def test_one_of_each_class(tab, model):
    message = tab.drawings.redraw(order(pictures=EACH))
    assert message["labels"] == CLASSES
    expected = model.sample(1, torch.tensor([2]), torch.Generator().manual_seed(7))
    assert message["values"][2] == flat(expected)


def test_given_pixels_stay_with_all_their_channels(tab, image):
    keep = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.bool)
    keep[..., : SIDE // 2] = True
    start = Start(image, keep)
    message = tab.drawings.redraw(order(seed=8, pictures="4", start=start.message()))
    drawn = torch.tensor(message["values"]).view(4, SIDE, SIDE, 3).movedim(-1, 1)
    assert torch.equal(drawn[..., : SIDE // 2], image[..., : SIDE // 2].expand(4, -1, -1, -1).long())
    assert len({tuple(values) for values in message["values"]}) == 4
    assert message["start"] == start.message()


def test_a_link_carries_a_colour_picture(model, image):
    keep = torch.arange(SIZE).remainder(3).eq(0).view(1, 1, SIDE, SIDE)
    packed = bytes(flat(image)) + np.packbits(keep.flatten().numpy()).tobytes()
    start = read_link(base64.urlsafe_b64encode(packed).decode(), model)
    assert torch.equal(start.values, image) and torch.equal(start.keep, keep)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"values": [0] * SIZE, "keep": "1" * SIZE}, f"must be {3 * SIZE} whole numbers"),
        ({"values": [0] * 3 * SIZE, "keep": "1" * 3 * SIZE}, f"must be {SIZE} ones and zeros"),
        ({"values": [256] * 3 * SIZE, "keep": "1" * SIZE}, "from 0 to 255"),
    ],
)
def test_a_start_of_another_size_is_refused_in_words(tab, start, message):
    assert message in answer_errors(tab.drawings.redraw)(order(start=start))["error"]


def test_another_kind_of_model_begins_without_the_start(tab, image):
    session = DrawingSession()
    tab.set_start({"start": Start.upper_half(image).message(), "number": 1}, NAME, session)
    (*_, last) = tab.draw(ANY, 1.0, 7, "1", NAME, 1.0, session)
    assert last["start"] is not None
    (*_, last) = tab.draw(ANY, 1.0, 7, "1", "mnist-pixelcnn", 1.0, session)
    assert last["start"] is None and last["channels"] == 1 and session.start is None


def test_an_upload_is_cropped_to_its_middle_square_and_stays_in_colour(tab, tmp_path):
    colors = np.random.default_rng(0).integers(256, size=(SIDE, SIDE, 3), dtype=np.uint8)
    wide = np.zeros((SIDE, 2 * SIDE, 3), np.uint8)
    wide[:, SIDE // 2 : -SIDE // 2] = colors
    Image.fromarray(wide).save(tmp_path / "wide.png")
    session = DrawingSession()
    tab.upload(str(tmp_path / "wide.png"), NAME, session)
    assert session.start is not None and session.start.fits(tab.models.autoregressive(NAME))
    assert flat(session.start.values) == colors.flatten().tolist()
    assert session.start.keep.flatten().tolist() == [True] * (SIZE // 2) + [False] * (SIZE // 2)


def test_a_pixel_is_explained_channel_by_channel(tab, model, image):
    answer = ask(tab, "explain", image, label="bird", other=ANY, temperature=0.5)
    own = model.distribution(image, torch.tensor([2])).logits[0].flatten(1, 2)[:, INDEX]
    other = model.distribution(image).probs[0].flatten(1, 2)[:, INDEX]
    value = image[0].flatten(1)[:, INDEX]
    assert len(answer["channels"]) == 3
    for channel, found in enumerate(answer["channels"]):
        log_p = own[channel]
        torch.testing.assert_close(torch.tensor(found["p"]), log_p.exp(), atol=2e-6, rtol=1e-3)
        torch.testing.assert_close(torch.tensor(found["other"]["p"]), other[channel], atol=2e-6, rtol=1e-3)
        drawn_from = (log_p / 0.5).softmax(0)
        torch.testing.assert_close(torch.tensor(found["drawn_from"]), drawn_from, atol=2e-6, rtol=1e-3)
        assert found["log_prob"] == pytest.approx(log_p[int(value[channel])].item(), abs=1e-3)
        assert found["entropy"] == pytest.approx(-(log_p.exp() * log_p).sum().item(), abs=1e-3)


def test_what_a_pixel_hangs_on(tab, model, image):
    strength = torch.tensor(ask(tab, "depends", image)["strength"])
    exact = gm_core.influence(model, image, INDEX).flatten()
    torch.testing.assert_close(strength, exact[:INDEX], rtol=1e-3, atol=0)
    assert (strength > 0).all()


def test_the_animation_is_in_colour(tab, image):
    animation = Image.open(io.BytesIO(base64.b64decode(ask(tab, "record", image)["gif"])))
    animation.seek(animation.n_frames - 1)
    shown = np.asarray(animation.convert("RGB"))[5::10, 5::10].astype(int)
    assert np.abs(shown - image[0].movedim(0, -1).numpy()).max() <= 1


def test_models_of_other_sizes_are_not_compared(tab, image):
    assert "same size and levels" in ask(tab, "depends", image, rival="mnist-pixelcnn")["error"]
    assert f"0 to {SIZE - 1}" in ask(tab, "explain", image, index=SIZE)["error"]
