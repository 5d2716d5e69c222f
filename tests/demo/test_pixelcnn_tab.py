"""The Draw tab's endpoint: what it sends is what the model computes."""

from typing import Any

import pytest
import torch
from gradio_client import Client

import gm_core
from demo.models import Models
from demo.pixelcnn_tab import ANY, CHUNK, NAME, Draw, Easel

Message = dict[str, Any]


@pytest.fixture(scope="module")
def tab() -> Draw:
    return Draw(Models.on("cpu"))


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


def drawn(client: Client, label: str, temperature: object, seed: object) -> list[Message]:
    job = client.submit(label, temperature, seed, api_name="/draw")
    job.result(timeout=60)
    return job.outputs()


def labels(tab: Draw, label: str) -> torch.Tensor | None:
    return None if label == ANY else torch.tensor([tab.card.class_names.index(label)])


@pytest.mark.parametrize(("label", "temperature"), [(ANY, 1.0), ("3", 0.7)])
def test_messages_hold_the_picture_of_the_seed_and_its_exact_log_probability(client, tab, label, temperature):
    *parts, last = drawn(client, label, temperature, 7)
    image = tab.model.sample(1, labels(tab, label), torch.Generator().manual_seed(7), temperature)

    assert [part["index"] for part in parts] == list(range(0, image.numel(), CHUNK))
    assert [value for part in parts for value in part["values"]] == last["values"] == image.flatten().tolist()
    assert len({message["run"] for message in [*parts, last]}) == 1
    with torch.inference_mode():
        exact = tab.model.log_prob(image, labels(tab, label)).item()
        untold = tab.model.log_prob(image).item()
    for nats in (sum(sum(part["log_prob"]) for part in parts), sum(last["log_prob"])):
        assert nats == pytest.approx(exact, abs=1e-2)
    assert last["done"]["log_prob"] == pytest.approx(untold, abs=1e-2)
    assert last["done"]["share"] == tab.detector.share_less_likely(last["done"]["log_prob"])
    assert last["done"]["of"] == len(tab.detector.calibration)
    assert last["done"]["seconds"] > 0
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
        ((None, 1.0, 7), "Choose a class: any, 0, 1"),
        (("11", 1.0, 7), "Choose a class: any, 0, 1"),
        (([3], 1.0, 7), "Choose a class: any, 0, 1"),
    ],
)
def test_bad_input_gets_a_message_that_says_what_is_wrong(client, inputs, message):
    with pytest.raises(Exception, match=message):
        drawn(client, *inputs)


@pytest.mark.parametrize("seed", [float("nan"), float("inf"), 10**400, True, "7", [7]])
def test_no_number_that_is_none_gets_through(tab, seed):
    valid = [verdict["is_valid"] for verdict in tab.check(ANY, 1.0, seed, Easel())]
    assert valid == [True, True, False, True]


def test_a_newer_drawing_ends_an_older_one(tab):
    easel = Easel()
    older = tab.draw(ANY, 1.0, 1, easel)
    first = next(older)
    newer = next(tab.draw(ANY, 1.0, 2, easel))
    assert newer["run"] > first["run"]
    assert list(older) == []


def test_the_endpoint_is_the_only_public_one_of_the_tab(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert "/draw" in endpoints
    assert [parameter["parameter_name"] for parameter in endpoints["/draw"]["parameters"]] == [
        "label",
        "temperature",
        "seed",
    ]


def test_what_is_sent_rebuilds_the_surprise_that_the_model_computes(client, tab):
    last = drawn(client, "5", 1.0, 3)[-1]
    image = torch.tensor(last["values"], dtype=torch.uint8).view(1, 1, last["height"], last["width"])
    with torch.inference_mode():
        exact = tab.model.pixel_log_prob(image, labels(tab, "5")).flatten()
    assert torch.allclose(torch.tensor(last["log_prob"]), exact, atol=1e-3)


def test_the_card_line_names_the_checkpoint(app_url):
    config = str(Client(app_url, verbose=False).config)
    assert NAME in config and f"{gm_core.read_card(NAME).metric('bits_per_dim').value:.3f}" in config
