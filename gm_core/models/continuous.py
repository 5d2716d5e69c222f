"""Between bytes and values from -1 to 1, for models of continuous values.

A level k of L stands for the values from 2k/L - 1 to 2(k + 1)/L - 1, a step of width 2/L.
"""

import torch
from torch import Tensor

from gm_core.models.base import ImageShape
from gm_core.models.inputs import check_shape


def to_values(images: Tensor, shape: ImageShape, place: Tensor | float = 0.5) -> Tensor:
    """Values of pictures.

    Args:
        images: ``uint8`` (B, C, H, W) of the shape.
        shape: The model's pictures.
        place: Where in its level's step each value lies, from 0 to 1: of the images' shape, or the same for all.

    Returns:
        ``float32`` (B, C, H, W).

    Raises:
        ValueError: The images are of the wrong type or shape.
    """
    images = check_shape(images, shape)
    place = place.to(images.device) if isinstance(place, Tensor) else place
    return (images.float() + place) * (2 / shape.levels) - 1


def to_images(values: Tensor, shape: ImageShape) -> Tensor:
    """The pictures that values lie in, the nearest ones of values out of range.

    Returns:
        ``uint8``, of the values' shape, on the CPU.
    """
    levels = (values.detach() + 1) * (shape.levels / 2)
    return levels.floor().clamp(0, shape.levels - 1).to(torch.uint8).cpu()
