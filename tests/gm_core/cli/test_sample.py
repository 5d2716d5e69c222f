"""The pictures that the shell writes are the pictures that Python draws."""

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from gm_core.rendering import grid


def read(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_sample_writes_what_python_draws(cli, tmp_path):
    code, _, _ = cli("sample", "mnist-pixelcnn", "-n", 2, "--label", 7, "--seed", 5, "--temperature", 0.9,
                     "--out", tmp_path / "grid.png", "--gif", tmp_path / "drawing.gif", "--device", "cpu")  # fmt: skip
    assert code == 0
    model = gm_core.load("mnist-pixelcnn", "cpu")
    images = model.sample(2, torch.tensor([7, 7]), torch.Generator().manual_seed(5), 0.9)
    assert np.array_equal(read(tmp_path / "grid.png"), np.asarray(grid(images)))
    with Image.open(tmp_path / "drawing.gif") as moving:
        assert moving.n_frames > 10
        moving.seek(moving.n_frames - 1)
        assert np.abs(np.asarray(moving.convert("L")).astype(int) - np.asarray(grid(images))).max() <= 8
    code, _, _ = cli("sample", "mnist-vae", "-n", 3, "--seed", 5, "--out", tmp_path / "vae.png", "--device", "cpu")
    assert code == 0
    images = gm_core.load("mnist-vae", "cpu").sample(3, generator=torch.Generator().manual_seed(5))
    assert np.array_equal(read(tmp_path / "vae.png"), np.asarray(grid(images)))


@pytest.mark.parametrize(
    ("name", "levels"),
    [("mnist-autoencoder", 256), ("mnist-vae", 256), ("mnist-binary-vae", 2), ("four-pixelcnn", 4)],
)
def test_sample_shows_every_kind_of_model_in_the_full_range_of_grey(cli, untrained, name, levels):
    out = untrained / "grid.png"
    code, _, _ = cli("sample", name, "-n", 4, "--seed", 2, "--out", out, "--device", "cpu")
    assert code == 0
    images = gm_core.load(name, "cpu").sample(4, generator=torch.Generator().manual_seed(2))
    visible = (images.double() * 255 / (levels - 1)).round().to(torch.uint8)
    assert np.array_equal(read(out), np.asarray(grid(visible)))
    if levels == 4:
        assert set(visible.unique().tolist()) == {0, 85, 170, 255}
    if "pixelcnn" not in name:
        for option, what in ((["--label", 1], "knows no classes"), (["--gif", "x.gif"], "nothing to watch")):
            code, _, err = cli("sample", name, *option, "--device", "cpu")
            assert code == 2
            assert what in " ".join(err.replace("│", " ").split())
