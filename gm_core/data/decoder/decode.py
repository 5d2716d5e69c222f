"""A picture file as a picture of 8 bits."""

import io
import re
import sys
import warnings
from collections.abc import Callable

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from gm_core.data.decoder import ENOUGH, MAX_PIXELS, Refusal, check_size
from gm_core.data.decoder.containers import Essence, essence, orientation
from gm_core.data.decoder.depth import RANGE, Range, eight_bit, reduced, value_range
from gm_core.data.decoder.portable import read_portable

PLUGINS = {
    "PNG": PngImagePlugin,
    "JPEG": JpegImagePlugin,
    "WEBP": WebPImagePlugin,
    "AVIF": AvifImagePlugin,
    "GIF": GifImagePlugin,
    "BMP": BmpImagePlugin,
    "TIFF": TiffImagePlugin,
    "PPM": PpmImagePlugin,
    "ICO": IcoImagePlugin,
}
"""What is read. Pillow knows more; some of those start other programs."""

ENDINGS = {ending for ending, kind in Image.EXTENSION.items() if kind in PLUGINS}
"""Endings of the names of such files, with their dots."""

MODES = {
    "1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB",
    "I", "I;16", "I;16B", "I;16L", "F",
}  # fmt: skip

_PACKED = {"raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "jpeg", "tiff_jpeg", "group3", "group4",
           "tiff_ccitt", "tiff_raw_16"}  # fmt: skip
"""How a TIFF may be packed."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_ROWS = 256
"""Rows at once of what needs more memory than the picture itself."""


def decode(data: bytes) -> Image.Image:
    """Decode the first picture of a file, upright and in 8 bits, as :func:`eight_bit` says.

    Args:
        data: The file.

    Returns:
        A picture of mode ``"L"`` when it is grey, else ``"RGB"``, with sides below twice :data:`ENOUGH`.

    Raises:
        Refusal: It is no picture, is damaged, or is too large.
        MemoryError: It needs more memory than there is.
    """
    needed = essence(data)
    if needed is None:
        raise Refusal(_what_else(data))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd headers
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if needed.format == "PPM" and data[1:2] != b"f":
                return _portable(data)
            with _open(needed) as file:
                # What an AVIF is turned by is no metadata, and told after opening.
                turn = orientation(file.info.get("exif", b"")) if needed.format == "AVIF" else needed.orientation
                picture = _eight_bits(file, needed)
            return picture.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else picture
    except (Refusal, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal("has too many pixels; shrink it first") from None
    except UnidentifiedImageError:
        raise Refusal("is damaged and cannot be read; save it again") from None
    except Exception as error:  # decoders raise anything on damaged files
        if re.search("memory|alloc", str(error), re.IGNORECASE):  # what some call it
            raise MemoryError from error
        raise Refusal(f"is damaged and cannot be read ({error}); save it again") from error


def _open(needed: Essence) -> ImageFile.ImageFile:
    """Open, not decode.

    Raises:
        Refusal: It is not in the list of what is read, or has too many pixels.
    """
    file = Image.open(io.BytesIO(needed.data), formats=(needed.format,))
    check_size(*file.size)
    packing = file.info.get("compression") if needed.format == "TIFF" else "raw"
    if file.mode not in MODES or packing not in _PACKED:
        raise Refusal("is stored in a way that is not read; save it as PNG or JPEG")
    return file


def _eight_bits(file: ImageFile.ImageFile, needed: Essence) -> Image.Image:
    declared = _declared(needed)
    deep = _deep_colour(file)
    file.draft(None, (ENOUGH, ENOUGH))  # a large JPEG is decoded at a fraction of its size
    file.load()
    picture: Image.Image = file
    if needed.format in ("BMP", "ICO") and picture.mode == "RGBA" and _largest(picture.getchannel("A")) == 0:
        picture = picture.convert("RGB")  # as browsers show what would be nothing
    if deep is not None:
        return _scale_colour(picture, deep, needed, declared)
    if needed.bits and picture.mode.startswith("I") and declared is None:
        # What is in the lower bits of a sample has no more of them than it says.
        high = _largest(picture)
        declared = (0.0, 2.0**needed.bits - 1) if high < 2**needed.bits else None
    result = eight_bit(picture, declared)
    if needed.inverted and RANGE in result.info:
        turned = result.point([255 - level for level in range(256)])
        turned.info[RANGE] = result.info[RANGE]
        return turned
    return result


def _declared(needed: Essence) -> Range | None:
    """The values of black and white that a file says, unless they are all that a sample can hold."""
    if needed.high is None or needed.high in (0, 65535):
        return None
    return float(needed.low or 0), float(needed.high)


def _largest(picture: Image.Image) -> float:
    return float((picture.convert("I") if picture.mode.startswith("I;") else picture).getextrema()[1])  # type: ignore[arg-type]


_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""How to unpack the lower of two bytes, where Pillow unpacks the higher."""


def _deep_colour(file: ImageFile.ImageFile) -> Callable[[], Image.Image] | None:
    """How to decode the lower bytes of colours in 16 bits, of which Pillow decodes the higher."""
    raw = {_raw_mode(tile.args) for tile in file.tile}
    if len(raw) != 1 or file.mode not in ("RGB", "RGBA"):
        return None
    (mode,) = raw
    if mode not in {f"{bands};16{order}" for bands in ("RGB", "RGBA") for order in "BLN"}:
        return None
    other = mode[:-1] + _OTHER_BYTE[mode[-1]]
    source = file.fp.getvalue() if isinstance(file.fp, io.BytesIO) else b""
    kind = str(file.format)

    def lower() -> Image.Image:
        with Image.open(io.BytesIO(source), formats=(kind,)) as again:
            assert isinstance(again, ImageFile.ImageFile)
            again.tile = [tile._replace(args=_with_raw_mode(tile.args, other)) for tile in again.tile]
            again.load()
            return again.copy()

    return lower


def _raw_mode(args: object) -> object:
    return args[0] if isinstance(args, tuple) and args else args


def _with_raw_mode(args: object, mode: str) -> tuple[object, ...] | str:
    return (mode, *args[1:]) if isinstance(args, tuple) else mode


def _scale_colour(
    picture: Image.Image, lower: Callable[[], Image.Image], needed: Essence, declared: Range | None
) -> Image.Image:
    """Colours in 16 bits, where the higher bytes alone would not do."""
    high = int(max(map(_largest, picture.split()[:3])))
    if high >= 128 and declared is None:
        result = eight_bit(picture)
        result.info[RANGE] = (0.0, 65535.0)
        return result
    low_bytes = lower()
    values = 256 * high + 255
    if high == 0:
        values = int(max(map(_largest, low_bytes.split()[:3])))
    if declared is None and needed.bits and values < 2**needed.bits:
        declared = (0.0, 2.0**needed.bits - 1)
    black, white = value_range(0, values, declared)
    scaled = picture.copy()
    for top in range(0, picture.height, _ROWS):
        box = (0, top, picture.width, min(top + _ROWS, picture.height))
        parts = np.asarray(picture.crop(box), np.uint16), np.asarray(low_bytes.crop(box), np.uint16)
        whole = (256.0 * parts[0] + parts[1] - black) * (255 / (white - black))
        scaled.paste(Image.fromarray(whole.round().clip(0, 255).astype(np.uint8), picture.mode), box)
    if scaled.mode == "RGBA" and _largest(picture.getchannel("A")) >= 128:
        scaled.putalpha(picture.getchannel("A"))  # that has all its bits
    result = eight_bit(scaled)
    result.info[RANGE] = (black, white)
    return result


def _portable(data: bytes) -> Image.Image:
    found, top = read_portable(data)
    if isinstance(found, Image.Image):
        return eight_bit(found)
    low, high = value_range(float(found.min()), float(found.max()), (0.0, float(top)) if top else None)
    table = ((np.arange(65536) - low) * (255 / (high - low))).round().clip(0, 255).astype(np.uint8)
    result = eight_bit(reduced(Image.fromarray(table[found])))
    result.info[RANGE] = (low, high)
    return result


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


def set_limits() -> None:
    """Let Pillow refuse what a file hides behind its header, as an icon's pictures, and start no threads.

    These are settings of the whole process, which is why only the decoding one has them.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
