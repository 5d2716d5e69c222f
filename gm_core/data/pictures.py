"""Anybody's picture, read safely and brought to the form a model knows."""

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

MAX_PIXELS = 50_000_000
"""Pictures of more pixels are refused before they are decoded."""

ENOUGH = 1024
"""Longest side, about, that larger pictures are reduced to first: far more than any model here sees."""

MIN_CONTRAST = 16
"""A picture whose brightest pixel is not this much above its ground has nothing on it."""

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "ICO")
"""What is read. Pillow knows more; some of those start other programs."""

MAX_BYTES = 50 * 2**20
"""Larger files are refused before they are read."""


Image.init()  # Pillow loads most of its formats only when asked to, and cannot restrict itself to unloaded ones


ENDINGS = {ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS}
"""Endings of the names of such files, with their dots."""


class PictureError(ValueError):
    """A file that is not a picture, or not one that can be used; the message is for the person who gave it."""


@dataclass(frozen=True)
class Preparation:
    """Which steps bring a picture to the form of MNIST's digits.

    Attributes:
        polarity: Invert a dark drawing on light ground, for the model knows light strokes on black.
        crop: Cut away the empty margin and fit what is left into 20x20.
        center: Put the centre of mass in the middle of the 28x28 frame.
    """

    polarity: bool = True
    crop: bool = True
    center: bool = True


AS_IT_IS = Preparation(polarity=False, crop=False, center=False)
"""Only converted to grey and shrunk."""


@dataclass(frozen=True)
class Prepared:
    """A picture as a model sees it.

    Attributes:
        image: ``uint8`` (1, 1, H, W).
        steps: What was done, in words, in order.
    """

    image: Tensor
    steps: tuple[str, ...]


def open_picture(source: str | Path | bytes, name: str | None = None) -> Image.Image:
    """Read a picture, whatever its format, as 8-bit grey.

    The first frame of an animation; turned upright as its EXIF data says; transparent parts on white, or on black where
    the visible part is light; 16-bit and floating-point greys scaled to 8 bits.

    Args:
        source: A path, or a file's content.
        name: What to call it in messages.

    Returns:
        A picture of mode ``"L"``.

    Raises:
        PictureError: It is no picture, is damaged, or is too large.
    """
    if isinstance(source, bytes):
        label, data = name or "the picture", source
    else:
        label = name or Path(source).name
        data = _read(Path(source), label)
    if len(data) > MAX_BYTES:
        raise PictureError(f"{label} is larger than {MAX_BYTES >> 20} MB; save it smaller")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of size and of odd metadata; both are dealt with here
            with Image.open(io.BytesIO(data), formats=FORMATS) as file:
                width, height = file.size
                if width * height > MAX_PIXELS:
                    raise PictureError(
                        f"{label} has {width} x {height} pixels, over {MAX_PIXELS // 10**6} million; shrink it first"
                    )
                file.seek(0)
                file.load()
                return to_grey(ImageOps.exif_transpose(file))
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{label} is not a picture in a format that can be read; try PNG or JPEG") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{label} has too many pixels; shrink it first") from None
    except Exception as error:  # decoders raise anything on damaged files
        raise PictureError(f"{label} is damaged and cannot be read ({error}); save it again") from error


def to_grey(picture: Image.Image) -> Image.Image:
    """Any Pillow picture as 8-bit grey, transparency laid on a ground that contrasts with what is visible."""
    picture = _reduce(picture)
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_scale_to_bytes(np.asarray(picture, dtype=np.float64)))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        alpha = np.asarray(rgba.getchannel("A"), dtype=np.float64) / 255
        grey = np.asarray(rgba.convert("RGB").convert("L"), dtype=np.float64)
        visible = float((grey * alpha).sum() / alpha.sum()) if alpha.any() else 0.0
        ground = 0.0 if visible > 127 else 255.0
        return Image.fromarray((grey * alpha + ground * (1 - alpha)).round().astype(np.uint8))
    return picture.convert("L")


def _reduce(picture: Image.Image) -> Image.Image:
    """Large pictures at a whole fraction of their size, so that what follows needs little memory."""
    factor = max(picture.size) // ENOUGH
    if factor < 2:
        return picture
    if picture.mode.startswith("I;"):
        picture = picture.convert("I")
    elif picture.mode in ("P", "PA", "1") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return picture.reduce(factor)


def _scale_to_bytes(values: np.ndarray) -> np.ndarray:
    """Greys of more than 8 bits as 8 bits: from the format's range when it can be told, else from the values'."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1 and not np.all(values == values.round()):  # floating point from 0 to 1
        top = 1.0
    elif low >= 0 and high <= 255:
        top = 255.0
    elif low >= 0 and high <= 65535:
        top = 65535.0
    else:
        values, top = values - low, (high - low) or 1.0
    return (values * (255 / top)).round().clip(0, 255).astype(np.uint8)


def prepare(picture: Image.Image, preparation: Preparation = Preparation(), size: int = 28) -> Prepared:
    """Bring a picture to the form that MNIST's digits were given.

    MNIST's own making: fitted into a 20x20 box, anti-aliased, centred by mass in 28x28 (LeCun et al., 1998,
    "Gradient-Based Learning Applied to Document Recognition", section III.A). A picture that has the right size and is
    black around its edges is taken as it is.

    Args:
        picture: Any picture.
        preparation: Which steps to take.
        size: Side of the result.

    Returns:
        What the model sees, and what was done.
    """
    picture = picture if picture.mode == "L" else to_grey(picture)
    values = np.asarray(picture, dtype=np.float64)
    steps: list[str] = []
    light, dark = _ink(values)
    nothing = max(light.max(), dark.max()) < MIN_CONTRAST
    if preparation.polarity and (_ground(values) > 127 if nothing else dark.sum() > light.sum()):
        values = 255 - values
        steps.append("inverted: the model knows light strokes on black")
    if picture.size == (size, size) and _dark_edges(values):
        steps.append(f"already {size}x{size} on black: taken pixel by pixel")
        return Prepared(_as_images(values), tuple(steps))
    if nothing:
        steps.append(f"nothing stands out from the ground: taken whole, at {size}x{size}")
        return Prepared(_as_images(_place(_fit(values, size), size, by_mass=False)), tuple(steps))
    if preparation.crop:
        values, cut = _crop(values)
        steps.append(cut)
        values = _fit(values, size * 20 // 28)
        steps.append(f"fitted into {size * 20 // 28}x{size * 20 // 28}")
    else:
        values = _fit(values, size)
        steps.append(f"shrunk to {size}x{size}" if max(picture.size) > size else f"fitted into {size}x{size}")
    values = _place(values, size, by_mass=preparation.center)
    if preparation.center:
        steps.append("centred by mass")
    return Prepared(_as_images(values), tuple(steps))


def _read(path: Path, label: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a folder, or a device that never ends
            raise PictureError(f"{label} cannot be opened (it is not a file)")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # what is larger is refused by its length
    except OSError as error:
        raise PictureError(f"{label} cannot be opened ({error.strerror})") from error


def _ground(values: np.ndarray) -> float:
    """The grey of the picture's edge, which is what strokes are drawn on."""
    return float(np.median(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])))


def _ink(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much lighter, and how much darker, every pixel is than the ground."""
    ground = _ground(values)
    return (values - ground).clip(0), (ground - values).clip(0)


def _dark_edges(values: np.ndarray) -> bool:
    return _ground(values) == 0


def _crop(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Cut away the margin; where the drawing is lighter than its ground, the ground becomes black and it white."""
    light, dark = _ink(values)
    contrast = float(max(light.max(), dark.max()))
    ink = np.maximum(light, dark) > 0.25 * contrast
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    if dark.sum() > light.sum():  # only where nobody wanted it inverted: left in its own greys
        return values[box], "cropped to what is drawn"
    # A grey ground is never even: the darkest tenth of the contrast goes with it.
    ground, high = _ground(values), float(values.max())
    floor = ground + 0.1 * (high - ground) if ground > 0 else 0.0
    stretched = ((values - floor) * (255 / (high - floor))).clip(0, 255)
    return stretched[box], "cropped to what is drawn" + (", the ground made black" if ground > 0 else "")


def _fit(values: np.ndarray, side: int) -> np.ndarray:
    """Scale so that the longer side is ``side``, each new pixel the mean of those it covers."""
    height, width = values.shape
    scale = side / max(height, width)
    shape = (max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5)))
    picture = Image.fromarray(values.astype(np.float32), mode="F")
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return np.asarray(picture.resize(shape, method), dtype=np.float64)


def _place(values: np.ndarray, size: int, *, by_mass: bool) -> np.ndarray:
    """Put a picture into a black frame, centred by mass or by its own frame, without cutting anything off."""
    height, width = values.shape
    middle = np.array([height / 2, width / 2])
    if by_mass and values.sum() > 0:
        rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
        middle = np.array([(values.sum(axis=1) @ rows), (values.sum(axis=0) @ columns)]) / values.sum()
    top, left = (
        int(np.clip(math.floor(size / 2 - m + 0.5), 0, size - extent))
        for m, extent in zip(middle, (height, width), strict=True)
    )
    frame = np.zeros((size, size))
    frame[top : top + height, left : left + width] = values
    return frame


def _as_images(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.round().clip(0, 255).astype(np.uint8))[None, None]
