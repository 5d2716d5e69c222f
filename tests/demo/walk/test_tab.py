"""The Walk tab's server side: what it sends is what the models compute, and nothing a client sends breaks it."""

import base64
import io
import json
import math
import re
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

import gm_core
from demo.base.errors import InputError, answer_errors
from demo.base.tabs import OPENED, Opening
from demo.shared.models import Models
from demo.shared.picture_input import ExampleSeed, model_input
from demo.walk import latent
from demo.walk.bound import bound_bar, bound_curve, estimate_bound
from demo.walk.edit import Edit
from demo.walk.ends import FIRST_SEEDS
from demo.walk.spaces import Spaces
from demo.walk.tab import BUILT, refill
from demo.walk.ways import Ways
from gm_core.studies.atlas.atlas import LEAST_KL

NAME = "mnist-vae"


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def spaces() -> Spaces:
    return Spaces(Models.on("cpu"))


@pytest.fixture(scope="module")
def vae() -> gm_core.VAE:
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.VAE)
    return model


def levels(value: dict[str, Any]) -> np.ndarray:
    shape = value["height"], value["width"], value["channels"]
    return np.frombuffer(base64.b64decode(value["pixels"]), np.uint8).reshape(shape).squeeze(2)


def seven() -> Image.Image:
    pixels = np.zeros((56, 56), np.uint8)
    pixels[8:14, 14:40] = 255
    pixels[14:48, 32:40] = 255
    return Image.fromarray(pixels)


def unpacked(text: str, size: int = 28) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8).view(-1, size, size)


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-vae2d", "fashion-vae"])
def test_the_picture_is_the_decoders_mean(spaces: Spaces, name: str) -> None:
    model = spaces.models.variational(name)
    z = [0.5 * (-1) ** i for i in range(model.config.latent)]
    shown = spaces.look({"model": name, "z": z, "view": "mean"})
    with torch.inference_mode():
        expected = model.decode(torch.tensor([z])).mean[0].round()
    assert torch.equal(unpacked(shown["pictures"]), expected.byte())
    assert f"|z| = {0.5 * math.sqrt(len(z)):.2f}" in shown["reading"]


def test_the_spread_is_the_standard_deviation(vae: gm_core.VAE) -> None:
    z = torch.zeros(1, vae.config.latent)
    with torch.inference_mode():
        stddev = vae.decode(z).stddev[0]
    assert (latent.picture(vae, z[0], "scale") / 255 * 127.5 - stddev).abs().max() <= 0.26


def test_a_draw_is_the_same_at_the_same_place(vae: gm_core.VAE) -> None:
    z = torch.tensor([latent.sample_prior(vae, seed) for seed in (3, 4, 3)])
    first, other, again = latent.pictures(vae, z, "draw")
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_sliders_stand_where_they_say_most_informative_first(spaces: Spaces, vae: gm_core.VAE) -> None:
    z = latent.sample_prior(vae, 3)
    place = spaces.place(NAME, z)
    name, point = spaces.point(place)
    assert (name, point.tolist()) == (NAME, pytest.approx(z))
    carried = [float(spaces.models.atlas(NAME).kl[axis["index"]]) for axis in place["axes"]]
    assert carried == sorted(carried, reverse=True)
    assert [axis["folded"] for axis in place["axes"]] == [nats < LEAST_KL for nats in carried]
    assert spaces.prior({"model": NAME, "seed": 3}) == {"at": place["at"], "base": [0.0] * 16}
    assert max(map(abs, place["at"])) <= latent.LIMIT


def test_lines_lead_from_end_to_end(spaces: Spaces, vae: gm_core.VAE) -> None:
    a, b, c = (latent.sample_prior(vae, seed) for seed in (1, 2, 3))
    answer = spaces.lines({"model": NAME, "ends": [[a, b], [b, c]], "count": 5, "view": "mean"})
    shown = unpacked(answer["pictures"]).int()
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    assert len(shown) == 10
    for got, z in ((shown[0], a), (shown[2], middle), (shown[4], b), (shown[5], b), (shown[9], c)):
        assert (got - latent.picture(vae, torch.tensor(z))[0].int()).abs().max() <= 1  # a batch rounds another way


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"model": "mnist-pixelcnn"}, "no such latent space"),
        ({"ends": []}, "Lines are a list"),
        ({"ends": [[1, 2]] * 2000}, "Lines are a list"),
        ({"ends": [7]}, "A line is a pair"),
        ({"ends": [[[0.0] * 16, [math.nan] * 16]]}, "Coordinate z1"),
        ({"ends": [[[0.0] * 16, [41.0] * 16]]}, "from -40 to 40"),
        ({"ends": [[[0.0], [0.0]]]}, "has 16 numbers"),
        ({"count": 1}, "at least 2 pictures"),
        ({"count": 10**400}, "at least 2 pictures"),
        ({"count": True}, "at least 2 pictures"),
        ({"view": "inside"}, "mean, scale, draw"),
        ({"view": []}, "mean, scale, draw"),
    ],
)
def test_lines_that_are_none_are_one_clear_message(spaces: Spaces, sent: dict[str, Any], message: str) -> None:
    usual = {"model": NAME, "ends": [[[0.0] * 16, [1.0] * 16]], "count": 3, "view": "mean"}
    assert "pictures" in answer_errors(spaces.lines)(usual)
    assert message in answer_errors(spaces.lines)(usual | sent)["error"]


@pytest.mark.parametrize("sent", [None, 3, "x", [], {"model": NAME, "z": "here"}, {"model": NAME, "seed": 10**400}])
def test_what_no_slider_would_send_is_answer_errors(spaces: Spaces, sent: Any) -> None:
    for answer in (spaces.lines, spaces.look, spaces.prior, Edit(spaces).look, Ways(spaces).animation):
        assert list(answer_errors(answer)(sent)) == ["error"]


def test_a_picture_is_edited_from_where_it_lies(spaces: Spaces, vae: gm_core.VAE) -> None:
    edit, mine = Edit(spaces), ExampleSeed(4)
    place = edit.place(NAME, mine)
    with torch.inference_mode():
        z = vae.encode(model_input(spaces.models, mine, NAME).image).mean[0]
    assert place["base"] == pytest.approx(z.tolist())
    assert [axis["label"] for axis in place["axes"]][:2] == ["thickness", "slant"]
    assert len(place["axes"]) == 11  # two attributes, nine other classes
    values = []
    for steps in (-2.0, 0.0, 2.0):
        moved = [b + steps * d for b, d in zip(place["base"], place["axes"][0]["direction"], strict=True)]
        shown = edit.look({"model": NAME, "z": moved, "view": "mean"})
        values.append(float(gm_core.thickness(unpacked(shown["pictures"])[None])))
        assert f"{values[-1]:.1f} pixels thick" in shown["reading"]
    assert values == sorted(values) and values[-1] > values[0] + 0.5


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
    with pytest.raises(InputError, match=message):
        latent.check_point(vae, z)


@pytest.mark.parametrize("place", [None, 3, "x", {"model": "mnist-pixelcnn"}, {"model": NAME, "at": [4.0] * 16}])
def test_a_bad_place_is_one_clear_message(spaces: Spaces, place: Any) -> None:
    with pytest.raises(InputError, match=r"A place is|A point of|Coordinate z1|no such latent space"):
        spaces.point(place)


def test_prior_distance(vae: gm_core.VAE) -> None:
    dimensions = vae.config.latent
    draws = torch.randn(20_000, dimensions, generator=torch.Generator().manual_seed(0)).norm(dim=1)
    z = torch.full((dimensions,), 1.0)
    assert latent.share_nearer(dimensions, z) == pytest.approx(float((draws < z.norm()).float().mean()), abs=0.02)


def test_the_ways_start_and_end_at_the_ends(client: Client, vae: gm_core.VAE) -> None:
    note, strip, line_a, _ = client.predict(5, NAME, api_name="/walk_end_a")
    assert not note.get("value") if isinstance(note, dict) else not note
    strip = json.loads(strip)
    assert "seed 5" in line_a
    ends = [latent.picture(vae, torch.tensor(latent.sample_prior(vae, seed))) for seed in (5, FIRST_SEEDS["B"])]
    for way in ("straight", "spherical", "fade"):
        frames = unpacked(strip["frames"][way]).int()
        assert len(frames) == strip["count"]
        for frame, end in zip((frames[0], frames[-1]), ends, strict=True):
            assert (frame - end.int()).abs().max() <= 1  # a batch rounds the last bit otherwise than one picture


def test_the_animation_goes_there_and_back(spaces: Spaces, vae: gm_core.VAE) -> None:
    ends = [latent.sample_prior(vae, seed) for seed in FIRST_SEEDS.values()]
    answer = Ways(spaces).animation({"model": NAME, "ends": ends})
    with Image.open(io.BytesIO(base64.b64decode(answer["gif"]))) as animation:
        assert animation.n_frames > latent.FRAMES  # like neighbours are one longer frame
        assert animation.info["loop"] == 0


@pytest.mark.parametrize("seed", [-1, 2.5, 1e99])
def test_a_bad_seed_is_one_clear_message(client: Client, seed: float) -> None:
    note, *_ = client.predict(seed, NAME, api_name="/walk_end_a")
    assert "whole number from 0" in note


def test_the_bound_is_the_models(client: Client, vae: gm_core.VAE, tmp_path: Path) -> None:
    file = tmp_path / "seven.png"
    seven().save(file)
    source, seen, mean, scale, _, bars, *waiting, _, _ = client.predict(
        handle_file(file), NAME, api_name="/walk_rebuild_upload"
    )
    image = gm_core.prepare(gm_core.open_picture(file)).image
    assert np.array_equal(levels(seen), image[0, 0].numpy())
    with torch.inference_mode():
        kl = vae.bound(image).kl_per_dim
        pixels = vae.decode(vae.encode(image).mean)
    assert np.array_equal(levels(mean), pixels.mean[0, 0].round().numpy())
    assert np.abs(levels(scale) / 255 * 127.5 - pixels.stddev[0, 0].numpy()).max() <= 0.26
    assert f"{float(kl.max()):.2f}" in bars
    assert "Your picture" in source
    assert all("Sampling z 1,000 times" in words for words in waiting)


def test_the_numbers_of_the_bound_agree(vae: gm_core.VAE) -> None:
    image = gm_core.prepare(seven()).image
    estimate, card = estimate_bound(vae, image), gm_core.read_card(NAME)
    terms = vae.bound(image, samples=500, generator=torch.Generator().manual_seed(1))
    assert estimate.kl == pytest.approx(float(terms.kl), rel=1e-5)
    assert estimate.elbo == pytest.approx(float(terms.value), abs=2)
    assert estimate.reconstruction - estimate.kl == pytest.approx(estimate.elbo)
    assert estimate.bounds[1] < estimate.bounds[10] < estimate.bounds[100] < estimate.bounds[1000]
    exact = float(vae.estimate(image, samples=1000, generator=torch.Generator().manual_seed(0)).value)
    assert estimate.bounds[1000] == pytest.approx(exact, abs=1e-3)
    bar, curve = bound_bar(estimate, card), bound_curve(estimate, card)
    for nats in (estimate.elbo, estimate.bounds[1000]):  # the same numbers in both
        assert f"{nats:,.1f}".replace("-", "−") in bar
        assert f"{nats:,.1f}".replace("-", "−") in curve
    for nats in (estimate.reconstruction, -estimate.kl):
        assert f"{nats:,.1f}".replace("-", "−") in bar


def test_a_drawing_is_judged_and_an_empty_one_says_so(client: Client) -> None:
    buffer = io.BytesIO()
    seven().save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    source, seen, *_ = client.predict(url, NAME, api_name="/walk_rebuild_drawing")
    assert levels(seen).max() > 200
    assert "Your drawing" in source
    said, *_ = client.predict("", NAME, api_name="/walk_rebuild_drawing")
    assert "The drawing is empty" in said


@pytest.mark.parametrize("drawing", ["abc", "data:image/png;base64,AAAA", "data:image/png;base64,%%%"])
def test_a_drawing_that_is_none_is_one_clear_message(client: Client, drawing: str) -> None:
    said, *_ = client.predict(drawing, NAME, api_name="/walk_rebuild_drawing")
    assert "The drawing" in said


@pytest.mark.parametrize("kind", ["text", "bomb"])
def test_a_file_that_is_no_picture_is_one_clear_message(client: Client, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "picture.png"
    if kind == "text":
        file.write_text("not a picture")
    else:
        Image.new("1", (20_000, 20_000)).save(file)
    said, *_ = client.predict(handle_file(file), NAME, api_name="/walk_rebuild_upload")
    assert re.search(r"This file (is not a picture|has)", said)
    assert str(tmp_path) not in said  # none of the server's paths


def test_what_was_changed_is_kept_in_the_other_latent_space(spaces: Spaces) -> None:
    edit = Edit(spaces)
    place = edit.place(NAME, ExampleSeed(2))
    moved = place | {"at": [1.0, *place["at"][1:]]}
    assert edit.changes(moved) == {NAME: moved["at"]}
    for wrong in (None, "x", {"model": NAME, "at": [1.0]}, {"model": [], "at": []}, moved | {"at": [math.nan] * 11}):
        assert edit.changes(wrong) == {}


def test_a_picture_is_an_end_in_every_latent_space(spaces: Spaces) -> None:
    ways, mine = Ways(spaces), ExampleSeed(2)
    for name in ("mnist-vae", "mnist-vae2d", "fashion-vae"):
        with torch.inference_mode():
            z = spaces.models.variational(name).encode(model_input(spaces.models, mine, name).image).mean[0].tolist()
        assert ways.point(name, "A", {name: {"A": mine}}).z == pytest.approx(z)


def test_a_space_chosen_while_a_view_is_being_opened_is_shown_in_it() -> None:
    """The opening's own answer is of the one before, and comes first; what is not even built can wait."""

    class Sight:
        outputs: ClassVar = ["sliders"]

        def show(self, name: str) -> str:
            return name

    with gr.Blocks():
        opening = Opening()
    handler = refill(Sight(), opening)  # type: ignore[arg-type]
    assert handler(BUILT, "fashion-vae") == handler(OPENED, "fashion-vae") == (OPENED, "fashion-vae")
    assert handler(None, "fashion-vae") == (None, None)
