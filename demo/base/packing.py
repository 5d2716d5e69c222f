"""Pixels and numbers in the form that a message carries."""

import base64
from typing import TypedDict

import torch
from torch import Tensor


class PictureShape(TypedDict):
    """The size of a message's pictures."""

    width: int
    height: int
    channels: int


def pack(values: Tensor) -> str:
    """``uint8`` values as base64 of their bytes, in order."""
    return base64.b64encode(values.contiguous().numpy().tobytes()).decode()


def pack_shorts(values: Tensor, *, signed: bool = True) -> str:
    """Numbers, rounded and brought within what 16 bits hold, as base64 of these, the lower byte first."""
    low, high = (-(2**15), 2**15 - 1) if signed else (0, 2**16 - 1)
    numbers = values.nan_to_num().round().clamp(low, high).to(torch.int32).contiguous().numpy()
    return base64.b64encode(numbers.astype("<i2" if signed else "<u2").tobytes()).decode()


def pack_pictures(pictures: Tensor) -> str:
    """``uint8`` pictures, (..., C, H, W), as base64 of their bytes: row by row, the channels of a pixel together."""
    return pack(pictures.movedim(-3, -1))


def round_all(values: Tensor, digits: int) -> list[float]:
    """Numbers as a message carries them: with so many digits after the point."""
    return [round(value, digits) for value in values.tolist()]
