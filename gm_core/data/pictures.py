"""Pictures from elsewhere, read safely: decoded by :mod:`gm_core.data.workers`, never in this process."""

from pathlib import Path
from typing import Any

from PIL import Image

from gm_core.data import workers
from gm_core.data.decoder import MAX_BYTES
from gm_core.data.decoder.decode import ENDINGS
from gm_core.data.decoder.depth import RANGE, eight_bit
from gm_core.text import UserError

__all__ = ["ENDINGS", "MAX_BYTES", "RANGE", "REFUSED", "PictureError", "Read", "eight_bit", "open_picture", "try_open"]

REFUSED = {".heic", ".heif", ".svg", ".psd", ".jxl"}
"""Endings of pictures that cannot be read: each gets its line, where other files in a folder are passed over."""

_FAILURES = {
    "time": "takes too long to decode; save it again as PNG or JPEG",
    "memory": "needs too much memory to decode; shrink it first",
    "busy": "cannot be read now, as many others are; try again in a moment",
    "start": "cannot be read, as no process could be started to decode it; end other programs first",
    "left": "is not read any more",
}
_CRASH = "is damaged and cannot be read; save it again"


class PictureError(UserError, ValueError):
    """A file that is not a picture, or not one that can be used; the message is for the person who gave it."""


Read = tuple[str, Image.Image | PictureError]
"""A picture's name, and the picture or what is wrong with it."""


def open_picture(
    source: str | Path | bytes, name: str | None = None, *, wanted: workers.Wanted | None = None
) -> Image.Image:
    """Read a picture, whatever its format, in 8 bits.

    The first frame of an animation; turned upright as its EXIF data says; then as :func:`eight_bit` says. It is decoded
    in another process, within bounds on memory and time.

    Args:
        source: A path, or a file's content.
        name: What to call it in messages.
        wanted: Asked now and then, from another thread, whether the picture is still wanted.

    Returns:
        A picture of mode ``"L"`` when it is grey, else ``"RGB"``. Where it had more than 8 bits, its ``info`` holds
        the values of black and white under :data:`RANGE`.

    Raises:
        PictureError: It is no picture, is damaged, too large, or too costly; the message says what can be done.
    """
    if isinstance(source, bytes):
        label, data = name or "the picture", source
    else:
        label = name or Path(source).name
        data = _read(Path(source), label)
    return decode(data, label, wanted=wanted)


def decode(
    data: bytes, label: str, packed: dict[str, Any] | None = None, *, wanted: workers.Wanted | None = None
) -> Image.Image:
    """Decode a file's content, perhaps packed.

    Args:
        data: The content.
        label: What to call it in messages.
        packed: What :func:`gm_core.data.decoder.unpack.unpack` needs to unpack it.
        wanted: As for :func:`open_picture`.

    Raises:
        PictureError: As for :func:`open_picture`.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(f"{label} is larger than {MAX_BYTES >> 20} MB; save it smaller")
    try:
        found = workers.ask(packed or {}, data, wanted)
    except workers.Failure as failure:
        raise PictureError(f"{label} {_FAILURES.get(str(failure), _CRASH)}") from None
    if isinstance(found, str):
        raise PictureError(f"{label} {found}")
    picture = Image.frombytes(found.mode, found.size, found.data)
    if found.range is not None:
        picture.info[RANGE] = found.range
    return picture


def try_open(
    source: Path | bytes, name: str | None = None, wanted: workers.Wanted | None = None
) -> Image.Image | PictureError:
    """What :func:`open_picture` returns or raises."""
    try:
        return open_picture(source, name, wanted=wanted)
    except PictureError as error:
        return error


def _read(path: Path, label: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a folder, or a device that never ends
            raise PictureError(f"{label} cannot be opened (it is not a file)")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # what is larger is refused by its length
    except (OSError, ValueError) as error:  # a name may hold what no name can
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{label} cannot be opened ({getattr(error, 'strerror', None) or error})") from error
