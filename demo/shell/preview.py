"""The picture that stands for the page where a link to it is shared: one digit of each class and more, on a wall.

``python -m demo.shell.preview`` draws it anew, into ``preview.png``.
"""

from pathlib import Path

import torch
from PIL import Image

import gm_core
from gm_core.data.catalog import FIRST

COLUMNS, ROWS, ZOOM, GAP = 10, 5, 4, 8
SIZE = (1200, 630)
"""Of the picture, in pixels: what readers of the tags expect."""


def draw(seed: int = 337) -> Image.Image:
    """Digits by the PixelCNN that the page opens with, one class per column.

    Args:
        seed: Of their random numbers.
    """
    model = gm_core.load(FIRST.pixelcnn, "cpu", what=gm_core.Autoregressive)
    labels = torch.arange(COLUMNS).repeat(ROWS)
    with torch.inference_mode():
        digits = model.sample(COLUMNS * ROWS, labels, torch.Generator().manual_seed(seed))
    step = 28 * ZOOM + GAP
    wall = Image.new("L", SIZE, 24)
    left, top = (SIZE[0] - COLUMNS * step + GAP) // 2, (SIZE[1] - ROWS * step + GAP) // 2
    for i, digit in enumerate(digits[:, 0].numpy()):
        large = Image.fromarray(digit).resize((28 * ZOOM, 28 * ZOOM), Image.Resampling.NEAREST)
        wall.paste(large, (left + i % COLUMNS * step, top + i // COLUMNS * step))
    return wall.quantize(64).convert("P")


if __name__ == "__main__":
    draw().save(Path(__file__).parent / "preview.png", optimize=True)
