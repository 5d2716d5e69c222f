"""Whatever a client sends is either a picture or one clear message."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gm_core import PictureError, Preparation, open_picture, prepare
from gm_core.data.pictures import MAX_BYTES, eight_bit
from gm_core.data.preparation import AS_IT_IS


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def digit(ink: int = 255, background: int = 0, size: int = 28) -> Image.Image:
    """A seven, drawn by hand as it were."""
    picture = Image.new("L", (size, size), background)
    draw = ImageDraw.Draw(picture)
    s = size / 28
    draw.line([(8 * s, 6 * s), (19 * s, 6 * s), (12 * s, 22 * s)], fill=ink, width=max(1, round(2.5 * s)))
    return picture


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")


def gif_bomb() -> bytes:
    """A GIF of a few bytes that claims the largest screen there is."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\0;"


def icon_of(png: bytes) -> bytes:
    """An icon that says it is small, and holds a PNG that is not."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 32, 32, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encoded(digit(size=300), "JPEG")[:-900], "x is damaged and cannot be read"),
        (encoded(digit())[:60], "x is damaged and cannot be read"),
        (b"just a note", "x is not a picture"),
        (b"", "x is empty; save it again"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "x is not a picture"),
        (bomb(20_000, 4_000), "x has 20000 x 4000 pixels"),
        (bomb(20_000, 20_000), "x has too many pixels"),
        (bomb(2**31 - 1, 2**31 - 1), "x has too many pixels"),
        (bomb(50_000, 50_000), "x has too many pixels; shrink it first"),
        (gif_bomb(), "x has too many pixels|x has 65535 x 65535 pixels"),
        (icon_of(bomb(20_000, 20_000)), "x has too many pixels|x is damaged"),
        (b"0" * (MAX_BYTES + 1), "x is larger than 50 MB"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "x is an HEIC picture.*; save it as JPEG"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "x is an SVG drawing; export it as PNG"),
        (b"%PDF-1.7\n", "x is not a picture but a document; export it as PNG"),
        (b"PK\x03\x04" + bytes(40), "x is not a picture but an archive; unpack it first"),
        (b"\x89PNG\r\n\x1a\n", "x is (not a picture|damaged)"),
        (b"<html>not found</html>", "x is not a picture in a format that can be read; try PNG or JPEG"),
    ],
)
def test_what_is_no_usable_picture_gets_one_message(data, message):
    with pytest.raises(PictureError, match=message):
        open_picture(data, name="x")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path, reason in ((tmp_path / "gone.png", "No such file"), (tmp_path, "not a file")):
        with pytest.raises(PictureError, match=f"{path.name} cannot be opened .*{reason}"):
            open_picture(path)


def test_every_kind_of_picture_becomes_eight_bit_grey():
    plain = np.asarray(digit())
    sixteen = Image.fromarray(plain.astype(np.uint16) * 257)
    clear = Image.merge("LA", (Image.new("L", (28, 28), 0), digit()))
    frames = [digit(), Image.new("L", (28, 28), 255)]
    kinds = {
        "8-bit": encoded(digit()),
        "16-bit": encoded(sixteen),
        "colour": encoded(digit().convert("RGB")),
        "palette": encoded(digit().convert("P")),
        "one bit": encoded(digit().convert("1")),
        "animated": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "tiff": encoded(sixteen, "TIFF"),
        "webp": encoded(digit(), "WEBP", lossless=True),
        "animated webp": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True),
        "several pages": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "palette with transparency": encoded(digit().convert("P"), transparency=77),
        "jpeg called anything": encoded(digit(), "JPEG", quality=100, subsampling=0),
    }
    for kind, data in kinds.items():
        picture = open_picture(data)
        assert picture.mode == "L", kind
        tolerance = 4 if kind.startswith("jpeg") else 1
        assert np.abs(np.asarray(picture).astype(int) - plain).max() <= tolerance, kind
    # Dark ink on nothing is laid on white.
    assert np.array_equal(np.asarray(open_picture(encoded(clear))), 255 - plain)
    cmyk = open_picture(encoded(digit().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(np.asarray(cmyk.convert("L")).astype(int) - plain).mean() < 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colour_is_kept(mode):
    picture = Image.new("RGB", (40, 30), (200, 30, 90))
    opened = open_picture(encoded(picture.quantize() if mode == "P" else picture.convert(mode)))
    assert opened.mode == "RGB"
    assert np.array_equal(np.asarray(opened), np.asarray(picture))


def test_a_large_jpeg_is_not_decoded_in_full():
    opened = open_picture(encoded(digit(size=4000), "JPEG"))
    assert 1024 <= max(opened.size) < 2048


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "CMYK", "I", "F", "I;16"])
def test_large_pictures_of_every_mode_are_reduced_first(mode):
    large = digit(size=4000)
    picture = large.convert(mode) if mode != "I;16" else Image.fromarray(np.asarray(large).astype(np.uint16))
    grey = eight_bit(picture)
    assert max(grey.size) < 2048
    assert abs(int(prepare(grey).image.sum()) - int(prepare(digit(size=1000)).image.sum())) < 2000


def test_floating_point_greys_are_scaled():
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    assert np.asarray(eight_bit(Image.fromarray(values))).tolist() == (values * 255).round().astype(int).tolist()
    odd = Image.fromarray(np.array([[-5.0, np.nan], [np.inf, 5.0]], dtype=np.float32))
    assert np.asarray(eight_bit(odd)).max() == 255


def test_pictures_are_turned_upright():
    picture = digit()
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    turned = open_picture(encoded(picture.rotate(90), "PNG", exif=exif))
    assert np.array_equal(np.asarray(turned), np.asarray(picture))


def test_a_picture_in_mnists_form_is_taken_pixel_by_pixel():
    prepared = prepare(digit())
    assert prepared.image.shape == (1, 1, 28, 28)
    assert prepared.image.dtype == torch.uint8
    assert torch.equal(prepared.image[0, 0], torch.from_numpy(np.asarray(digit()).copy()))
    assert torch.equal(prepare(digit(ink=0, background=255)).image, prepared.image)


def test_dark_ink_on_grey_paper_off_centre_becomes_a_centred_white_digit():
    paper = Image.new("L", (400, 300), 190)
    paper.paste(digit(ink=40, background=190, size=120), (250, 20))
    prepared = prepare(paper)
    image = prepared.image[0, 0].double()
    assert [step.split()[0] for step in prepared.steps] == ["inverted:", "cropped", "fitted", "solid", "centred"]
    rows, columns = torch.meshgrid(torch.arange(28.0) + 0.5, torch.arange(28.0) + 0.5, indexing="ij")
    assert abs(float((image * rows).sum() / image.sum()) - 14) < 1
    assert abs(float((image * columns).sum() / image.sum()) - 14) < 1
    inked = image > 60
    extent = max(int(inked.any(0).sum()), int(inked.any(1).sum()))
    assert 19 <= extent <= 20
    assert image[0].max() == 0


@pytest.mark.parametrize(("ink", "background"), [(10, 120), (0, 100), (30, 110), (255, 140), (200, 130), (20, 240)])
def test_polarity_is_told_from_the_ink_not_from_the_paper(ink, background):
    paper = Image.new("L", (300, 300), background)
    paper.paste(digit(ink=ink, background=background, size=140), (80, 90))
    noisy = np.asarray(paper) + np.random.default_rng(0).normal(0, 4, (300, 300))
    image = prepare(Image.fromarray(noisy.clip(0, 255).astype(np.uint8))).image.double().flatten()
    clean = Image.new("L", (300, 300))
    clean.paste(digit(size=140), (80, 90))
    ideal = prepare(clean).image.double().flatten()
    assert torch.corrcoef(torch.stack([image, ideal]))[0, 1] > 0.95


def test_a_device_is_not_read():
    with pytest.raises(PictureError, match="not a file"):
        open_picture("/dev/zero")


def test_dark_ink_left_dark_is_cropped_all_the_same():
    prepared = prepare(digit(ink=0, background=255, size=200), Preparation(polarity=False))
    assert prepared.steps[0] == "cropped to what is drawn"
    assert prepared.image.max() == 255


def test_each_step_can_be_left_out():
    paper = Image.new("L", (100, 100), 255)
    paper.paste(digit(ink=0, background=255, size=50), (50, 50))
    as_it_is = prepare(paper, AS_IT_IS)
    assert as_it_is.image.float().mean() > 200
    uncropped = prepare(paper, Preparation(crop=False, center=False)).image[0, 0]
    assert uncropped[:13].sum() == 0
    assert uncropped[14:, 14:].sum() > 0
    cornered = prepare(paper, Preparation(center=False))
    assert not any("centred" in step for step in cornered.steps)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (20_000, 1), (20_000, 40), (27, 28)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_any_size_and_any_constant_gives_a_picture_of_the_models_size(size, grey):
    assert prepare(Image.new("L", size, grey)).image.shape == (1, 1, 28, 28)


def test_a_constant_picture_stays_constant_and_noise_stays_noise():
    assert prepare(Image.new("L", (50, 50), 200), AS_IT_IS).image.unique().tolist() == [200]
    assert len(prepare(Image.new("L", (50, 50), 100)).image.unique()) == 1
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    assert prepare(Image.fromarray(noise)).image.float().std() > 30
