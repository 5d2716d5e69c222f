"""A folder of a user's own pictures, as a data set: of one form, with classes, each picture in one part for good."""

import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from gm_core.data.catalog import CATALOG
from gm_core.data.folders import read_pictures
from gm_core.data.pictures import PictureError
from gm_core.data.preparation import PHOTOGRAPHS, prepare
from gm_core.text import UserError, printable

LEAST = 30
"""Fewer pictures cannot be learned from and held out at the same time."""

MOST = 200_000
"""So many are read at most: 600 MB of memory."""

SHARE = 0.1
"""Share of the pictures that is for testing, about, and share that is held out."""

FEWEST = {"test": 1, "validation": 2}
"""Pictures of a part at least: a detector compares a picture with two others or more."""

LONGEST = 40
"""Characters of a folder's name that go into the name of its data set."""

FEW = 10
"""So many names of classes are printed in a line at most."""


class OwnPicturesError(UserError, ValueError):
    """A folder that is no data set; the message says why."""


def own_name(directory: str | Path) -> str:
    """What a folder's data set is called: its name in small letters, with hyphens for all but letters and digits.

    Where it would be that of a data set of the catalogue or begin as one, as then would the names of its checkpoints,
    ``own-`` stands before it. Behind names with other letters than a to z, which would all look alike, and behind long
    ones, stands a fingerprint of the whole name.

    Args:
        directory: The folder; links are resolved first.
    """
    name = unicodedata.normalize("NFC", Path(directory).resolve().name)
    short = "-".join(re.findall("[a-z0-9]+", name.lower()))
    if not (short and name.isascii() and len(short) <= LONGEST):
        mark = hashlib.sha256(os.fsencode(name)).hexdigest()[:6]
        short = f"{short[:LONGEST].strip('-') or 'pictures'}-{mark}"
    taken = any(short == known or short.startswith(f"{known}-") for known in (*CATALOG, "own"))
    return f"own-{short}" if taken else short


def count_pictures(directory: str | Path) -> int:
    """How many pictures a folder has, counted as far as it takes to be learned from."""
    readable = (not isinstance(picture, PictureError) for _, picture in read_pictures([directory]))
    return sum(islice((1 for good in readable if good), LEAST)) if Path(directory).is_dir() else 0


@lru_cache(maxsize=1)
def own_pictures(directory: Path) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """All pictures of a folder in the form of photographs: the middle square, averaged down to 32x32, in colour.

    What cannot be read is named on standard error and left out, and classes that are missing from a part are named.

    Args:
        directory: The folder. Where all pictures lie in folders within it, these are their classes.

    Returns:
        Images, ``uint8`` (N, 3, 32, 32), mixed: in the order of their fingerprints, whatever their files are called;
        labels, ``int64`` (N,); and what they mean.

    Raises:
        OwnPicturesError: There are too few different pictures, or too many.
    """
    found: list[tuple[bytes, str, Tensor]] = []
    for name, picture in read_pictures([directory]):
        if isinstance(picture, PictureError):
            print(f"left out: {printable(name)}: {picture}", file=sys.stderr)
            continue
        if len(found) == MOST:
            raise OwnPicturesError(f"{directory} holds more than {MOST:,} pictures; take fewer")
        image, folders = prepare(picture, form=PHOTOGRAPHS).image, Path(name).relative_to(directory).parts[:-1]
        folder = printable(folders[0]) if folders else ""
        found.append((_fingerprint(image), folder, image))
    different = len({fingerprint for fingerprint, _, _ in found})
    if different < LEAST:
        what = f"{len(found)} pictures" if different == len(found) else f"only {different} different pictures"
        raise OwnPicturesError(f"{directory} holds {what}; at least {LEAST} are needed")
    found.sort(key=lambda one: one[:2])
    outside = sum(not folder for _, folder, _ in found)
    if 0 < outside < len(found):
        print(f"no classes: {outside:,} of {len(found):,} pictures are in none of the folders", file=sys.stderr)
    classes = ("picture",) if outside else tuple(sorted({folder for _, folder, _ in found}))
    labels = torch.tensor([0 if outside else classes.index(folder) for _, folder, _ in found])
    images = torch.cat([image for _, _, image in found])
    _print_missing_classes(images, labels, classes)
    return images, labels, classes


def own_parts(images: Tensor) -> dict[str, slice]:
    """Which of a folder's pictures are for what: about a tenth for testing, about a tenth held out.

    A picture's part depends on its own pixels. However many others are added, a picture that was trained on is never
    held out or tested on later, and copies of a picture are in the same part. Where too few pictures would be in a part
    (:data:`FEWEST`), those with the lowest fingerprints that are left are.

    Args:
        images: As returned by :func:`own_pictures`, ``uint8`` (N, C, H, W).
    """
    prints = [_fingerprint(image) for image in images]
    ends = [0]
    for times, fewest in enumerate(FEWEST.values(), 1):
        end = sum(print_ < _share(times * SHARE) for print_ in prints)
        while end - ends[-1] < fewest:
            end += prints.count(prints[end])
        ends.append(end)
    _, test, held_out = ends
    return {"train": slice(held_out, None), "validation": slice(test, held_out), "test": slice(test)}


def _share(share: float) -> bytes:
    """The fingerprint below which that share of all possible ones lies."""
    return round(share * 2**64).to_bytes(8, "big")


def _fingerprint(image: Tensor) -> bytes:
    """Eight bytes that depend on every pixel."""
    return hashlib.blake2b(image.numpy().tobytes(), digest_size=8).digest()


def _print_missing_classes(images: Tensor, labels: Tensor, classes: Sequence[str]) -> None:
    """Say on standard error of each part which classes have no picture in it."""
    uses = {"train": "to train on", "validation": "held out", "test": "for testing"}
    for part, where in own_parts(images).items():
        there = set(labels[where].tolist())
        if missing := [name for label, name in enumerate(classes) if label not in there]:
            more = f" and {len(missing) - FEW} more" if len(missing) > FEW else ""
            print(f"no picture {uses[part]} of: {', '.join(missing[:FEW])}{more}", file=sys.stderr)
