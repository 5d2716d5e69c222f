"""The picture that a drawing starts from: which pixels are given, and what they are."""

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from demo.base.checks import is_index
from demo.base.errors import InputError
from demo.widgets.pixel_canvas.messages import StartMessage
from gm_core import Autoregressive

MOST_DICE = 1_000_000
"""How often something can be erased is below this."""


@dataclass(frozen=True)
class Start:
    """A picture of which some pixels are given, and the rest is for the model to draw.

    Attributes:
        values: The picture, ``uint8`` (1, C, H, W); what it says where nothing is given is for later edits.
        keep: Which pixels are given, all their channels, ``bool`` (1, 1, H, W).
        levels: Levels of a pixel.
        dice: How often something was erased: each time, the rest is drawn with random numbers of its own.
    """

    values: Tensor
    keep: Tensor
    levels: int = 256
    dice: int = 0

    @classmethod
    def upper_half(cls, image: Tensor, levels: int = 256, dice: int = 0) -> "Start":
        """A picture whose lower half the model is to draw.

        Args:
            image: ``uint8`` (1, C, H, W).
            levels: Levels of a pixel.
            dice: How often something was erased.
        """
        keep = torch.zeros_like(image[:, :1], dtype=torch.bool)
        keep[:, :, : image.shape[2] // 2] = True
        return cls(image, keep, levels, dice)

    def fits(self, model: Autoregressive) -> bool:
        """Whether a model draws pictures of this size and these levels."""
        return self.values.shape[1:] == picture_shape(model) and self.levels == model.config.image.levels

    def message(self) -> StartMessage:
        """What the canvas is sent of it; :func:`read_start` reads the same."""
        keep = "".join("1" if given else "0" for given in self.keep.flatten().tolist())
        return {"values": self.values.movedim(1, -1).flatten().tolist(), "keep": keep, "dice": self.dice}


def picture_shape(model: Autoregressive) -> tuple[int, int, int]:
    """Channels, height and width of the pictures that a model draws."""
    return model.config.image.size


def read_start(sent: Any, model: Autoregressive) -> Start | None:
    """A start as the canvas sends it, checked.

    Args:
        sent: ``values`` and ``keep`` of every pixel in raster order, the first with all channels of a pixel together,
            the second as a text of ones and zeros, and ``dice`` unless it is 0; ``None`` for no start.
        model: The model that is to finish it.

    Raises:
        InputError: Something in it is not as it must be.
    """
    if sent is None:
        return None
    _, height, width = picture_shape(model)
    values = read_values(sent.get("values") if isinstance(sent, dict) else None, model)
    keep = sent["keep"] if isinstance(sent.get("keep"), str) else ""
    if len(keep) != height * width or not set(keep) <= {"0", "1"}:
        raise InputError(f"What is given must be {height * width} ones and zeros.")
    dice = sent.get("dice", 0)
    if not is_index(dice, MOST_DICE):
        raise InputError(f"How often something was erased must be a whole number below {MOST_DICE:,}.")
    given = torch.tensor([mark == "1" for mark in keep]).view(1, 1, height, width)
    return Start(values, given, model.config.image.levels, dice)


def read_link(text: str, model: Autoregressive) -> Start:
    """A start as a link carries it.

    The values, then one bit per pixel for what is given, in URL-safe base64, and after a dot how often something was
    erased.

    Raises:
        InputError: It is damaged.
    """
    channels, height, width = picture_shape(model)
    size = channels * height * width
    text, _, throws = text.partition(".")
    dice = int(throws) if throws.isascii() and throws.isdecimal() and len(throws) < 8 else 0
    try:
        data = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    if (
        len(data) != size + math.ceil(height * width / 8)
        or max(data[:size]) >= model.config.image.levels
        or dice >= MOST_DICE
    ):
        raise InputError("The picture in this link is damaged.")
    bits = np.unpackbits(np.frombuffer(data[size:], np.uint8), count=height * width)
    given = torch.from_numpy(bits == 1).view(1, 1, height, width)
    return Start(_picture(list(data[:size]), model), given, model.config.image.levels, dice)


def read_values(sent: Any, model: Autoregressive, levels: int | None = None) -> Tensor:
    """A picture as the canvas sends it, checked: ``uint8`` (1, C, H, W).

    Args:
        sent: Its values in raster order, all channels of a pixel together.
        model: A model of pictures of this size.
        levels: Levels of a pixel; the model's when left out.

    Raises:
        InputError: It is not a list of that many levels.
    """
    size, levels = math.prod(picture_shape(model)), levels or model.config.image.levels
    if not (isinstance(sent, list) and len(sent) == size and all(is_index(value, levels) for value in sent)):
        raise InputError(f"The picture must be {size} whole numbers from 0 to {levels - 1}.")
    return _picture(sent, model)


def _picture(values: list[int], model: Autoregressive) -> Tensor:
    channels, height, width = picture_shape(model)
    return torch.tensor(values, dtype=torch.uint8).view(1, height, width, channels).movedim(-1, 1).contiguous()
