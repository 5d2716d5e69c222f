"""The data sets that models are trained and measured on, in fixed splits."""

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gm_core.data.catalog import CATALOG, DataSet, dataset_of
from gm_core.data.readers import SPLITS, Split
from gm_core.data.user_folder import OwnPicturesError, own_name, own_parts, own_pictures

HELD_OUT = 5000
"""The last 5,000 training images are for validation and calibration, and are never trained on; where the data itself
says what is held out, that."""


class DataError(RuntimeError):
    """A data set that is not there or cannot be read."""


@dataclass(frozen=True)
class Source:
    """Where images come from, so that others of the same data set can be found.

    Attributes:
        dataset: Name of the data set.
        directory: Where it lies; see :func:`data_dir`.
    """

    dataset: str
    directory: str | Path | None = None


@dataclass(frozen=True)
class Images:
    """Images with their labels.

    Attributes:
        images: ``uint8`` (N, C, H, W).
        labels: ``int64`` (N,).
        class_names: What each label means.
        binary: Whether a model sees them in black and white, drawn anew whenever it looks.
        part: What to call them where they are fewer than the split should have, as in "the first 1,000 test images".
        source: The data set that they are of, if it is one.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    binary: bool = False
    part: str = ""
    source: Source | None = None

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> "Images":
        """The first ``limit`` of them; all when ``None``."""
        if limit is None or limit >= len(self):
            return self
        # A caller that takes fewer says so; the name of the whole would be wrong.
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
        name: One of :data:`gm_core.data.catalog.CATALOG`, as ``"mnist"``; or that of a folder of pictures, see
            :func:`gm_core.data.user_folder.own_name`.
        split: ``"train"``, ``"validation"`` (held out from training: the last 5,000 training images, or what the data
            says) or ``"test"``. Of a folder of pictures in a fixed random order, the last tenth is for testing and the
            tenth before it held out.
        directory: Where the data lies, in the layout of the record's reader; see :func:`data_dir`. It is downloaded
            when it is not there and no directory was named.

    Returns:
        The images, in the data set's own order.

    Raises:
        DataError: There is no such data set or split, or it is not there and cannot be downloaded.
    """
    if name not in CATALOG:
        if directory is None or own_name(directory) != name:
            raise DataError(
                f"there is no data set {name!r}; there are {', '.join(CATALOG)}, and folders of pictures by their own "
                "name, given with --data-dir"
            )
        return _read_own(Path(directory), split)
    record = CATALOG[name]
    if split not in SPLITS:
        raise DataError(f"there is no split {split!r}; there are {', '.join(SPLITS)}")
    if record.splits == "test only" and split != "test":
        raise DataError(f"{record.title} is for testing only")
    return _read(record, split, directory)


def split_words(name: str, train: Images, held_out: Images, test: Images) -> str:
    """What a model was trained and measured on, in a line for its card.

    Args:
        name: The data set's.
        train: What it was trained on.
        held_out: What was held out.
        test: What it was measured on.
    """
    trained = (
        f"trained on {len(train):,} training images; {len(held_out):,} that the data sets apart held out"
        if dataset_of(name).splits == "in the data"
        else f"trained on the first {len(train):,} training images; the last {len(held_out):,} held out"
    )
    return f"{trained}; measured on {test.part or 'test'}"


def _read_own(directory: Path, split: Split) -> Images:
    """A part of a user's own pictures."""
    try:
        images, labels, classes = own_pictures(directory.resolve())
    except OwnPicturesError as error:
        raise DataError(str(error)) from None
    part = own_parts(len(images), HELD_OUT)[split]
    return Images(images[part], labels[part], classes)


def _read(record: DataSet, split: Split, directory: str | Path | None) -> Images:
    """A split of a data set of the catalogue."""
    if record.reader is None:
        raise DataError(f"the catalogue does not say how {record.title} is read; its record needs a reader")
    # A directory that the user named is read, never written to.
    named = directory is not None or bool(os.environ.get("GM_DATA_DIR"))
    cut = record.splits == "last held out" and split != "test"
    root: str | Path = "a cache in the home directory"
    try:
        root = data_dir(directory)
        found = record.reader.read(root, "train" if cut else split, download=not named)
    except (RuntimeError, OSError, ValueError, AssertionError, KeyError, IndexError, zipfile.BadZipFile) as error:
        what = "is not in" if "not found" in str(error) or not named else "is damaged in"
        raise DataError(
            f"{record.title} {what} {root} ({error or type(error).__name__}); it comes from {record.source}; "
            "name a directory that holds it with --data-dir or GM_DATA_DIR"
        ) from error
    part = slice(None)
    if cut:
        part = slice(None, -HELD_OUT) if split == "train" else slice(-HELD_OUT, None)
    return Images(
        found.images[part],
        found.labels[part],
        record.classes or found.classes,
        binary=record.levels == 2,
        part=found.part,
        source=Source(record.name, directory),
    )
