"""An atlas tells the truth of its model: the codes are the encoder's, and its directions lead where they say."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from gm_core import (
    VAE,
    Autoencoder,
    AutoencoderConfig,
    CheckpointError,
    GatedPixelCNN,
    GatedPixelCNNConfig,
    VAEConfig,
    load,
    load_atlas,
    read_card,
    slant,
    thickness,
)
from gm_core.checkpoints import save
from gm_core.data.datasets import Images
from gm_core.models import ImageShape
from gm_core.studies.atlas.atlas import evaluate_atlas, make_atlas, principal_steps
from tests.helpers import flat, loss_of, shipped

SIZE = 16


def bars(n: int, seed: int) -> Images:
    """Soft bars of many thicknesses and slants, in two classes of different length."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (n,), generator=generator)
    width = 1 + 4 * torch.rand(n, 1, 1, generator=generator)
    shear = 1.2 * torch.rand(n, 1, 1, generator=generator) - 0.6
    axis = torch.arange(SIZE) - (SIZE - 1) / 2
    x, y = axis[None, None], axis[None, :, None]
    ink = (width / 2 + 0.5 - (x + shear * y).abs()).clamp(0, 1) * (y.abs() < (3 + 3 * labels)[:, None, None])
    return Images((255 * ink).round().to(torch.uint8).unsqueeze(1), labels, ("short", "long"))


def trained(model, images, rate):
    optimiser = torch.optim.Adam(model.parameters(), rate)
    generator = torch.Generator().manual_seed(0)
    for _ in range(450):
        some = torch.randint(len(images), (16,), generator=generator)
        optimiser.zero_grad()
        loss_of(model, images[some], some, generator).backward()
        optimiser.step()
    return model.eval().requires_grad_(False)


def of_digits(model, name, directory):
    """A checkpoint of a model of strokes."""
    card = shipped(model, name, directory)
    return save(replace(card, dataset="mnist"), model.state_dict(), directory)


TRAIN, HELD_OUT = bars(1000, 0), bars(150, 1)
CPU = {"device": torch.device("cpu"), "quiet": True}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Two small models of bars, and their atlases."""
    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("checkpoints")
    shape = {"height": SIZE, "width": SIZE, "channels": 4, "hidden": 64}
    for name, rate, model in (
        ("bars-autoencoder", 5e-3, Autoencoder(flat(AutoencoderConfig, latent=3, **shape))),
        ("bars-vae", 5e-3, VAE(flat(VAEConfig, latent=4, mixture=3, **shape))),
    ):
        of_digits(trained(model, TRAIN.images, rate), name, directory)
        make_atlas(name, TRAIN, HELD_OUT, directory=directory, **CPU)
    return directory


@pytest.fixture
def altered(directory, tmp_path):
    """A copy that a test may spoil."""
    for path in directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def codes(model, images):
    return model.code(images)


def pictures(model, z):
    return model.expected(z).clamp(0, 255)


@pytest.mark.parametrize("name", ["bars-vae", "bars-autoencoder"])
def test_codes_and_class_means_are_the_encoders(directory, name):
    model, atlas = load(name, "cpu", directory), load_atlas(name, "cpu", directory)
    torch.testing.assert_close(atlas.codes, codes(model, HELD_OUT.images), rtol=1e-3, atol=1e-3)
    assert torch.equal(atlas.labels, HELD_OUT.labels)
    for label, mean in enumerate(atlas.class_codes):
        torch.testing.assert_close(
            mean, codes(model, TRAIN.images[TRAIN.labels == label]).mean(0), rtol=1e-4, atol=1e-4
        )
    assert atlas.class_names == ("short", "long")
    assert load_atlas(name, "cpu", directory) is atlas


def test_kl_is_the_elbos_and_an_autoencoder_has_none(directory):
    vae, atlas = load("bars-vae", "cpu", directory), load_atlas("bars-vae", "cpu", directory)
    torch.testing.assert_close(atlas.kl, vae.bound(HELD_OUT.images).kl_per_dim.mean(0))
    assert load_atlas("bars-autoencoder", "cpu", directory).kl.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["bars-vae", "bars-autoencoder"])
def test_moving_along_a_direction_does_what_it_says(directory, name):
    model, atlas = load(name, "cpu", directory), load_atlas(name, "cpu", directory)
    start = codes(model, HELD_OUT.images)
    for attribute, measure in (("thickness", thickness), ("slant", slant)):
        real = measure(TRAIN.images)
        mean, deviation = atlas.attributes[attribute]
        assert (mean, deviation) == pytest.approx((float(real.mean()), float(real.std())), rel=0.01)
        less, more = (measure(pictures(model, start + move * atlas.directions[attribute])) for move in (-1, 1))
        assert ((more - less).mean() / 2).item() > 0.3 * deviation
        # By least squares, the code of a picture of its class's mean attribute + 1 sd is its mean code + the direction.
        z = codes(model, TRAIN.images).double()
        standard = (real / real.std())[:, None].double()
        classes = torch.nn.functional.one_hot(TRAIN.labels).double()
        slope = torch.linalg.lstsq(torch.cat([standard, classes], 1), z).solution[0]
        torch.testing.assert_close(atlas.directions[attribute].double(), slope, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["bars-vae", "bars-autoencoder"])
def test_the_card_says_how_good_the_space_is_and_can_be_measured_again(directory, name):
    model, atlas = load(name, "cpu", directory), load_atlas(name, "cpu", directory)
    card = read_card(f"{name}-atlas", directory)
    for measured, carded in zip(evaluate_atlas(model, atlas, HELD_OUT, quiet=True), card.metrics, strict=True):
        assert measured.value == pytest.approx(carded.value, rel=1e-4, abs=1e-4)
        assert (measured.name, measured.protocol) == (carded.name, carded.protocol)
    nearest = torch.cdist(codes(model, HELD_OUT.images), atlas.class_codes).argmin(1)
    assert card.metric("nearest_class_mean").value == pytest.approx(float((nearest == HELD_OUT.labels).double().mean()))
    for attribute in ("thickness", "slant"):
        assert card.metric(f"{attribute}_change").value > 0
        assert card.metric(f"{attribute}_correlation").value > 0.5
    if name == "bars-vae":
        assert card.metric("dimensions_in_use").value == int((atlas.kl >= 0.05).sum())


def test_principal_steps_of_a_linear_decoder_are_the_principal_components_of_its_pictures():
    generator = torch.Generator().manual_seed(3)
    model = Autoencoder(AutoencoderConfig(image=ImageShape(height=SIZE, width=SIZE), latent=20, width=2, hidden=4))
    weight = torch.randn(20, SIZE * SIZE, generator=generator)
    model.decode = lambda z: 127.5 + (z @ weight).view(-1, 1, SIZE, SIZE) / 10
    codes = torch.randn(400, 20, generator=generator) @ torch.randn(20, 20, generator=generator)
    steps, gains = principal_steps(model, codes)
    pictures = (codes @ weight / 10).double()
    values, vectors = torch.linalg.eigh(torch.cov(pictures.mT))
    assert (steps.shape, gains.shape) == ((16, 20), (20,))
    torch.testing.assert_close(gains, (values.flip(0)[:20] / SIZE**2).sqrt().float(), rtol=1e-3, atol=1e-3)
    ways = torch.nn.functional.normalize(steps @ weight, dim=1).double()
    torch.testing.assert_close((ways @ vectors.flip(1)[:, :16]).abs(), torch.eye(16).double(), rtol=0, atol=1e-2)


def test_no_image_ships(directory):
    tensors = load_file(directory / "bars-vae-atlas.safetensors")
    d = tensors["codes"].shape[1]
    principal = d * d + d
    assert sum(value.numel() for value in tensors.values()) == 150 * (d + 1) + d + 2 * d + principal + 2 * d + 2 * 2


@pytest.mark.parametrize(
    "change", [{"family": "vae"}, {"config": {}}, {"config": {"model": "x"}}, {"class_names": ["only"]}]
)
def test_a_card_of_something_else_is_refused(altered, change):
    path = altered / "bars-vae-atlas.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=r"bars-vae-atlas.*(python -m gm_core atlas bars-vae|restore it)"):
        load_atlas("bars-vae", "cpu", altered)


def test_tensors_of_something_else_are_refused(altered):
    card = read_card("bars-vae-atlas", altered)
    tensors = load_file(altered / "bars-vae-atlas.safetensors")
    for changed in (
        {key: value for key, value in tensors.items() if key != "kl"},
        tensors | {"codes": tensors["codes"][:, :2]},
        tensors | {"labels": tensors["labels"][1:]},
        tensors | {"directions": tensors["directions"][:1]},
        tensors | {"attributes": tensors["attributes"][:, 0]},
    ):
        save(card, changed, altered)
        with pytest.raises(CheckpointError, match=r"not one of this version.*python -m gm_core atlas bars-vae"):
            load_atlas("bars-vae", "cpu", altered)


def test_directions_of_other_attributes_are_refused(altered):
    path = altered / "bars-vae.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": "fashion"}))
    with pytest.raises(CheckpointError, match=r"no brightness_change.*python -m gm_core atlas bars-vae"):
        load_atlas("bars-vae", "cpu", altered)


def test_photographs_have_an_atlas_of_their_own_attributes(tmp_path):
    pictures = torch.randint(256, (60, 3, 4, 4), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    images = Images(pictures, torch.arange(60) % 2, ("even", "odd"))
    config = VAEConfig(image=ImageShape(height=4, width=4, channels=3), latent=3, width=4, hidden=8, mixture=2)
    shipped(VAE(config).eval(), "photographs-vae", tmp_path)
    card = make_atlas("photographs-vae", images, images, directory=tmp_path, **CPU)
    atlas = load_atlas("photographs-vae", "cpu", tmp_path)
    assert list(atlas.directions) == list(atlas.attributes) == ["brightness", "warmth"]
    assert atlas.attributes["brightness"][0] == pytest.approx(float(pictures.float().mean()))
    assert {"brightness_change", "warmth_change"} < {metric.name for metric in card.metrics}


def test_one_changed_byte_is_noticed(altered):
    path = altered / "bars-vae-atlas.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"bars-vae-atlas\.safetensors is not the file its card describes"):
        load_atlas("bars-vae", "cpu", altered)


def test_an_atlas_of_other_weights_is_refused(altered):
    model = load("bars-vae", "cpu", altered)
    of_digits(VAE(model.config), "bars-vae", altered)
    with pytest.raises(CheckpointError, match=r"other weights of 'bars-vae'.*python -m gm_core atlas bars-vae --out"):
        load_atlas("bars-vae", "cpu", altered)


def test_a_missing_atlas_or_model_is_named(altered):
    (altered / "bars-vae-atlas.json").unlink()
    with pytest.raises(CheckpointError, match=r"no checkpoint 'bars-vae-atlas'.*python -m gm_core atlas bars-vae"):
        load_atlas("bars-vae", "cpu", altered)
    with pytest.raises(CheckpointError, match="there is no checkpoint 'cats-vae-atlas', nor 'cats-vae'"):
        load_atlas("cats-vae", "cpu", altered)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            GatedPixelCNN(GatedPixelCNNConfig(image=ImageShape(height=4, width=4), width=4, layers=1)),
            "has no latent space",
        ),
        (
            VAE(VAEConfig(image=ImageShape(height=4, width=4, levels=2), latent=2, width=4, hidden=8)),
            "pictures of 2 levels",
        ),
    ],
)
def test_only_latent_spaces_of_grey_pictures_are_surveyed(tmp_path, model, message):
    shipped(model, "other", tmp_path)
    with pytest.raises(CheckpointError, match=message):
        make_atlas("other", TRAIN, HELD_OUT, directory=tmp_path, **CPU)
