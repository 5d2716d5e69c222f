"""Data sets as they are read: their splits, binarised pictures, and sheets of tiles."""

import gzip
import itertools
import shutil

import pytest
import torch

from gm_core.data.datasets import DataError, Images, load_dataset
from tests.helpers import seeded


def test_the_last_5000_training_images_are_held_out(data_dir):
    train_set, held_out, test_set = (
        load_dataset("mnist", split, data_dir) for split in ("train", "validation", "test")
    )
    assert (len(train_set), len(held_out), len(test_set)) == (200, 5000, 60)
    assert train_set.images.shape == (200, 1, 28, 28)
    assert len(held_out.first(7)) == 7
    assert held_out.first(None) is held_out
    assert train_set.images[:, 0, 0, 0].tolist() == [i % 251 for i in range(200)]  # the test's data are numbered
    assert held_out.images[:, 0, 0, 0].tolist() == [i % 251 for i in range(200, 5200)]
    assert train_set.class_names == tuple("0123456789")


def test_data_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"MNIST is not in .*--data-dir"):
        load_dataset("mnist", "train", tmp_path)
    assert not list(tmp_path.iterdir())  # a folder that was named is never written to
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, kind in itertools.product(("train", "t10k"), ("images-idx3", "labels-idx1")):
        (raw / f"{split}-{kind}-ubyte").write_bytes(b"not what it says")
    with pytest.raises(DataError, match="MNIST is damaged in"):
        load_dataset("mnist", "train", tmp_path)
    with pytest.raises(DataError, match="no data set 'cats'"):
        load_dataset("cats", "train", tmp_path)
    with pytest.raises(DataError, match="no split 'valid'"):
        load_dataset("mnist", "valid", tmp_path)


GREYS = torch.tensor([0, 1, 64, 128, 254, 255], dtype=torch.uint8).view(1, 1, 2, 3)


def test_binarised_pictures_are_drawn_anew_and_are_grey_on_average():
    data = Images(GREYS.expand(4000, -1, -1, -1), torch.zeros(4000, dtype=torch.int64), ("grey",), binary=True)
    drawn = data.pictures(generator=seeded())
    assert drawn.dtype == torch.uint8 and set(drawn.unique().tolist()) == {0, 1}
    torch.testing.assert_close(drawn.float().mean(0), GREYS[0] / 255, atol=0.03, rtol=0)
    assert not drawn[:, 0, 0, 0].any() and drawn[:, 0, 1, 2].all()  # paper and ink are certain
    generator = seeded()
    first, second = data.pictures(slice(100), generator), data.pictures(slice(100), generator)
    assert first.shape == second.shape == (100, 1, 2, 3)
    assert not torch.equal(first, second)


def test_binarised_test_pictures_are_the_same_every_time(data_dir):
    data, grey = (load_dataset(name, "test", data_dir) for name in ("mnist-binary", "mnist"))
    assert torch.equal(data.pictures(), load_dataset("mnist-binary", "test", data_dir).pictures())
    assert torch.equal(data.images, grey.images)
    assert torch.equal(grey.pictures(), grey.images)
    assert torch.equal(data.pictures()[grey.images == 255], torch.ones_like(grey.images[grey.images == 255]))


def test_sheets_are_cut_in_reading_order_and_the_last_5000_are_held_out(sheets):
    train, held_out, test = (load_dataset("cifar10", split, sheets) for split in ("train", "validation", "test"))
    assert (len(train), len(held_out), len(test)) == (1000, 5000, 40)
    assert train.images.shape[1:] == (3, 32, 32)
    numbers = torch.arange(1000)
    assert torch.equal(train.images[:, :, 31, 5].long(), torch.stack([numbers % 256, numbers // 256, 0 * numbers], 1))
    assert torch.all(train.images[:, :, 0, 1] == 200)
    assert torch.all(train.images[:, 0, 1, 0] == train.images[:, 0, 0, 0])
    assert torch.equal(train.labels, numbers % 10)
    assert held_out.images[-1, 2, 2, 2] == 4
    assert test.class_names[3] == "cat"


@pytest.mark.parametrize("damage", ["labels.npz", "train_2.webp"])
def test_damaged_sheets_are_one_clear_error(sheets, tmp_path, damage):
    (tmp_path / "cifar10").mkdir()
    for path in (sheets / "cifar10").iterdir():
        data = path.read_bytes()
        (tmp_path / "cifar10" / path.name).write_bytes(data[: len(data) // 2] if path.name == damage else data)
    with pytest.raises(DataError, match="CIFAR-10 is damaged in"):
        load_dataset("cifar10", "train", tmp_path)


def test_cifar10_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match="CIFAR-10 is not in"):
        load_dataset("cifar10", "test", tmp_path)


def test_mnist_is_read_packed_unpacked_or_mixed(data_dir, tmp_path):
    for split in ("train", "test"):
        packed = tmp_path / split / "MNIST" / "raw"
        packed.mkdir(parents=True)
        for path in (data_dir / "MNIST" / "raw").iterdir():
            if "images" in path.name or split == "train":
                (packed / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
            else:
                shutil.copy(path, packed)
        plain, found = (load_dataset("mnist", split, root) for root in (data_dir, tmp_path / split))
        assert torch.equal(found.images, plain.images) and torch.equal(found.labels, plain.labels)


@pytest.mark.parametrize("spoil", ["cut", "words", "short", "long", "labels"])
def test_damaged_packed_files_are_one_clear_error(data_dir, tmp_path, spoil):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (data_dir / "MNIST" / "raw").glob("t10k*"):
        content = path.read_bytes()
        if spoil == "labels" and "labels" in path.name:
            content = content[:4] + (59).to_bytes(4, "big") + content[9:]
        content = {"short": content[:-1], "long": content + b"0"}.get(spoil, content)
        packed = gzip.compress(content, 1)
        (raw / f"{path.name}.gz").write_bytes({"cut": packed[:-20], "words": b"words"}.get(spoil, packed))
    with pytest.raises(DataError, match="MNIST is damaged in"):
        load_dataset("mnist", "test", tmp_path)


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("cifar10", "cifar-10-python.tar.gz"),
        ("omniglot", "omniglot-py/images_evaluation.zip"),
        ("mnist", "MNIST/x.tar"),
    ],
)
def test_advice_about_what_is_missing_is_true(tmp_path, name, archive):
    """It names the files, and no option that no command has."""
    (tmp_path / archive).parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(DataError) as missing:
        load_dataset(name, "test", tmp_path)
    (tmp_path / archive).touch()
    with pytest.raises(DataError) as packed:
        load_dataset(name, "test", tmp_path)
    assert "download=True" not in f"{missing.value}{packed.value}"
    assert "was not found" in str(missing.value)
    if name == "mnist":
        assert "MNIST/raw/t10k-images-idx3-ubyte was not found, nor t10k-images-idx3-ubyte.gz" in str(packed.value)
    else:
        assert f"but {archive}; unpack it there" in str(packed.value)
