"""Small data that the tests make themselves."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gm_core import warm_up
from gm_core.models.autoregressive.sampling import select


def write_idx(path: Path, values: np.ndarray) -> None:
    """Write bytes in the format of the MNIST files."""
    path.write_bytes(struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes())


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory) -> Path:
    """MNIST in name and layout only: 5,200 training and 60 test pictures of a bar whose place is its class."""
    directory = tmp_path_factory.mktemp("data")
    raw = directory / "MNIST" / "raw"
    raw.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in (("train", 5200), ("t10k", 60)):
        labels = generator.integers(0, 10, count, dtype=np.uint8)
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4:24, 4 + 2 * label : 6 + 2 * label] = 255
        images[:, 0, 0] = np.arange(count) % 251  # so that a test can tell which is which
        write_idx(raw / f"{split}-images-idx3-ubyte", images)
        write_idx(raw / f"{split}-labels-idx1-ubyte", labels)
    return directory


@pytest.fixture(params=["plain", "compiled"])
def engine(request, monkeypatch) -> str:
    """The plain cached samplers, then the compiled ones."""
    if request.param == "plain":
        monkeypatch.setattr(select, "_compiled", {})
    else:
        assert warm_up()
    return request.param


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """CIFAR-10 in name and layout only: sheets of small numbered tiles."""
    root = tmp_path_factory.mktemp("sheets")
    (root / "cifar10").mkdir()
    labels = {}
    for index, name in enumerate([*(f"train_{number}" for number in range(1, 6)), "test"]):
        columns, rows = (40, 1) if name == "test" else (40, 30)
        numbers = np.arange(rows * columns)
        colours = np.stack([numbers % 256, numbers // 256, np.full_like(numbers, index)], axis=-1).astype(np.uint8)
        tiles = colours.reshape(rows, columns, 3).repeat(32, axis=0).repeat(32, axis=1)
        tiles[0::32, 1::32] = 200  # the second pixel of every tile
        Image.fromarray(tiles).save(root / "cifar10" / f"{name}.webp", lossless=True)
        labels[name] = numbers % 10
    np.savez(root / "cifar10" / "labels.npz", **labels)
    return root
