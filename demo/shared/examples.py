"""Pictures to judge, all of the project's own making: drawn by its models, or by the few lines of code here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import islice

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from demo.shared.models import Models
from demo.widgets.sketch_pad import encode
from gm_core import CheckpointError, Preparation
from gm_core.data import preparation as forms
from gm_core.data.catalog import FIRST, DataSet, dataset_of, first_of
from gm_core.data.preparation import AS_IT_IS, USUAL
from gm_core.rendering import grid, png

SIDE = 28
"""Side of what the models of digits and clothes see."""

CANVAS = 280
"""Side of what is drawn large, as a user would on the pad."""

PEN = 24

DIGITS, GARMENTS = first_of(forms.DIGITS).density, first_of(forms.CLOTHES).density
"""The models that draw the digits and the clothes: the densities that judge them, too."""

SEED, ANOTHER_SEED = 8, 22

Paint = Callable[[Models, DataSet], Image.Image]
"""Makes an example's picture, for models that know a data set."""


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


@dataclass(frozen=True)
class ExampleRecipe:
    """How an example is made; its attributes are those of :class:`Example`, but for what makes the picture."""

    name: str
    look_for: str
    paint: Paint
    preparation: Preparation = USUAL


def examples(models: Models, dataset: str = FIRST.name) -> tuple[Example, ...]:
    """All examples for a data set, the same at every call and at every start; digits and clothes share theirs.

    An example whose model is missing or damaged is left out; :func:`problems` says so.

    Args:
        models: Their PixelCNNs draw the digits, the clothes and the photographs.
        dataset: What the judging models know.
    """
    return _make_all(models, dataset)[0]


def example_at(models: Models, dataset: str, index: int) -> Example | None:
    """One of these, before those after it are made; ``None`` if there are not so many."""
    return next(islice(_make_each(models, dataset, {}), index, None), None)


def problems(models: Models, dataset: str = FIRST.name) -> tuple[str, ...]:
    """Why some examples are left out, if any are: a sentence per model."""
    return _make_all(models, dataset)[1]


def _make_all(models: Models, dataset: str) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    wrong: dict[str, None] = {}
    made = tuple(_make_each(models, dataset, wrong))
    return made, tuple(wrong)


def _make_each(models: Models, dataset: str, wrong: dict[str, None]) -> Iterator[Example]:
    """The examples one by one; what is wrong with those that are left out is added to what is wrong."""
    record, recipes = dataset_of(dataset), list(_FOR_PHOTOGRAPHS)
    if record.form is not forms.PHOTOGRAPHS:
        record, recipes = FIRST, list(_FOR_DIGITS)
    for recipe in recipes:
        try:
            yield _make(models, record, recipe)
        except CheckpointError as error:
            wrong[f"Some examples are missing: {error}"] = None


@lru_cache(maxsize=64)
def _make(models: Models, dataset: DataSet, recipe: ExampleRecipe) -> Example:
    return Example(recipe.name, recipe.look_for, recipe.paint(models, dataset), recipe.preparation)


@lru_cache(maxsize=16)
def _sample(models: Models, name: str, labels: tuple[int, ...], seed: int = SEED) -> list[Image.Image]:
    with torch.inference_mode():
        images = models.autoregressive(name).sample(
            len(labels), torch.tensor(labels), generator=torch.Generator().manual_seed(seed)
        )
    return [grid(image[None], zoom=1) for image in images]


def _digit(models: Models, _: DataSet, *, place: int) -> Image.Image:
    """One of three digits drawn together: a 3, a 7 and a 4."""
    return _sample(models, DIGITS, (3, 7, 4))[place]


def _garment(models: Models, _: DataSet, *, place: int) -> Image.Image:
    """One of two drawn together: a sneaker and a bag."""
    return _sample(models, GARMENTS, (7, 8))[place]


def _photograph(models: Models, dataset: DataSet, *, place: int) -> Image.Image:
    """Drawn by the data set's own model, without a class."""
    return _sample(models, dataset.density, (-1,), dataset.seeds.examples[place])[0]


def _class(models: Models, _: DataSet, *, name: str, label: int) -> Image.Image:
    """Drawn alone, by a model that is asked for a class."""
    return _sample(models, name, (label,))[0]


def _change(paint: Paint, change: Callable[[Image.Image], Image.Image]) -> Paint:
    """A picture that is changed after it is made."""
    return lambda models, dataset: change(paint(models, dataset))


def _without_model(make: Callable[[], Image.Image]) -> Paint:
    """A picture that needs no model."""
    return lambda models, dataset: make()


def _turn(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.ROTATE_180)


def _remove_colour(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _shuffle_pieces(picture: Image.Image) -> Image.Image:
    """Sixteen pieces in another order."""
    side = picture.width // 4
    pieces = [(column * side, row * side) for row in range(4) for column in range(4)]
    mixed = Image.new(picture.mode, picture.size)
    for place, index in zip(pieces, np.random.default_rng(SEED).permutation(16).tolist(), strict=True):
        left, top = pieces[index]
        mixed.paste(picture.crop((left, top, left + side, top + side)), place)
    return mixed


def _invert(picture: Image.Image) -> Image.Image:
    return picture.point([255 - level for level in range(256)])


def _letter(letter: str) -> Image.Image:
    picture = Image.new("L", (CANVAS, CANVAS))
    font = ImageFont.load_default(size=180)
    middle = (CANVAS / 2, CANVAS / 2)
    ImageDraw.Draw(picture).text(middle, letter, fill=255, font=font, anchor="mm", stroke_width=3, stroke_fill=255)
    return picture


def _draw(shape: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    picture = Image.new("L", (CANVAS, CANVAS))
    shape(ImageDraw.Draw(picture))
    return picture


def _circle(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((50, 50, 230, 230), outline=255, width=PEN)


def _plain(level: int) -> Image.Image:
    return Image.new("L", (SIDE, SIDE), level)


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


_FOR_DIGITS = (
    ExampleRecipe(
        "a digit", "Drawn by the PixelCNN of digits, pixel by pixel, when asked for a 3.", partial(_digit, place=0)
    ),
    ExampleRecipe(
        "another",
        "Also drawn by it, asked for a 7: a model should recognise its own handwriting.",
        partial(_digit, place=1),
    ),
    ExampleRecipe(
        "upside down",
        "A 4 that it drew, turned upside down. Every stroke is right; does the order matter?",
        _change(partial(_digit, place=2), _turn),
    ),
    ExampleRecipe(
        "negative",
        "A 3 in black on white. Switch “invert” off and see what the step was good for.",
        _change(partial(_digit, place=0), _invert),
    ),
    ExampleRecipe(
        "letter R",
        "Not a digit, but strokes like those of one. What gives it away?",
        _without_model(lambda: _letter("R")),
    ),
    ExampleRecipe("circle", "Is a perfect circle a zero?", _without_model(lambda: _draw(_circle))),
    ExampleRecipe(
        "empty",
        "Nothing at all. Do you expect it to be less likely than a digit, or more?",
        _without_model(lambda: _plain(0)),
    ),
    ExampleRecipe(
        "grey",
        "The same grey everywhere: nothing to see, but not what the model knows.",
        _without_model(lambda: _plain(128)),
        AS_IT_IS,
    ),
    ExampleRecipe(
        "noise", "Every grey is drawn at random: every pixel is a surprise.", _without_model(_noise), AS_IT_IS
    ),
    ExampleRecipe(
        "sneaker",
        "Drawn by the PixelCNN of clothes. What does a classifier of digits say? And the models of clothes?",
        partial(_garment, place=0),
        AS_IT_IS,
    ),
    ExampleRecipe(
        "bag",
        "Also drawn by the PixelCNN of clothes. A classifier that only knows ten digits must call it one of them.",
        partial(_garment, place=1),
        AS_IT_IS,
    ),
    ExampleRecipe(
        "painting",
        "An abstract painting by a few lines of code. Look at how sure the classifier is.",
        _without_model(lambda: _painting(SEED)),
        AS_IT_IS,
    ),
    ExampleRecipe(
        "another one",
        "By the same few lines of code, with other random numbers.",
        _without_model(lambda: _painting(ANOTHER_SEED)),
        AS_IT_IS,
    ),
)

_FIRST_PHOTOGRAPH = partial(_photograph, place=0)

_FOR_PHOTOGRAPHS = (
    ExampleRecipe(
        "its own",
        "Drawn by this very PixelCNN++, value by value: light and texture, but of what?",
        _FIRST_PHOTOGRAPH,
    ),
    ExampleRecipe(
        "another", "Also drawn by it. To the model it is as good as a photograph.", partial(_photograph, place=1)
    ),
    ExampleRecipe("a third", "Drawn by it with other random numbers.", partial(_photograph, place=2)),
    ExampleRecipe(
        "upside down",
        "The first one, turned upside down. Does the sky belong at the top?",
        _change(_FIRST_PHOTOGRAPH, _turn),
    ),
    ExampleRecipe(
        "grey",
        "The first one without its colours: is it still a photograph?",
        _change(_FIRST_PHOTOGRAPH, _remove_colour),
    ),
    ExampleRecipe(
        "puzzle",
        "The first one in sixteen pieces, mixed up: every piece is right.",
        _change(_FIRST_PHOTOGRAPH, _shuffle_pieces),
    ),
    ExampleRecipe(
        "a digit",
        "Drawn by the PixelCNN of digits. Simple pictures are often likely; is that enough?",
        partial(_class, name=DIGITS, label=3),
    ),
    ExampleRecipe("sneaker", "Drawn by the PixelCNN of clothes.", partial(_class, name=GARMENTS, label=7)),
    ExampleRecipe(
        "plain",
        "One colour everywhere: likelier than any photograph.",
        _without_model(lambda: Image.new("RGB", (32, 32), "#6a8caf")),
    ),
    ExampleRecipe(
        "noise", "Every value is drawn at random: each one is a surprise.", _without_model(lambda: _noise((32, 32, 3)))
    ),
    ExampleRecipe(
        "painting",
        "An abstract painting by a few lines of code, shrunk like a photograph.",
        _without_model(lambda: _painting(SEED)),
    ),
    ExampleRecipe(
        "another one",
        "By the same few lines of code, with other random numbers.",
        _without_model(lambda: _painting(ANOTHER_SEED)),
    ),
)
