"""The Walk tab's server side: what it sends is what the models compute, and nothing a stranger sends breaks it."""

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import gm_core
from demo import latent, vae_tab
from gm_core import PictureError

NAME = vae_tab.NAMES[0]


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def vae() -> gm_core.VAE:
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.VAE)
    return model


def levels(value: dict[str, Any]) -> np.ndarray:
    shape = value["height"], value["width"]
    return np.frombuffer(base64.b64decode(value["pixels"]), np.uint8).reshape(shape)


def seven() -> Image.Image:
    pixels = np.zeros((56, 56), np.uint8)
    pixels[8:14, 14:40] = 255
    pixels[14:48, 32:40] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("name", vae_tab.NAMES)
def test_the_picture_is_the_decoders_mean(client: Client, name: str) -> None:
    model = gm_core.load(name, "cpu")
    assert isinstance(model, gm_core.VAE)
    z = [0.5 * (-1) ** i for i in range(model.config.latent)]
    shown, reading = client.predict({"model": name, "z": z}, "mean", api_name="/walk_look")
    with torch.inference_mode():
        expected = model.decode(torch.tensor([z])).mean[0, 0].round().numpy()
    assert np.array_equal(levels(shown), expected)
    assert f"|z| = {0.5 * math.sqrt(len(z)):.2f}" in reading


def test_scale_is_sent_with_its_largest_value(client: Client, vae: gm_core.VAE) -> None:
    z = [0.0] * vae.config.latent
    shown, _ = client.predict({"model": NAME, "z": z}, "scale", api_name="/walk_look")
    with torch.inference_mode():
        scale = vae.decode(torch.tensor([z])).scale[0, 0].numpy()
    assert shown["map"] == "magma"
    assert shown["high"].startswith(f"{scale.max():.3g} ")
    assert np.abs(levels(shown) * scale.max() / 255 - scale).max() <= scale.max() / 255


def test_a_draw_is_the_same_at_the_same_place(client: Client, vae: gm_core.VAE) -> None:
    here = {"model": NAME, "z": latent.drawn(vae, 3)}
    first, second = (client.predict(here, "draw", api_name="/walk_look")[0] for _ in range(2))
    assert first == second


def test_random_goes_where_it_says(client: Client, vae: gm_core.VAE) -> None:
    there, shown, reading = client.predict(
        {"model": NAME, "z": [0.0] * vae.config.latent}, "mean", api_name="/walk_random"
    )
    seed = int(reading.split("seed ")[1].split(".")[0])
    assert there["z"] == latent.drawn(vae, seed)
    assert levels(shown).tolist() == latent.picture(vae, torch.tensor(there["z"]), "mean").tolist()
    assert len(there["z"]) == vae.config.latent
    assert max(map(abs, there["z"])) <= latent.LIMIT


@pytest.mark.parametrize(
    ("z", "message"),
    [
        ([0.0], "has .* numbers, this one has 1"),
        ("many", "list of"),
        (None, "list of"),
        ([9.0], "z1 must be a number from -3 to 3"),
        ([math.nan], "z1 must be"),
        ([math.inf], "z1 must be"),
        ([10**400], "z1 must be"),
        (["1"], "z1 must be"),
        ([True], "z1 must be"),
    ],
)
def test_points_that_are_none(vae: gm_core.VAE, z: Any, message: str) -> None:
    if isinstance(z, list) and z != [0.0]:
        z = z * vae.config.latent
    with pytest.raises(latent.PointError, match=message):
        latent.point(vae, z)


@pytest.mark.parametrize("place", [None, 3, "x", {"model": "mnist-pixelcnn"}, {"model": NAME, "z": [4.0] * 16}])
def test_a_bad_place_is_one_clear_message(client: Client, place: Any) -> None:
    with pytest.raises(AppError, match=r"A place is|A point of|Coordinate z1"):
        client.predict(place, "mean", api_name="/walk_look")


def test_prior_distance(vae: gm_core.VAE) -> None:
    dimensions = vae.config.latent
    draws = torch.randn(20_000, dimensions, generator=torch.Generator().manual_seed(0)).norm(dim=1)
    z = torch.full((dimensions,), 1.0)
    assert latent.share_nearer(vae, z) == pytest.approx(float((draws < z.norm()).float().mean()), abs=0.02)


def test_most_influential_is_measured(vae: gm_core.VAE) -> None:
    influence = latent.influence(vae, samples=2)
    strongest = latent.ranked(influence)[0]
    z = torch.randn(2, 1, 1, vae.config.latent, generator=torch.Generator().manual_seed(0)).flatten(0, 2)
    low, high = z.clone(), z.clone()
    low[:, strongest], high[:, strongest] = -2, 2
    with torch.inference_mode():
        change = (vae.decode(high).mean - vae.decode(low).mean).square().mean().sqrt()
    assert influence[strongest] == pytest.approx(float(change), rel=1e-4)


def test_the_ways_start_and_end_at_the_ends(client: Client, vae: gm_core.VAE) -> None:
    strip, line_a, _ = client.predict(5, NAME, api_name="/walk_end_a")
    assert "seed 5" in line_a
    shape = strip["count"], strip["height"], strip["width"]
    ends = [latent.picture(vae, torch.tensor(latent.drawn(vae, seed)), "mean") for seed in (5, vae_tab.FIRST_ENDS["B"])]
    for way in ("straight", "spherical", "fade"):
        frames = np.frombuffer(base64.b64decode(strip["frames"][way]), np.uint8).reshape(shape).astype(int)
        for frame, end in zip((frames[0], frames[-1]), ends, strict=True):
            assert np.abs(frame - end.numpy()).max() <= 1  # a batch rounds the last bit otherwise than one picture


@pytest.mark.parametrize("seed", [-1, 2.5, 1e99])
def test_a_bad_seed_is_one_clear_message(client: Client, seed: float) -> None:
    with pytest.raises(AppError, match="whole number from 0"):
        client.predict(seed, NAME, api_name="/walk_end_a")


def test_the_bound_is_the_models(client: Client, vae: gm_core.VAE, tmp_path: Path) -> None:
    file = tmp_path / "seven.png"
    seven().save(file)
    seen, mean, _, bound, source = client.predict(handle_file(file), NAME, api_name="/walk_rebuild_upload")
    image = gm_core.prepare(gm_core.open_picture(file)).image
    assert np.array_equal(levels(seen), image[0, 0].numpy())
    with torch.inference_mode():
        terms = vae.elbo(image, latent.SAMPLES, torch.Generator().manual_seed(0))
        weighted = vae.log_prob(image, latent.SAMPLES, torch.Generator().manual_seed(0))
        expected = vae.decode(vae.encode(image).mean).mean[0, 0].round().numpy()
    assert np.array_equal(levels(mean), expected)
    for nats in (terms.reconstruction, -terms.kl, terms.value, weighted):
        assert f"{float(nats):,.1f}".replace("-", "−") in bound
    assert "Your picture" in source
    assert float(weighted) >= float(terms.value)


def test_a_drawing_is_judged_and_an_empty_one_says_so(client: Client) -> None:
    buffer = io.BytesIO()
    seven().save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    seen, *_, source = client.predict(url, NAME, api_name="/walk_rebuild_drawing")
    assert levels(seen).max() > 200
    assert "Your drawing" in source
    *_, said = client.predict("", NAME, api_name="/walk_rebuild_drawing")
    assert "The drawing is empty" in said


@pytest.mark.parametrize("drawing", ["abc", "data:image/png;base64,AAAA", "data:image/png;base64,%%%"])
def test_a_drawing_that_is_none_is_one_clear_message(client: Client, drawing: str) -> None:
    with pytest.raises(AppError, match="The drawing"):
        client.predict(drawing, NAME, api_name="/walk_rebuild_drawing")


@pytest.mark.parametrize("kind", ["text", "bomb"])
def test_a_file_that_is_no_picture_is_one_clear_message(client: Client, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "picture.png"
    if kind == "text":
        file.write_text("not a picture")
    else:
        Image.new("1", (20_000, 20_000)).save(file)
    with pytest.raises(AppError, match=r"This file (is not a picture|has)") as error:
        client.predict(handle_file(file), NAME, api_name="/walk_rebuild_upload")
    assert "/" not in str(error.value)  # none of the server's paths


def test_uploads_of_every_kind_reach_the_model_unharmed(tmp_path: Path) -> None:
    picture = seven()
    deep = np.asarray(picture).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    picture.save(tmp_path / "film.gif", save_all=True, append_images=[Image.new("L", picture.size)] * 2)
    picture.convert("RGB").convert("CMYK").save(tmp_path / "print.tif")
    expected = gm_core.prepare(picture).image
    for name in ("deep.png", "film.gif", "print.tif"):
        assert torch.equal(vae_tab.from_file(str(tmp_path / name)).image, expected), name


def test_a_black_drawing_counts_as_empty() -> None:
    buffer = io.BytesIO()
    Image.new("L", (280, 280)).save(buffer, "PNG")
    assert vae_tab.from_drawing("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()) is None
    with pytest.raises(PictureError):
        vae_tab.from_drawing("nonsense")
