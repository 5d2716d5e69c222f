"""How data sets lie on disk, and how each layout is read: one small reader per layout, named by the data set's record.

A reader is given the folder of all data sets and a split, and reads that split. Files that are missing or damaged are
ordinary exceptions; :func:`gm_core.data.datasets.load_dataset` makes one clear error of them.
"""

import gzip
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gm_core.data.torchvision_compat import import_torchvision

Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
"""Every split, in the order in which the numbers of :class:`SplitSheet` name them."""


@dataclass(frozen=True)
class Found:
    """What a reader found.

    Attributes:
        images: ``uint8`` (N, C, H, W).
        labels: ``int64`` (N,).
        classes: What each label means, where only the data knows it.
        part: What to call the images where they are fewer than the split should have.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...] = ()
    part: str = ""


class Reader(Protocol):
    """Reads a layout."""

    def holds(self, root: Path) -> bool:
        """Whether a folder looks as if it held this layout."""
        ...

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """Read a split; only those that know a held-out part are asked for ``"validation"``.

        Args:
            root: The folder of all data sets.
            split: Which.
            download: Whether to fetch what is not there, for layouts that can be downloaded.
        """
        ...


@dataclass(frozen=True)
class Idx:
    """Grey pictures in the files of MNIST, in torchvision's layout ``KIND/raw``, packed by gzip or not.

    Attributes:
        kind: The folder, and the class's name in ``torchvision.datasets``, which downloads it.
    """

    kind: str

    def holds(self, root: Path) -> bool:
        """True: what is not there can be downloaded."""
        return True

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """The training images, or those of the test."""
        part, folder = "t10k" if split == "test" else "train", root / self.kind / "raw"
        files = [_packed_or_not(folder / f"{part}-{what}-ubyte") for what in ("images-idx3", "labels-idx1")]
        if download and not all(path.is_file() for path in files):
            getattr(import_torchvision().datasets, self.kind)(root, train=part == "train", download=True)
        for path in files:
            if not path.is_file():
                raise FileNotFoundError(f"{path.relative_to(root).as_posix()} was not found, nor {path.name}.gz")
        images, labels = (_idx(path) for path in files)
        if len(images) != len(labels):
            raise ValueError(f"there are {len(images)} pictures in {files[0].name}, {len(labels)} labels")
        return Found(images.unsqueeze(1), labels.to(torch.int64))


@dataclass(frozen=True)
class Torchvision:
    """A data set of torchvision, in torchvision's own layout.

    Attributes:
        kind: The class's name in ``torchvision.datasets``; it takes ``train``.
        folder: What its archive unpacks to.
        archive: The archive that is downloaded.
    """

    kind: str
    folder: str
    archive: str

    def holds(self, root: Path) -> bool:
        """True: what is not there can be downloaded."""
        return True

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """The training images, or those of the test."""
        _check_unpacked(root, self.folder, self.archive, download)
        data = getattr(import_torchvision().datasets, self.kind)(root, train=split != "test", download=download)
        images = torch.as_tensor(data.data).permute(0, 3, 1, 2).contiguous()  # with the channels last
        return Found(images, torch.as_tensor(data.targets, dtype=torch.int64))


@dataclass(frozen=True)
class Sheets:
    """Colour pictures on lossless sheets, several for training and one for testing.

    The files are ``train_1.webp`` .. ``train_5.webp``, ``test.webp``, and ``labels.npz`` with an array of integers for
    each of them.

    Attributes:
        folder: Where they lie.
        tests: Test images that there should be; where there are fewer, they are called the first so many.
        size: Width and height of a tile.
    """

    folder: str
    tests: int
    size: int = 32

    def holds(self, root: Path) -> bool:
        """Whether the folder is there."""
        return (root / self.folder).is_dir()

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """The training sheets, or that of the test."""
        images, labels, directory = [], [], root / self.folder
        known = _arrays(directory / "labels.npz")
        for name in ["test"] if split == "test" else [f"train_{number}" for number in range(1, 6)]:
            images.append(tiles(directory / f"{name}.webp", self.size))
            labels.append(torch.from_numpy(known[name].astype(np.int64)))
            if len(images[-1]) != len(labels[-1]):
                raise ValueError(f"{name}.webp has {len(images[-1])} pictures, labels.npz {len(labels[-1])} for it")
        few = split == "test" and len(images[0]) < self.tests
        part = f"the first {len(images[0]):,} test images" if few else ""
        return Found(torch.cat(images), torch.cat(labels), part=part)


@dataclass(frozen=True)
class SplitSheet:
    """Colour pictures on one lossless sheet, with an array that says which split each is for.

    Attributes:
        sheet: The picture with the tiles; after the last of them it may be empty.
        arrays: An ``.npz`` file with a number per tile in every array, among them ``split``: 0 is for training, 1 held
            out, 2 for testing.
        label: Name of the array that holds the labels.
        size: Width and height of a tile.
    """

    sheet: str
    arrays: str
    label: str
    size: int = 32

    def holds(self, root: Path) -> bool:
        """Whether the sheet is there."""
        return (root / self.sheet).is_file()

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """The tiles of a split, in their order on the sheet."""
        for name in (self.sheet, self.arrays):
            if not (root / name).is_file():
                raise FileNotFoundError(f"{name} was not found")
        known = _arrays(root / self.arrays)
        labels, images = known[self.label].astype(np.int64), tiles(root / self.sheet, self.size)
        if not len(images) >= len(labels) == len(known["split"]):
            raise ValueError(f"{self.sheet} has {len(images)} pictures, {self.arrays} numbers for {len(labels)}")
        chosen = torch.from_numpy(np.flatnonzero(known["split"] == SPLITS.index(split)))
        return Found(images[chosen], torch.from_numpy(labels)[chosen])


@dataclass(frozen=True)
class Arrays:
    """Grey pictures in an ``.npz`` file with ``images`` (N, H, W), ``labels`` (N,) and ``class_names``.

    They may be sorted by label: they are mixed, the same way at every call.

    Attributes:
        file: The file.
    """

    file: str

    def holds(self, root: Path) -> bool:
        """Whether the file is there."""
        return (root / self.file).is_file()

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """All of them, whatever the split."""
        known = _arrays(root / self.file)
        images, labels = torch.from_numpy(known["images"]).unsqueeze(1), torch.from_numpy(known["labels"])
        return _shuffle(images, labels, tuple(str(name) for name in known["class_names"]))


@dataclass(frozen=True)
class TorchvisionOmniglot:
    """Omniglot's evaluation set in torchvision's layout, inverted and averaged down as MNIST's digits are.

    Attributes:
        size: Width and height that the characters are brought to.
    """

    size: int = 28

    def holds(self, root: Path) -> bool:
        """True: what is not there can be downloaded."""
        return True

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """All of them, mixed, whatever the split."""
        folder = "omniglot-py/images_evaluation"
        _check_unpacked(root, folder, f"{folder}.zip", download)
        data = import_torchvision().datasets.Omniglot(root, background=False, download=download)
        pictures = [(255 - np.asarray(picture.convert("L")), label) for picture, label in data]
        full = torch.from_numpy(np.stack([picture for picture, _ in pictures])).unsqueeze(1).float()
        images = torch.nn.functional.adaptive_avg_pool2d(full, self.size).round().to(torch.uint8)
        return _shuffle(images, torch.tensor([label for _, label in pictures]), tuple(data._characters))


@dataclass(frozen=True)
class FirstOf:
    """Whichever of several layouts is there.

    Attributes:
        readers: Them; the last is used where none is there.
    """

    readers: tuple[Reader, ...]

    def holds(self, root: Path) -> bool:
        """Whether any is there."""
        return any(reader.holds(root) for reader in self.readers)

    def read(self, root: Path, split: Split, *, download: bool) -> Found:
        """Read the first that is there."""
        reader = next((reader for reader in self.readers if reader.holds(root)), self.readers[-1])
        return reader.read(root, split, download=download)


def tiles(path: Path, size: int) -> Tensor:
    """The square tiles of a sheet in reading order, on which they lie without gaps.

    Args:
        path: A picture.
        size: Width and height of a tile.

    Returns:
        ``uint8`` (N, 3, size, size).

    Raises:
        OSError: It is missing or not a picture.
        RuntimeError: Its sides are not multiples of the tiles'.
    """
    with Image.open(path) as picture:
        sheet = torch.from_numpy(np.array(picture.convert("RGB")))
    cut = sheet.unflatten(0, (-1, size)).unflatten(2, (-1, size))  # rows, size, columns, size, 3
    return cut.permute(0, 2, 4, 1, 3).flatten(0, 1)


def _check_unpacked(root: Path, folder: str, archive: str, download: bool) -> None:
    """Raise unless the folder is there or will be: torchvision's own advice is no option of any command."""
    if not download and not (root / folder).is_dir():
        if (root / archive).is_file():
            raise FileNotFoundError(f"{folder} was not found, but {archive}; unpack it there")
        raise FileNotFoundError(f"{folder} was not found")


def _packed_or_not(path: Path) -> Path:
    """The file itself or its ``.gz``, whichever is there; the file where neither is."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() and not path.is_file() else path


def _idx(path: Path) -> Tensor:
    """The bytes of a file of MNIST's, in their shape: it begins with 0, 0, 8, the number of dimensions, and these.

    Raises:
        ValueError: It is not such a file, or has too few or too many bytes.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        start = file.read(4)
        if len(start) < 4 or start[:3] != b"\0\0\x08":
            raise ValueError(f"{path.name} does not begin as a file of MNIST's")
        shape = np.frombuffer(file.read(4 * start[3]), ">u4").tolist()
        values = np.frombuffer(file.read(math.prod(shape) + 1), np.uint8)  # one more, to see that there is none
    if len(values) != math.prod(shape):
        raise ValueError(f"{path.name} has too few or too many bytes for {' x '.join(map(str, shape))}")
    return torch.from_numpy(values.reshape(shape).copy())


def _arrays(path: Path) -> dict[str, Any]:
    """All arrays of an ``.npz`` file."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as known:
        return dict(known)


def _shuffle(images: Tensor, labels: Tensor, classes: tuple[str, ...]) -> Found:
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return Found(images[order], labels[order].to(torch.int64), classes)
