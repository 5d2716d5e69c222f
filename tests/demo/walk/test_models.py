"""The Walk tab with models of clothes and of photographs: one mechanism, each model's own words and pictures."""

import base64
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from demo.base.errors import InputError, answer_errors
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import ExampleSeed, form_for, model_input, read_drawing, read_upload
from demo.walk import TAB, latent
from demo.walk.bound import kl_bars
from demo.walk.edit import Edit
from demo.walk.ends import FIRST_SEEDS
from demo.walk.rebuild import Rebuild
from demo.walk.sliders import switch_place
from demo.walk.spaces import SHOWN, Spaces, fold_summary
from demo.walk.ways import Ways
from demo.walk.words import VIEWS, choices, hint, missing_note, own_models_note
from demo.widgets.sketch_pad import encode
from gm_core import VAE, Card, CheckpointError, VAEConfig
from gm_core.checkpoints import checkpoint_dir, save
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import Images
from gm_core.models import ImageShape
from gm_core.rendering import png
from gm_core.studies.atlas.atlas import make_atlas

CLOTHES, PHOTOGRAPHS = "fashion-vae", "cifar10-vae"
SHIPPED = ("mnist-vae", "mnist-vae2d", CLOTHES)
CONFIG = VAEConfig(image=ImageShape(height=32, width=32, channels=3), latent=80, width=4, hidden=16, mixture=2)


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spaces]:
    """A walk through the shipped spaces and that of a small model of photographs."""
    directory = tmp_path_factory.mktemp("checkpoints")
    for path in checkpoint_dir().iterdir():
        if not path.name.startswith(("cifar10", "emoji")):
            (directory / path.name).symlink_to(path.absolute())
    torch.manual_seed(0)
    model, names = VAE(CONFIG).eval(), ["airplane", "automobile", "bird"]
    card = Card(PHOTOGRAPHS, "vae", "A test's own.", "cifar10", "none", asdict(CONFIG), class_names=names)
    save(card, model.state_dict(), directory)
    pictures = torch.randint(256, (40, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    some = Images(pictures, torch.arange(40) % 3, tuple(names))
    make_atlas(PHOTOGRAPHS, some, some, device=torch.device("cpu"), directory=directory, quiet=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(directory))
        yield Spaces(Models.on("cpu"))


def unpacked(answer: dict[str, Any], size: int) -> torch.Tensor:
    """Pictures of an answer, (n, C, H, W)."""
    values = torch.frombuffer(bytearray(base64.b64decode(answer["pictures"])), dtype=torch.uint8)
    return values.view(-1, size, size, answer["channels"]).movedim(-1, 1)


def photograph() -> Image.Image:
    """Red above, blue below, twice as wide as high."""
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:32, :, 0], pixels[32:, :, 2] = 220, 180
    return Image.fromarray(pixels)


def test_what_is_there_can_be_chosen_digits_first(spaces: Spaces) -> None:
    assert list(spaces.cards) == [*SHIPPED, PHOTOGRAPHS] and not spaces.missing
    assert choices(spaces.cards, spaces.dimensions) == [
        ("digits, 16 dimensions", "mnist-vae"),
        ("digits, 2", "mnist-vae2d"),
        ("clothes, 32", CLOTHES),
        ("photographs, 80", PHOTOGRAPHS),
    ]


@pytest.mark.parametrize("name", [CLOTHES, PHOTOGRAPHS])
def test_pictures_are_the_decoders_in_grey_and_in_colour(spaces: Spaces, name: str) -> None:
    vae, size = spaces.models.variational(name), 28 if name == CLOTHES else 32
    z = latent.sample_prior(vae, 4)
    with torch.inference_mode():
        pixels = vae.decode(torch.tensor([z]))
    mean, scale = (unpacked(spaces.look({"model": name, "z": z, "view": view}), size) for view in ("mean", "scale"))
    assert torch.equal(mean, pixels.mean.round().byte())
    assert (scale / 255 * 127.5 - pixels.stddev.mean(dim=1)).abs().max() <= 0.26
    line = unpacked(spaces.lines({"model": name, "ends": [[z, [0.0] * len(z)]], "count": 20, "view": "mean"}), size)
    assert line.shape == (20, *mean.shape[1:]) and (line[0].int() - mean[0].int()).abs().max() <= 1
    drawn = unpacked(spaces.look({"model": name, "z": z, "view": "draw"}), size)
    assert drawn.shape == mean.shape and not torch.equal(drawn, mean)


def test_ways_and_their_animation_are_in_colour(spaces: Spaces) -> None:
    ways, vae = Ways(spaces), spaces.models.variational(PHOTOGRAPHS)
    strip, *_ = ways.show(PHOTOGRAPHS, {})
    first = latent.picture(vae, torch.tensor(ways.point(PHOTOGRAPHS, "A", {}).z))
    for way in ("straight", "spherical", "fade"):
        frames = unpacked({"pictures": strip["frames"][way], "channels": strip["channels"]}, strip["width"])
        assert len(frames) == strip["count"] and (frames[0].int() - first.int()).abs().max() <= 1
    animation = ways.animation({"model": PHOTOGRAPHS, "ends": strip["ends"]})["gif"]
    with Image.open(io.BytesIO(base64.b64decode(animation))) as gif:
        pixels = np.asarray(gif.convert("RGB"))
    assert pixels.shape[:2] == (5 * 32, 5 * (3 * 32 + 4)) and np.ptp(pixels[..., 0].astype(int) - pixels[..., 2]) > 0


def test_a_picture_is_prepared_anew_for_every_model(spaces: Spaces, tmp_path: Path) -> None:
    file = tmp_path / "photograph.png"
    photograph().save(file)
    mine = read_upload(str(file), {form_for(card) for card in spaces.cards.values()})
    for name, card in spaces.cards.items():
        expected = gm_core.prepare(photograph(), form=gm_core.form_of(card.dataset))
        shown = model_input(spaces.models, mine, name)
        assert torch.equal(shown.image, expected.image)
        assert shown.source == f"Your picture, {', '.join(expected.steps)}."
    assert model_input(spaces.models, mine, PHOTOGRAPHS).image.shape == (1, 3, 32, 32)
    assert read_drawing(encode(png(Image.new("L", (280, 280)))), [form_for(spaces.cards[PHOTOGRAPHS])]) is None


def test_an_end_is_the_same_picture_in_the_other_space(spaces: Spaces, tmp_path: Path) -> None:
    file, ways = tmp_path / "photograph.png", Ways(spaces)
    photograph().save(file)
    mine = read_upload(str(file), {form_for(card) for card in spaces.cards.values()})
    ends = {name: dict.fromkeys(FIRST_SEEDS, mine) for name in spaces.cards}
    for name in spaces.cards:
        strip, line, _ = ways.show(name, ends)
        with torch.inference_mode():
            z = spaces.models.variational(name).encode(model_input(spaces.models, mine, name).image).mean[0]
        assert strip["ends"][0] == pytest.approx(z.clamp(-latent.FAR, latent.FAR).tolist())
        assert "your picture" in line


def test_examples_are_of_the_models_own_kind(spaces: Spaces) -> None:
    with torch.inference_mode():
        drawn = spaces.models.autoregressive("fashion-pixelcnn").sample(generator=torch.Generator().manual_seed(3))
    clothes = model_input(spaces.models, ExampleSeed(3), CLOTHES)
    assert torch.equal(clothes.image, drawn) and "PixelCNN of clothes with seed 3" in clothes.source
    arrival = model_input(spaces.models, ExampleSeed(), CLOTHES)
    assert torch.equal(
        arrival.image, model_input(spaces.models, ExampleSeed(dataset_of("fashion").seeds.picture), CLOTHES).image
    )
    own = model_input(spaces.models, ExampleSeed(3), PHOTOGRAPHS)  # there is no PixelCNN of photographs here
    assert own.image.shape == (1, 3, 32, 32) and "this VAE itself with seed 3" in own.source


@pytest.mark.parametrize(
    ("name", "attributes"), [(CLOTHES, ["brightness", "width"]), (PHOTOGRAPHS, ["brightness", "warmth"])]
)
def test_pictures_are_edited_by_what_they_have(spaces: Spaces, name: str, attributes: list[str]) -> None:
    edit = Edit(spaces)
    place = edit.place(name, ExampleSeed(3))
    labels = [axis["label"] for axis in place["axes"]]
    classes = spaces.cards[name].class_names
    assert labels[:2] == attributes and set(labels[2:]) < {f"toward {label}" for label in classes}
    assert len(labels) == 1 + len(classes)
    reading = edit.look({"model": name, "z": place["base"], "view": "mean"})["reading"]
    assert all(
        word in reading
        for word in ("brightness", "of the class", f"real {dataset_of(spaces.cards[name].dataset).many}")
    )
    assert "digit" not in reading
    assert edit.changes(place | {"at": [1.0] * len(labels)}) == {name: [1.0] * len(labels)}


def test_brighter_clothes_are_brighter(spaces: Spaces) -> None:
    place = Edit(spaces).place(CLOTHES, ExampleSeed(3))
    base, direction = (torch.tensor(values) for values in (place["base"], place["axes"][0]["direction"]))
    values = [
        float(latent.picture(spaces.models.variational(CLOTHES), base + by * direction).float().mean())
        for by in (-1, 0, 1)
    ]
    assert values == sorted(values) and values[2] > values[0] + 20


def test_a_photograph_is_rebuilt_and_its_bound_is_per_colour_value(spaces: Spaces) -> None:
    rebuild = Rebuild(spaces)
    _, original, mean, spread, sample, bars = rebuild.pictures(PHOTOGRAPHS, ExampleSeed(3))
    assert [value["channels"] for value in (original, mean, spread, sample)] == [3, 3, 1, 3]
    assert "real photographs" in bars
    bar, curve = rebuild.bound(PHOTOGRAPHS, ExampleSeed(3))
    assert "bits per value" in bar and "bits per value" in curve


def test_what_says_most_is_shown_and_the_rest_folded_away(spaces: Spaces) -> None:
    place = spaces.place(CLOTHES, [0.0] * 32)
    shown = [axis for axis in place["axes"] if not axis["folded"]]
    assert len(shown) == SHOWN and shown == place["axes"][:SHOWN]
    assert not any(axis["folded"] for axis in spaces.place("mnist-vae", [0.0] * 16)["axes"])
    assert (
        fold_summary([3.0] * 20 + [0.01] * 108)
        == "112 more dimensions, of 3 nats or less each, 108 of which the model does not use"
    )
    assert fold_summary([3.0] * 15 + [0.01]) == "1 dimension that the model does not use"
    assert fold_summary([3.0] * 17) == "1 more dimension, of 3 nats or less each"
    assert kl_bars([1.0] * 128, [2.0] * 128, dataset_of("cifar10")).count("<i>") == 32
    assert "other 96 dimensions: 96.0 nats in all (192.0 on average)" in kl_bars(
        [1.0] * 128, [2.0] * 128, dataset_of("cifar10")
    )


def test_a_wide_space_is_walked_along_its_principal_directions(spaces: Spaces) -> None:
    assert spaces.is_wide(PHOTOGRAPHS) and not any(spaces.is_wide(name) for name in SHIPPED)
    atlas, vae = spaces.models.atlas(PHOTOGRAPHS), spaces.models.variational(PHOTOGRAPHS)
    z, words = spaces.start(PHOTOGRAPHS, 1, 3)
    assert z == atlas.codes[3].tolist() and "not seen in training" in words
    place = spaces.place(PHOTOGRAPHS, z)
    assert (place["base"], place["at"], len(place["axes"])) == (z, [0.0] * SHOWN, SHOWN)
    assert "of 80," in place["caption"] and not any(axis.get("folded") for axis in place["axes"])
    moved = place | {"at": [1.5, -2.0] + [0.0] * (SHOWN - 2)}
    name, point = spaces.point(moved)
    expected = torch.tensor(z) + 1.5 * atlas.principal[0] - 2 * atlas.principal[1]
    assert name == PHOTOGRAPHS
    torch.testing.assert_close(point, expected, rtol=0, atol=1e-4)
    assert spaces.prior({"model": PHOTOGRAPHS, "seed": 4}) == {"at": [0.0] * SHOWN, "base": latent.sample_prior(vae, 4)}
    for wrong in ({"at": [3.1] * SHOWN}, {"at": [0.0] * 80}, {"base": [99.0] * 80}, {"base": None}):
        with pytest.raises(InputError):
            spaces.point(moved | wrong)
    there, places = switch_place(spaces, CLOTHES, moved, {})
    assert there["model"] == CLOTHES and spaces.first_place(CLOTHES) == there
    back, _ = switch_place(spaces, PHOTOGRAPHS, there, places)
    assert (back["base"], back["at"]) == (z, moved["at"])


def test_words_speak_of_what_the_model_knows(spaces: Spaces) -> None:
    for name in (CLOTHES, PHOTOGRAPHS):
        card = spaces.cards[name]
        words = " ".join(hint(view, card, spaces.dimensions[name]) for view in VIEWS if view not in ("map", "compare"))
        assert "digit" not in words and dataset_of(card.dataset).one in words
        assert f"You chose <b>{dataset_of(card.dataset).many}</b>" in own_models_note(card)
    assert own_models_note(spaces.cards["mnist-vae2d"]) == ""
    line = figure_line(spaces.cards[CLOTHES])
    assert (
        "trained on Fashion-MNIST for 34,000 steps, 57 minutes on one CPU core" in line and "million parameters" in line
    )
    assert "test clothes cost at most" in line


def test_what_does_not_fit_is_left_out_and_the_others_go_on(
    spaces: Spaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for path in checkpoint_dir().iterdir():
        if not path.name.startswith("emoji"):
            (tmp_path / path.name).symlink_to(path.resolve())
    (tmp_path / f"{CLOTHES}-atlas.json").unlink()
    (tmp_path / f"{PHOTOGRAPHS}.safetensors").unlink()
    (tmp_path / f"{PHOTOGRAPHS}.safetensors").write_bytes(b"not weights")
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    left = Spaces(spaces.models)
    assert list(left.cards) == ["mnist-vae", "mnist-vae2d", PHOTOGRAPHS] and left.missing == [CLOTHES]
    assert f"python -m gm_core atlas {CLOTHES}" in caplog.text and CLOTHES in missing_note(left.missing)
    assert left.first_place("mnist-vae2d")["model"] == "mnist-vae2d"
    weights = re.escape(f"{PHOTOGRAPHS}.safetensors")
    for show in (Rebuild(left).pictures, Edit(left).place):  # found out when its weights are needed
        with pytest.raises(CheckpointError, match=f"{weights} is not the file"):
            show(PHOTOGRAPHS, ExampleSeed(1))
    assert f"{PHOTOGRAPHS}.safetensors" in answer_errors(left.look)({"model": PHOTOGRAPHS})["error"]
    for path in tmp_path.glob("*vae*.json"):
        path.unlink()
    with pytest.raises(CheckpointError, match="no VAE"):
        Spaces(spaces.models)
    assert "no VAE with an atlas" in texts_of_the_tab(spaces.models)


def test_an_atlas_of_other_weights_leaves_its_space_out(
    spaces: Spaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for path in checkpoint_dir().iterdir():
        (tmp_path / path.name).symlink_to(path.resolve())
    card = tmp_path / f"{CLOTHES}-atlas.json"
    entries = json.loads(card.read_text())
    card.unlink()
    entries["config"]["model"]["sha256"] = "0" * 64
    card.write_text(json.dumps(entries))
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    left = Spaces(spaces.models)
    assert left.missing == [CLOTHES] and left.dimensions.keys() == left.cards.keys()
    assert f"made with other weights of '{CLOTHES}'" in caplog.text


def texts_of_the_tab(models: Models) -> str:
    with gr.Blocks() as page:
        TAB.build(models)
    return "\n".join(str(part.value) for part in page.blocks.values() if isinstance(part, gr.HTML))


def test_a_view_whose_own_model_is_missing_says_so(
    spaces: Spaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = texts_of_the_tab(spaces.models)
    assert "no checkpoint" not in said and "Left out" not in said
    for path in checkpoint_dir().iterdir():
        (tmp_path / path.name).symlink_to(path.resolve())
    for path in tmp_path.glob("mnist-autoencoder*"):
        path.unlink()
    (tmp_path / "fashion-pixelcnn.json").unlink()
    (tmp_path / "fashion-pixelcnn.json").write_text("{")
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    said = texts_of_the_tab(spaces.models)
    assert said.count("There is no checkpoint &#x27;mnist-autoencoder&#x27;") == 1
    assert "<code>mnist-vae2d</code>" in said  # the map is there
