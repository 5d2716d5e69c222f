"""An autoencoder beside a VAE: the same picture, the same draws, each model's own numbers."""

import json

import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

import gm_core
from demo.shared.model_line import FIGURES, figure_line
from demo.shared.models import Models
from demo.shared.plane import MAP
from demo.walk.compare import TITLES
from demo.walk.map import AUTOENCODER, MANY_POINTS, POINTS, Maps
from tests.demo.walk.helpers import levels


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


def test_both_decode_the_same_draws(client: Client) -> None:
    shown = dict(zip(TITLES, map(json.loads, client.predict(11, api_name="/walk_compare_draw")), strict=True))
    z = Maps(Models.on("cpu")).random_points(MAP, "normal", 11, POINTS)
    for name, marks in shown.items():
        torch.testing.assert_close(torch.tensor(marks["draws"]["z"]), z)
        with torch.inference_mode():
            sampled = gm_core.load(name, "cpu").sample(POINTS, generator=torch.Generator().manual_seed(11))
        assert (levels(marks["draws"]["pictures"]).int() - sampled[:, 0].int()).abs().max() <= 1
    assert shown[AUTOENCODER]["mine"]["pixels"] == shown[MAP]["mine"]["pixels"]
    assert shown[AUTOENCODER]["mine"]["rebuilt"] != shown[MAP]["mine"]["rebuilt"]


def test_only_the_vae_puts_its_digits_where_draws_fall() -> None:
    models = Models.on("cpu")
    within = {name: (models.atlas(name).codes.norm(dim=1) <= 3).float().mean() for name in TITLES}
    assert within[MAP] > 0.8 > 0.6 > within[AUTOENCODER]
    maps = Maps(models)
    shares = {name: maps.draws(name, 0, "normal")["shares"] for name in TITLES}
    assert min(shares[MAP]) > 0.03 * MANY_POINTS  # every class comes up
    assert sum(count == 0 for count in shares[AUTOENCODER]) >= 4  # half of them never do
    shares = {name: maps.draws(name, 0, "range")["shares"] for name in TITLES}
    assert min(shares[MAP]) > 0 == min(shares[AUTOENCODER])
    assert max(shares[AUTOENCODER]) > 0.4 * MANY_POINTS  # nearly all is of one class


@pytest.mark.parametrize("seed", [-1, 2.5, 1e99, 10_000])
def test_a_bad_seed_is_one_clear_message(client: Client, seed: float) -> None:
    with pytest.raises(AppError, match="whole number from 0"):
        client.predict(seed, api_name="/walk_compare_draw")


def test_figures_are_the_cards() -> None:
    for name in TITLES:
        card = gm_core.read_card(name)
        line = figure_line(card)
        assert f"<code>{name}</code>" in line
        known = [metric for metric in card.metrics if metric.name in FIGURES]
        assert known and all(
            FIGURES[metric.name].format(metric.value, many="digits", noun="digit") in line for metric in known
        )
