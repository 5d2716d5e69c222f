"""Bars of known thickness and shear are measured as what they are."""

import math

import pytest
import torch
from torch import Tensor

from gm_core import slant, thickness
from gm_core.studies.atlas.attributes import attributes_of, brightness, warmth, width

SIZE, FINE = 64, 8


def draw(inside) -> Tensor:
    """A shape of the plane, black on white with soft edges: `inside(x, y)`, y downwards, the origin in the middle."""
    axis = (torch.arange(SIZE * FINE) + 0.5) / FINE - SIZE / 2
    shape = inside(axis[None] - 0.3, axis[:, None] + 0.2).float()  # not on the pixels' grid
    return (255 * torch.nn.functional.avg_pool2d(shape[None, None], FINE)).round().to(torch.uint8)


def bar(width: float, length: float, degrees: float) -> Tensor:
    """A bar turned from upright to the right."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return draw(lambda x, y: ((x * c + y * s).abs() < width / 2) & ((x * s - y * c).abs() < length / 2))


@pytest.mark.parametrize("width", [2, 3, 4.5, 7])
@pytest.mark.parametrize("degrees", [0, 15, 30, 45, 70, 90])
def test_a_bars_thickness_comes_out_whatever_way_it_lies(width, degrees):
    length, picture = 36, bar(width, 36, degrees)
    expected = width * length / (width + length)  # twice the area over the perimeter, ends included
    assert float(thickness(picture)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("width", [4, 7])
@pytest.mark.parametrize("degrees", [0, 15, 30, 45, 70, 90])
def test_so_does_that_of_a_black_and_white_bar_with_stairs_for_edges(width, degrees):
    length, picture = 36, torch.where(bar(width, 36, degrees) > 127, 255, 0).to(torch.uint8)
    width = float(picture.sum()) / 255 / length  # no longer quite what it was
    assert float(thickness(picture)) == pytest.approx(width * length / (width + length), rel=0.1)


@pytest.mark.parametrize("shear", [-0.8, -0.3, 0, 0.2, 1])
def test_a_sheared_bars_slant_is_its_shear(shear):
    picture = draw(lambda x, y: ((x + shear * y).abs() < 3) & (y.abs() < 20))
    assert float(slant(picture)) == pytest.approx(math.degrees(math.atan(shear)), abs=0.5)


def test_leaning_right_is_positive_and_a_mirror_turns_it():
    picture = bar(3, 40, 20)
    assert float(slant(picture)) == pytest.approx(20, abs=0.5)
    torch.testing.assert_close(slant(picture.flip(-1)), -slant(picture), atol=1e-3, rtol=0)
    torch.testing.assert_close(thickness(picture.flip(-1)), thickness(picture))


def test_a_paler_stroke_is_as_thick_and_leans_as_far():
    picture = bar(4, 40, 20)
    for measure in (thickness, slant, width):
        torch.testing.assert_close(measure(picture.float() / 3), measure(picture))


def test_an_even_bar_is_as_wide_as_it_is():
    for columns in (1, 4, 11):
        picture = torch.zeros(1, 1, 20, 20, dtype=torch.uint8)
        picture[:, :, 3:17, 5 : 5 + columns] = 90
        assert float(width(picture)) == pytest.approx(columns)


def test_light_is_measured_in_levels():
    red = torch.tensor([200, 50, 20], dtype=torch.uint8)[None, :, None, None].expand(1, 3, 4, 4)
    assert float(brightness(red)) == 90
    assert float(warmth(red)) == 180 and float(warmth(red.flip(1))) == -180


def test_every_data_set_is_measured_by_what_it_shows():
    assert list(attributes_of("mnist")) == ["thickness", "slant"]
    assert list(attributes_of("fashion")) == ["brightness", "width"]
    assert list(attributes_of("cifar10", 3)) == list(attributes_of("my-own", 3)) == ["brightness", "warmth"]
    assert list(attributes_of("my-own", 1)) == ["brightness", "width"]


def test_pictures_of_nothing_and_of_one_row_have_numbers_too():
    empty = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    one_row = empty.clone()
    one_row[:, :, 3, 2:6] = 255
    assert thickness(empty).tolist() == slant(empty).tolist() == slant(one_row).tolist() == [0, 0]
    assert width(empty).tolist() == [0, 0] and width(one_row).tolist() == pytest.approx([4, 4])
    full = torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)  # its edge is the picture's
    assert float(thickness(full)) == pytest.approx(2 * 64 / 32, rel=0.05)


def test_a_batch_is_its_pictures():
    pictures = torch.cat([bar(3, 30, 10), bar(5, 20, -40), torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8)])
    for measure in (thickness, slant, width, brightness):
        values = measure(pictures)
        assert values.shape == (3,) and values.dtype == torch.float32
        torch.testing.assert_close(values, torch.cat([measure(picture[None]) for picture in pictures]))
