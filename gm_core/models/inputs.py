"""Checks of what is handed to a model, with messages that say what was expected."""

import math

import torch
from torch import Tensor

from gm_core.models.base import ImageShape


def check_images(images: Tensor, *, channels: int, levels: int = 256) -> Tensor:
    """The images themselves, or a ``ValueError``.

    Args:
        images: Should be ``uint8`` (B, ``channels``, H, W), B, H and W at least 1, values below ``levels``.
        channels: Channels expected.
        levels: Levels expected.
    """
    expected = f"images must be uint8 of shape (B, {channels}, H, W)"
    if not isinstance(images, Tensor):
        raise ValueError(f"{expected}, not {type(images).__name__}")
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != channels or 0 in images.shape:
        raise ValueError(f"{expected}, not {str(images.dtype).removeprefix('torch.')} {tuple(images.shape)}")
    if levels < 256 and int(images.max()) >= levels:
        raise ValueError(f"pixel values must be below {levels}, found {int(images.max())}")
    return images


def check_labels(labels: Tensor, n: int, classes: int) -> Tensor:
    """The labels themselves, or a ``ValueError``.

    Args:
        labels: Should be integers of shape (n,), each a class or -1 for "any class".
        n: Number of pictures.
        classes: Number of classes.
    """
    if not isinstance(labels, Tensor):
        raise ValueError(f"labels must be an int64 tensor of shape ({n},), not {type(labels).__name__}")
    if labels.is_floating_point() or labels.shape != (n,):
        kind = str(labels.dtype).removeprefix("torch.")
        raise ValueError(f"labels must be int64 of shape ({n},), not {kind} {tuple(labels.shape)}")
    if labels.numel() and not (int(labels.min()) >= -1 and int(labels.max()) < classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}, or -1 for any class, not {labels.tolist()}")
    return labels.long()


def check_shape(images: Tensor, shape: ImageShape) -> Tensor:
    """The images themselves, or a ``ValueError`` unless they are of a model's shape, size included."""
    check_images(images, channels=shape.channels, levels=shape.levels)
    if tuple(images.shape[1:]) != shape.size:
        size = f"{shape.height}x{shape.width}"
        raise ValueError(f"this model takes pictures of {size}, not {images.shape[2]}x{images.shape[3]}")
    return images


def check_temperature(temperature: float) -> float:
    """A temperature that can be drawn at, or a ``ValueError`` that says what is wrong with it."""
    if not (math.isfinite(temperature) and 0.01 <= temperature <= 100):
        raise ValueError(f"temperature must be a number from 0.01 to 100, not {temperature!r}")
    return float(temperature)


def check_guidance(guidance: float) -> float:
    """A weight of the label that can be drawn with, or a ``ValueError`` that says what is wrong with it."""
    if not (math.isfinite(guidance) and 0 <= guidance <= 10):
        raise ValueError(f"guidance must be a number from 0 to 10, not {guidance!r}")
    return float(guidance)
