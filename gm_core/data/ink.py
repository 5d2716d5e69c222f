"""Ink on paper: what was written in a photograph, without its paper, shade, grain and specks."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

SIDE = 400
"""Longest side at which ink is looked for: some ten times what a stroke needs, and quick."""

MIN_CONTRAST = 0.08
"""Ink takes at least this share of the paper's light, or, light on dark, adds it of what is missing to white."""

GRAIN = 5
"""Ink stands out from the paper by so many standard deviations of its grain."""

SEPARATION = 0.75
"""Share of the variance, at least, that there is between ink and paper; within either there is little."""

MOST = 0.45
"""Share of a picture that ink covers, at most; more is a texture or a photograph."""

CROSSINGS = 12
"""Strokes that a line across the picture crosses, at most, on average."""

SPECK = 0.04
"""What is smaller than this share of the largest piece of ink is a speck."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What is written in a picture.

    Attributes:
        amount: 0 for paper and 1 for ink, in between only along the edges, (H, W).
        dark: Whether it is darker than its paper.
        found: What was taken away, in words.
    """

    amount: np.ndarray
    dark: bool
    found: tuple[str, ...]


def find_ink(values: np.ndarray) -> Ink | None:
    """Tell ink from paper.

    The paper is a smooth surface, fitted to whatever does not stand out from it; ink, relative to it, is told by Otsu's
    threshold. NIST's scans, which MNIST was made of, were black and white, so the ink is made so too.

    Args:
        values: A grey picture, from 0 to 255, (H, W).

    Returns:
        The ink at a size of its own, or ``None`` where a picture is not evidently ink on paper: nothing stands out from
        the grain, too much does, or it is all shades between two.

    References:
        Otsu (1979), "A Threshold Selection Method from Gray-Level Histograms".
    """
    work = _resize(values, SIDE)
    paper = _paper(work)
    apart = work - paper
    grain = 1.4826 * float(np.median(np.abs(apart)))
    beyond = np.where(np.abs(apart) > 3 * grain, apart, 0)
    dark = bool(beyond.sum() < 0)
    room = (paper if dark else 255 - paper).clip(16)
    amount = ((-apart if dark else apart) / room).clip(0, 1)
    threshold, below, above, separation = _otsu(amount)
    mask = amount > threshold
    contrast = above - below
    crossings = np.count_nonzero(mask[:, 1:] > mask[:, :-1]) / len(mask)
    if (
        contrast < max(MIN_CONTRAST, GRAIN * grain / float(np.median(room)))
        or separation < SEPARATION
        or mask.mean() > MOST
        or crossings > CROSSINGS
    ):
        return None
    kept, specks = _pieces(mask)
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    if extent < SIDE / 3 and max(values.shape) > SIDE:  # written small: look again, closer
        scale = max(values.shape) / SIDE
        margin = extent / 4
        top, left = (max(0, int((first - margin) * scale)) for first in (rows[0], columns[0]))
        bottom, right = (int((last + 1 + margin) * scale) + 1 for last in (rows[-1], columns[-1]))
        closer = find_ink(values[top:bottom, left:right])
        if closer is not None:
            return closer
    # A steep slope across the threshold: white inside, black outside, and anti-aliased edges once shrunk.
    sharp = (0.5 + (amount - threshold) / (0.3 * contrast)).clip(0, 1) * _dilate(kept)
    found = [
        word
        for word, present in (
            ("shade", np.ptp(paper) > 8),
            ("grain", grain > 1),
            ("specks", specks),
        )
        if present
    ]
    return Ink(sharp, dark, tuple(found))


def _resize(values: np.ndarray, side: int) -> np.ndarray:
    """Longer side ``side``: averaged down, or interpolated up."""
    scale = side / max(values.shape)
    height, width = (max(1, round(extent * scale)) for extent in values.shape)
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    picture = Image.fromarray(values.astype(np.float32), mode="F").resize((width, height), method)
    return np.asarray(picture, dtype=np.float64).clip(0, 255)


def _paper(values: np.ndarray) -> np.ndarray:
    """A quadratic surface through all but what stands out of it: even light, a gradient or a vignette."""
    small = _resize(values, 48)
    bowl, height_width = _terms(small.shape), values.shape
    flat = small.reshape(-1)
    keep = np.ones(len(flat), dtype=bool)
    weights = np.zeros(bowl.shape[1])
    for _ in range(15):
        weights = np.linalg.lstsq(bowl[keep], flat[keep], rcond=None)[0]
        apart = np.abs(flat - bowl @ weights)
        inside = apart <= max(2.5 * 1.4826 * float(np.median(apart)), 2)
        if inside.sum() < len(flat) // 4 or np.array_equal(inside, keep):
            break
        keep = inside
    return (_terms(height_width) @ weights).reshape(height_width).clip(0, 255)


def _terms(shape: tuple[int, ...]) -> np.ndarray:
    """1, x, y, x², xy, y² at every pixel, with x and y from -1 to 1, (H * W, 6)."""
    y, x = (((np.arange(extent) + 0.5) / extent) * 2 - 1 for extent in shape)
    rows, columns = np.repeat(y, len(x)), np.tile(x, len(y))
    return np.stack([np.ones_like(rows), columns, rows, columns**2, rows * columns, rows**2], axis=1)


def _otsu(amount: np.ndarray) -> tuple[float, float, float, float]:
    """Threshold with the largest variance between the two sides, their means, and its share of the whole variance."""
    counts, edges = np.histogram(amount, bins=256, range=(0, 1))
    share, middle = counts / counts.sum(), (edges[:-1] + edges[1:]) / 2
    below, mass = np.cumsum(share)[:-1], np.cumsum(share * middle)[:-1]
    mean = float(share @ middle)
    between = (mean * below - mass) ** 2 / np.maximum(below * (1 - below), 1e-12)
    best = int(np.argmax(between))
    whole = float(share @ (middle - mean) ** 2)
    first = float(mass[best] / max(below[best], 1e-12))
    second = float((mean - mass[best]) / max(1 - below[best], 1e-12))
    # Anywhere in an empty stretch would do as well: halfway between the two means is where a blurred edge really is.
    return (first + second) / 2, first, second, float(between[best]) / max(whole, 1e-12)


def _pieces(mask: np.ndarray) -> tuple[np.ndarray, bool]:
    """Connected pieces without the specks, and without what comes in from the picture's edge; whether any went."""
    labels, count = _number_pieces(mask)
    sizes = np.bincount(labels.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    largest = int(sizes.argmax())
    keep = sizes >= SPECK * sizes[largest]
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    keep[edge[edge != largest]] = False
    keep[0] = False
    return keep[labels], bool((sizes[~keep] > 0).any())


def _number_pieces(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the connected pieces of a mask, corners connecting too, from 1; 0 is outside."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    row, start = np.nonzero(np.diff(padded, axis=1) == 1)
    _, stop = np.nonzero(np.diff(padded, axis=1) == -1)
    parent = list(range(len(row)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(row, np.arange(len(mask) + 1))
    for y in range(1, len(mask)):
        above, here = int(first[y - 1]), int(first[y])
        while above < first[y] and here < first[y + 1]:
            if start[above] <= stop[here] and start[here] <= stop[above]:
                parent[root(here)] = root(above)
            if stop[above] < stop[here]:
                above += 1
            else:
                here += 1
    numbers = np.unique([root(run) for run in range(len(row))], return_inverse=True)[1] + 1
    labels = np.zeros(mask.shape, dtype=np.int64)
    for number, line, left, right in zip(numbers, row, start, stop, strict=True):
        labels[line, left:right] = number
    return labels, int(numbers.max(initial=0))


def _dilate(mask: np.ndarray) -> np.ndarray:
    """A mask and what is within two pixels of it, where the edges of its ink fade."""
    padded = np.pad(mask, 2)
    height, width = mask.shape
    rows = np.logical_or.reduce([padded[:, i : i + width] for i in range(5)])
    return np.logical_or.reduce([rows[i : i + height] for i in range(5)])
