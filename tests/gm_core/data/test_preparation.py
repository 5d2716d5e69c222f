"""A picture is brought to the form that the pictures of its data set were given."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gm_core import Preparation, form_of, open_picture, prepare
from gm_core.data.ink import find_ink
from gm_core.data.preparation import AS_IT_IS, CLOTHES, DIGITS, INK, PHOTOGRAPHS
from gm_core.studies.detector.photographs import pad_drawing, photograph, thin


def seven(side: int = 28) -> np.ndarray:
    picture = Image.new("L", (side * 4, side * 4))
    s = side * 4 / 28
    ImageDraw.Draw(picture).line([(7 * s, 6 * s), (20 * s, 6 * s), (12 * s, 22 * s)], fill=255, width=round(2.5 * s))
    return np.asarray(picture.reduce(4))


def shirt(background=(255, 250, 245), width: int = 300) -> Image.Image:
    picture = Image.new("RGB", (width, 200), background)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((100, 40, 159, 179), fill=(60, 90, 200))
    draw.rectangle((115, 60, 130, 90), fill=(230, 220, 40))
    return picture


def test_every_data_set_has_its_form():
    assert [form_of(name) for name in ("mnist", "mnist-binary", "fashion", "cifar10", "my-cats")] == [
        DIGITS, DIGITS, CLOTHES, PHOTOGRAPHS, PHOTOGRAPHS
    ]  # fmt: skip


@pytest.mark.parametrize("form", [DIGITS, CLOTHES, PHOTOGRAPHS], ids=lambda form: form.name)
@pytest.mark.parametrize("mode", ["L", "RGB", "1", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (500, 3), (64, 48), (28, 28), (32, 32)])
def test_any_picture_comes_out_in_the_forms_shape(form, mode, size):
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)
    for preparation in (Preparation(), AS_IT_IS):
        prepared = prepare(picture, preparation, form=form)
        assert prepared.image.shape == (1, form.channels, form.size, form.size)
        assert prepared.image.dtype == torch.uint8
    assert prepare(picture, size=8, form=form).image.shape == (1, form.channels, 8, 8)


@pytest.mark.parametrize("form", [DIGITS, CLOTHES, PHOTOGRAPHS], ids=lambda form: form.name)
def test_a_picture_of_that_form_is_taken_pixel_by_pixel(form):
    values = np.random.default_rng(0).integers(0, 256, (form.size, form.size, 3), dtype=np.uint8)
    values[[0, -1]] = values[:, [0, -1]] = 0
    picture = Image.fromarray(values if form.channels == 3 else values[..., 0])
    prepared = prepare(picture, form=form)
    assert np.array_equal(prepared.image[0].permute(1, 2, 0).squeeze().numpy(), np.asarray(picture))
    assert "taken pixel by pixel" in prepared.steps[-1]


@pytest.mark.parametrize("seed", range(6))
def test_a_photographed_digit_comes_out_as_it_was(seed):
    picture = open_picture(photograph(seven(), np.random.default_rng(seed)))
    prepared = prepare(picture)
    wanted = prepare(Image.fromarray(seven(100))).image.double().flatten()
    assert torch.corrcoef(torch.stack([prepared.image.double().flatten(), wanted]))[0, 1] > 0.9
    assert prepared.steps[0].startswith("inverted")
    assert prepared.image.max() == INK
    assert (prepared.image == 0).double().mean() > 0.6  # no paper is left
    assert prepared.image[..., 0, :].max() == 0


def test_specks_and_what_reaches_in_from_the_edge_are_dropped_but_not_a_part_of_the_digit():
    paper = np.full((300, 300), 200.0)
    paper[100:200, 100:120] = 40  # a stroke,
    paper[90:110, 140:190] = 40  # another that does not touch it,
    paper[250:254, 20:24] = 40  # a speck,
    paper[:60, :8] = 40  # and the table
    ink = find_ink(paper)
    assert ink.dark and "specks" in ink.found
    side = len(ink.amount)
    rows, columns = (np.flatnonzero((ink.amount > 0.5).any(axis=axis)) * 300 / side for axis in (1, 0))
    assert (rows[0], rows[-1]) == pytest.approx((90, 200), abs=2)
    assert (columns[0], columns[-1]) == pytest.approx((100, 190), abs=2)


def nothing(kind: str) -> np.ndarray:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200]
    return {
        "noise": random.integers(0, 256, (200, 200)),
        "grain": (180 + random.normal(0, 8, (200, 200))).clip(0, 255),
        "constant": np.full((200, 200), 130),
        "gradient": (x + y) * 0.6,
        "checkerboard": (x // 10 + y // 10) % 2 * 255,
        "texture": 127 + 100 * np.sin(x / 5) * np.sin(y / 7),
    }[kind].astype(float)


@pytest.mark.parametrize("kind", ["noise", "grain", "constant", "gradient", "checkerboard", "texture"])
def test_no_ink_is_found_where_there_is_none(kind):
    assert find_ink(nothing(kind)) is None
    picture = Image.fromarray(nothing(kind).astype(np.uint8))
    assert torch.equal(prepare(picture).image, prepare(picture, Preparation(clean=False)).image)


def test_cleaning_can_be_switched_off():
    picture = open_picture(photograph(seven(), np.random.default_rng(0)))
    left = prepare(picture, Preparation(clean=False))
    assert not any("taken away" in step or "grey" in step for step in left.steps)
    assert not torch.equal(left.image, prepare(picture).image)


def test_a_line_is_thin_to_one_pixel_and_drawn_again_in_one_width():
    mask = np.zeros((40, 60), bool)
    mask[10:17, 5:55] = True
    lines = thin(mask)
    assert lines.any(axis=0)[10:50].all() and lines.sum(axis=0).max() <= 2
    pad = np.asarray(pad_drawing(seven()))
    assert pad.shape == (280, 280) and set(np.unique(pad)) >= {0, 255}
    assert 18 < (pad[:, 90] > 127).sum() < 30  # the upper stroke, as wide as the pen


def test_clothes_are_made_as_fashion_mnists_were():
    prepared = prepare(shirt(), form=CLOTHES)
    image = prepared.image[0, 0]
    assert [step.split()[0] for step in prepared.steps] == [
        "trimmed", "longest", "sharpened", "the", "inverted:", "put"
    ]  # fmt: skip
    worn = image > 0
    assert worn.any(dim=1).all()  # from top to bottom
    columns = torch.nonzero(worn.any(dim=0)).flatten()
    assert (int(columns[0]), int(columns[-1])) == (8, 19)  # 60 of 140 wide, in the middle
    assert image[20, 14] == 255 - round(0.299 * 60 + 0.587 * 90 + 0.114 * 200)
    assert image[:, :8].max() == 0
    # On black it is light already, and is left so.
    assert not any("inverted" in step for step in prepare(shirt((0, 0, 0)), form=CLOTHES).steps)
    light = prepare(shirt(), Preparation(polarity=False), form=CLOTHES).image
    assert light[0, 0, 0, 0] == 255
    whole = prepare(shirt(), Preparation(crop=False), form=CLOTHES).image[0, 0]
    assert torch.nonzero((whole > 0).any(dim=0)).flatten()[[0, -1]].tolist() == [9, 14]
    soft = prepare(shirt(), Preparation(sharpen=False), form=CLOTHES)
    assert "sharpened" not in soft.steps and not torch.equal(soft.image, prepared.image)


def test_a_photograph_keeps_the_colour_of_its_middle_square():
    values = np.zeros((96, 200, 3), np.uint8)
    values[:, 52:148] = np.kron(np.random.default_rng(0).integers(0, 256, (32, 32, 3)), np.ones((3, 3, 1)))
    prepared = prepare(Image.fromarray(values), form=PHOTOGRAPHS)
    assert prepared.steps == ("cropped to the middle square", "shrunk to 32x32")
    assert np.array_equal(prepared.image[0].permute(1, 2, 0).numpy(), values[1::3, 53:148:3])
    whole = prepare(Image.fromarray(values), Preparation(crop=False), form=PHOTOGRAPHS)
    assert whole.image[0, :, 0].max() == 0 and whole.image[0, :, 16].max() > 0
    grey = prepare(Image.fromarray(values[..., 0]), form=PHOTOGRAPHS)
    assert torch.equal(grey.image[:, 0], grey.image[:, 2]) and "grey" in grey.steps[0]
