"""Accuracy against the share of pictures that are answered, as inline SVG and as a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

from torch import Tensor

from demo.base.words import percent

STYLE = (Path(__file__).parent / "coverage.css").read_text()
"""What a page with such a chart needs."""

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 480, 56, 450, 14, 190
"""The drawing's width, and the plot inside it; labels and key are around and below."""

KEY_TOP, LINE = 264, 26
"""Baseline of the key's first line, and how far the next is below."""

STEP = 5
"""Percent between the places where the numbers can be read off."""

TABLE = (100, 95, 90, 80, 70, 60, 50)
"""Percent answered of the table's rows."""

Refusal = Literal["own", "log_prob", "typicality"]
"""What is refused first: a small p(y|x) of who answers; a small log p(x); a log p(x) far from what is usual."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One judge's accuracy.

    Attributes:
        name: What to call it.
        judge: Who answers; sets the line's colour.
        refusal: Sets how the line is broken.
        accuracy: Share of right answers where 0, 1, ... 100 % of the pictures are answered, (101,).
    """

    name: str
    judge: Literal["classifier", "density"]
    refusal: Refusal
    accuracy: Tensor

    @property
    def style(self) -> str:
        """Its classes in the style sheet."""
        return f"curve {self.judge} {self.refusal}"


def coverage_chart(curves: Sequence[Curve], at: int, low: float | None = None) -> str:
    """Draw curves of accuracy; the key shows their values where the pointer is.

    Args:
        curves: The curves.
        at: Percent answered of which the key speaks while the pointer is elsewhere.
        low: Accuracy at the foot of the plot; a round one below all curves when left out.

    Returns:
        An ``svg`` element; its colours are the style sheet's.
    """
    low = min(0.95, *(math.floor(20 * float(c.accuracy.min())) / 20 for c in curves)) if low is None else low
    y = _Scale(low)
    lines = "".join(
        f'<polyline class="{curve.style}" points="'
        + " ".join(f"{_x(i):.1f},{y(value):.1f}" for i, value in enumerate(curve.accuracy.tolist()))
        + '"/>'
        for curve in curves
    )
    names = "".join(
        f'<line class="{curve.style}" x1="{LEFT - 44}" x2="{LEFT - 8}" y1="{row - 5}" y2="{row - 5}"/>'
        f'<text class="name" x="{LEFT}" y="{row}">{escape(curve.name)}</text>'
        for curve, row in zip(curves, _rows(), strict=False)
    )
    strip = (RIGHT - LEFT) * STEP / 100
    places = "".join(
        f'<g class="at"><rect x="{_x(percent) - strip / 2:.1f}" y="{TOP}" width="{strip:.1f}" '
        f'height="{BOTTOM - TOP + 24}"/>{_reading(curves, percent, y)}</g>'
        for percent in range(0, 101, STEP)
    )
    says = "; ".join(f"{curve.name}: {accuracy(curve.accuracy, at)} where {at} % are answered" for curve in curves)
    return (
        f'<svg class="coverage" viewBox="0 0 {WIDTH} {KEY_TOP + LINE * len(curves) + 8}" role="img" '
        f'aria-label="Accuracy against the share of pictures answered. {escape(says)}.">'
        f'{_axes(y)}{lines}{names}<g class="rest">{_reading(curves, at, y)}</g>{places}</svg>'
    )


def coverage_table(curves: Sequence[Curve]) -> str:
    """The curves' numbers, as a ``table``."""
    head = "".join(f'<th scope="col">{escape(curve.name)}</th>' for curve in curves)
    rows = "".join(
        f'<tr><th scope="row">{percent} %</th>'
        + "".join(f"<td>{accuracy(curve.accuracy, percent)}</td>" for curve in curves)
        + "</tr>"
        for percent in TABLE
    )
    return f'<table><thead><tr><th scope="col">answered</th>{head}</tr></thead><tbody>{rows}</tbody></table>'


@dataclass(frozen=True)
class _Scale:
    """From an accuracy to a height in the drawing."""

    low: float

    def __call__(self, accuracy: float) -> float:
        return BOTTOM - (accuracy - self.low) / (1 - self.low) * (BOTTOM - TOP)


def _x(percent: float) -> float:
    """From a percentage answered to a place in the drawing."""
    return LEFT + percent / 100 * (RIGHT - LEFT)


def _rows() -> range:
    """Baselines of the key's lines, the heading not counted."""
    return range(KEY_TOP + LINE - 2, KEY_TOP + 100 * LINE, LINE)


def accuracy(curve: Tensor, at: int) -> str:
    """What a curve says where so many percent are answered: 100 % only if all answers are right."""
    share = float(curve[at])
    return "100 %" if share == 1 else percent(share)


def _axes(y: _Scale) -> str:
    span = round(100 * (1 - y.low))
    step = next(step for step in (1, 2, 5, 10, 25) if span / step <= 4.01)
    heights = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y(percent / 100):.1f}" y2="{y(percent / 100):.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{y(percent / 100) + 5:.1f}" text-anchor="end">{percent} %</text>'
        for percent in range(100, math.ceil(100 * y.low) - 1, -step)
    )
    places = "".join(
        f'<text class="tick" x="{_x(percent):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{percent} %</text>'
        for percent in (0, 25, 50, 75, 100)
    )
    return (
        f"{heights}{places}"
        f'<text class="tick" x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 42}" text-anchor="middle">'
        "← abstains more · pictures answered · answers all →</text>"
    )


def _reading(curves: Sequence[Curve], percent: int, y: _Scale) -> str:
    """What the curves say at one place."""
    x = _x(percent)
    dots = "".join(
        f'<circle class="{curve.judge}" cx="{x:.1f}" cy="{y(float(curve.accuracy[percent])):.1f}" r="4.5"/>'
        for curve in curves
    )
    numbers = "".join(
        f'<text x="{RIGHT}" y="{row}" text-anchor="end">{accuracy(curve.accuracy, percent)}</text>'
        for curve, row in zip(curves, _rows(), strict=False)
    )
    where = "the surest one is answered" if percent == 0 else f"{percent} % are answered"
    return (
        f'<g class="reading"><line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{BOTTOM}"/>{dots}'
        f'<text x="{LEFT - 44}" y="{KEY_TOP - 4}">Right answers where {where}:</text>{numbers}</g>'
    )
