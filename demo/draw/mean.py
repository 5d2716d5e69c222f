"""The mean of many pictures of the same start: sharp where the model is sure, grey where its pictures differ."""

from typing import Any

import torch

from demo.base.checks import is_index
from demo.base.errors import InputError
from demo.draw.drawings import LAST_SEED, Drawings
from demo.draw.starts import MOST_DICE, picture_shape
from gm_core import draw_noise, rebuild

MOST_OF_MEAN = 1000
PART = 50
"""Pictures that are drawn for one question."""


def add_to_mean(drawings: Drawings, sent: Any) -> dict[str, Any]:
    """The next pictures for a mean: it depends on what is sent and on nothing else.

    Args:
        drawings: What draws them.
        sent: A request as for :meth:`Drawings.read`, and ``count``: of how many pictures the mean is already.

    Returns:
        The ``sums`` of their values in raster order, and the ``count`` of the pictures.

    Raises:
        InputError: Something in it is not as it must be.
    """
    request, start = drawings.read(sent)
    model = drawings.models.autoregressive(request.model)
    channels, height, width = picture_shape(model)
    if channels > 1:
        raise InputError("So many pictures in colour take too long to draw.")
    count = sent.get("count")
    if not is_index(count, MOST_OF_MEAN) or count % PART:
        raise InputError(f"There must be a multiple of {PART} pictures, and fewer than {MOST_OF_MEAN}.")
    # Random numbers that no drawing has, whatever was erased before.
    throws = (start.dice if start else 0) * (MOST_OF_MEAN // PART) + count // PART
    generator = torch.Generator().manual_seed(int(request.seed) + (MOST_DICE + throws) * (LAST_SEED + 1))
    noise = draw_noise(PART, height, width, generator)
    events = list(drawings.events(request, start, drawings.labels(request, PART), noise))
    images, _ = rebuild(events, height, width)
    return {"sums": images.sum(dim=0).movedim(0, -1).flatten().tolist(), "count": PART}
