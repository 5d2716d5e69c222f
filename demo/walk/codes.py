"""Points of a latent space as a link carries them."""

import base64
from collections.abc import Sequence

import numpy as np

from demo.base.errors import InputError
from demo.walk.latent import FAR

STEPS = 800
"""Steps per unit, so that all from -FAR to FAR fits into 16 bits; ``demo/widgets/points.js`` has the same."""


def encode_point(values: Sequence[float]) -> str:
    """Numbers from -FAR to FAR, 16 bits each, in URL-safe base64."""
    steps = np.floor(np.asarray(values, np.float64) * STEPS + 0.5).astype("<i2")
    return base64.urlsafe_b64encode(steps.tobytes()).decode().rstrip("=")


def decode_point(text: str, count: int) -> list[float]:
    """The ``count`` numbers of a code.

    Raises:
        InputError: It is no code of so many.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    if len(data) != 2 * count:
        raise InputError("The point in this link is damaged.")
    numbers: list[float] = np.clip(np.frombuffer(data, "<i2") / STEPS, -FAR, FAR).tolist()
    return numbers
