"""The map's server side: what it sends is what the models compute, and nothing a client sends breaks it."""

import base64
import io
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from gradio_client import Client
from PIL import Image

import gm_core
from demo.base.errors import answer_errors
from demo.shared.models import Models
from demo.shared.picture_input import ExampleSeed, model_input
from demo.shared.plane import GRIDS, MAP, Window
from demo.walk import latent
from demo.walk.map import AUTOENCODER, MANY_POINTS, MOST_FRAMES, POINTS, Maps
from tests.demo.walk.helpers import levels

BOTH = (MAP, AUTOENCODER)


@pytest.fixture(scope="module")
def maps() -> Maps:
    return Maps(Models.on("cpu"))


def sheet(maps: Maps, name: str, count: int) -> np.ndarray:
    address = maps.tiles({"model": name, "count": count})["sprite"]
    with Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))) as picture:
        return np.asarray(picture)


def decoded(maps: Maps, name: str, z: torch.Tensor) -> torch.Tensor:
    model = gm_core.load(name, maps.models.device)
    with torch.inference_mode():
        pixels = model.decode(z)
    means = pixels if isinstance(pixels, torch.Tensor) else pixels.mean
    return means.round().clamp(0, 255).byte()[:, 0]


@pytest.mark.parametrize("name", BOTH)
def test_a_tile_is_the_picture_in_the_middle_of_its_cell(maps: Maps, name: str) -> None:
    window, count = maps.window(name), GRIDS[0]
    tiles = sheet(maps, name, count)
    assert tiles.shape == (28 * count, 28 * count)
    for column, row in ((0, 0), (count // 2, count // 2), (count - 1, 3)):
        z = [window.low[0] + (column + 0.5) * window.span / count, window.low[1] + (row + 0.5) * window.span / count]
        top = 28 * (count - 1 - row)  # z2 grows upwards
        tile = tiles[top : top + 28, 28 * column : 28 * column + 28].astype(int)
        assert np.abs(tile - decoded(maps, name, torch.tensor([z]))[0].numpy()).max() <= 1  # a batch rounds another way


def test_the_coarse_grid_is_part_of_the_fine_one(maps: Maps) -> None:
    window = maps.window(MAP)
    coarse, fine = (window.grid(count).view(count, count, 2) for count in GRIDS)
    every = GRIDS[1] // GRIDS[0]
    assert every % 2 == 1
    torch.testing.assert_close(fine[every // 2 :: every, every // 2 :: every], coarse)


def test_a_window_holds_the_rings_and_most_codes() -> None:
    narrow = Window.around(torch.randn(5000, 2, generator=torch.Generator().manual_seed(0)))
    assert narrow == Window((-3.5, -3.5), 7.0)
    codes = torch.randn(5000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([20.0, 5.0]) + 10
    wide = Window.around(codes)
    low, high = torch.tensor(wide.low), torch.tensor(wide.low) + wide.span
    assert ((codes >= low) & (codes <= high)).all(dim=1).float().mean() > 0.96
    assert low.max() <= -3.5 and high.min() >= 3.5


@pytest.mark.parametrize("name", BOTH)
def test_the_dots_are_the_held_out_codes(maps: Maps, name: str) -> None:
    answer, atlas, window = maps.survey({"model": name}), maps.models.atlas(name), maps.window(name)
    places = np.frombuffer(base64.b64decode(answer["dots"]), "<u2").reshape(-1, 2) / 65535
    labels = np.frombuffer(base64.b64decode(answer["labels"]), np.uint8)
    codes = places * window.span + np.array(window.low)
    low = torch.tensor(window.low)
    inside = ((atlas.codes >= low) & (atlas.codes <= low + window.span)).all(dim=1)
    assert np.abs(codes - atlas.codes[inside].numpy()).max() < window.span / 60_000
    assert np.array_equal(labels, atlas.labels[inside].numpy())
    assert f"{len(labels):,} digits" in answer["words"]
    assert f"{100 * float((atlas.codes.norm(dim=1) <= 3).float().mean()):.0f} % of the digits" in answer["words"]
    assert len(json.dumps(answer)) < 60_000


@pytest.mark.parametrize("name", BOTH)
def test_a_look_is_exact_and_says_what_is_near(maps: Maps, name: str) -> None:
    z = [0.3, -1.1]
    answer = maps.look({"model": name, "z": z})
    assert torch.equal(levels(answer["pictures"]), decoded(maps, name, torch.tensor([z])))
    atlas = maps.models.atlas(name)
    nearest = (atlas.codes - torch.tensor(z)).square().sum(dim=1).argsort()[:15]
    counts = torch.bincount(atlas.labels[nearest])
    assert f"{int(counts.max())} are " in answer["reading"]
    share = 100 * (1 - math.exp(-(0.3**2 + 1.1**2) / 2))
    assert f"|z| = {math.hypot(*z):.2f}" in answer["reading"] and f"{share:.3g} %" in answer["reading"]


def test_an_animation_is_the_path_there_and_back(maps: Maps) -> None:
    points = [[x, 0.5] for x in np.linspace(-2, 2, 20).tolist()]
    line = levels(maps.line({"model": MAP, "points": points})["pictures"])
    assert (line.int() - decoded(maps, MAP, torch.tensor(points)).int()).abs().max() <= 1
    animation = maps.animation({"model": MAP, "points": points, "milliseconds": 50})["gif"]
    with Image.open(io.BytesIO(base64.b64decode(animation))) as gif:
        assert (gif.n_frames, gif.info["loop"], gif.info["duration"]) == (38, 0, 50)
        first = np.asarray(gif.convert("L"))[5::10, 5::10].astype(int)
    assert np.abs(first - line[0].numpy()).max() <= 1


def test_marks_are_the_posterior_and_what_is_rebuilt(maps: Maps) -> None:
    mine = ExampleSeed(7)
    image = model_input(maps.models, mine, MAP).image
    vae = maps.models.variational(MAP)
    with torch.inference_mode():
        posterior = vae.encode(image)
    mark = maps.marks(MAP, mine)
    assert set(mark) == {"mine"}
    assert mark["mine"]["mean"] == pytest.approx(posterior.mean[0].tolist())
    assert mark["mine"]["std"] == pytest.approx(posterior.stddev[0].tolist())
    assert torch.equal(levels(mark["mine"]["pixels"])[0], image[0, 0])
    (rebuilt,) = latent.picture(vae, posterior.mean[0])
    assert torch.equal(levels(mark["mine"]["rebuilt"])[0], rebuilt)
    error = (rebuilt.float() - image[0, 0]).square().mean().sqrt()
    assert f"off by {float(error):.0f} grey levels" in mark["mine"]["words"]
    with torch.inference_mode():
        code = maps.models.latent(AUTOENCODER).code(image)[0].tolist()
    other = maps.marks(AUTOENCODER, mine)["mine"]
    assert other["mean"] == pytest.approx(code) and other["std"] is None


@pytest.mark.parametrize("name", BOTH)
def test_draws_are_what_the_model_samples(maps: Maps, name: str) -> None:
    draws = maps.marks(name, ExampleSeed(7), seed=5)["draws"]
    with torch.inference_mode():
        sampled = maps.models.samples(name).sample(POINTS, generator=torch.Generator().manual_seed(5))
    assert (levels(draws["pictures"]).int() - sampled[:, 0].int()).abs().max() <= 1
    assert sum(draws["shares"]) == draws["of"] == MANY_POINTS


NAN = [[math.nan, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("which", "sent", "message"),
    [
        ("survey", {"model": "mnist-vae"}, "There are maps of"),
        ("survey", {"model": ["mnist-vae2d"]}, "There are maps of"),
        ("tiles", {"count": 50}, "A grid has"),
        ("tiles", {"count": 17.0}, "A grid has"),
        ("tiles", {"count": [17]}, "A grid has"),
        ("look", {"z": None}, "two numbers"),
        ("look", {"z": [0.0]}, "two numbers"),
        ("look", {"z": [0.0, math.inf]}, "two numbers"),
        ("look", {"z": [0.0, 10**400]}, "two numbers"),
        ("look", {"z": [0.0, True]}, "two numbers"),
        ("look", {"z": [99.0, 0.0]}, "two numbers, z1 from -"),
        ("line", {"points": []}, f"2 to {MOST_FRAMES} points"),
        ("line", {"points": [[0.0, 0.0]] * 65}, f"2 to {MOST_FRAMES} points"),
        ("line", {"points": NAN}, "two numbers"),
        ("line", {"points": "around"}, f"2 to {MOST_FRAMES} points"),
        ("animation", {"points": [[0.0, 0.0]] * 2, "milliseconds": 0}, "lasts 20 to 1000"),
        ("animation", {"points": [[0.0, 0.0]] * 2, "milliseconds": math.nan}, "lasts 20 to 1000"),
        ("animation", {"points": [[0.0, 0.0]] * 2}, "lasts 20 to 1000"),
    ],
)
def test_what_no_map_would_send_is_one_clear_message(
    maps: Maps, which: str, sent: dict[str, Any], message: str
) -> None:
    answer = answer_errors(maps.functions()[which])({"model": MAP} | sent)
    assert list(answer) == ["error"] and message in answer["error"]


@pytest.mark.parametrize("sent", [None, 3, "x", []])
def test_what_is_no_question_is_told(maps: Maps, sent: Any) -> None:
    for answer in maps.functions().values():
        assert list(answer_errors(answer)(sent)) == ["error"]


def test_a_drawing_lands_on_the_map(app_url: str, maps: Maps) -> None:
    pixels = np.zeros((280, 280), np.uint8)
    pixels[40:240, 130:150] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    client = Client(app_url, verbose=False)
    drawing = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    source, marks, *_ = client.predict(drawing, api_name="/walk_map_drawing")
    image = gm_core.prepare(gm_core.open_picture(buffer.getvalue())).image
    assert "Your drawing" in source
    assert torch.equal(levels(json.loads(marks)["mine"]["pixels"])[0], image[0, 0])
