"""What of a picture file its first picture's pixels need, in the same format: metadata never decides over pixels.

Text, colour profiles, previews, further frames and pages are left out before a decoder sees the file, so their size
and damage do not matter; of EXIF data the orientation is read. What a header claims is compared with what is there.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from gm_core.data.decoder import Refusal, check_size

MAX_SCANS = 64
"""Progressive JPEGs of more scans are refused; encoders write about ten."""

_MAX_VALUES = 100_000
"""Values of a TIFF's tag, at most: 50 million pixels in strips of a row, or in tiles, come to fewer."""

MAX_WEBP = 26_000_000
"""Pixels of a WebP, at most: its decoder needs 15 bytes for each."""

_RUN = 128
"""Pixels per byte that a run-length encoded BMP can hold, at most."""


@dataclass(frozen=True)
class Essence:
    """A file without what its first picture's pixels do not need.

    Attributes:
        format: As Pillow calls it.
        data: The file.
        orientation: 1 to 8, as EXIF numbers them.
        bits: Bits that the samples say they have, 0 where they say nothing.
        low: Least value that the samples say they have, if any.
        high: Largest value that they say they have, if any.
        inverted: Whether 0 is white where the decoder takes it for black.
    """

    format: str
    data: bytes
    orientation: int = 1
    bits: int = 0
    low: float | None = None
    high: float | None = None
    inverted: bool = False


def essence(data: bytes) -> Essence | None:
    """What the first picture's pixels need; ``None`` for a format that is not read.

    Raises:
        Refusal: It claims more than there can be.
    """
    for magic, read in _READERS:
        if magic.match(data):
            return read(data)
    return None


def orientation(exif: bytes) -> int:
    """The orientation that EXIF data gives, 1 where it gives none or is damaged."""
    try:
        exif = exif.removeprefix(b"Exif\0\0")
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, place)
            if tag == 0x0112:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except (KeyError, struct.error):
        pass
    return 1


def _png(data: bytes) -> Essence:
    kept, place, turn, bits = [data[:8]], 8, 1, 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[place:end])
        elif kind == b"eXIf":
            turn = orientation(data[place + 8 : end - 4])
        elif kind == b"sBIT" and length:
            bits = max(data[place + 8 : end - 4], default=0)
        if kind == b"IHDR" and length >= 8 and place + 16 <= len(data):
            check_size(*struct.unpack_from(">II", data, place + 8))
        if kind == b"IEND":
            break
        place = end
    return Essence("PNG", b"".join(kept), turn, bits)


_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
"""The next marker after a scan's data."""


def _jpeg(data: bytes) -> Essence:
    kept, place, turn, scans = [data[:2]], 2, 1, 0
    while found := _MARKER.search(data, place):
        place, marker = found.end() - 2, data[found.end() - 1]
        if marker == 0xD9:
            break
        if marker == 0x01 or place + 4 > len(data):
            place += 2
            continue
        end = place + 2 + int(struct.unpack_from(">H", data, place + 2)[0])
        content = data[place + 4 : end]
        if marker == 0xE1 and content.startswith(b"Exif\0") and turn == 1:
            turn = orientation(content)
        if marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise Refusal(f"has over {MAX_SCANS} progressive scans; save it again")
            following = _MARKER.search(data, end)
            end = following.start() if following else len(data)
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(content) >= 5:
            height, width = struct.unpack_from(">HH", content, 1)
            if height:  # else it is told after the scan
                check_size(width, height)
        other = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not other or (marker == 0xE0 and content[:4] == b"JFIF") or (marker == 0xEE and content[:5] == b"Adobe"):
            kept.append(data[place:end])
        place = end
    if place < len(data) and data[place : place + 2] == b"\xff\xd9":
        kept.append(b"\xff\xd9")
    return Essence("JPEG", b"".join(kept), turn)


def _gif(data: bytes) -> Essence:
    if len(data) < 13:
        return Essence("GIF", data)
    check_size(*struct.unpack_from("<HH", data, 6))
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    kept, control = [data[:place]], b""
    while place + 10 < len(data):
        if data[place] == 0x21:
            end = _blocks(data, place + 2)
            if data[place + 1] == 0xF9:
                control = data[place:end]
            place = end
        elif data[place] == 0x2C:
            check_size(*struct.unpack_from("<HH", data, place + 5))
            table = 3 << (data[place + 9] & 7) + 1 if data[place + 9] & 0x80 else 0
            kept += [control, data[place : _blocks(data, place + 11 + table)]]
            break
        elif data[place] == 0x3B:
            break
        else:  # Pillow passes over what is between the blocks
            place += 1
    return Essence("GIF", b"".join([*kept, b";"]))


def _blocks(data: bytes, place: int) -> int:
    """Where a chain of blocks with their lengths ends."""
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1


def _webp(data: bytes) -> Essence:
    kept: list[bytes] = []
    place, turn, frames = 12, 1, 0
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        end = place + 8 + length + length % 2
        content = data[place + 8 : place + 8 + length]
        if kind == b"VP8X" and len(content) >= 10:
            _check_webp(*(1 + int.from_bytes(content[i : i + 3], "little") for i in (4, 7)))
            kept.append(data[place : place + 8] + bytes([content[0] & ~0x2C]) + data[place + 9 : end])
        elif kind in (b"VP8 ", b"VP8L"):
            if kind == b"VP8L" and len(content) >= 5:
                (packed,) = struct.unpack_from("<I", content, 1)
                _check_webp((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
            elif kind == b"VP8 " and len(content) >= 10:
                _check_webp(*(side & 0x3FFF for side in struct.unpack_from("<HH", content, 6)))
            kept.append(data[place:end])
        elif kind == b"ANMF":
            frames += 1
            if frames == 1:
                kept.append(data[place:end])
        elif kind in (b"ALPH", b"ANIM"):
            kept.append(data[place:end])
        elif kind == b"EXIF":
            turn = orientation(content)
        place = end
    body = b"WEBP" + b"".join(kept)
    return Essence("WEBP", b"RIFF" + struct.pack("<I", len(body)) + body, turn)


def _check_webp(width: int, height: int) -> None:
    check_size(width, height)
    if width * height > MAX_WEBP:
        raise Refusal(f"has {width} x {height} pixels, over {MAX_WEBP // 10**6} million for a WebP; shrink it first")


def _avif(data: bytes) -> Essence:
    """Its parts are found by their places in the file, so EXIF data stays there, under another name."""
    place, renamed = 0, bytearray(data)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + length if length >= 8 else len(data)
        if kind == b"meta":
            renamed[place:end] = data[place:end].replace(b"Exif", b"none")
        place = end
    return Essence("AVIF", bytes(renamed))


def _bmp(data: bytes) -> Essence:
    _check_bitmap(data, 14, halved=False)
    return Essence("BMP", data)


def _check_bitmap(data: bytes, place: int, *, halved: bool) -> None:
    """Refuse a bitmap that claims more pixels than its bytes can hold; an icon's counts its mask as half of it."""
    if len(data) < place + 20:
        return
    (header,) = struct.unpack_from("<I", data, place)
    width, height, _, depth, packing = struct.unpack_from("<iiHHI", data, place + 4)
    if header == 12:
        (width, height, _, depth), packing = struct.unpack_from("<HHHH", data, place + 4), 0
    width, height = abs(width), abs(height) // (2 if halved else 1)
    check_size(width, height)
    most = _RUN * len(data) if packing in (1, 2) else 8 * len(data) // max(depth, 1)
    if width * height > most:
        raise Refusal(f"is damaged and cannot be read (it claims {width} x {height} pixels); save it again")


def _ico(data: bytes) -> Essence:
    """Its largest picture, which may be a whole PNG."""
    (count,) = struct.unpack_from("<H", data, 4)
    entries = [data[place : place + 16] for place in range(6, min(6 + 16 * count, len(data) - 15), 16)]
    if not entries:
        raise Refusal("is damaged and cannot be read (it is an icon without a picture); save it again")
    best = max(entries, key=lambda entry: ((entry[0] or 256) * (entry[1] or 256), entry[6]))
    length, place = struct.unpack_from("<II", best, 8)
    content = data[place : place + length]
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(content)
    _check_bitmap(content, 0, halved=True)
    return Essence("ICO", data[:4] + b"\1\0" + best[:8] + struct.pack("<II", len(content), 22) + content)


_TIFF_TAGS = {
    *range(256, 260), 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339, 347,
    529, 530, 531, 532,
}  # fmt: skip
"""What pixels are decoded by; all other tags are left out."""

_TIFF_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
"""Bytes of a value of each type."""

_TIFF_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 16: "Q", 17: "q"}


def _tiff(data: bytes) -> Essence:
    order = "<" if data[:1] == b"I" else ">"
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    number, entry, step = ("Q", f"{order}HHQ", 20) if big else ("H", f"{order}HHI", 12)
    wide, room = ("Q", 8) if big else ("I", 4)
    (start,) = struct.unpack_from(f"{order}{wide}", data, 8 if big else 4)
    (count,) = struct.unpack_from(f"{order}{number}", data, start)
    at = start + struct.calcsize(number)
    kept: dict[int, bytes] = {}
    told: dict[int, float] = {}
    for place in range(at, min(at + step * count, len(data) - step + 1), step):
        tag, kind, values = struct.unpack_from(entry, data, place)
        size = values * (_TIFF_SIZES[kind] if kind < len(_TIFF_SIZES) else 0)
        first = place + step - room
        if size > room:
            (first,) = struct.unpack_from(f"{order}{wide}", data, first)
        inside = 0 < size <= len(data) and first + size <= len(data)
        if inside and kind in _TIFF_CODES and tag not in told:
            told[tag] = struct.unpack_from(f"{order}{_TIFF_CODES[kind]}", data, first)[0]
        if tag in _TIFF_TAGS and tag not in kept:
            if not inside or values > _MAX_VALUES:
                raise Refusal(f"is damaged and cannot be read (tag {tag} claims {values:,} values); save it again")
            kept[tag] = data[place : place + step]
    check_size(int(told.get(256, 0)), int(told.get(257, 0)))
    depth, low, high = int(told.get(258, 1)), told.get(340, told.get(280)), told.get(341, told.get(281))
    copy = bytearray(data)
    table = struct.pack(f"{order}{number}", len(kept)) + b"".join(kept[tag] for tag in sorted(kept))
    table += bytes(room)  # no further page
    copy[start : start + len(table)] = table[: max(0, len(data) - start)]
    # Pillow turns 8 bits, but not more, of pictures in which 0 is white.
    inverted = told.get(262) == 0 and depth > 8
    turn = int(told.get(274, 1))
    return Essence("TIFF", bytes(copy), turn if 1 <= turn <= 8 else 1, depth if depth < 16 else 0, low, high, inverted)


def _ppm(data: bytes) -> Essence:
    return Essence("PPM", data)


def _reader(read: Callable[[bytes], Essence]) -> Callable[[bytes], Essence]:
    def careful(data: bytes) -> Essence:
        try:
            return read(data)
        except (struct.error, IndexError):
            raise Refusal("is damaged and cannot be read (it is cut off); save it again") from None

    return careful


_READERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Essence]], ...] = tuple(
    (re.compile(magic, re.DOTALL), _reader(read))
    for magic, read in (
        (rb"\x89PNG\r\n\x1a\n", _png),
        (rb"\xff\xd8\xff", _jpeg),
        (rb"GIF8[79]a", _gif),
        (rb"RIFF....WEBP", _webp),
        (rb"....ftyp(avif|avis|mif1....(?:....){0,8}avif)", _avif),
        (rb"BM", _bmp),
        (rb"\x00\x00\x01\x00", _ico),
        (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", _tiff),
        (rb"P[1-6f][\s#]", _ppm),
    )
)
