"""Greys and colours of more than 8 bits keep their range, and metadata never decides over pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gm_core import open_picture, prepare
from gm_core.data.pictures import RANGE
from tests.gm_core.data.hostile_pictures import bmp, boxed, chunk, saved, small, tiff

GREYS = np.tile(np.linspace(0, 255, 64).round().astype(np.uint16), (64, 1))


def opened(data: bytes) -> np.ndarray:
    return np.asarray(open_picture(data)).astype(int)


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_greys_of_any_depth_are_those_of_eight_bits(kind, bits):
    deep = (GREYS * ((2**bits - 1) / 255)).round().astype(np.uint16)
    picture = open_picture(saved(Image.fromarray(deep), kind))
    assert np.abs(np.asarray(picture).astype(int) - GREYS).max() <= 1
    assert picture.info[RANGE] == (0, 2**bits - 1)
    assert prepare(picture).steps[0] == f"black is 0 and white {2**bits - 1:,}"


def deep_tiff(values: np.ndarray, *more: tuple[int, int, int, int], white: int = 1) -> bytes:
    height, width = values.shape
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, white), (277, 3, 1, 1),
        (278, 4, 1, height), (279, 4, 1, values.nbytes), *more,
    ]  # fmt: skip
    place = 8 + 2 + 12 * (len(tags) + 1) + 4
    return tiff([*tags, (273, 4, 1, place)], values.astype("<u2").tobytes())


def test_a_tiff_says_its_own_range():
    dark = GREYS * 4  # a dark picture in 12 bits, whose values alone would be taken for 10
    for tag in (281, 341):
        picture = open_picture(deep_tiff(dark, (tag, 3, 1, 4095)))
        assert picture.info[RANGE] == (0, 4095) and np.asarray(picture).max() in (63, 64)
    assert open_picture(deep_tiff(dark + 100, (280, 3, 1, 100), (281, 3, 1, 1120))).info[RANGE] == (100, 1120)
    for wrong in (1, 65535):  # less than there is, and no more than what a sample can hold
        assert open_picture(deep_tiff(dark, (281, 3, 1, wrong))).info[RANGE] == (0, 1023)


def test_white_may_be_zero_in_sixteen_bits_too():
    assert np.abs(opened(deep_tiff(GREYS * 257, white=0)) - (255 - GREYS)).max() <= 1


def test_a_png_says_how_many_bits_it_has():
    data = saved(Image.fromarray(GREYS * 4), "PNG")
    marked = data[:33] + chunk(b"sBIT", b"\x0c") + data[33:]
    assert open_picture(marked).info[RANGE] == (0, 4095)


@pytest.mark.parametrize("top", [1, 7, 100, 254, 255, 256, 1000, 4095, 65535])
@pytest.mark.parametrize("words", [False, True])
def test_a_pgm_says_its_maximum(top, words):
    values = (GREYS * (top / 255)).round().astype(int)
    body = " ".join(map(str, values.flat)).encode() if words else values.astype(">u2" if top > 255 else "u1").tobytes()
    header = f"P{2 if words else 5}\n# a word\n64 64 {top}\n".encode()
    wanted = (values * (255 / top)).round().astype(int)
    assert np.abs(opened(header + body) - wanted).max() <= 1
    if 255 < top < 65535:
        half = values // 2
        body = half.astype(">u2").tobytes()
        assert open_picture(f"P5 64 64 {top} ".encode() + body).info[RANGE] == (0, top)


def test_bitmaps_of_one_bit_in_words_and_bytes():
    ink = np.zeros((9, 11), bool)
    ink[2:5, 3:8] = True
    wanted = np.where(ink, 0, 255)
    words = b"P1 11 9\n" + b"\n".join(b"".join(b"1" if bit else b"0" for bit in row) for row in ink)
    assert np.array_equal(opened(words), wanted)
    assert np.array_equal(opened(b"P4 11 9\n" + np.packbits(ink, axis=1).tobytes()), wanted)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_colours_of_any_depth_are_those_of_eight_bits(bits):
    colours = np.stack([GREYS, GREYS[::-1], GREYS.T], axis=-1)
    deep = (colours * ((2**bits - 1) / 255)).round().astype(">u2")
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    picture = open_picture(data)
    assert picture.mode == "RGB" and picture.info[RANGE] == (0, 2**bits - 1)
    assert np.abs(np.asarray(picture).astype(int) - colours).max() <= 1
    tags = [
        (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 140),
        (277, 3, 1, 3), (278, 4, 1, 64), (279, 4, 1, deep.nbytes), (284, 3, 1, 1),
    ]  # fmt: skip
    picture = open_picture(tiff(tags, struct.pack("<HHH", 16, 16, 16) + deep.astype("<u2").tobytes()))
    assert np.abs(np.asarray(picture).astype(int) - colours).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "TIFF", "AVIF"])
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage-not-a-tiff", b"II*\0\xff\xff\xff\xff", b""])
def test_broken_exif_does_not_matter(kind, exif):
    plain = small()
    if kind == "TIFF":
        data = saved(plain, kind)
    elif kind == "PNG":
        sound = saved(plain, kind)
        data = sound[:33] + chunk(b"eXIf", exif) + sound[33:]
    elif kind == "AVIF":
        data = saved(plain, kind, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0")
        data = data.replace(b"II*\0\x08", b"IIx\0\x08")
    else:
        data = saved(plain, kind, exif=exif)
    assert np.array_equal(opened(data), opened(saved(plain, kind)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_heeded(kind, turn):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = turn
    picture = small().resize((60, 40))
    data = saved(picture, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    with Image.open(io.BytesIO(data)) as file:
        wanted = np.asarray(ImageOps.exif_transpose(file).convert("L")).astype(int)
    assert np.abs(opened(data) - wanted).max() <= 1


def test_text_and_profiles_of_any_size_do_not_matter():
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "x" * (3 << 20), zip=True)
    info.add_itxt("more", "y" * (3 << 20), zip=True)
    plain = opened(saved(small(), "PNG"))
    assert np.array_equal(opened(saved(small(), "PNG", pnginfo=info, icc_profile=bytes(2 << 20))), plain)
    jpeg = opened(saved(small(), "JPEG"))
    assert np.array_equal(opened(saved(small(), "JPEG", icc_profile=bytes(1 << 20), comment=b"z" * 60_000)), jpeg)
    assert np.array_equal(opened(saved(small(), "TIFF", icc_profile=bytes(1 << 20))), plain)


def test_a_bitmap_whose_alpha_is_zero_throughout_is_opaque():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[..., 0] = np.arange(8) * 30
    info = struct.pack("<IiiHHIIiiIIIIII", 56, 8, 8, 1, 32, 3, 256, 0, 0, 0, 0, 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = b"BM" + struct.pack("<IHHI", 70 + 256, 0, 0, 70) + info + pixels.tobytes()
    assert np.array_equal(opened(data)[0, :, 2], np.arange(8) * 30)
    icon = bmp(8, 16, 32, 0, pixels.tobytes() + bytes(32))[14:]
    assert np.array_equal(opened(boxed(icon))[0, :, 2], np.arange(8) * 30)


def test_a_large_picture_from_elsewhere_is_shortened_before_it_is_prepared():
    large = Image.new("L", (6000, 6000), 255)
    large.paste(0, (2000, 1000, 3000, 5000))
    assert prepare(large).image.shape == (1, 1, 28, 28)
