"""The Draw tab's endpoint: what it sends is what the model computes."""

import json
import shutil
from typing import Any

import gradio as gr
import pytest
import torch
from gradio_client import Client
from gradio_client.client import Job
from PIL import Image

import gm_core
from demo.base.errors import answer_errors
from demo.draw import drawings as drawings_module
from demo.draw.answers import ANY
from demo.draw.drawings import EACH, NAME, PICTURES, Drawings
from demo.draw.handlers import DrawHandlers, DrawingSession
from demo.draw.starts import Start
from demo.draw.tab import build
from demo.shared.models import Models

Message = dict[str, Any]

GATED = "mnist-pixelcnn-gated"


@pytest.fixture(scope="module")
def tab() -> DrawHandlers:
    return DrawHandlers(Models.on("cpu"))


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def drawings(tab: DrawHandlers) -> Drawings:
    return tab.drawings


@pytest.fixture(scope="module")
def model(tab: DrawHandlers) -> gm_core.Autoregressive:
    return tab.models.autoregressive(NAME)


def drawn(client: Client, label: str, temperature: object, seed: object, *more: object) -> list[Message]:
    job = client.submit(label, temperature, seed, *more, api_name="/draw")
    return messages(job)


def messages(job: Job, seconds: float = 60) -> list[Message]:
    job.result(timeout=seconds)
    return [json.loads(text) for text in job.outputs()]


def labels(tab: DrawHandlers, label: str) -> torch.Tensor | None:
    return None if label == ANY else torch.tensor([tab.drawings.cards[NAME].class_names.index(label)])


@pytest.mark.parametrize(("label", "temperature"), [(ANY, 1.0), ("3", 0.7)])
def test_messages_hold_the_picture_of_the_seed_and_its_exact_log_probability(
    client, tab, model, label, temperature, monkeypatch
):
    monkeypatch.setattr(drawings_module, "MESSAGE_SECONDS", 0.0)  # a row a message, however fast the machine
    *parts, last = drawn(client, label, temperature, 7)
    image = model.sample(1, labels(tab, label), torch.Generator().manual_seed(7), temperature)

    assert [part["index"] for part in parts] == list(range(0, image.numel(), image.shape[-1]))
    values = [value for part in parts for value in part["values"][0]]
    assert last["values"] == [image.flatten().tolist()] == [values]
    assert len({message["run"] for message in [*parts, last]}) == 1
    with torch.inference_mode():
        exact = model.pixel_log_prob(image, labels(tab, label)).flatten()
        untold = model.log_prob(image).item()
    begun = sum(sum(part["log_prob"][0]) for part in parts)
    assert begun == pytest.approx(exact.sum().item(), abs=1e-2)
    assert sum(last["log_prob"][0]) == pytest.approx(exact.sum().item(), abs=1e-2)
    assert last["done"]["log_prob"] == pytest.approx([untold], abs=1e-2)
    assert (last["done"]["share"], last["done"]["of"]) == (None, None)  # it is not the density that judges digits
    assert last["done"]["usual"] == tab.drawings.cards[NAME].metric("bits_per_dim").value
    assert last["seconds"] > 0
    assert not any("done" in part for part in parts)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(client):
    first, again, other = (drawn(client, "any", 1.0, seed)[-1] for seed in (11, 11, 12))
    assert first["values"] == again["values"] != other["values"]
    assert first["run"] < again["run"] < other["run"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((ANY, 0, 7), "temperature must be a number from 0.1 to 2"),
        ((ANY, -1.0, 7), "temperature must be a number from 0.1 to 2"),
        ((ANY, None, 7), "temperature must be a number from 0.1 to 2"),
        ((ANY, "hot", 7), "temperature must be a number from 0.1 to 2"),
        ((ANY, 1.0, -1), "seed must be a whole number from 0 to 999,999"),
        ((ANY, 1.0, 1.5), "seed must be a whole number from 0 to 999,999"),
        ((ANY, 1.0, 10**9), "seed must be a whole number from 0 to 999,999"),
        ((ANY, 1.0, None), "seed must be a whole number from 0 to 999,999"),
        ((ANY, 1.0, 7, "3"), "Choose how many pictures: 1, 4, 16, one of each class"),
        ((ANY, 1.0, 7, "1", "mnist-vae"), "Choose a model: mnist-pixelcnn, "),
        ((None, 1.0, 7), "Choose a class: any, 0, 1"),
        ((ANY, 1.0, 7, "1", NAME, 9), "guidance must be a number from 1.0 to 3.0"),
        (("11", 1.0, 7), "Choose a class: any, 0, 1"),
        (([3], 1.0, 7), "Choose a class: any, 0, 1"),
    ],
)
def test_bad_input_gets_a_message_that_says_what_is_wrong(client, inputs, message):
    with pytest.raises(Exception, match=message):
        drawn(client, *inputs)


@pytest.mark.parametrize("seed", [float("nan"), float("inf"), 10**400, True, "7", [7]])
def test_no_number_that_is_none_gets_through(tab, seed):
    valid = [verdict["is_valid"] for verdict in tab.check(ANY, 1.0, seed, PICTURES[0], NAME, 1.0, DrawingSession())]
    assert valid == [True, True, False, True, True, True, True]


def test_a_newer_drawing_ends_an_older_one(tab):
    session = DrawingSession()
    older = tab.draw(ANY, 1.0, 1, PICTURES[0], NAME, 1.0, session)
    first = next(older)
    newer = next(tab.draw(ANY, 1.0, 2, PICTURES[0], NAME, 1.0, session))
    assert newer["run"] > first["run"]
    assert list(older) == []


def test_a_drawing_knows_nothing_of_what_is_given_while_it_is_drawn(tab, monkeypatch):
    monkeypatch.setattr(drawings_module, "MESSAGE_SECONDS", 0.0)
    session = DrawingSession()
    drawing = tab.draw(ANY, 1.0, 1, PICTURES[0], NAME, 1.0, session)
    next(drawing)
    tab.set_start({"start": None, "number": 9}, NAME, session)
    assert session.asked == 9
    assert {message["asked"] for message in drawing} == {0}


def test_the_endpoint_is_the_only_public_one_of_the_tab(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert "/draw" in endpoints
    assert [parameter["parameter_name"] for parameter in endpoints["/draw"]["parameters"]] == [
        "label",
        "temperature",
        "seed",
        "pictures",
        "model",
        "guidance",
    ]


def test_what_is_sent_rebuilds_the_surprise_that_the_model_computes(client, tab, model):
    last = drawn(client, "5", 1.0, 3)[-1]
    image = torch.tensor(last["values"][0], dtype=torch.uint8).view(1, 1, last["height"], last["width"])
    with torch.inference_mode():
        exact = model.pixel_log_prob(image, labels(tab, "5")).flatten()
    assert torch.allclose(torch.tensor(last["log_prob"][0]), exact, atol=1e-3)


def test_the_card_line_names_the_checkpoint(app_url):
    config = str(Client(app_url, verbose=False).config)
    assert NAME in config and f"{gm_core.read_card(NAME).metric('bits_per_dim').value:.3f}" in config


def asked(**changes: object) -> dict[str, object]:
    """What the canvas sends for a drawing under a moving hand."""
    return {"label": ANY, "temperature": 1.0, "seed": 7, "pictures": "1", "model": NAME, "start": None} | changes


def images(message: Message) -> torch.Tensor:
    shape = (-1, 1, message["height"], message["width"])
    return torch.tensor(message["values"], dtype=torch.uint8).view(shape)


def test_a_drawing_by_a_density_that_judges_has_its_place_among_real_pictures(tab):
    detector = tab.drawings.detector(GATED)
    assert detector is not None
    done = tab.drawings.redraw(asked(model=GATED, pictures="4"))["done"]
    assert done["share"] == [detector.share_below("log_prob", nats) for nats in done["log_prob"]]
    assert done["of"] == len(detector) and len(done["share"]) == 4


def test_sixteen_pictures_are_those_of_the_model_and_the_first_is_the_single_one(client, model):
    last = drawn(client, "3", 1.0, 7, "16")[-1]
    expected = model.sample(16, torch.full((16,), 3), torch.Generator().manual_seed(7))
    assert torch.equal(images(last), expected)
    assert last["labels"] == ["3"] * 16 and len(last["done"]["log_prob"]) == 16
    assert drawn(client, "3", 1.0, 7)[-1]["values"] == last["values"][:1]


def test_one_of_each_class_uses_the_same_random_numbers_for_all(drawings):
    together = drawings.redraw(asked(pictures=EACH))
    assert together["labels"] == drawings.cards[NAME].class_names
    for index in (0, 9):
        alone = drawings.redraw(asked(label=together["labels"][index]))
        assert together["values"][index] == alone["values"][0]
        assert together["done"]["log_prob"][index] == pytest.approx(alone["done"]["log_prob"][0], abs=1e-2)


def test_a_drawing_under_a_hand_is_the_one_that_the_queue_draws(client, drawings):
    last = drawn(client, "8", 0.7, 7)[-1]
    message = drawings.redraw(asked(label="8", temperature=0.7))
    assert message["live"] and not last["live"]
    assert message["values"] == last["values"] and message["run"] > last["run"]
    assert message["log_prob"][0] == pytest.approx(last["log_prob"][0], abs=1e-5)


def test_given_pixels_stay_and_the_rest_is_the_models(drawings, model):
    start = Start.upper_half(images(drawings.redraw(asked(label="2"))))
    message = drawings.redraw(asked(seed=8, pictures="4", start=start.message()))
    generator = torch.Generator().manual_seed(8)
    events = model.stream(4, start=start.values, keep=start.keep, generator=generator)
    assert torch.equal(images(message), gm_core.rebuild(events, 28, 28)[0])
    assert torch.equal(images(message)[:, :, :14], start.values[:, :, :14].expand(4, -1, -1, -1))
    assert len({tuple(values) for values in message["values"]}) == 4, "one start, four endings"
    assert message["start"] == start.message()


def test_the_start_stays_until_it_is_taken_back(tab):
    session = DrawingSession()
    start = Start.upper_half(torch.full((1, 1, 28, 28), 9, dtype=torch.uint8)).message()
    tab.set_start({"start": start, "number": 3}, NAME, session)
    (*_, last) = tab.draw(ANY, 1.0, 7, "1", NAME, 1.0, session)
    assert last["values"][0][:392] == [9] * 392 and last["asked"] == 3 and last["start"] == start
    tab.set_start({"start": None, "number": 4}, NAME, session)
    (*_, last) = tab.draw(ANY, 1.0, 7, "1", NAME, 1.0, session)
    assert last["start"] is None and last["asked"] == 4


def test_what_is_erased_is_drawn_with_dice_of_its_own(drawings):
    start = Start.upper_half(images(drawings.redraw(asked(label="2"))))
    endings = [
        drawings.redraw(asked(label="2", start={**start.message(), "dice": dice}))["values"] for dice in (0, 1, 2)
    ]
    assert endings[0] == drawings.redraw(asked(label="2"))["values"], "the same dice draw the same"
    assert endings[1] != endings[0] != endings[2] != endings[1]


def test_guidance_sharpens_the_class_and_what_is_said_stays_the_models_own(drawings, model):
    guided = drawings.redraw(asked(label="8", guidance=2.0))
    labels, generator = torch.tensor([8]), torch.Generator().manual_seed(7)
    image = model.sample(1, labels, generator, guidance=2.0)
    assert torch.equal(images(guided), image)
    with torch.inference_mode():
        exact = model.pixel_log_prob(image, labels).flatten()
        entropy = model.distribution(image, labels).entropy().flatten()
    assert torch.allclose(torch.tensor(guided["log_prob"][0]), exact, atol=1e-3)
    assert torch.allclose(torch.tensor(guided["entropy"][0]), entropy, atol=1e-3)
    free, same = drawings.redraw(asked(guidance=2.0)), drawings.redraw(asked())
    assert free["values"] == same["values"], "without a class there is nothing to weigh"


def test_every_model_draws_and_a_classifier_reads_every_class_of_the_first_seed(drawings):
    for name, card in drawings.cards.items():
        each = drawings.redraw(asked(model=name, pictures=EACH, seed=drawings.seed(name)))
        assert each["model"] == name and each["labels"] == card.class_names
        assert each["done"]["usual"] == card.metric("bits_per_dim").value
        if drawings.reader(name) is not None and name in card.record.seeds.drawings:
            assert each["done"]["reads"] == each["labels"], name
            alone = drawings.redraw(asked(model=name, label=each["labels"][4], seed=drawings.seed(name)))
            assert alone["values"][0] == each["values"][4], "one alone is the one among all"


def test_an_upload_is_taken_back_when_it_is_removed_but_no_drawing_is(tab, tmp_path):
    session = DrawingSession()
    path = tmp_path / "grey.png"
    Image.new("L", (28, 28), 99).save(path)
    tab.upload(str(path), NAME, session)
    assert session.start is not None
    tab.upload(None, NAME, session)
    assert session.start is None
    tab.upload(str(path), NAME, session)
    drawn = session.start = Start.upper_half(torch.zeros(1, 1, 28, 28, dtype=torch.uint8))
    tab.upload(None, NAME, session)
    assert session.start is drawn


def test_a_picture_from_another_tab_finds_a_model_of_its_size(tab):
    session = DrawingSession()
    sent = {"pixels": [255] * 3072, "channels": 3, "height": 32, "width": 32}
    model, *_ = tab.bring(sent, NAME, ANY, "4", 7, session)
    assert tab.drawings.cards[model].model_config.image.size == (3, 32, 32)
    assert session.start is not None and session.start.values.shape == (1, 3, 32, 32)
    with pytest.raises(gr.Error, match="of this size"):
        tab.bring({"pixels": [0] * 4, "channels": 1, "height": 2, "width": 2}, NAME, ANY, "4", 7, session)


def test_a_picture_from_another_tab_finds_a_model_of_its_data_set(tab):
    sent = {"pixels": [9] * 784, "channels": 1, "height": 28, "width": 28, "dataset": "fashion"}
    model, *rest = tab.bring(sent, NAME, ANY, "4", 7, DrawingSession())
    assert tab.drawings.cards[model].dataset == "fashion" and len(rest) == 4
    model, *_ = tab.bring(sent | {"dataset": "mnist"}, "mnist-pixelcnn-gated", ANY, "4", 7, DrawingSession())
    assert model == "mnist-pixelcnn-gated"


def test_a_link_may_ask_for_the_upper_half_of_its_own_picture(tab, model):
    session = DrawingSession()
    tab.restore({"class": "7", "seed": "5", "pictures": "4", "given": "half"}, session)
    image = model.sample(1, torch.tensor([7]), torch.Generator().manual_seed(5))
    assert session.start is not None and session.start.dice == 1
    assert torch.equal(session.start.values, image) and session.start.keep[:, :, :14].all()
    assert not session.start.keep[:, :, 14:].any()


@pytest.mark.parametrize(
    "start",
    [
        "x",
        7,
        {},
        {"values": [0] * 784},
        {"values": [0] * 783, "keep": "1" * 784},
        {"values": [256] * 784, "keep": "1" * 784},
        {"values": [0.5] * 784, "keep": "1" * 784},
        {"values": [0] * 784, "keep": "2" * 784},
        {"values": [0] * 784, "keep": [1] * 784},
        {"values": [0] * 784, "keep": "1" * 785},
        {"values": [0] * 784, "keep": "1" * 784, "dice": -1},
    ],
)
def test_a_start_that_is_none_is_refused_in_words_and_the_old_one_stays(tab, start):
    assert "must be" in answer_errors(tab.drawings.redraw)(asked(start=start))["error"]
    session = DrawingSession()
    kept = session.start = Start.upper_half(torch.zeros(1, 1, 28, 28, dtype=torch.uint8))
    with pytest.raises(Exception, match="must be"):
        tab.set_start({"start": start}, NAME, session)
    assert session.start is kept


@pytest.mark.parametrize(
    "sent", [None, [], "x", asked(model="mnist-vae"), asked(label=["x"]), asked(temperature="hot"), asked(seed=None)]
)
def test_a_question_for_a_drawing_that_is_none_is_answered_in_words(drawings, sent):
    assert "must be" in (error := answer_errors(drawings.redraw)(sent)["error"]) or error.startswith("Choose ")


def test_sixteen_visitors_at_once_all_get_their_pictures(app_url, drawings):
    clients = [Client(app_url, verbose=False) for _ in range(16)]
    jobs = [client.submit(ANY, 1.0, seed, api_name="/draw") for seed, client in enumerate(clients)]
    for seed, job in enumerate(jobs):
        *parts, last = messages(job, seconds=120)
        ends = [part["index"] + len(part["values"][0]) for part in parts]
        assert [part["index"] for part in parts] == [0, *ends][: len(parts)]  # none is lost on the way
        assert last["values"] == drawings.redraw(asked(seed=seed))["values"]


@pytest.mark.parametrize("name", [NAME, "mnist-pixelcnn-original"])
@pytest.mark.parametrize("missing", [".json", ".safetensors"])
def test_a_checkpoint_that_is_not_whole_costs_only_its_model(tmp_path, monkeypatch, name, missing):
    shutil.copytree(gm_core.checkpoints.checkpoint_dir(), tmp_path, dirs_exist_ok=True)
    (tmp_path / (name + missing)).unlink()
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    drawings = Drawings(Models.on("cpu"))
    if missing == ".json":  # without its card there is no such model to choose
        assert name not in drawings.cards and drawings.first in drawings.cards
        assert "Choose a model" in answer_errors(drawings.redraw)(asked(model=name))["error"]
    else:
        said = answer_errors(drawings.redraw)(asked(model=name))["error"]
        assert name in said and "restore" in said
    other = next(other for other in drawings.cards if other not in (name, GATED))
    assert drawings.redraw(asked(model=other))["model"] == other
    with gr.Blocks():
        build(Models.on("cpu"))
