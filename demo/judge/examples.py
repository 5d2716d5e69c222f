"""Pictures to judge, all of the project's own making: drawn by its model, or by the few lines of code here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from demo.shared.models import Models
from demo.widgets.sketch_pad import encode
from gm_core import Preparation
from gm_core.data import preparation as forms
from gm_core.data.catalog import FIRST, DataSet, dataset_of, first_of
from gm_core.data.preparation import AS_IT_IS, USUAL
from gm_core.rendering import grid, png

SIDE = 28
"""Side of what the models see."""

CANVAS = 280
"""Side of what is drawn large, as a person would on the pad."""

PEN = 24

DIGITS, GARMENTS = first_of(forms.DIGITS).density, first_of(forms.CLOTHES).density
"""What draws the digits and the clothes: the densities that judge them, too."""

SEED, ANOTHER_SEED = 8, 22


@dataclass(frozen=True)
class Example:
    """A picture to judge.

    Attributes:
        name: A word or two.
        look_for: What to look for, promising nothing: the verdict says what happened.
        picture: The picture.
        preparation: The steps that suit it; none for pictures that fill their frame, which a box inside it would give
            an edge that they do not have.
    """

    name: str
    look_for: str
    picture: Image.Image
    preparation: Preparation = USUAL

    @cached_property
    def url(self) -> str:
        """The picture as a pad's value."""
        return encode(png(self.picture))


def examples(models: Models, dataset: str = FIRST.name) -> tuple[Example, ...]:
    """All examples for a data set, the same at every call and at every start; digits and clothes share theirs.

    Args:
        models: Whose PixelCNNs draw the digits, the clothes and the photographs.
        dataset: What the judging models know.
    """
    record = dataset_of(dataset)
    return _of_photographs(models, record) if record.form is forms.PHOTOGRAPHS else _of_digits(models)


@lru_cache(maxsize=2)
def _of_digits(models: Models) -> tuple[Example, ...]:
    three, seven, four = _drawn_by(models, DIGITS, (3, 7, 4))
    sneaker, bag = _drawn_by(models, GARMENTS, (7, 8))
    return (
        Example("a digit", "Drawn by the PixelCNN of digits, pixel by pixel, when asked for a 3.", three),
        Example("another", "Also its own, asked for a 7: a model should know its own handwriting.", seven),
        Example(
            "upside down", "A drawn 4, turned by half. Every stroke is right; does the order matter?", _turned(four)
        ),
        Example(
            "negative",
            "A 3 in black on white. Switch “invert” off and see what the step was good for.",
            _negative(three),
        ),
        Example("letter A", "No digit, but strokes like one. Which pixels give it away?", _letter("A")),
        Example("circle", "Is a perfect circle a zero?", _drawn(_circle)),
        Example("empty", "Nothing at all. Do you expect it to be less likely than a digit, or more?", _empty()),
        Example("grey", "The same grey everywhere: nothing to see, but not what the model knows.", _grey(), AS_IT_IS),
        Example("noise", "Every pixel a throw of a die with 256 sides: each one is a surprise.", _noise(), AS_IT_IS),
        Example(
            "sneaker",
            "Drawn by the PixelCNN of clothes. What does a classifier of digits say? And the models of clothes?",
            sneaker,
            AS_IT_IS,
        ),
        Example("bag", "Another of its drawings. Somebody who only knows ten digits must call it one.", bag, AS_IT_IS),
        Example(
            "painting",
            "An abstract painting by a few lines of code. Look below at how sure the classifier is.",
            _painting(SEED),
            AS_IT_IS,
        ),
        Example("another one", "The same few lines with other dice.", _painting(ANOTHER_SEED), AS_IT_IS),
    )


@lru_cache(maxsize=2)
def _of_photographs(models: Models, dataset: DataSet) -> tuple[Example, ...]:
    one, two, third = (_drawn_by(models, dataset.density, (-1,), seed)[0] for seed in dataset.seeds.examples)
    (three,) = _drawn_by(models, DIGITS, (3,))
    (sneaker,) = _drawn_by(models, GARMENTS, (7,))
    return (
        Example("its own", "Drawn by this very PixelCNN++, value by value: light and texture, but of what?", one),
        Example("another", "Also its own drawing. To the model it is as good as a photograph.", two),
        Example("a third", "Another throw of the dice.", third),
        Example("upside down", "The first one, turned by half. Does the sky belong above?", _turned(one)),
        Example("grey", "The first one without its colours: is it a photograph still?", _gray(one)),
        Example("puzzle", "The first one in sixteen pieces, mixed up: every piece is right.", _puzzle(one)),
        Example("a digit", "Drawn by the PixelCNN of digits. Simple pictures are likely; is that enough?", three),
        Example("sneaker", "Drawn by the PixelCNN of clothes.", sneaker),
        Example("plain", "One colour all over: likelier than any photograph.", Image.new("RGB", (32, 32), "#6a8caf")),
        Example("noise", "Every value a throw of a die with 256 sides: each one is a surprise.", _noise((32, 32, 3))),
        Example("painting", "An abstract painting by a few lines of code, shrunk like a photograph.", _painting(SEED)),
        Example("another one", "The same few lines with other dice.", _painting(ANOTHER_SEED)),
    )


def _drawn_by(models: Models, name: str, labels: tuple[int, ...], seed: int = SEED) -> list[Image.Image]:
    with torch.inference_mode():
        drawn = models.autoregressive(name).sample(
            len(labels), torch.tensor(labels), generator=torch.Generator().manual_seed(seed)
        )
    return [grid(image[None], zoom=1) for image in drawn]


def _turned(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.ROTATE_180)


def _gray(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _puzzle(picture: Image.Image) -> Image.Image:
    """Sixteen pieces in another order."""
    side = picture.width // 4
    pieces = [(column * side, row * side) for row in range(4) for column in range(4)]
    mixed = Image.new(picture.mode, picture.size)
    for place, index in zip(pieces, np.random.default_rng(SEED).permutation(16).tolist(), strict=True):
        left, top = pieces[index]
        mixed.paste(picture.crop((left, top, left + side, top + side)), place)
    return mixed


def _negative(picture: Image.Image) -> Image.Image:
    return picture.point([255 - level for level in range(256)])


def _letter(letter: str) -> Image.Image:
    picture = Image.new("L", (CANVAS, CANVAS))
    font = ImageFont.load_default(size=180)
    middle = (CANVAS / 2, CANVAS / 2)
    ImageDraw.Draw(picture).text(middle, letter, fill=255, font=font, anchor="mm", stroke_width=3, stroke_fill=255)
    return picture


def _drawn(shape: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    picture = Image.new("L", (CANVAS, CANVAS))
    shape(ImageDraw.Draw(picture))
    return picture


def _circle(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((50, 50, 230, 230), outline=255, width=PEN)


def _empty() -> Image.Image:
    return Image.new("L", (SIDE, SIDE))


def _grey() -> Image.Image:
    return Image.new("L", (SIDE, SIDE), 128)


def _noise(shape: tuple[int, ...] = (SIDE, SIDE)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(SEED).integers(0, 256, shape, dtype=np.uint8))


def _painting(seed: int) -> Image.Image:
    """Overlapping discs, bars and a line or two, in the manner of the 1920s."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (CANVAS, CANVAS), (222, 206, 178))
    draw = ImageDraw.Draw(picture)
    for _ in range(9):
        x, y = random.integers(0, CANVAS, 2).tolist()
        radius = int(random.integers(12, 70))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(random.integers(30, 235, 3).tolist()))
    for _ in range(7):
        ends = random.integers(0, CANVAS, 4).tolist()
        draw.line(ends, fill=tuple(random.integers(0, 120, 3).tolist()), width=int(random.integers(3, 14)))
    return picture
