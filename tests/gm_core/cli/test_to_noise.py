"""A picture becomes noise from the shell, and what cannot do that says so."""

import numpy as np
import torch
from PIL import Image

import gm_core
from gm_core.rendering import grid


def test_to_noise_writes_the_way_that_python_finds(cli, tmp_path):
    digit = gm_core.load("mnist-pixelcnn", "cpu").sample(1, torch.tensor([3]), torch.Generator().manual_seed(1))
    grid(digit).save(tmp_path / "digit.png")
    code, out, _ = cli(
        "to-noise", "mnist-realnvp", tmp_path / "digit.png", "--out", tmp_path / "n.gif", "--device", "cpu"
    )
    assert code == 0
    prepared = gm_core.prepare(gm_core.open_picture(tmp_path / "digit.png"), form=gm_core.form_of("mnist")).image
    frames = list(gm_core.load("mnist-realnvp", "cpu").to_noise(prepared, generator=torch.Generator().manual_seed(0)))
    assert out.startswith(f"{len(frames)} steps")
    assert torch.equal(frames[0].images, prepared)
    with Image.open(tmp_path / "n.gif") as animation:
        assert animation.n_frames == len(frames)
        animation.seek(len(frames) - 1)
        last = np.asarray(animation.convert("L")).astype(int)
    assert np.abs(last - np.asarray(grid(frames[-1].images))).max() <= 8
    # Noise knows nothing of its neighbours: a picture's values follow them.
    alike = [float(np.corrcoef(np.stack([x[:, :-1].ravel(), x[:, 1:].ravel()]))[0, 1]) for x in
             (frame.images[0, 0].double().numpy() for frame in (frames[0], frames[-1]))]  # fmt: skip
    assert alike[0] > 0.7
    assert abs(alike[1]) < 0.2


def test_what_has_no_way_back_says_so(cli, tmp_path):
    grid(torch.zeros(1, 1, 28, 28, dtype=torch.uint8)).save(tmp_path / "digit.png")
    code, out, err = cli("to-noise", "mnist-pixelcnn", tmp_path / "digit.png", "--device", "cpu")
    assert (code, out) == (1, "")
    assert "no way back to noise" in err
    code, _, err = cli("to-noise", "mnist-realnvp", tmp_path / "missing.png", "--device", "cpu")
    assert code == 1
    assert "missing.png" in err
