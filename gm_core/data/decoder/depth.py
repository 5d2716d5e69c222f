"""Pictures of any mode and depth in 8 bits."""

import numpy as np
from PIL import Image

from gm_core.data.decoder import ENOUGH

RANGE = "range of greys"
"""Key of :attr:`PIL.Image.Image.info` for the values that were taken for black and white, as a pair, where a picture
had more than 8 bits."""

Range = tuple[float, float]


def eight_bit(picture: Image.Image, declared: Range | None = None) -> Image.Image:
    """Any Pillow picture in 8 bits: of mode ``"L"`` when every pixel is grey, else ``"RGB"``.

    Transparent parts on white, or on black where the visible part is light; 16-bit and floating-point greys scaled, as
    :func:`value_range` says; sides far longer than any model needs shortened.

    Args:
        picture: The picture.
        declared: The values of black and white, where its file says so.

    Returns:
        The picture; :data:`RANGE` is in its ``info`` where greys were scaled.
    """
    if picture.mode.startswith(("I", "F")):
        return _scale(picture, declared)
    picture = reduced(picture)
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


def reduced(picture: Image.Image) -> Image.Image:
    """Large pictures at a whole fraction of their size, so that what follows needs little memory."""
    factor = max(picture.size) // ENOUGH
    if factor < 2:
        return picture
    if picture.mode in ("P", "PA", "1") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return picture.reduce(factor)


def value_range(low: float, high: float, declared: Range | None = None, *, whole: bool = True) -> Range:
    """The values that are taken for black and white.

    Those that the file says, unless its values lie outside. Else from 0 to the largest number of as many bits as the
    largest value has: cameras and microscopes put 10, 12 or 14 bits into files of 16. Else from the least value to the
    largest.

    Args:
        low: The least value.
        high: The largest.
        declared: What the file says.
        whole: Whether all values are whole numbers.
    """
    if declared is not None and declared[0] <= low and high <= declared[1] and declared[0] < declared[1]:
        return declared
    if not whole and low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= 0 and high <= 65535:
        return 0.0, float(2 ** max(8, int(np.ceil(high)).bit_length()) - 1)
    return low, high if high > low else low + 1


def _scale(picture: Image.Image, declared: Range | None) -> Image.Image:
    """Greys of more than 8 bits; the range is that of the whole picture, before it is shortened."""
    if picture.mode.startswith("I;"):
        picture = picture.convert("I")
    whole = picture.mode == "I"
    if not whole:  # reduce() would spread what is not a number
        values = np.nan_to_num(np.asarray(picture), nan=0.0, posinf=0.0, neginf=0.0)
        whole = bool(np.array_equal(values, values.round()))
        picture = Image.fromarray(values)
    extrema = picture.getextrema()
    low, high = value_range(float(extrema[0]), float(extrema[1]), declared, whole=whole)  # type: ignore[arg-type]
    values = np.asarray(reduced(picture), dtype=np.float64)
    scaled = Image.fromarray(((values - low) * (255 / (high - low))).round().clip(0, 255).astype(np.uint8))
    scaled.info[RANGE] = (low, high)
    return scaled
