"""The histogram of what a model knows, with one picture's place in it, as inline SVG."""

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path

import torch
from torch import Tensor

from demo.base.words import nats

STYLE = (Path(__file__).parent / "histogram.css").read_text()
"""What a page with such a chart needs."""

WIDTH = 480
LEFT, RIGHT, TOP = 12, 468, 58
"""The plot inside the drawing; labels around it."""

BELOW = 50
"""Room for ticks and title below the plot."""

BINS = 48


def histogram(
    values: Tensor,
    here: float,
    usual: tuple[float, float],
    title: str = "log p(x), nats",
    ends: tuple[str, str] = ("less likely", "more likely"),
    of: str = "images",
    tall: int = 128,
) -> str:
    """Draw what a number is on held-out images, where a picture's lies among them, and what is unusual.

    Args:
        values: The number on the held-out images, (n,).
        here: That of the picture; marked by an arrow at the edge when it is far outside.
        usual: The range of values that is not unusual.
        title: What the values are, with their unit.
        ends: What lies to the left and to the right.
        of: What the held-out images are.
        tall: Height of the plot, where the whole is 480 wide.

    Returns:
        An ``svg`` element; its colours follow the page's, light or dark.
    """
    values = values[values.isfinite()]
    axis, pattern = _Axis.over(values), "refused-" + "".join(filter(str.isalnum, title))
    bottom = TOP + tall
    bars = _bars(values, axis, bottom)
    low, high = (min(max(axis.x(edge), LEFT), RIGHT) for edge in usual)
    color = "var(--reasonable)" if usual[0] <= here <= usual[1] else "var(--unreasonable)"
    says = (
        f"Histogram of {title}, of {len(values):,} held-out {of}. "
        f"Usual from {nats(usual[0])} to {nats(usual[1])}; this picture lies at {nats(here)}."
    )
    zones = "".join(
        f'<rect x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{tall}" fill="url(#{pattern})"/>'
        for x, width in ((LEFT, low - LEFT), (high, RIGHT - high))
        if width > 0
    )
    edges = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" class="edge"/>'
        for x in (low, high)
        if LEFT < x < RIGHT
    )
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {bottom + BELOW}" role="img" aria-label="{escape(says)}">'
        f'<defs><pattern id="{pattern}" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        '<rect width="7" height="7" class="refused"/><rect width="2" height="7" class="stripe"/></pattern></defs>'
        f'{zones}<path d="{bars}" class="bars"/>{edges}'
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{bottom}" y2="{bottom}" class="axis"/>{"".join(_ticks(axis, bottom))}'
        f'<text x="{WIDTH / 2}" y="{bottom + BELOW - 6}" text-anchor="middle" class="title">'
        f"← {escape(ends[0])} · {escape(title)} · {escape(ends[1])} →</text>"
        f"{'' if math.isnan(here) else _marker(axis, here, color, bottom)}</svg>"
    )


class _Axis:
    """From a value to a place in the drawing."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    @classmethod
    def over(cls, log_prob: Tensor) -> "_Axis":
        """Over nearly all values, with room for a marker that is just outside."""
        low, high = torch.quantile(log_prob.double(), torch.tensor([0.002, 0.998], dtype=torch.float64)).tolist()
        room = 0.12 * (high - low) or 1.0
        return cls(low - room, high + room)

    def x(self, value: float) -> float:
        """Where a value belongs, inside the plot or not."""
        return LEFT + (value - self.low) / (self.high - self.low) * (RIGHT - LEFT)


def _bars(log_prob: Tensor, axis: _Axis, bottom: float) -> str:
    """The outline of all bars as one path."""
    counts = torch.histc(log_prob.double(), bins=BINS, min=axis.low, max=axis.high)
    width = (RIGHT - LEFT) / BINS
    tall = (counts / counts.max().clamp(min=1) * (bottom - TOP)).tolist()
    return "".join(
        f"M{LEFT + i * width:.1f} {bottom}v{-height:.1f}h{width - 1:.1f}v{height:.1f}z"
        for i, height in enumerate(tall)
        if height
    )


def _ticks(axis: _Axis, bottom: float) -> Iterator[str]:
    """Round values along the axis, about five."""
    rough = (axis.high - axis.low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(step for step in (size, 2 * size, 5 * size, 10 * size) if step >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    for i in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1):
        x, anchor = axis.x(i * step), "middle"
        if x < LEFT + 20 or x > RIGHT - 20:
            anchor = "start" if x < WIDTH / 2 else "end"
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}" class="axis"/>'
            f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="{anchor}" class="tick">{nats(i * step, digits)}</text>'
        )


def _marker(axis: _Axis, here: float, color: str, bottom: float) -> str:
    """The picture's place: a pin, or an arrow at the edge that it is beyond."""
    x = axis.x(here)
    if LEFT <= x <= RIGHT:
        anchor = "start" if x < LEFT + 80 else "end" if x > RIGHT - 80 else "middle"
        shape = (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 12}" y2="{bottom}" stroke="{color}" stroke-width="3"/>'
            f'<path d="M{x:.1f} {TOP - 4}l-8 -13h16z" fill="{color}"/>'
        )
        label = f"this picture: {nats(here)}"
    else:
        left = x < LEFT
        x, anchor, way = (LEFT, "start", -1) if left else (RIGHT, "end", 1)
        middle = (TOP + bottom) / 2
        shape = (
            f'<path d="M{x} {middle}l{-way * 20} -13v8h{-way * 26}v10h{way * 26}v8z" fill="{color}"/>'
            f'<line x1="{x}" x2="{x}" y1="{TOP - 12}" y2="{bottom}" stroke="{color}" stroke-width="3"/>'
        )
        label = f"← this picture: {nats(here)}" if left else f"this picture: {nats(here)} →"
    return f'{shape}<text x="{x:.1f}" y="{TOP - 26}" text-anchor="{anchor}" class="here" fill="{color}">{label}</text>'
