"""The player's animation, as a file."""

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

import torch

from demo.base.errors import InputError
from demo.noise.drawings import PICTURES
from gm_core import Card
from gm_core.rendering import gif, grid

MOST_FRAMES = 61
"""Of an animation."""
MILLISECONDS = 80
"""Time per frame."""


class Recordings:
    """Makes animations of what the player shows; each question is checked, for any client can send one.

    Args:
        cards: The cards of the models that draw, by name.
    """

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self.cards = cards

    def record(self, sent: Any) -> dict[str, str]:
        """An animated GIF of some frames, base64.

        Raises:
            InputError: The question is not as it must be.
        """
        name, frames = sent.get("model"), sent.get("frames")
        if not isinstance(name, str) or name not in self.cards:
            raise InputError(f"The model must be one of {', '.join(self.cards)}.")
        if not (isinstance(frames, list) and 1 <= len(frames) <= MOST_FRAMES):
            raise InputError(f"There must be 1 to {MOST_FRAMES} frames.")
        channels, height, width = self.cards[name].model_config.image.size
        size = channels * height * width
        contents = [_bytes(frame) for frame in frames]
        count = len(contents[0]) // size
        if str(count) not in PICTURES or any(len(content) != count * size for content in contents):
            raise InputError(f"A frame must be {size} bytes in base64 for each of {', '.join(PICTURES)} pictures.")
        zoom = max(2, 10 // math.isqrt(count))
        sheets = [
            grid(
                torch.frombuffer(bytearray(content), dtype=torch.uint8)
                .view(count, height, width, channels)
                .movedim(-1, 1)
                .contiguous(),
                zoom=zoom,
                gap=1,
            )
            for content in contents
        ]
        return {"gif": base64.b64encode(gif(sheets, MILLISECONDS)).decode()}


def _bytes(text: Any) -> bytes:
    """What is written in base64; nothing where it is not."""
    try:
        return base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except (binascii.Error, ValueError):
        return b""
