"""The value of a sketch pad."""

import io

import pytest
from PIL import Image, ImageDraw

import gm_core
from demo.widgets.sketch_pad import MAX_CHARACTERS, PREFIX, decode, encode
from gm_core import PictureError


def seven() -> Image.Image:
    picture = Image.new("RGB", (200, 160), "white")
    ImageDraw.Draw(picture).line((60, 30, 140, 30, 90, 130), fill="black", width=16)
    return picture


def test_a_pads_value_is_checked() -> None:
    png = io.BytesIO()
    seven().save(png, "PNG")
    assert decode(encode(png.getvalue())) == png.getvalue()
    assert decode("") is None and decode(None) is None
    for bad in ("hello", "data:image/svg+xml,<svg/>", PREFIX + "not base64!", PREFIX + "A" * MAX_CHARACTERS, 7, ["x"]):
        with pytest.raises(PictureError):
            decode(bad)  # type: ignore[arg-type]
    with pytest.raises(PictureError):
        gm_core.open_picture(decode(PREFIX + "AAAA") or b"")
