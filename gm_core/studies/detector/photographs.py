"""Whether preparation works: photographed and drawn digits should come out reasonable, and nothing else."""

import io
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.pictures import open_picture
from gm_core.data.preparation import DIGITS, prepare
from gm_core.studies.detector.detector import Detector
from gm_core.studies.detector.outliers import checkerboards, gradients, noise, textures

ALPHA = 0.05

PICTURES = 200
"""Pictures per kind."""

PAD = 280
"""Side of the app's drawing pad, in pixels."""

PEN = PAD / 12
"""Width of its pen, in pixels."""

NOTHING: dict[str, Callable[[tuple[int, int, int], int, torch.Generator], Tensor]] = {
    "noise": noise,
    "gradients": gradients,
    "checkerboards": checkerboards,
    "textures": textures,
}
"""Pictures without a digit, made at the size of a photograph."""


def measure_preparation(
    detector: Detector,
    test_images: Tensor,
    others: Mapping[str, Tensor],
    count: int = PICTURES,
    seed: int = 0,
    quiet: bool = False,
) -> list[Metric]:
    """How many prepared pictures of every kind a detector calls reasonable at alpha = 0.05.

    Args:
        detector: A detector of digits.
        test_images: Digits of its test set, ``uint8`` (N, 1, 28, 28).
        others: Test images of other data sets by name, ``uint8`` (M, 1 or 3, H, W); enlarged like photographs.
        count: Pictures per kind.
        seed: Seed for all random choices.
        quiet: No progress bars.

    Returns:
        A share for each kind: the test images themselves, those photographed, those drawn on a pad; then pictures
        without a digit, prepared in the same way.
    """
    chosen = test_images[torch.randperm(len(test_images), generator=torch.Generator().manual_seed(seed))[:count]]
    metrics = []
    for name, pictures in _kinds(chosen, others, seed, count):
        images = torch.cat([prepare(picture, form=DIGITS).image for picture in pictures])
        reasonable = detector.judge(detector.read(images, f"{name}, prepared", quiet)).p_value > ALPHA
        metrics.append(
            Metric(
                f"reasonable_{name}",
                float(reasonable.double().mean()),
                "share",
                f"share of {len(images):,} pictures ({name.replace('_', ' ')}) with a p-value above {ALPHA}, once "
                "brought to the digits' form",
            )
        )
    return metrics


def photograph(image: np.ndarray, random: np.random.Generator) -> bytes:
    """A digit as a phone would photograph it: ink on paper, off-centre, in uneven light, with grain, out of focus.

    Args:
        image: A digit of the data set, white on black, ``uint8`` (H, W).
        random: Source of randomness for paper, ink, light and position.

    Returns:
        A JPEG file's content.
    """
    scale = int(np.exp(random.uniform(np.log(8), np.log(41))))
    large = Image.fromarray(image).resize((image.shape[1] * scale, image.shape[0] * scale), Image.Resampling.BICUBIC)
    # The edge of the ink lies halfway between black and the brightest level; the slope is that of a pen.
    ink = (0.5 + (np.asarray(large) / max(int(image.max()), 1) - 0.45) * 3).clip(0, 1)
    width, height = (int(extent * random.uniform(1, 2.5)) for extent in reversed(ink.shape))
    left, top = int(random.integers(width - ink.shape[1] + 1)), int(random.integers(height - ink.shape[0] + 1))
    coverage = np.zeros((height, width), np.float32)
    coverage[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    paper = random.uniform(140, 245) * np.array([1, random.uniform(0.93, 1), random.uniform(0.85, 1)])
    pen = random.uniform(10, 80) * np.array([1, 1, random.uniform(1, 2)])
    picture = paper.astype(np.float32) + coverage[..., None] * (pen - paper).astype(np.float32)
    picture *= _light(height, width, random).astype(np.float32)[..., None]
    blurred = Image.fromarray(picture.clip(0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(random.uniform(0, 0.12) * scale)
    )
    grain = random.standard_normal(picture.shape, np.float32) * random.uniform(1, 8)
    file = io.BytesIO()
    final = Image.fromarray((np.asarray(blurred) + grain).round().clip(0, 255).astype(np.uint8))
    final.save(file, "JPEG", quality=int(random.integers(40, 96)))
    return file.getvalue()


def pad_drawing(image: np.ndarray) -> Image.Image:
    """A digit as a user would draw it on the app's pad: its lines, in a round pen of one width, white on black.

    Args:
        image: A digit of the data set, white on black, ``uint8`` (H, W).
    """
    scale = 4
    large = Image.fromarray(image).resize((image.shape[1] * scale, image.shape[0] * scale), Image.Resampling.BICUBIC)
    rows, columns = np.nonzero(thin(np.asarray(large) > 0.45 * max(int(image.max()), 1)))
    pad = Image.new("L", (2 * PAD, 2 * PAD))
    draw = ImageDraw.Draw(pad)
    step = 2 * PAD / large.width
    for x, y in zip((columns + 0.5) * step, (rows + 0.5) * step, strict=True):
        draw.ellipse((x - PEN, y - PEN, x + PEN, y + PEN), fill=255)
    return pad.reduce(2)


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin strokes to lines of one pixel.

    Args:
        mask: True where there is ink, (H, W).

    References:
        Zhang and Suen (1984), "A Fast Parallel Algorithm for Thinning Digital Patterns".
    """
    lines = np.pad(mask, 1)
    while True:
        before = lines.copy()
        for side in (0, 1):
            # The eight neighbours, clockwise from the one above.
            n = [np.roll(lines, shift, (0, 1)) for shift in _NEIGHBOURS]
            neighbours = sum(one.astype(int) for one in n)
            turns = sum((~n[i] & n[(i + 1) % 8]).astype(int) for i in range(8))
            up, right, down, left = n[0], n[2], n[4], n[6]
            corners = (
                ~(up & right & down) & ~(right & down & left)
                if side == 0
                else ~(up & right & left) & ~(up & down & left)
            )
            lines = lines & ~((neighbours >= 2) & (neighbours <= 6) & (turns == 1) & corners)
        if np.array_equal(lines, before):
            return lines[1:-1, 1:-1]


_NEIGHBOURS = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
"""Shifts of a picture that bring each neighbour of a pixel onto it."""


def _kinds(
    digits: Tensor, others: Mapping[str, Tensor], seed: int, count: int
) -> Iterator[tuple[str, Iterator[Image.Image]]]:
    random, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    yield "test_images", (Image.fromarray(image[0].numpy()) for image in digits)
    yield "photographed", (open_picture(photograph(image[0].numpy(), random)) for image in digits)
    yield "drawn_on_pad", (pad_drawing(image[0].numpy()) for image in digits)
    yield "blank_paper", (open_picture(photograph(np.zeros((28, 28), np.uint8), random)) for _ in range(count))
    yield "constants", (Image.new("L", (300, 300), grey) for grey in range(0, 256, 8))
    for name, make in NOTHING.items():
        yield name, (Image.fromarray(image[0].numpy()) for image in make((1, 200, 200), count, generator))
        yield f"{name}_28", (Image.fromarray(image[0].numpy()) for image in make((1, 28, 28), count, generator))
    for name, images in others.items():
        yield name, (_enlarge(image) for image in images[:count])


def _light(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Share of the light that reaches every pixel: a gradient in any direction, and a vignette, (H, W)."""
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    angle = random.uniform(0, 2 * np.pi)
    gradient = 1 - random.uniform(0, 0.2) * (1 + np.cos(angle) * x + np.sin(angle) * y)
    return gradient.clip(0.2) * (1 - random.uniform(0, 0.15) * (x**2 + y**2))


def _enlarge(image: Tensor) -> Image.Image:
    values = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    return picture.resize((300, 300), Image.Resampling.BICUBIC)
