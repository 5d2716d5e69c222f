"""PBM, PGM and PPM, whatever their largest value is: Pillow goes through odd ones value by value."""

import re

import numpy as np
from PIL import Image

from gm_core.data.decoder import Refusal, check_size

_GAP = re.compile(rb"\s*")
_WORD = re.compile(rb"[^\s#]{1,10}(?=[\s#]|$)")
_COMMENT = re.compile(rb"#[^\r\n]*")


def read_portable(data: bytes) -> tuple[Image.Image | np.ndarray, int]:
    """Read the first picture of a file.

    Args:
        data: The file, of format P1 to P6.

    Returns:
        A picture of 8 bits, or greys or colours of more, ``uint16`` (H, W) or (H, W, 3); and what is their largest
        value, 0 where the file does not say.

    Raises:
        Refusal: It is damaged.
    """
    kind, place = data[1:2], 2
    numbers = []
    for _ in range(2 if kind in b"14" else 3):
        number, place = _number(data, place)
        numbers.append(number)
    width, height, top = (*numbers, 1)[:3]
    check_size(width, height)
    if not 0 < top < 65536:
        raise Refusal(f"is damaged and cannot be read (its largest value is {top}); save it again")
    if kind == b"4":
        _check_length(len(data) - place - 1, (width + 7) // 8 * height)
        return Image.frombytes("1", (width, height), data[place + 1 :], "raw", "1;I"), 0
    shape = (height, width, 3) if kind in b"36" else (height, width)
    count = height * width * (3 if kind in b"36" else 1)
    if kind in b"56":
        values = np.frombuffer(data, ">u2" if top > 255 else "u1", offset=min(place + 1, len(data) - 1))
        _check_length(len(values), count)
    else:
        values = _plain(data[place:], count, bits=kind == b"1")
        if kind == b"1":
            values, top = 1 - values, 1
    values = values[:count].reshape(shape)
    if top > 255:
        return values.astype(np.uint16), top if top < 65535 else 0
    if top == 255:
        return Image.fromarray(np.ascontiguousarray(values, dtype=np.uint8)), 0
    scaled = (np.arange(256).clip(max=top) * 255 / top).round().astype(np.uint8)
    return Image.fromarray(scaled[values.astype(np.uint8)]), 0


def _number(data: bytes, place: int) -> tuple[int, int]:
    """The next number of the header, and where it ends."""
    while True:
        gap = _GAP.match(data, place)
        place = gap.end() if gap else place
        if comment := _COMMENT.match(data, place):
            place = comment.end()
            continue
        word = _WORD.match(data, place)
        if word is None or not word[0].isdigit():
            raise Refusal("is damaged and cannot be read (its header is damaged); save it again")
        return int(word[0]), word.end()


def _plain(text: bytes, count: int, *, bits: bool) -> np.ndarray:
    """Values that are written as text."""
    text = _COMMENT.sub(b"", text)
    if bits:
        values = np.frombuffer(text.translate(None, b" \t\r\n\v\f"), np.uint8)[:count].astype(np.int64) - ord("0")
    else:
        if text.translate(None, b"0123456789 \t\r\n\v\f"):
            raise Refusal("is damaged and cannot be read (it holds more than numbers); save it again")
        values = np.fromstring(text.decode("ascii"), dtype=np.int64, sep=" ", count=-1)[:count]
    _check_length(len(values), count)
    if len(values) and not 0 <= values.min() <= values.max() <= (1 if bits else 65535):
        raise Refusal("is damaged and cannot be read (a value is out of range); save it again")
    return values


def _check_length(found: int, count: int) -> None:
    if found < count:
        raise Refusal("is damaged and cannot be read (it is cut off); save it again")
