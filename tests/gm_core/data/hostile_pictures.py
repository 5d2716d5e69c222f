"""Small files that cost much to decode, or claim to: each a few kilobytes, made here."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

SIDE = 7000
"""49 million pixels, just below what is refused by number."""

HOSTILE: dict[str, Callable[[], bytes]] = {}


def hostile(make: Callable[[], bytes]) -> Callable[[], bytes]:
    HOSTILE[make.__name__] = make
    return make


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def small() -> Image.Image:
    return Image.linear_gradient("L").resize((64, 64)).convert("RGB")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    packed = zlib.compressobj(1)
    body = b"".join(packed.compress(rows) for _ in range(height)) + packed.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def after_header(extra: bytes) -> bytes:
    """A sound PNG with more behind its header."""
    sound = saved(small(), "PNG")
    return sound[:33] + extra + sound[33:]


def tiff(tags: list[tuple[int, int, int, int]], tail: bytes = b"", following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + tail


def grey_tags(width: int, height: int, place: int, length: int) -> list[tuple[int, int, int, int]]:
    return [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, place),
        (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, length),
    ]  # fmt: skip


def bmp(width: int, height: int, depth: int, packing: int, body: bytes) -> bytes:
    palette = bytes(4 * 2**depth) if depth <= 8 else b""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, packing, len(body), 0, 0, 0, 0)
    start = 14 + 40 + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + palette + body


def exif(tags: int, count: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", (0x8000 + tag) % 0x10000, 7, count, 8) for tag in range(tags))
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def with_segments(*extra: bytes) -> bytes:
    sound = saved(small(), "JPEG")
    return sound[:2] + b"".join(extra) + sound[2:]


def scans_again(picture: Image.Image, times: int) -> bytes:
    data = saved(picture, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * times + data[-2:]


def boxed(png_or_dib: bytes) -> bytes:
    entry = struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(png_or_dib), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + png_or_dib


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(c)) + c + bytes(len(c) % 2) for k, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def three(number: int) -> bytes:
    return number.to_bytes(3, "little")


@hostile
def bmp_of_steps() -> bytes:
    return bmp(SIDE, SIDE, 8, 1, b"\0\2\xff\xff" * 200)


@hostile
def bmp_of_one_wide_row() -> bytes:
    return bmp(49_000_000, 1, 8, 1, b"\0\2\0\xff" * 200)


@hostile
def bmp_of_half_bytes() -> bytes:
    return bmp(SIDE, SIDE, 4, 2, b"\xff\x12" * (SIDE * SIDE // 255))


@hostile
def bmp_of_nothing() -> bytes:
    return bmp(SIDE, SIDE, 24, 0, b"")


@hostile
def tiff_whose_tags_all_are_the_file() -> bytes:
    count = 20_000
    tail = bytes(64)
    length = 14 + 12 * (count + 9) + len(tail)
    tags = [(tag, 7, length, 0) for tag in range(1000, 1000 + count)]
    return tiff([*grey_tags(8, 8, 14 + 12 * (count + 9), 64), *tags], tail)


@hostile
def tiff_of_a_billion_strips() -> bytes:
    tags = [tag for tag in grey_tags(64, 64, 0, 0) if tag[0] != 273]
    return tiff([*tags, (273, 4, 2**30, 8)], bytes(4096))


@hostile
def tiff_of_very_many_strips() -> bytes:
    count = 500_000
    tags = [tag for tag in grey_tags(100, count, 0, 0) if tag[0] not in (273, 278, 279)]
    place = 14 + 12 * 9
    return tiff([*tags, (273, 4, count, place), (278, 4, 1, 1), (279, 4, count, place)], bytes(4 * count))


@hostile
def tiff_whose_pages_go_round() -> bytes:
    return tiff(grey_tags(8, 8, 122, 64), bytes(64), following=8)


@hostile
def tiff_whose_folders_go_round() -> bytes:
    tags = [*grey_tags(8, 8, 158, 64), (330, 4, 1, 8), (34665, 4, 1, 8), (34853, 4, 1, 8)]
    return tiff(tags, bytes(64))


@hostile
def tiff_of_large_counts() -> bytes:
    entries = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 2**40, 16), (273, 16, 2**61, 16)]
    body = struct.pack("<Q", len(entries)) + b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
    return b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + body + bytes(64)


@hostile
def tiff_of_many_samples() -> bytes:
    return tiff([t for t in grey_tags(64, 64, 122, 64) if t[0] != 277] + [(277, 4, 1, 2**31)], bytes(64))


@hostile
def tiff_packed_tightly() -> bytes:
    return saved(Image.new("RGB", (SIDE, SIDE)), "TIFF", compression="tiff_adobe_deflate")


@hostile
def exif_of_gigabytes() -> bytes:
    return with_segments(segment(0xE1, exif(10, 2**31)))


@hostile
def exif_of_very_many_tags() -> bytes:
    return with_segments(segment(0xE1, exif(5000, 60_000)))


@hostile
def exif_in_png() -> bytes:
    return after_header(chunk(b"eXIf", exif(60_000, 700_000)[6:]))


@hostile
def jpeg_of_many_scans() -> bytes:
    return scans_again(small().resize((2000, 2000)), 400)


@hostile
def jpeg_of_some_scans_of_many_pixels() -> bytes:
    return scans_again(Image.new("RGB", (4500, 4500)), 50)


@hostile
def jpeg_of_comments() -> bytes:
    return with_segments(segment(0xFE, b"x" * 65533) * 60)


@hostile
def jpeg_of_short_comments() -> bytes:
    return with_segments(segment(0xFE, b"") * 500_000)


@hostile
def jpeg_of_previews() -> bytes:
    return with_segments(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\xff\xf0" + bytes(65000)) * 40)


@hostile
def jpeg_of_a_header() -> bytes:
    data = saved(small(), "JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", SIDE, SIDE) + data[place + 4 :]


@hostile
def jpeg_of_filling() -> bytes:
    return with_segments(b"\xff" * 2_000_000)


@hostile
def gif_of_comments() -> bytes:
    sound = saved(small(), "GIF")
    start = 13 + (3 << (sound[10] & 7) + 1 if sound[10] & 0x80 else 0)
    return sound[:start] + (b"\x21\xfe" + b"\1x" * 100_000 + b"\0") * 2 + sound[start:]


@hostile
def gif_of_many_comments() -> bytes:
    sound = saved(small().convert("L"), "GIF")
    start = 13 + (3 << (sound[10] & 7) + 1 if sound[10] & 0x80 else 0)
    return sound[:start] + b"\x21\xfe\1x\0" * 200_000 + sound[start:]


@hostile
def gif_of_many_frames() -> bytes:
    frames = [Image.new("P", (300, 300), i) for i in range(100)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


@hostile
def gif_of_38_bytes() -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0) + b"\x02\x02\x4c\x01\0;"


@hostile
def pgm_of_an_odd_maximum() -> bytes:
    return b"P5 2000 2000 254\n" + bytes(2000 * 2000)


@hostile
def ppm_of_an_odd_maximum() -> bytes:
    return b"P6 1200 1200 1000\n" + bytes(1200 * 1200 * 6)


@hostile
def pgm_in_words() -> bytes:
    return b"P2 1500 1500 999\n" + b"7 " * (1500 * 1500)


@hostile
def pbm_of_a_header() -> bytes:
    return f"P4 {SIDE} {SIDE}\n".encode()


@hostile
def pfm_of_a_header() -> bytes:
    return f"Pf {SIDE} {SIDE} -1.0\n".encode()


@hostile
def ppm_of_38_bytes() -> bytes:
    return f"P6 {SIDE} {SIDE} 255\n".encode().ljust(38, b"\0")


@hostile
def pgm_of_comments() -> bytes:
    return b"P5 " + b"#\n" * 300_000 + b"8 8 255\n" + bytes(64)


@hostile
def png_of_text() -> bytes:
    return after_header(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(60_000_000), 9)) * 3)


@hostile
def png_of_a_profile() -> bytes:
    return after_header(chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(60_000_000), 9)))


@hostile
def png_of_short_chunks() -> bytes:
    return after_header(chunk(b"teSt", b"") * 200_000)


@hostile
def png_of_many_pixels() -> bytes:
    return png(SIDE, SIDE, 8, 6, bytes(1 + 4 * SIDE))


@hostile
def png_of_deep_pixels() -> bytes:
    return png(SIDE, SIDE, 16, 6, bytes(1 + 8 * SIDE))


@hostile
def png_of_interlaced_pixels() -> bytes:
    return png(SIDE, SIDE, 8, 2, bytes(2 + 3 * SIDE), interlaced=1)


@hostile
def png_of_many_frames() -> bytes:
    frames = [Image.new("RGB", (200, 200), (i, 0, 0)) for i in range(100)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


@hostile
def webp_of_a_canvas() -> bytes:
    sound = saved(small(), "WEBP", lossless=True)
    return riff((b"VP8X", bytes(4) + three(16382) * 2), (b"VP8L", sound[20:]))


@hostile
def webp_of_many_frames() -> bytes:
    frames = [Image.new("RGB", (200, 200), (5 * i, 0, 0)) for i in range(40)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])


@hostile
def webp_of_many_pixels() -> bytes:
    return saved(Image.new("RGB", (SIDE, SIDE)), "WEBP", lossless=True, method=0, quality=0)


@hostile
def icon_of_a_bomb() -> bytes:
    return boxed(png(SIDE, SIDE, 8, 6, bytes(1 + 4 * SIDE)))


@hostile
def icon_of_text() -> bytes:
    return boxed(png_of_text())


@hostile
def icon_of_very_many() -> bytes:
    one = saved(small(), "PNG")
    entry = struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(one), 6 + 16 * 60_000)
    return struct.pack("<HHH", 0, 1, 60_000) + entry * 60_000 + one


@hostile
def icon_of_a_bitmap() -> bytes:
    return boxed(bmp(SIDE, 2 * SIDE, 32, 0, b"")[14:])


@hostile
def avif_that_claims() -> bytes:
    data = saved(small(), "AVIF")
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", SIDE, SIDE) + data[place + 8 :]


@hostile
def avif_of_odd_exif() -> bytes:
    return saved(small(), "AVIF", exif=exif(5000, 60_000)[6:])


@hostile
def deep_tiff_of_many_pixels() -> bytes:
    return saved(Image.fromarray(np.zeros((SIDE, SIDE), np.uint16)), "TIFF", compression="tiff_adobe_deflate")
