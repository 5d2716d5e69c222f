"""Checks of what is handed to a model, with messages that say what was expected."""

import torch
from torch import Tensor


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


def check_resolution(images: Tensor, height: int, width: int) -> None:
    """``ValueError`` unless the images are of the model's size."""
    if tuple(images.shape[2:]) != (height, width):
        raise ValueError(f"this model takes pictures of {height}x{width}, not {images.shape[2]}x{images.shape[3]}")
