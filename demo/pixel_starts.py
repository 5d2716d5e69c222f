"""The picture that a drawing starts from: which pixels are given, and what they are."""

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from demo.checks import is_index
from gm_core import PictureConfig


class StartError(ValueError):
    """A start that no canvas would send."""


@dataclass(frozen=True)
class Start:
    """A picture of which some pixels are given, and the rest is for the model to draw.

    Attributes:
        values: The picture, ``uint8`` (1, 1, H, W); what it says where nothing is given is for later edits.
        keep: Which pixels are given, ``bool`` of the same shape.
    """

    values: Tensor
    keep: Tensor

    @classmethod
    def upper_half(cls, image: Tensor) -> "Start":
        """A picture whose lower half the model is to draw.

        Args:
            image: ``uint8`` (1, 1, H, W).
        """
        keep = torch.zeros_like(image, dtype=torch.bool)
        keep[:, :, : image.shape[2] // 2] = True
        return cls(image, keep)

    def fits(self, config: PictureConfig) -> bool:
        """Whether a model draws pictures of this size and these levels."""
        return self.values.shape[2:] == (config.height, config.width) and int(self.values.max()) < config.levels

    def message(self) -> dict[str, Any]:
        """What the canvas is told of it; :func:`read_start` reads the same."""
        keep = "".join("1" if given else "0" for given in self.keep.flatten().tolist())
        return {"values": self.values.flatten().tolist(), "keep": keep}


def read_start(sent: Any, config: PictureConfig) -> Start | None:
    """A start as the canvas sends it, checked.

    Args:
        sent: ``values`` and ``keep`` of every pixel in raster order, the second as a text of ones and zeros; ``None``
            for no start.
        config: What the model draws.

    Raises:
        StartError: Something in it is not as it must be.
    """
    if sent is None:
        return None
    size = config.height * config.width
    values = read_values(sent.get("values") if isinstance(sent, dict) else None, config)
    keep = sent["keep"] if isinstance(sent.get("keep"), str) else ""
    if len(keep) != size or not set(keep) <= {"0", "1"}:
        raise StartError(f"What is given must be {size} ones and zeros.")
    shape = (1, 1, config.height, config.width)
    return Start(values, torch.tensor([mark == "1" for mark in keep]).view(shape))


def read_link(text: str, config: PictureConfig) -> Start:
    """A start as a link carries it: the values, then one bit a pixel for what is given, in URL-safe base64.

    Raises:
        StartError: It is none.
    """
    size = config.height * config.width
    try:
        data = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    if len(data) != size + math.ceil(size / 8) or max(data[:size]) >= config.levels:
        raise StartError("What it gives is damaged.")
    bits = np.unpackbits(np.frombuffer(data[size:], np.uint8), count=size)
    shape = (1, 1, config.height, config.width)
    return Start(
        torch.tensor(list(data[:size]), dtype=torch.uint8).view(shape), torch.from_numpy(bits == 1).view(shape)
    )


def read_values(sent: Any, config: PictureConfig) -> Tensor:
    """A picture as the canvas sends it, checked: ``uint8`` (1, 1, H, W).

    Raises:
        StartError: It is not a list of that many levels.
    """
    size = config.height * config.width
    if not (isinstance(sent, list) and len(sent) == size and all(is_index(value, config.levels) for value in sent)):
        raise StartError(f"The picture must be {size} whole numbers from 0 to {config.levels - 1}.")
    return torch.tensor(sent, dtype=torch.uint8).view(1, 1, config.height, config.width)
