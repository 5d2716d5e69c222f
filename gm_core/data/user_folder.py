"""A folder of a user's own pictures, as a data set: of one form, with classes, in an order that mixes them."""

import re
import sys
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from gm_core.data.folders import read_pictures
from gm_core.data.pictures import PictureError
from gm_core.data.preparation import PHOTOGRAPHS, prepare

LEAST = 30
"""Fewer pictures cannot be learned from and held out at the same time."""

MOST = 200_000
"""So many are read at most: 600 MB of memory."""

SHARE = 0.1
"""Share of the pictures that is for testing, and share that is held out, where no more than usual."""


class OwnPicturesError(ValueError):
    """A folder that is no data set; the message says why."""


def own_name(directory: str | Path) -> str:
    """What a folder's data set is called: its name in lower case, with hyphens for all but letters and digits."""
    return "-".join(re.findall("[a-z0-9]+", Path(directory).resolve().name.lower())) or "pictures"


def holds_pictures(directory: str | Path) -> bool:
    """Whether a folder has pictures enough to be learned from."""
    found = 0
    for _, picture in read_pictures([directory]) if Path(directory).is_dir() else ():
        found += not isinstance(picture, PictureError)
        if found == LEAST:
            return True
    return False


@lru_cache(maxsize=1)
def own_pictures(directory: Path) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """All pictures of a folder in the form of photographs: the middle square, averaged down to 32x32, in colour.

    What cannot be read is named on standard error and left out.

    Args:
        directory: The folder. Where all pictures lie in folders within it, these are their classes.

    Returns:
        Images, ``uint8`` (N, 3, 32, 32), mixed, the same at every call; labels, ``int64`` (N,); and what they mean.

    Raises:
        OwnPicturesError: There are too few or too many pictures.
    """
    images: list[Tensor] = []
    folders: list[tuple[str, ...]] = []
    for name, picture in read_pictures([directory]):
        if isinstance(picture, PictureError):
            print(f"left out: {name}: {picture}", file=sys.stderr)
            continue
        if len(images) == MOST:
            raise OwnPicturesError(f"{directory} holds more than {MOST:,} pictures; take fewer")
        images.append(prepare(picture, form=PHOTOGRAPHS).image)
        folders.append(Path(name).relative_to(directory).parts[:-1][:1])
    if len(images) < LEAST:
        raise OwnPicturesError(f"{directory} holds {len(images)} pictures; at least {LEAST} are needed")
    classes = sorted({folder[0] for folder in folders}) if all(folders) else ["picture"]
    labels = torch.tensor([classes.index(folder[0]) if all(folders) else 0 for folder in folders])
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return torch.cat(images)[order], labels[order], tuple(classes)


def own_parts(count: int, held_out: int) -> dict[str, slice]:
    """Which of the mixed pictures are for what: the last tenth for testing, the tenth before it held out.

    Args:
        count: Pictures in all.
        held_out: As many are held out at most, and twice as many for testing.
    """
    test, validation = min(round(SHARE * count), 2 * held_out), min(round(SHARE * count), held_out)
    return {
        "train": slice(0, count - test - validation),
        "validation": slice(count - test - validation, count - test),
        "test": slice(count - test, count),
    }
