"""Where a picture surprised a model, pixel by pixel."""

from typing import Any, TypedDict

from torch import Tensor

from demo.base.errors import Answer
from demo.base.packing import round_all
from demo.base.theme import MAGMA
from demo.widgets.base import Widget

DIVERGING = ("#1d4f91", "#7fa7d6", "#ffffff", "#f0a35e", "#b0560c")
"""Blue, white, orange: a comparison, with white where both agree."""

DIGITS = 4
"""Digits after the point of the nats in a message."""


class HeatMapValue(TypedDict):
    """A value of :class:`HeatMap`; see :func:`heat_map`. Lists are in raster order, ``pixels`` channels first."""

    dataset: str
    height: int
    width: int
    channels: int
    pixels: list[int]
    surprise: list[float]
    expected: list[float]
    ratio: list[float]
    total: str
    against: str
    alt: str


class HeatMap(Widget):
    """A map of surprise, or of how it compares with a background model's, with the picture's outline over it.

    Pointing at a pixel shows its numbers, and fetches the distribution that the model had predicted for it.

    Args:
        value: What :func:`heat_map` makes.
        predict: From ``dataset``, ``pixels`` (all values, channels first) and ``index`` to ``p``, the probabilities of
            all levels of the pixel's channels in turn.
        **options: As for ``Widget``.
    """

    about = "JSON: pixels, their surprise, and how it compares with what was expected and with a background model"

    def __init__(self, value: HeatMapValue | None = None, *, predict: Answer | None = None, **options: Any) -> None:
        functions = {"predict": predict} if predict else {}  # Gradio builds it without one, too
        super().__init__(value, functions=functions, magma=list(MAGMA), diverging=list(DIVERGING), **options)


def heat_map(
    dataset: str, image: Tensor, surprise: Tensor, expected: Tensor, ratio: Tensor, total: str, against: str
) -> HeatMapValue:
    """A value of :class:`HeatMap`.

    Args:
        dataset: The data set whose detector judged.
        image: ``uint8`` (C, H, W).
        surprise: -log p of each value given those before it, nats, (C, H, W); a pixel's channels are added up.
        expected: What it was expected to be, nats.
        ratio: The log-likelihood ratio of each value to a background model, nats.
        total: What the surprise adds up to, in words; shown under the map as plain text.
        against: What the ratio adds up to, in words.
    """
    height, width = image.shape[1:]
    surprises = surprise.sum(dim=0).flatten()
    most = int(surprises.argmax())
    return {
        "dataset": dataset,
        "height": height,
        "width": width,
        "channels": len(image),
        "pixels": image.flatten().tolist(),
        "surprise": round_all(surprises, DIGITS),
        "expected": round_all(expected.sum(dim=0).flatten(), DIGITS),
        "ratio": round_all(ratio.sum(dim=0).flatten(), DIGITS),
        "total": total,
        "against": against,
        "alt": (
            f"Surprise map. {total} Most surprising: row {most // width + 1}, column {most % width + 1}, "
            f"{float(surprises.max()):.2f} nats. Arrow keys walk over the pixels."
        ),
    }
