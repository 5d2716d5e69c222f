"""The learning curve of a run: a table, and a picture of it."""

import csv
import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

from gm_core.files import write_atomically
from gm_core.models.base import Loss

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 700, 30, 350
"""The plot inside the picture; labels around it."""

TICKS = 5

COLORS = ("#8a94a6", "#b45309", "#6d28d9")
"""Colours of the training losses, in turn."""
HELD_OUT_COLOR = "#0f766e"


def log_progress(
    directory: Path, step: int, seconds: float, training: Mapping[str, tuple[float, str]], held_out: Loss | None
) -> None:
    """Append a line to ``curve.csv``, and draw ``curve.svg`` anew.

    Args:
        directory: The folder of both files.
        step: Steps taken.
        seconds: Time spent.
        training: Running mean and unit of every loss on training images.
        held_out: Loss of the averaged weights on held-out images, for families that have one.
    """
    path = directory / "curve.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            names = [_column("training" if name == "model" else name, unit) for name, (_, unit) in training.items()]
            held = [] if held_out is None else [_column("validation", held_out.unit)]
            writer.writerow(["step", "seconds", *names, *held])
        values = [mean for mean, _ in training.values()] + ([] if held_out is None else [held_out.figure])
        writer.writerow([step, round(seconds, 1), *(round(value, 5) for value in values)])
    write_atomically(directory / "curve.svg", curve_svg(path).encode())


def _column(name: str, unit: str) -> str:
    """What a column is called: nothing is known of the unit of a loss that has rested up to now."""
    return "_".join([name, *unit.replace("/", " per ").split()])


def curve_svg(path: Path) -> str:
    """Draw a learning curve.

    The axis of losses ends at their 90th percentile, so that the first steps do not flatten the rest.

    Args:
        path: The table, as written by :func:`log_progress`.

    Returns:
        An SVG document.
    """
    with path.open(newline="") as file:
        (_, _, *columns), *rows = csv.reader(file)
    steps = [float(row[0]) for row in rows]
    lines = {name: [float(row[place]) for row in rows] for place, name in enumerate(columns, start=2)}
    known = sorted(value for values in lines.values() for value in values if math.isfinite(value)) or [0.0, 1.0]
    low, high = known[0], max(known[len(known) * 9 // 10], known[0] + 1e-3)
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)

    def x(step: float) -> float:
        return LEFT + (RIGHT - LEFT) * step / max(steps[-1], 1)

    def y(value: float) -> float:
        return TOP + (BOTTOM - TOP) * (high - value) / (high - low)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for tick in range(TICKS + 1):
        value, step = low + (high - low) * tick / TICKS, steps[-1] * tick / TICKS
        parts.append(
            f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e3e7ee"/>'
            f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3f}</text>'
            f'<text x="{x(step):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{step:,.0f}</text>'
        )
    for place, (name, values) in enumerate(lines.items()):
        color = HELD_OUT_COLOR if name.startswith("validation") else COLORS[place % len(COLORS)]
        points = " ".join(
            f"{x(step):.1f},{max(TOP, y(value)):.1f}"
            for step, value in zip(steps, values, strict=True)
            if math.isfinite(value)
        )
        last = next((value for value in reversed(values) if math.isfinite(value)), math.nan)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>'
            f'<text x="{RIGHT}" y="{TOP + 16 + 20 * place}" text-anchor="end" fill="{color}">'
            f"{escape(name.replace('_', ' '))}, last {last:.4f}</text>"
        )
    parts.append(f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 42}" text-anchor="middle">steps</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13" fill="#1d2939">{"".join(parts)}</svg>'
    )
