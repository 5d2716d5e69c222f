"""Checks of what is handed to a model, with messages that say what was expected."""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

if TYPE_CHECKING:
    from gm_core.models.base import ImageShape

_INTEGERS = (torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.int64)


def check_images(images: Tensor, *, channels: int, levels: int = 256) -> Tensor:
    """The images, in the plain layout of memory, or a ``ValueError``.

    What convolutions round, and so the last digits of a figure, would otherwise depend on how an array was cut.

    Args:
        images: Should be ``uint8`` (B, ``channels``, H, W), B, H and W at least 1, values below ``levels``.
        channels: Channels expected.
        levels: Levels expected.
    """
    expected = f"images must be uint8 of shape (B, {channels}, H, W)"
    if not isinstance(images, Tensor):
        raise ValueError(f"{expected}, not {type(images).__name__}; torch.from_numpy makes a tensor of an array")
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != channels or 0 in images.shape:
        raise ValueError(f"{expected}, not {_type_of(images)} {tuple(images.shape)}")
    if images.is_meta or images.layout != torch.strided:
        raise ValueError(f"{expected} with a value for every pixel, not on the meta device nor sparse")
    if levels < 256 and int(images.max()) >= levels:
        raise ValueError(f"pixel values must be below {levels}, found {int(images.max())}")
    return images.clone(memory_format=torch.contiguous_format)


def as_images(images: ArrayLike | Tensor) -> Tensor:
    """Pictures as models take them, from whatever holds whole numbers: a tensor, an array, lists.

    Args:
        images: Levels from 0 to 255, of any type of integers.

    Returns:
        The same as ``uint8``, of the same shape.

    Raises:
        ValueError: They are of another type, for 0.0 to 1.0 may mean levels or shares of white; or out of range.
    """
    expected = "pictures must be whole numbers from 0 to 255"
    try:
        if isinstance(images, list | tuple) and images and all(isinstance(image, Tensor) for image in images):
            images = torch.stack(images)
        if isinstance(images, Tensor):
            kind, array = _type_of(images), images.numpy(force=True)
            known = images.dtype in _INTEGERS
        else:
            array = np.asarray(images)
            kind, known = str(array.dtype), array.dtype.kind in "iu" or not array.size
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:  # lists of unequal length, no values
        raise ValueError(f"{expected}, in a tensor, an array or nested lists: {error}") from error
    if not known or np.ma.is_masked(images):
        remedy = "; multiply shares of white by 255 and round them" if "float" in kind else ""
        raise ValueError(f"{expected}, not {kind}{remedy}")
    if array.size and not (array.min() >= 0 and array.max() <= 255):
        raise ValueError(f"{expected}, not from {array.min()} to {array.max()}")
    return torch.from_numpy(array.astype(np.uint8))


def check_labels(labels: Tensor, n: int, classes: int) -> Tensor:
    """The labels as ``int64``, or a ``ValueError``.

    Args:
        labels: Should be integers of shape (n,), each a class or -1 for "any class".
        n: Number of pictures.
        classes: Number of classes.
    """
    if not isinstance(labels, Tensor):
        raise ValueError(f"labels must be an int64 tensor of shape ({n},), not {type(labels).__name__}")
    if labels.dtype not in _INTEGERS or labels.shape != (n,) or labels.is_meta:
        raise ValueError(f"labels must be int64 of shape ({n},), not {_type_of(labels)} {tuple(labels.shape)}")
    labels = labels.long()
    if labels.numel() and not (int(labels.min()) >= -1 and int(labels.max()) < classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}, or -1 for any class, not {labels.tolist()}")
    return labels


def check_weights(model: nn.Module) -> None:
    """``ValueError`` unless a model's weights are ``float32`` and hold values."""
    weight = next(model.parameters())
    if weight.dtype != torch.float32:
        raise ValueError(
            f"the model's weights are {_type_of(weight)}, and its figures hold for float32: load it again, or turn "
            "them back with model.float()"
        )
    if weight.is_meta:
        raise ValueError("the model's weights hold no values, being on no device: load it again")


def check_generator(generator: object) -> None:
    """``ValueError`` unless a generator is none at all, or one on the CPU."""
    if generator is None or (isinstance(generator, torch.Generator) and generator.device.type == "cpu"):
        return
    kind = f"one on {generator.device}" if isinstance(generator, torch.Generator) else type(generator).__name__
    raise ValueError(
        f"the generator must be a torch.Generator on the CPU, whose pictures are the same on every device, not {kind}"
    )


def check_shape(images: Tensor, shape: "ImageShape") -> Tensor:
    """The images as :func:`check_images` gives them, or a ``ValueError`` unless they are of a model's size, too."""
    images = check_images(images, channels=shape.channels, levels=shape.levels)
    if tuple(images.shape[1:]) != shape.size:
        size = f"{shape.height}x{shape.width}"
        raise ValueError(f"this model takes pictures of {size}, not {images.shape[2]}x{images.shape[3]}")
    return images


def check_keep(keep: Tensor, images: Tensor) -> Tensor:
    """Which pixels of pictures are kept, or a ``ValueError`` unless it says so of each, ``bool`` (B, 1, H, W)."""
    n, _, height, width = images.shape
    if not isinstance(keep, Tensor) or keep.dtype != torch.bool or keep.shape != (n, 1, height, width) or keep.is_meta:
        kind = f"{_type_of(keep)} {tuple(keep.shape)}" if isinstance(keep, Tensor) else type(keep).__name__
        raise ValueError(f"keep must be bool of shape ({n}, 1, {height}, {width}), not {kind}")
    return keep


def check_share(name: str, share: float) -> float:
    """A number from 0 to 1, or a ``ValueError`` that names it."""
    if not (math.isfinite(share) and 0 <= share <= 1):
        raise ValueError(f"{name} must be a number from 0 to 1, not {share!r}")
    return float(share)


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


def _type_of(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
