"""A picture from elsewhere, brought to the form that the pictures of a data set were given."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from gm_core.data.decoder import ENOUGH
from gm_core.data.ink import find_ink
from gm_core.data.pictures import RANGE, eight_bit

INK = 253
"""The grey of solid ink in MNIST. Of the training images' pixels above 251, 46 % have it and 10 % are at 255, a pixel
or two of a digit: a density over exact levels knows, and finds strokes of 255 strange."""

MIN_CONTRAST = 16
"""A picture whose brightest pixel is not this much above its background has nothing on it."""

CLOSE = 0.05
"""Share of the longest distance between colours within which a colour belongs to the background of a garment."""

Step = Literal["polarity", "crop", "center", "clean", "sharpen"]


@dataclass(frozen=True)
class Preparation:
    """Which steps bring a picture to a form; a form heeds those of :attr:`Form.steps`.

    Attributes:
        polarity: Invert what is dark on light background, for the models know light on black.
        crop: Cut away the empty margin, and fit what is left; of a photograph, take the middle square.
        center: Put the centre of mass of a digit in the middle of its frame.
        clean: Take away the paper with its shade, grain and specks, and make the ink white and the background black.
        sharpen: Sharpen what was shrunk.
    """

    polarity: bool = True
    crop: bool = True
    center: bool = True
    clean: bool = True
    sharpen: bool = True


USUAL = Preparation()
"""Every step."""

AS_IT_IS = Preparation(polarity=False, crop=False, center=False, clean=False, sharpen=False)
"""Only brought to the right size, and to grey where the model knows no colour."""


@dataclass(frozen=True)
class Form:
    """How the pictures of a data set were made, which is what a picture from elsewhere is brought to.

    Attributes:
        name: What its pictures show.
        size: Side of its pictures.
        channels: 1 for grey, 3 for colour.
        steps: The switches of :class:`Preparation` that it heeds.
    """

    name: Literal["digits", "clothes", "photographs"]
    size: int
    channels: int
    steps: tuple[Step, ...]


DIGITS = Form("digits", 28, 1, ("polarity", "crop", "center", "clean"))
"""MNIST: light ink on black, fitted into 20x20, anti-aliased, centred by mass in 28x28.

LeCun et al. (1998), "Gradient-Based Learning Applied to Document Recognition", section III.A.
"""

CLOTHES = Form("clothes", 28, 1, ("polarity", "crop", "clean", "sharpen"))
"""Fashion-MNIST: trimmed, the longest edge brought to 28 by leaving out rows and columns, sharpened, in the middle of
28x28, negated, so that the background is black.

Xiao et al. (2017), "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms", section 2.
https://arxiv.org/abs/1708.07747
"""

PHOTOGRAPHS = Form("photographs", 32, 3, ("crop",))
"""CIFAR-10: the middle square of a colour photograph, averaged down to 32x32; emoji, which are square, are that too."""


def in_levels(images: Tensor, levels: int) -> Tensor:
    """Pictures in fewer levels: of two, a pixel is ink where it is nearer to white than to black.

    Args:
        images: ``uint8``, of 256 levels.
        levels: Levels of a pixel.
    """
    return images if levels == 256 else (images.float() * ((levels - 1) / 255)).round().to(torch.uint8)


@dataclass(frozen=True)
class Prepared:
    """A picture as a model sees it.

    Attributes:
        image: ``uint8`` (1, C, H, W).
        steps: What was done, in words, in order.
    """

    image: Tensor
    steps: tuple[str, ...]


def prepare(
    picture: Image.Image,
    preparation: Preparation = USUAL,
    size: int | None = None,
    form: Form = DIGITS,
) -> Prepared:
    """Bring a picture to the form of a data set's.

    A picture that has this form already is taken pixel by pixel.

    Args:
        picture: Any picture.
        preparation: Which steps to take.
        size: Side of the result; the form's own when left out.
        form: The form, from :func:`gm_core.data.catalog.form_of`.

    Returns:
        What the model sees, and what was done.
    """
    steps: list[str] = []
    if picture.mode not in ("L", "RGB") or max(picture.size) >= 2 * ENOUGH:
        picture = eight_bit(picture)
    if isinstance(known := picture.info.get(RANGE), tuple):
        steps.append(f"black is {known[0]:,.7g} and white {known[1]:,.7g}")
    if form.channels == 1 and picture.mode == "RGB" and form.name != "clothes":  # these are trimmed by colour
        picture = picture.convert("L")
    values = _MAKING[form.name](picture, preparation, size or form.size, steps)
    planes = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
    image = torch.from_numpy(np.ascontiguousarray(planes).round().clip(0, 255).astype(np.uint8))[None]
    return Prepared(image, tuple(steps))


def _digit(picture: Image.Image, preparation: Preparation, size: int, steps: list[str]) -> np.ndarray:
    """See :data:`DIGITS`."""
    values = np.asarray(picture, dtype=np.float64)
    # What is hardly larger than the result has no grain and shade, and too few pixels to tell ink from paper.
    ink = find_ink(values) if preparation.clean and max(values.shape) >= 2 * size else None
    if ink is None:
        light, dark = _ink(values)
        nothing = max(light.max(), dark.max()) < MIN_CONTRAST
        turn = _background(values) > 127 if nothing else dark.sum() > light.sum()
    else:
        nothing, turn = False, ink.dark
        values = 255 - 255 * ink.amount if ink.dark else 255 * ink.amount
    if preparation.polarity and turn:
        values = 255 - values
        steps.append("inverted: the model knows light strokes on black")
    if ink is not None and ink.found:
        steps.append(f"the paper's {' and '.join(ink.found)} taken away")
    if picture.size == (size, size) and _background(values) == 0:
        steps.append(f"already {size}x{size} on black: taken pixel by pixel")
        return values
    if nothing:
        steps.append(f"nothing stands out from the background: taken whole, at {size}x{size}")
        return _place(_fit(values, size), size, by_mass=False)
    if preparation.crop:
        values, cut = _crop(values)
        steps.append(cut)
        values = _fit(values, size * 20 // 28)
        steps.append(f"fitted into {size * 20 // 28}x{size * 20 // 28}")
    else:
        values = _fit(values, size)
        steps.append(f"shrunk to {size}x{size}" if max(picture.size) > size else f"fitted into {size}x{size}")
    if ink is not None and (preparation.polarity or not ink.dark):
        values = values.clip(max=INK)
        steps.append(f"solid ink given MNIST's grey, {INK}")
    if preparation.center:
        steps.append("centred by mass")
    return _place(values, size, by_mass=preparation.center)


def _clothing(picture: Image.Image, preparation: Preparation, size: int, steps: list[str]) -> np.ndarray:
    """See :data:`CLOTHES`."""
    colors = np.asarray(picture.convert("RGB"), dtype=np.float64)
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    if picture.size == (size, size) and _background(grey) <= 127:
        steps.append(f"already {size}x{size} on black: taken pixel by pixel")
        return grey
    # The background is the colour of the corners; what is not close to it is the piece of clothing.
    color = np.median(colors[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    background = float(color @ [0.299, 0.587, 0.114])
    thing = np.linalg.norm(colors - color, axis=2) > CLOSE * math.sqrt(3) * 255
    if not thing.any():
        steps.append(f"nothing stands out from the background: taken whole, at {size}x{size}")
        turned = 255 - grey if preparation.polarity and background > 127 else grey
        return _place(_fit(turned, size), size, by_mass=False)
    if preparation.crop:
        box = _box(thing)
        grey, thing = grey[box], thing[box]
        steps.append("trimmed to the piece of clothing")
    rows, columns = _shrunk(grey.shape, size)
    grey, thing = grey[np.ix_(rows, columns)], thing[np.ix_(rows, columns)]
    steps.append(f"longest edge brought to {size} by leaving out rows and columns")
    if preparation.sharpen:
        grey = np.asarray(Image.fromarray(grey.round().astype(np.uint8)).filter(_SHARPEN), dtype=np.float64)
        steps.append("sharpened")
    if preparation.clean:
        grey, background = np.where(thing, grey, 0 if background <= 127 else 255), 0.0 if background <= 127 else 255.0
        steps.append("the background made even")
    if preparation.polarity and background > 127:
        grey, background = 255 - grey, 255 - background
        steps.append("inverted: the model knows light clothes on black")
    steps.append(f"put in the middle of {size}x{size}")
    return _place(grey, size, by_mass=False, background=background)


def _photograph(picture: Image.Image, preparation: Preparation, size: int, steps: list[str]) -> np.ndarray:
    """See :data:`PHOTOGRAPHS`."""
    if picture.mode == "L":
        steps.append("its grey taken for red, green and blue")
    values = np.asarray(picture.convert("RGB"), dtype=np.float64)
    if picture.size == (size, size):
        steps.append(f"already {size}x{size}: taken pixel by pixel")
        return values
    height, width, _ = values.shape
    if preparation.crop and height != width:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        values = values[top : top + side, left : left + side]
        steps.append("cropped to the middle square")
    steps.append(f"shrunk to {size}x{size}" if max(values.shape) > size else f"enlarged to {size}x{size}")
    planes = [_place(_fit(values[:, :, c], size), size, by_mass=False) for c in range(3)]
    return np.stack(planes, axis=2)


_MAKING: dict[str, Callable[[Image.Image, Preparation, int, list[str]], np.ndarray]] = {
    "digits": _digit,
    "clothes": _clothing,
    "photographs": _photograph,
}

_SHARPEN = ImageFilter.Kernel(
    (3, 3), [-0.0624, -0.1028, -0.0624, -0.1028, 1.6608, -0.1028, -0.0624, -0.1028, -0.0624], scale=1
)
"""A Gaussian of radius and standard deviation 1, negated, with twice its sum in the middle, as ImageMagick's
``-adaptive-sharpen 1x1``, in whose words the paper describes it; even areas stay as they are."""


def _background(values: np.ndarray) -> float:
    """The grey of the picture's edge, which is what strokes are drawn on."""
    return float(np.median(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])))


def _ink(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much lighter, and how much darker, every pixel is than the background."""
    background = _background(values)
    return (values - background).clip(0), (background - values).clip(0)


def _box(what: np.ndarray) -> tuple[slice, slice]:
    """The smallest box around all that is true."""
    rows, columns = np.flatnonzero(what.any(axis=1)), np.flatnonzero(what.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _crop(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Cut away the margin; a drawing that is lighter than its background becomes white, the background black."""
    light, dark = _ink(values)
    contrast = float(max(light.max(), dark.max()))
    box = _box(np.maximum(light, dark) > 0.25 * contrast)
    if dark.sum() > light.sum():  # only where it was not to be inverted: left in its own greys
        return values[box], "cropped to what is drawn"
    # A grey background is never even: the darkest tenth of the contrast goes with it.
    background, high = _background(values), float(values.max())
    floor = background + 0.1 * (high - background) if background > 0 else 0.0
    stretched = ((values - floor) * (255 / (high - floor))).clip(0, 255)
    return stretched[box], "cropped to what is drawn" + (", the background made black" if background > 0 else "")


def _extent(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width of a picture that is scaled so that the longer of them is ``side``."""
    scale = side / max(shape)
    return max(1, math.floor(shape[0] * scale + 0.5)), max(1, math.floor(shape[1] * scale + 0.5))


def _fit(values: np.ndarray, side: int) -> np.ndarray:
    """Scale so that the longer side is ``side``, each new pixel the mean of those it covers."""
    height, width = _extent(values.shape, side)
    picture = Image.fromarray(values.astype(np.float32), mode="F")
    method = Image.Resampling.BOX if side < max(values.shape) else Image.Resampling.BILINEAR
    return np.asarray(picture.resize((width, height), method), dtype=np.float64)


def _shrunk(shape: tuple[int, ...], side: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns that are kept when the longer side is brought to ``side``."""
    rows, columns = (
        ((np.arange(extent) + 0.5) * old / extent).astype(int)
        for old, extent in zip(shape, _extent(shape, side), strict=True)
    )
    return rows, columns


def _place(values: np.ndarray, size: int, *, by_mass: bool, background: float = 0.0) -> np.ndarray:
    """Put a picture into a frame, centred by mass or by its own frame, without cutting anything off."""
    height, width = values.shape
    middle = np.array([height / 2, width / 2])
    if by_mass and values.sum() > 0:
        rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
        middle = np.array([(values.sum(axis=1) @ rows), (values.sum(axis=0) @ columns)]) / values.sum()
    top, left = (
        int(np.clip(math.floor(size / 2 - m + 0.5), 0, size - extent))
        for m, extent in zip(middle, (height, width), strict=True)
    )
    frame = np.full((size, size), background)
    frame[top : top + height, left : left + width] = values
    return frame
