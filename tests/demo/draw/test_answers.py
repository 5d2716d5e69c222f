"""What the Draw tab's canvas can ask: answers are the model's numbers, bad questions get a sentence."""

import base64
import io
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from demo.base.errors import answer_errors
from demo.draw.answers import ANY, Answers
from demo.draw.drawings import NAME, PICTURES
from demo.draw.handlers import FIRST_SEED, LINK, DrawHandlers, DrawingSession
from demo.shared.models import Models

INDEX = 14 * 28 + 14
ORIGINAL = "mnist-pixelcnn-original"


@pytest.fixture(scope="module")
def answers() -> Answers:
    models = Models.on("cpu")
    return Answers(models, {card.name: card for card in models.autoregressives()})


@pytest.fixture(scope="module")
def model(answers) -> gm_core.Autoregressive:
    return answers.models.autoregressive(NAME)


@pytest.fixture(scope="module")
def image(model) -> torch.Tensor:
    return model.sample(1, None, torch.Generator().manual_seed(3))


def ask(answers, name, image, **changes):
    functions = answers.functions()
    values = image.flatten().tolist()
    question = {"model": NAME, "values": values, "index": INDEX, "label": ANY, "temperature": 1, "other": None}
    return answer_errors(functions[name])(question | {"pictures": [values]} | changes)


def test_a_pixel_is_explained_by_the_models_own_distribution(answers, model, image):
    answer = ask(answers, "explain", image, label="3", other=ANY, temperature=0.5)
    with torch.inference_mode():
        own = model.distribution(image, torch.tensor([3])).logits.flatten(0, -2)[INDEX]
        other = model.distribution(image).probs.flatten(0, -2)[INDEX]
    torch.testing.assert_close(torch.tensor(answer["p"]), own.exp(), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(torch.tensor(answer["other"]["p"]), other, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(torch.tensor(answer["drawn_from"]), (own / 0.5).softmax(0), atol=1e-6, rtol=1e-4)
    assert sum(answer["p"]) == pytest.approx(1, abs=2e-4)
    assert answer["entropy"] == pytest.approx(-(own.exp() * own).sum().item(), abs=1e-4)


def test_without_wishes_there_is_only_the_pixels_own_distribution(answers, image):
    answer = ask(answers, "explain", image)
    assert answer["other"] is None and answer["drawn_from"] is None


def test_what_is_not_drawn_yet_changes_no_answer(answers, image):
    begun = image.clone()
    begun.view(-1)[INDEX + 1 :] = 0
    assert ask(answers, "explain", begun)["p"] == pytest.approx(ask(answers, "explain", image)["p"], abs=2e-6)
    assert ask(answers, "depends", begun)["strength"] == pytest.approx(ask(answers, "depends", image)["strength"])


def test_it_depends_on_the_earlier_pixels_as_the_gradient_says(answers, model, image):
    strength = torch.tensor(ask(answers, "depends", image, label="3")["strength"])
    exact = gm_core.influence(model, image, INDEX, 3).flatten()[:INDEX]
    torch.testing.assert_close(strength, exact, rtol=1e-3, atol=0)


def test_two_models_see_different_pixels_and_the_original_has_a_blind_spot(answers, image):
    answer = ask(answers, "depends", image, rival=ORIGINAL)
    swapped = ask(answers, "depends", image, model=ORIGINAL, rival=NAME)
    assert (answer["strength"], answer["rival"]) == (swapped["rival"], swapped["strength"])
    residual, masked = (np.array(answer[key]).reshape(-1) > 0 for key in ("strength", "rival"))
    row, column = divmod(INDEX, 28)
    right_above = (row - 1) * 28 + column + 6  # within reach of either, but in the wedge
    assert residual[right_above] and not masked[right_above]
    assert masked[INDEX - 1] and masked[(row - 1) * 28 + column]


def test_the_animation_of_a_sheet_holds_all_its_pictures(answers, image):
    values = image.flatten().tolist()
    answer = ask(answers, "record", image, pictures=[values, [0] * 784, values, values])
    animation = Image.open(io.BytesIO(base64.b64decode(answer["gif"])))
    assert animation.size == (5 * 58, 5 * 58)


@pytest.mark.parametrize("pictures", [None, [], 3, [[0] * 784] * 17, [[0] * 783], ["x"]])
def test_a_animation_of_no_picture_is_refused(answers, image, pictures):
    assert "must be" in ask(answers, "record", image, pictures=pictures)["error"]


def test_the_animation_ends_with_the_picture(answers, image):
    animation = Image.open(io.BytesIO(base64.b64decode(ask(answers, "record", image)["gif"])))
    assert 20 < animation.n_frames < 80
    animation.seek(animation.n_frames - 1)
    shown = np.asarray(animation.convert("L"))[5::10, 5::10]
    assert np.abs(shown.astype(int) - image[0, 0].numpy()).max() <= 1  # the palette of a GIF holds 256 colours


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": None}, "784 whole numbers from 0 to 255"),
        ({"values": [0] * 783}, "784 whole numbers"),
        ({"values": [0] * 783 + [256]}, "784 whole numbers"),
        ({"values": [0] * 783 + [True]}, "784 whole numbers"),
        ({"values": [[0]] * 784}, "784 whole numbers"),
        ({"index": 784}, "pixel must be a whole number from 0 to 783"),
        ({"index": -1}, "pixel must be"),
        ({"index": 1.5}, "pixel must be"),
        ({"index": None}, "pixel must be"),
        ({"temperature": 0}, "temperature must be a number from 0.1 to 2"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"label": "10"}, "class must be one of any, 0"),
        ({"label": None}, "class must be one of"),
        ({"other": ["3"]}, "class must be one of"),
        ({"model": "mnist-vae"}, "model must be one of mnist-pixelcnn, "),
        ({"model": ["x"]}, "model must be one of"),
        ({"rival": "x"}, "model must be one of"),
    ],
)
@pytest.mark.parametrize("name", ["explain", "depends"])
def test_a_bad_question_gets_one_sentence(answers, image, name, changes, message):
    assert message in ask(answers, name, image, **changes)["error"]


@pytest.mark.parametrize("question", [None, [], "x", 3])
def test_a_question_of_another_kind(answers, question):
    for function in answers.functions().values():
        assert answer_errors(function)(question) == {"error": "A question must be an object."}


@pytest.mark.parametrize(
    ("query", "values", "warnings"),
    [
        ({}, [ANY, 1.0, FIRST_SEED, "1", NAME], []),
        ({"class": "3", "seed": "42", "temperature": "0.7", "__theme": "dark"}, ["3", 0.7, 42, "1", NAME], []),
        (
            {"class": "<b>", "seed": "1e9", "temperature": "hot"},
            [ANY, 1.0, FIRST_SEED, "1", NAME],
            ["class", "0.1 to 2", "seed"],
        ),
        ({"temperature": "nan", "seed": "8"}, ["any", 1.0, 8, "1", NAME], ["0.1 to 2"]),
        ({"pictures": "4", "model": ORIGINAL}, [ANY, 1.0, FIRST_SEED, "4", ORIGINAL], []),
        ({"given": "x" * 1172}, [ANY, 1.0, FIRST_SEED, "1", NAME], ["damaged"]),
        ({"given": "<b>"}, [ANY, 1.0, FIRST_SEED, "1", NAME], ["damaged"]),
        ({"pictures": "5", "model": "x"}, [ANY, 1.0, FIRST_SEED, "1", NAME], ["pictures", "model"]),
    ],
)
def test_a_link_sets_the_fields_and_says_what_is_wrong_with_it(query, values, warnings, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("gradio.Warning", said.append)
    session = DrawingSession()
    updates = DrawHandlers(Models.on("cpu")).restore(query, session)
    for update, value, key in zip(updates, values, LINK, strict=False):
        asked = key in query or (key == "class" and "model" in query)  # another model may have other classes
        assert update.get("value") == (value if asked else None)
    if "model" in query:
        assert values[4] in updates[-2] and "3" in updates[0]["choices"]
    assert len(said) == bool(warnings)  # one notice for all
    assert all(part in said[0] for part in warnings)
    assert not any("<" in text for text in said)
    assert session.start is None


def test_a_link_carries_what_is_given():
    values = torch.arange(784).remainder(256).to(torch.uint8).view(1, 1, 28, 28)
    keep = torch.arange(784).remainder(3).eq(0).view(1, 1, 28, 28)
    packed = bytes(values.flatten().tolist()) + np.packbits(keep.flatten().numpy()).tobytes()
    session, text = DrawingSession(), base64.urlsafe_b64encode(packed).decode()
    DrawHandlers(Models.on("cpu")).restore({"given": text}, session)
    assert session.start is not None
    assert torch.equal(session.start.values, values) and torch.equal(session.start.keep, keep)


@pytest.mark.parametrize(
    ("messages_read", "query", "draws"),
    [
        (0, {}, True),
        (1, {}, True),  # the queue ends an older drawing for a newer one: then this is the only one
        (None, {}, False),
        (None, {"__theme": "dark"}, False),
        (None, {"seed": "4"}, True),
    ],
)
def test_the_drawing_of_an_opening_page_does_not_overtake_what_the_visitor_has_got_meanwhile(
    messages_read, query, draws
):
    session, handlers = DrawingSession(), DrawHandlers(Models.on("cpu"))
    order = ANY, 1.0, 4, PICTURES[0], NAME, 1.0
    list(islice(handlers.draw(*order, session), messages_read))
    messages = list(handlers.draw_first(*order, session, SimpleNamespace(query_params=query)))
    assert bool(messages) == draws


def test_the_drawing_of_an_opening_page_leaves_a_picture_from_another_tab_to_the_model_that_takes_it():
    session, handlers = DrawingSession(), DrawHandlers(Models.on("cpu"))
    size = {"channels": 3, "height": 32, "width": 32}
    colour = {"pixels": [7] * 3072, **size, "dataset": "cifar10"}
    model, *_ = handlers.bring(colour, NAME, ANY, PICTURES[0], 4, session)
    order = ANY, 1.0, 4, PICTURES[0], NAME, 1.0
    assert not list(handlers.draw_first(*order, session, SimpleNamespace(query_params={})))
    assert session.start is not None
    message = next(iter(handlers.draw(*order[:4], model, 1.0, session)))
    assert message["start"] is not None
