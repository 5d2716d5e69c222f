"""Decoding of pictures and archive members from anywhere, in a process of its own.

Only the standard library, Pillow and numpy are imported here, so that the process starts quickly;
:mod:`gm_core.data.workers` starts it and holds its bounds.
"""

MAX_PIXELS = 50_000_000
"""Pictures of more pixels are refused before they are decoded."""

MAX_BYTES = 50 * 2**20
"""Larger files are refused before they are read."""

ENOUGH = 1024
"""Longest side, about, that larger pictures are reduced to first: far more than any model here sees."""


class Refusal(Exception):
    """What is wrong with a picture, as the rest of a sentence that begins with its name."""


def check_size(width: int, height: int) -> None:
    """Refuse what is empty or has too many pixels.

    Raises:
        Refusal: It is.
    """
    if width <= 0 or height <= 0:
        raise Refusal("is damaged and cannot be read (it has no pixels); save it again")
    if width * height > 2 * MAX_PIXELS:  # so many that their number is of no use
        raise Refusal("has too many pixels; shrink it first")
    if width * height > MAX_PIXELS:
        raise Refusal(f"has {width} x {height} pixels, over {MAX_PIXELS // 10**6} million; shrink it first")
