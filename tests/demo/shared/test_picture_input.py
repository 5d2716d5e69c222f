"""Pictures of the user, as a model sees them."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from demo.shared.picture_input import read_drawing, read_upload
from gm_core import PictureError
from gm_core.data.preparation import DIGITS


def seven() -> Image.Image:
    pixels = np.zeros((56, 56), np.uint8)
    pixels[8:14, 14:40] = 255
    pixels[14:48, 32:40] = 255
    return Image.fromarray(pixels)


def test_uploads_of_every_kind_reach_the_model_unharmed(tmp_path: Path) -> None:
    picture = seven()
    deep = np.asarray(picture).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    picture.save(tmp_path / "animated.gif", save_all=True, append_images=[Image.new("L", picture.size)] * 2)
    picture.convert("RGB").convert("CMYK").save(tmp_path / "print.tif")
    expected = gm_core.prepare(picture).image
    for name in ("deep.png", "animated.gif", "print.tif"):
        assert torch.equal(read_upload(str(tmp_path / name)).forms[DIGITS].image, expected), name


def test_a_black_drawing_counts_as_empty() -> None:
    buffer = io.BytesIO()
    Image.new("L", (280, 280)).save(buffer, "PNG")
    assert read_drawing("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()) is None
    with pytest.raises(PictureError):
        read_drawing("nonsense")
