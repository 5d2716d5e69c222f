"""Checkpoints keep their numbers, and a bad one is told from a good one."""

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import torch

import gm_core
from gm_core import VAE, CheckpointError, GatedPixelCNN, GatedPixelCNNConfig, VAEConfig, checkpoints
from gm_core.checkpoints import available, load, read_card
from gm_core.models import ImageShape
from tests.helpers import shipped


@pytest.fixture
def model() -> GatedPixelCNN:
    torch.manual_seed(0)
    return GatedPixelCNN(
        GatedPixelCNNConfig(image=ImageShape(height=4, width=4), width=8, layers=2, dilations=(1, 2))
    ).eval()


@pytest.fixture
def directory(tmp_path, model):
    shipped(model, "tiny-pixelcnn", tmp_path)
    return tmp_path


def test_what_is_saved_comes_back_with_the_same_numbers(directory, model):
    images = torch.randint(256, (2, 1, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    loaded = load("tiny-pixelcnn", "cpu", directory)
    assert torch.equal(loaded.log_prob(images), model.log_prob(images))
    assert loaded.config == model.config
    assert not loaded.training
    for channels in (1, 3):
        vae = VAE(VAEConfig(image=ImageShape(height=4, width=4, channels=channels), latent=2, width=4, hidden=8)).eval()
        shipped(vae, f"tiny-vae{channels}", directory)
        z = torch.randn(2, 2)
        assert torch.equal(load(f"tiny-vae{channels}", "cpu", directory).decode(z).mean, vae.decode(z).mean)


def test_a_model_is_loaded_once_however_often_it_is_asked_for(directory):
    assert load("tiny-pixelcnn", "cpu", directory) is load("tiny-pixelcnn", "cpu", directory)


def test_cards_are_listed_by_name(directory, model):
    shipped(model, "another", directory)
    cards = available(directory)
    assert [card.name for card in cards] == ["another", "tiny-pixelcnn"]
    assert cards[0].metric("bits_per_dim").value == 1.5
    with pytest.raises(KeyError):
        cards[0].metric("beauty")


def test_one_changed_byte_is_noticed(directory):
    path = directory / "tiny-pixelcnn.safetensors"
    data = bytearray(path.read_bytes())
    data[-7] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"tiny-pixelcnn\.safetensors is not the file its card.*restore"):
        load("tiny-pixelcnn", "cpu", directory)


def test_a_truncated_file_is_noticed(directory):
    path = directory / "tiny-pixelcnn.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        load("tiny-pixelcnn", "cpu", directory)


def test_a_missing_file_is_named(directory):
    (directory / "tiny-pixelcnn.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"tiny-pixelcnn\.safetensors cannot be read \(No such file"):
        load("tiny-pixelcnn", "cpu", directory)


def test_an_unknown_name_gets_the_known_ones(directory):
    for name in ("nothing", "../tiny-pixelcnn", "", "tiny-pixelcnn.json", "TINY"):
        with pytest.raises(CheckpointError, match=r"there is no checkpoint .*there are: tiny-pixelcnn"):
            load(name, "cpu", directory)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 3, "metrics": [7]}', "not json", "\x00"])
def test_a_broken_card_is_one_clear_error(directory, text):
    (directory / "tiny-pixelcnn.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"tiny-pixelcnn\.json cannot be read .*restore"):
        load("tiny-pixelcnn", "cpu", directory)


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"channels": 16}},
        {"config": {"colour": 1}},
        {"config": []},
        {"config": {"dilations": []}},
        {"config": {"dilations": [0]}},
        {"config": {"height": "x"}},
        {"family": "oracle"},
        {"family": ["x"]},
        {"sha256": 7},
        {"name": "other"},
    ],
)
def test_a_card_of_something_else_is_noticed(directory, change):
    path = directory / "tiny-pixelcnn.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=r"tiny-pixelcnn"):
        load("tiny-pixelcnn", "cpu", directory)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the maximum of the memory cannot begin anew")
@pytest.mark.parametrize("change", [{"width": 4096}, {"width": 512, "layers": 256}, {"classes": 4096, "width": 4096}])
def test_a_card_of_a_huge_model_takes_no_memory(directory, change):
    path = directory / "tiny-pixelcnn.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps(card | {"config": card["config"] | change}))
    before = memory(since_now=True)
    with pytest.raises(CheckpointError, match=r"does not fit .* far more than the file's [\d,]+ values"):
        load("tiny-pixelcnn", "cpu", directory)
    assert memory() - before < 0.1


def memory(since_now: bool = False) -> float:
    """What this process has taken of the memory at most, in GB."""
    if since_now:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 2**20


def test_no_model_needs_a_compiler_to_be_loaded():
    """It takes 2 s to import, in every process, before the first picture."""
    program = """
        import sys, gm_core
        for card in gm_core.available():
            if card.is_model:
                gm_core.load(card.name, "cpu")
        print("torch._dynamo" in sys.modules)
    """
    ran = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_a_file_that_is_no_safetensors_is_noticed_even_with_the_right_hash(directory):
    path = directory / "tiny-pixelcnn.safetensors"
    path.write_bytes(b"\x80\x04pickled")
    card = directory / "tiny-pixelcnn.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": checkpoints.sha256(path.read_bytes())}))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load("tiny-pixelcnn", "cpu", directory)


def test_a_save_that_fails_leaves_the_old_file(directory, model, monkeypatch):
    before = (directory / "tiny-pixelcnn.safetensors").read_bytes()

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        shipped(model, "tiny-pixelcnn", directory)
    assert (directory / "tiny-pixelcnn.safetensors").read_bytes() == before
    assert sorted(path.name for path in directory.iterdir()) == ["tiny-pixelcnn.json", "tiny-pixelcnn.safetensors"]


def test_a_name_that_would_leave_the_folder_is_not_written(tmp_path, model):
    with pytest.raises(CheckpointError, match="cannot name a checkpoint"):
        shipped(model, "../escape", tmp_path)


def test_every_shipped_checkpoint_is_whole_small_and_described():
    cards = gm_core.available()
    assert {"mnist-pixelcnn", "mnist-vae", "mnist-vae2d", "mnist-detector"} <= {card.name for card in cards}
    for card in cards:
        assert read_card(card.name) == card
        weights = checkpoints.checkpoint_dir() / f"{card.name}.safetensors"
        assert weights.stat().st_size < 10 * 2**20
        assert sum(tensor.numel() for tensor in checkpoints.read_tensors(card).values()) > 0
        assert card.metrics
        assert all(metric.protocol and metric.unit for metric in card.metrics)
        if card.is_model:
            model = gm_core.load(card.name, "cpu")
            assert model.family == card.family
            tensors, state = checkpoints.read_tensors(card), model.state_dict()
            assert tensors.keys() == state.keys()
            assert all(torch.equal(state[name], tensor.to(state[name].dtype)) for name, tensor in tensors.items())
            assert card.parameters == sum(p.numel() for p in model.parameters())
            assert {"steps", "minutes", "hardware"} <= set(card.cost)


def test_a_model_first_asked_for_in_inference_mode_still_has_gradients(tmp_path):
    config = GatedPixelCNNConfig(image=ImageShape(height=4, width=4), classes=2, width=4, layers=1)
    shipped(GatedPixelCNN(config), "dots-pixelcnn", tmp_path)
    with torch.inference_mode():
        model = gm_core.load("dots-pixelcnn", "cpu", tmp_path)
    assert not any(parameter.is_inference() for parameter in model.parameters())
    assert gm_core.influence(model, torch.zeros(1, 1, 4, 4, dtype=torch.uint8), index=5).shape == (4, 4)


def test_the_shipped_pixelcnn_finds_its_own_drawings_about_as_likely_as_its_card_says():
    """E[-log p(x)] over its own pictures, its entropy, is a little above the card's figure: what goes wrong adds up."""
    model, card = gm_core.load("mnist-pixelcnn", "cpu"), gm_core.read_card("mnist-pixelcnn")
    images = model.sample(64, generator=torch.Generator().manual_seed(0))
    own = float(model.bits_per_dim(model.log_prob(images)).mean())
    assert 0.05 < own - card.metric("bits_per_dim").value < 0.25


def test_the_shipped_vae_encodes_what_it_decodes():
    """Decoded pictures, encoded again, come back near where they were: the latent space is used, not ignored."""
    vae = gm_core.load("mnist-vae", "cpu")
    z = vae.encode(gm_core.load("mnist-pixelcnn", "cpu").sample(16, generator=torch.Generator().manual_seed(1))).mean
    again = vae.encode(vae.decode(z).mean.round().to(torch.uint8)).mean
    assert (again - z).norm(dim=1).mean() < 0.5 * z.norm(dim=1).mean()
