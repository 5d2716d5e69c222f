"""The data sets that models are trained and measured on, in fixed splits."""

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gm_core.data.torchvision_compat import import_torchvision
from gm_core.data.user_folder import OwnPicturesError, own_name, own_parts, own_pictures

Split = Literal["train", "validation", "test"]

HELD_OUT = 5000
"""The last 5,000 training images are for validation and calibration, and are never trained on."""

OMNIGLOT = "omniglot"
"""Handwritten characters of many alphabets (Lake et al., 2015): only ever outliers here, so all are for testing."""

_TORCHVISION_NAMES = {"mnist": "MNIST", "mnist-binary": "MNIST", "fashion": "FashionMNIST", "cifar10": "CIFAR10"}

_CIFAR10_CLASSES: tuple[str, ...] = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_CIFAR10_TEST = 10_000


class DataError(RuntimeError):
    """A data set that is not there or cannot be read."""


@dataclass(frozen=True)
class Images:
    """Images with their labels.

    Attributes:
        images: ``uint8`` (N, C, H, W).
        labels: ``int64`` (N,).
        class_names: What each label means.
        binary: Whether a model sees them in black and white, drawn anew whenever it looks.
        part: What to call them where they are fewer than the split should have, as in "the first 1,000 test images".
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    binary: bool = False
    part: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> "Images":
        """The first ``limit`` of them; all when ``None``."""
        if limit is None or limit >= len(self):
            return self
        # Whoever takes fewer says so; the name of the whole would be wrong.
        return replace(self, images=self.images[:limit], labels=self.labels[:limit], part="")

    def pictures(self, index: Tensor | slice = slice(None), generator: torch.Generator | None = None) -> Tensor:
        """Some of them as a model sees them.

        Binary pictures are drawn: a pixel is 1 with the probability that its grey level is of 255 (Salakhutdinov and
        Murray, 2008, "On the Quantitative Analysis of Deep Belief Networks"; "dynamic" as it is done anew every time).

        Args:
            index: Which; all when left out.
            generator: CPU source of that randomness; the same for everybody when left out.

        Returns:
            ``uint8`` (n, C, H, W).
        """
        images = self.images[index]
        if not self.binary:
            return images
        generator = generator or torch.Generator().manual_seed(0)
        return (torch.rand(images.shape, generator=generator) * 255 < images).to(torch.uint8)


def data_dir(chosen: str | Path | None = None) -> Path:
    """Where data sets lie: ``chosen``, else ``$GM_DATA_DIR``, else a cache in the user's home."""
    if chosen is not None:
        return Path(chosen)
    return Path(os.environ.get("GM_DATA_DIR") or Path.home() / ".cache" / "gm_core")


def load_dataset(name: str, split: Split, directory: str | Path | None = None) -> Images:
    """A split of a data set.

    Args:
        name: ``"mnist"``, ``"mnist-binary"`` (the same in black and white), ``"fashion"``, ``"cifar10"`` or
            ``"omniglot"`` (its ``"test"`` only); or that of a folder of pictures, see
            :func:`gm_core.data.user_folder.own_name`.
        split: ``"train"`` (55,000; 45,000 of CIFAR-10), ``"validation"`` (the last 5,000 training images) or
            ``"test"`` (10,000). Of a folder of pictures in a fixed random order, the last tenth is for testing and
            the tenth before it held out.
        directory: Where the data lies in torchvision's layout; see :func:`data_dir`. It is downloaded when it is not
            there and no directory was named. CIFAR-10 may also lie there as sheets of pictures, see
            :func:`read_sheets`.

    Returns:
        The images, in the data set's own order.

    Raises:
        DataError: There is no such data set, or it is not at hand and cannot be downloaded.
    """
    known = (*_TORCHVISION_NAMES, OMNIGLOT)
    if name not in known:
        if directory is None or own_name(directory) != name:
            raise DataError(
                f"there is no data set {name!r}; there are {', '.join(known)}, and folders of pictures by their own "
                "name, given with --data-dir"
            )
        return _own(Path(directory), split)
    if name == OMNIGLOT:
        if split != "test":
            raise DataError("Omniglot is for testing only")
        return _omniglot(directory)
    if split not in get_args(Split):
        raise DataError(f"there is no split {split!r}; there are {', '.join(get_args(Split))}")
    named = directory is not None or bool(os.environ.get("GM_DATA_DIR"))
    kind = getattr(import_torchvision().datasets, _TORCHVISION_NAMES[name])
    root: str | Path = "a cache in the home directory"
    try:
        root = data_dir(directory)
        if name == "cifar10" and (root / "cifar10").is_dir():
            images, labels, classes = *read_sheets(root / "cifar10", train=split != "test"), _CIFAR10_CLASSES
            some = split == "test" and len(images) < _CIFAR10_TEST
            part = f"the first {len(images):,} test images" if some else ""
            return _split(Images(images, labels, classes, part=part), split)
        # A directory that somebody named is read, never written to.
        data = kind(root, train=split != "test", download=not named)
    except (RuntimeError, OSError, ValueError, AssertionError, KeyError, IndexError, zipfile.BadZipFile) as error:
        what = "is not in" if "not found" in str(error) or not named else "is damaged in"
        raise DataError(
            f"{_TORCHVISION_NAMES[name]} {what} {root} ({error or type(error).__name__}); "
            "name a directory that holds it with --data-dir or GM_DATA_DIR"
        ) from error
    # Grey pictures come as a tensor without channels, colour ones as an array with the channels last.
    images = torch.as_tensor(data.data)
    images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    labels = torch.as_tensor(data.targets, dtype=torch.int64)
    # torchvision calls a three "3 - three".
    classes = tuple(str(label).split(" - ")[0] for label in data.classes)
    return _split(Images(images, labels, classes, binary=name.endswith("-binary")), split)


def _own(directory: Path, split: Split) -> Images:
    """A part of somebody's own pictures."""
    try:
        images, labels, classes = own_pictures(directory.resolve())
    except OwnPicturesError as error:
        raise DataError(str(error)) from None
    part = own_parts(len(images), HELD_OUT)[split]
    return Images(images[part], labels[part], classes)


def _omniglot(directory: str | Path | None) -> Images:
    """Characters as digits are, white on black in 28x28, in an order that mixes the alphabets."""
    root = data_dir(directory)
    small = root / "omniglot" / "small.npz"
    try:
        if small.is_file():
            with np.load(small, allow_pickle=False) as file:
                images, labels = torch.from_numpy(file["images"]).unsqueeze(1), torch.from_numpy(file["labels"])
                names = tuple(str(name) for name in file["class_names"])
        else:
            named = directory is not None or bool(os.environ.get("GM_DATA_DIR"))
            data = import_torchvision().datasets.Omniglot(root, background=False, download=not named)
            pictures = [(255 - np.asarray(picture.convert("L")), label) for picture, label in data]
            full = torch.from_numpy(np.stack([picture for picture, _ in pictures])).unsqueeze(1).float()
            images = torch.nn.functional.adaptive_avg_pool2d(full, 28).round().to(torch.uint8)
            labels, names = torch.tensor([label for _, label in pictures]), tuple(data._characters)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise DataError(
            f"Omniglot is not in {root} ({error}); name a directory that holds it with --data-dir"
        ) from error
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return Images(images[order], labels[order].to(torch.int64), names)


def read_sheets(directory: Path, train: bool, size: int = 32) -> tuple[Tensor, Tensor]:
    """Colour pictures from lossless sheets, on which they lie in reading order as square tiles without gaps.

    The files are ``train_1.webp`` .. ``train_5.webp``, ``test.webp``, and ``labels.npz`` with an array of integers for
    each of them.

    Args:
        directory: Where they lie.
        train: The training sheets, else that of the test.
        size: Width and height of a tile.

    Returns:
        Images, ``uint8`` (N, 3, size, size), and labels, ``int64`` (N,).

    Raises:
        OSError: A file is missing or not a picture.
        ValueError: Sheets and labels do not fit together.
        KeyError: Labels are missing.
    """
    images, labels = [], []
    with (directory / "labels.npz").open("rb") as file, np.load(file, allow_pickle=False) as known:
        for name in [f"train_{number}" for number in range(1, 6)] if train else ["test"]:
            with Image.open(directory / f"{name}.webp") as picture:
                sheet = torch.from_numpy(np.array(picture.convert("RGB")))
            tiles = sheet.unflatten(0, (-1, size)).unflatten(2, (-1, size))  # rows, size, columns, size, 3
            images.append(tiles.permute(0, 2, 4, 1, 3).flatten(0, 1))
            labels.append(torch.from_numpy(known[name].astype(np.int64)))
            if len(images[-1]) != len(labels[-1]):
                raise ValueError(f"{name}.webp has {len(images[-1])} pictures, labels.npz {len(labels[-1])} for it")
    return torch.cat(images), torch.cat(labels)


def _split(data: Images, split: Split) -> Images:
    """The part of all training images that is for training or for validation; all test images."""
    if split == "test":
        return data
    part = slice(None, -HELD_OUT) if split == "train" else slice(-HELD_OUT, None)
    return replace(data, images=data.images[part], labels=data.labels[part])
