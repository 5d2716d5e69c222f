"""The data sets that models are trained and measured on, in fixed splits."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gm_core.data.catalog import CATALOG, DataSet, dataset_of
from gm_core.data.preparation import PHOTOGRAPHS
from gm_core.data.readers import SPLITS, Split
from gm_core.data.user_folder import OwnPicturesError, own_name, own_parts, own_pictures
from gm_core.numerics import isolate
from gm_core.text import UserError

HELD_OUT = 5000
"""The last 5,000 training images are for validation and calibration, and are never trained on; where the data itself
says what is held out, that."""


class DataError(UserError, RuntimeError):
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
        folder: Of a user's own pictures, what is recorded of the whole folder; see :attr:`provenance`.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    binary: bool = False
    part: str = ""
    source: Source | None = None
    folder: Mapping[str, Any] | None = None

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What a card and a training state record of the data, by which they know it again.

        ``kind`` is ``"folder"`` for a user's own pictures, which are recorded together with those of the other parts,
        and ``form`` is the form that they were brought to; else it is ``"catalogue"``. ``pictures`` is their number,
        ``classes`` says what the labels mean, and ``fingerprint`` depends on all of these, every pixel and every label.
        """
        return dict(self.folder or _record("catalogue", self.images, self.labels, self.class_names))

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> "Images":
        """The first ``limit`` of them; all when ``None``."""
        if limit is None or limit >= len(self):
            return self
        # A caller that takes fewer says so; the name of the whole would be wrong.
        return replace(self, images=self.images[:limit], labels=self.labels[:limit], part="")

    @isolate
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


def _record(kind: str, images: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, Any]:
    known = hashlib.sha256(json.dumps([list(images.shape), classes]).encode())
    for values in (images, labels):
        known.update(values.contiguous().numpy().data)
    return {"kind": kind, "pictures": len(images), "classes": list(classes), "fingerprint": known.hexdigest()[:16]}


def describe_change(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In what pictures differ from those that were recorded; empty where they are the same.

    Args:
        before: What was recorded, an :attr:`Images.provenance`; empty where nothing was, as by earlier versions.
        now: That of the current pictures.
    """
    if before.get("fingerprint") == now["fingerprint"]:
        return ""
    if before:
        return f"the pictures are others now: {before.get('pictures')} then, {now['pictures']} now"
    if now["kind"] == "folder":
        return "it is not recorded which pictures it was trained on; test pictures may be among them"
    return ""  # of the catalogue's data sets, the parts have always been the same


def data_dir(chosen: str | Path | None = None) -> Path:
    """Where data sets lie: ``chosen``, else ``$GM_DATA_DIR``, else a cache in the user's home."""
    if chosen is not None:
        return Path(chosen)
    return Path(os.environ.get("GM_DATA_DIR") or Path.home() / ".cache" / "gm_core")


@isolate
def load_dataset(name: str, split: Split, directory: str | Path | None = None) -> Images:
    """A split of a data set.

    Args:
        name: One of :data:`gm_core.data.catalog.CATALOG`, as ``"mnist"``; or that of a folder of pictures, see
            :func:`gm_core.data.user_folder.own_name`.
        split: ``"train"``, ``"validation"`` (held out from training: the last 5,000 training images, or what the data
            says) or ``"test"``. Of a folder, every picture has its part by its own pixels, for good: about a tenth is
            for testing, and a tenth held out.
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
    splits = dataset_of(name).splits
    if splits == "by content":
        return (
            f"trained on {len(train):,} training images; {len(held_out):,} held out; measured on {len(test):,} for "
            "testing; each has its part by its own pixels"
        )
    trained = (
        f"trained on {len(train):,} training images; {len(held_out):,} that the data sets apart held out"
        if splits == "in the data"
        else f"trained on the first {len(train):,} training images; the last {len(held_out):,} held out"
    )
    return f"{trained}; measured on {test.part or 'test'}"


def _read_own(directory: Path, split: Split) -> Images:
    """A part of a user's own pictures."""
    try:
        images, labels, classes = own_pictures(directory.resolve())
    except OwnPicturesError as error:
        raise DataError(str(error)) from None
    part = own_parts(images)[split]
    folder = {**_record("folder", images, labels, classes), "form": PHOTOGRAPHS.name}
    return Images(images[part], labels[part], classes, folder=folder)


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
    except Exception as error:  # readers raise anything on damaged files
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
