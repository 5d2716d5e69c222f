"""Pictures from elsewhere, read safely."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gm_core.text import UserError

MAX_PIXELS = 50_000_000
"""Pictures of more pixels are refused before they are decoded."""

ENOUGH = 1024
"""Longest side, about, that larger pictures are reduced to first: far more than any model here sees."""

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "ICO")
"""What is read. Pillow knows more; some of those start other programs."""

MAX_BYTES = 50 * 2**20
"""Larger files are refused before they are read."""


Image.init()  # Pillow loads most of its formats only when asked to, and cannot restrict itself to unloaded ones


ENDINGS = {ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS}
"""Endings of the names of such files, with their dots."""


class PictureError(UserError, ValueError):
    """A file that is not a picture, or not one that can be used; the message is for the person who gave it."""


def open_picture(source: str | Path | bytes, name: str | None = None) -> Image.Image:
    """Read a picture, whatever its format, in 8 bits.

    The first frame of an animation; turned upright as its EXIF data says; then as :func:`eight_bit` says.

    Args:
        source: A path, or a file's content.
        name: What to call it in messages.

    Returns:
        A picture of mode ``"L"`` when it is grey, else ``"RGB"``.

    Raises:
        PictureError: It is no picture, is damaged, or is too large; the message says what can be done.
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
            warnings.simplefilter("ignore")  # of odd metadata
            # Pillow's own limit also holds for what a file hides behind its header, as an icon's pictures.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as file:
                width, height = file.size
                if width * height > MAX_PIXELS:
                    raise PictureError(
                        f"{label} has {width} x {height} pixels, over {MAX_PIXELS // 10**6} million; shrink it first"
                    )
                file.draft(None, (ENOUGH, ENOUGH))  # a large JPEG is decoded at a fraction of its size at once
                file.seek(0)
                file.load()
                return eight_bit(ImageOps.exif_transpose(file))
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{label} {_what_else(data)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"{label} has too many pixels; shrink it first") from None
    except Exception as error:  # decoders raise anything on damaged files
        raise PictureError(f"{label} is damaged and cannot be read ({error}); save it again") from error


def eight_bit(picture: Image.Image) -> Image.Image:
    """Any Pillow picture in 8 bits: of mode ``"L"`` when every pixel is grey, else ``"RGB"``.

    Transparent parts on white, or on black where the visible part is light; 16-bit and floating-point greys scaled;
    sides far longer than any model needs shortened.
    """
    picture = _reduce(picture)
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_scale_to_bytes(np.asarray(picture, dtype=np.float64)))
    if picture.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        alpha = np.asarray(rgba.getchannel("A"), dtype=np.float64) / 255
        grey = np.asarray(rgba.convert("RGB").convert("L"), dtype=np.float64)
        visible = float((grey * alpha).sum() / alpha.sum()) if alpha.any() else 0.0
        background = 0 if visible > 127 else 255
        laid = Image.new("RGB", rgba.size, (background, background, background))
        laid.paste(rgba, mask=rgba.getchannel("A"))
        picture = laid
    if picture.mode in ("L", "1"):
        return picture.convert("L")
    red, green, blue = picture.convert("RGB").split()
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else Image.merge("RGB", (red, green, blue))


def _what_else(data: bytes) -> str:
    """What a file is that is none of the pictures that are read, and the remedy."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data:
        return "is empty; save it again"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        return "is an HEIC picture, whatever its name says; save it as JPEG"
    if start.startswith(b"<") and b"<svg" in data[:4096]:
        return "is an SVG drawing; export it as PNG"
    if start.startswith((b"%PDF", b"%!PS")):
        return "is not a picture but a document; export it as PNG"
    if start.startswith(b"PK\x03\x04"):
        return "is not a picture but an archive; unpack it first"
    return "is not a picture in a format that can be read; try PNG or JPEG"


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


def _read(path: Path, label: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a folder, or a device that never ends
            raise PictureError(f"{label} cannot be opened (it is not a file)")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # what is larger is refused by its length
    except OSError as error:
        raise PictureError(f"{label} cannot be opened ({error.strerror})") from error
