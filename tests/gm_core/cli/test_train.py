"""A recipe becomes a checkpoint whose card can be measured again, also on pictures of your own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from gm_core.cli import again
from gm_core.data.datasets import load_dataset
from gm_core.data.user_folder import own_pictures
from gm_core.evaluation import bound
from gm_core.training import recipes
from gm_core.training.recipes import Recipe
from tests.gm_core.cli.tiny import TINY


@pytest.mark.usefixtures("tiny_recipes")
@pytest.mark.parametrize("name", list(TINY))
def test_train_stops_resumes_and_writes_a_card_that_evaluate_reproduces(cli, data_dir, tmp_path, monkeypatch, name):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 20)
    common = ["train", name, "--data-dir", data_dir, "--out", tmp_path, "--device", "cpu"]
    code, out, _ = cli(*common, "--max-minutes", 0)
    assert (code, list(tmp_path.glob("*.json"))) == (0, [])
    assert "--resume" in out
    code, out, _ = cli(*common, "--resume")
    assert code == 0
    card = gm_core.read_card(name, tmp_path)
    assert card.cost["steps"] == 6
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    code, out, _ = cli("evaluate", name, "--data-dir", data_dir, "--json", "--device", "cpu")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-5)
        assert measured["protocol"] == carded.protocol
    code, _, err = cli("evaluate", name, "--data-dir", tmp_path / "empty")
    assert code == 1
    assert "--data-dir" in err


@pytest.mark.usefixtures("tiny_recipes")
@pytest.mark.parametrize("way", [["tiny-pixelcnn"], ["--recipe", "tiny-pixelcnn"], ["--recipe=tiny-pixelcnn"]])
def test_the_command_to_continue_with_is_the_one_that_was_given(cli, data_dir, tmp_path, monkeypatch, way):
    monkeypatch.setenv("GM_DATA_DIR", str(data_dir))
    out = tmp_path / "my 'runs\n\udce9"
    given = ["--steps", 5, "--out", out, "--device", "cpu", "--threads", 1]
    _, stopped, _ = cli("train", *way, *given, "--max-minutes", 0)
    assert len(stopped.splitlines()) == 1 and stopped.encode()
    line = stopped.split("continue with: ")[1]
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    python, option, module, *arguments = map(os.fsdecode, words.split(b"\0")[:-1])
    assert (python, option, module) == ("python", "-m", "gm_core")
    monkeypatch.delenv("GM_DATA_DIR")
    assert cli(*arguments)[0] == 0
    assert gm_core.read_card("tiny-pixelcnn", out).cost["steps"] == 5


def test_the_command_begins_as_the_program_was_started(monkeypatch, tmp_path):
    script = tmp_path / "gm-core"
    script.touch(mode=0o755)
    module = ["python3", "-X", "utf8", "-m", "gm_core"]
    for program, arguments, path, expected in (
        (module, [str(tmp_path / "__main__.py")], "", module),
        (["/bin/python", str(script)], [str(script)], str(tmp_path), ["gm-core"]),
        (["/bin/python", str(script)], [str(script)], "", ["/bin/python", str(script)]),
    ):
        monkeypatch.setattr(sys, "argv", [*arguments, "train", "x"])
        monkeypatch.setattr(sys, "orig_argv", [*program, "train", "x"])
        monkeypatch.setenv("PATH", path)
        assert again.program() == expected
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert again.program()[:4] == ["torchrun", "--standalone", "--nproc-per-node", "2"]


def test_own_pictures_are_trained_on_and_measured_by_their_folders_name(cli, tmp_path, monkeypatch):
    """Reddish and bluish pictures, and one file that is not a picture."""
    random, folder, out = np.random.default_rng(0), tmp_path / "My holiday!", tmp_path / "out"
    for kind, channel in (("red", 0), ("blue", 2)):
        (folder / kind).mkdir(parents=True)
        for number in range(20):
            picture = random.integers(0, 60, (40, 50, 3), dtype=np.uint8)
            picture[:, :, channel] += 150
            Image.fromarray(picture).save(folder / kind / f"{number}.png")
    (folder / "red" / "broken.png").write_bytes(b"no picture")
    model = gm_core.PixelCNNPPConfig(vertical=(4,), horizontal=(4,), blocks=(1,), kernel_size=3, mixture=2)
    monkeypatch.setitem(recipes.RECIPES, "cifar10-tiny", Recipe("cifar10-tiny", "cifar10", model, 3, 4, 5e-3, 2))
    common = ["--data-dir", folder, "--device", "cpu"]
    code, _, err = cli("train", "--recipe", "cifar10-tiny", *common, "--out", out)
    assert code == 0 and "broken.png" in err
    card = gm_core.read_card("my-holiday-tiny", out)
    assert (card.dataset, card.class_names, card.config["classes"]) == ("my-holiday", ["blue", "red"], 2)
    parts = [load_dataset("my-holiday", split, folder) for split in ("train", "validation", "test")]
    sizes = [len(part) for part in parts]
    assert sum(sizes) == 40 and min(sizes) > 0
    assert card.split.startswith(
        f"trained on {sizes[0]} training images; {sizes[1]} held out; measured on {sizes[2]} for"
    )
    assert card.data == parts[0].provenance and card.data["pictures"] == 40
    monkeypatch.setenv("GM_CHECKPOINTS", str(out))
    code, out_text, err = cli("evaluate", "my-holiday-tiny", *common, "--json")
    assert code == 0 and "warning" not in err
    assert json.loads(out_text)["metrics"][0]["value"] == pytest.approx(card.metrics[0].value, rel=1e-5)
    for part in parts:
        assert (part.images.shape[1:], part.class_names) == ((3, 32, 32), ("blue", "red"))
        assert torch.equal(part.images[:, 0].float().mean((1, 2)) > 100, part.labels == 1)
    code, _, err = cli("train", "mnist-pixelcnn", *common, "--out", out)
    assert code == 1 and "cifar10-pixelcnnpp" in err
    (folder / "red" / "0.png").rename(tmp_path / "0.png")
    own_pictures.cache_clear()
    code, _, err = cli("evaluate", "my-holiday-tiny", *common)
    assert code == 0 and "warning: my-holiday-tiny: the pictures are others now: 40 then, 39 now" in err
    code, _, err = cli("train", "cifar10-tiny", "--data-dir", folder / "red", "--out", out)
    assert code == 1 and "is not in" in err, "nineteen pictures are no data set"
