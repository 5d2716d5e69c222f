"""The data sets that models are trained and measured on, in fixed splits."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from gm_core.torchvision_compat import import_torchvision

Split = Literal["train", "validation", "test"]

HELD_OUT = 5000
"""The last 5,000 training images are for validation and calibration, and are never trained on."""

OMNIGLOT = "omniglot"
"""Handwritten characters of many alphabets (Lake et al., 2015): only ever outliers here, so all are for testing."""

_TORCHVISION_NAMES = {"mnist": "MNIST", "mnist-binary": "MNIST", "fashion": "FashionMNIST"}


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
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    binary: bool = False

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> "Images":
        """The first ``limit`` of them; all when ``None``."""
        return self if limit is None else replace(self, images=self.images[:limit], labels=self.labels[:limit])

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
        name: ``"mnist"``, ``"mnist-binary"`` (the same in black and white), ``"fashion"`` or
            ``"omniglot"`` (its ``"test"`` only).
        split: ``"train"`` (55,000), ``"validation"`` (the last 5,000 training images) or ``"test"`` (10,000).
        directory: Where the data lies in torchvision's layout; see :func:`data_dir`. It is downloaded when it is not
            there and no directory was named.

    Returns:
        The images, in the data set's own order.

    Raises:
        DataError: There is no such data set, or it is not at hand and cannot be downloaded.
    """
    if name not in (*_TORCHVISION_NAMES, OMNIGLOT):
        raise DataError(f"there is no data set {name!r}; there are {', '.join((*_TORCHVISION_NAMES, OMNIGLOT))}")
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
        # A directory that somebody named is read, never written to.
        data = kind(root, train=split != "test", download=not named)
    except (RuntimeError, OSError, ValueError, AssertionError, KeyError, IndexError) as error:
        what = "is not in" if "not found" in str(error) or not named else "is damaged in"
        raise DataError(
            f"{_TORCHVISION_NAMES[name]} {what} {root} ({error or type(error).__name__}); "
            "name a directory that holds it with --data-dir or GM_DATA_DIR"
        ) from error
    images, labels = data.data.unsqueeze(1), data.targets.to(torch.int64)
    if split != "test":
        part = slice(None, -HELD_OUT) if split == "train" else slice(-HELD_OUT, None)
        images, labels = images[part], labels[part]
    # torchvision calls a three "3 - three".
    classes = tuple(str(label).split(" - ")[0] for label in data.classes)
    return Images(images, labels, classes, binary=name.endswith("-binary"))


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
