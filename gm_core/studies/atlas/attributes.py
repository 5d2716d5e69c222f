"""What can be measured from the pixels of a picture alone.

For a stroke, its thickness and its slant; for a piece of clothing, its brightness and its width; for a photograph, its
brightness and the warmth of its colours. The first two follow Castro et al. (2019), "Morpho-MNIST"
(https://arxiv.org/abs/1809.10780); here they are computed from grey levels, so that a decoder's soft pictures can be
measured like real ones.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.data.catalog import CATALOG


def thickness(images: Tensor) -> Tensor:
    r"""Mean thickness of the strokes, twice their area over their perimeter.

    The area is the sum of the grey levels, of which 255 is ink and 0 paper, and the perimeter their total variation
    :math:`\int |\nabla x|`, which is the mean perimeter of all level sets (the co-area formula). Its gradient is that
    of the 2 x 2 pixels around each corner (Roberts, 1963), along both diagonals: an edge counts with its true
    length whatever its direction, even as a staircase of black and white pixels.

    Args:
        images: Grey levels 0..255, ``uint8`` or floating, (B, 1, H, W).

    Returns:
        Pixels, ``float32`` (B,); 0 for an empty picture. A bar of length l and thickness t has t l / (l + t): its ends
        count as edges too.
    """
    ink = F.pad(images[:, 0].float() / 255, (1, 1, 1, 1))
    falling, rising = ink[:, 1:, 1:] - ink[:, :-1, :-1], ink[:, 1:, :-1] - ink[:, :-1, 1:]
    perimeter = ((falling.square() + rising.square()) / 2).sqrt().sum(dim=(1, 2))
    area = ink.sum(dim=(1, 2))
    return torch.where(perimeter > 0, 2 * area / perimeter, 0.0)


def slant(images: Tensor) -> Tensor:
    r"""How far a picture is slanted: the angle of the shear that would set it upright.

    From the central second moments of the grey levels, :math:`\arctan(-\mu_{11} / \mu_{02})`, with rows counted
    downwards; the shear is the slope of the regression of columns on rows.

    Args:
        images: Grey levels, ``uint8`` or floating, (B, 1, H, W).

    Returns:
        Degrees, ``float32`` (B,): positive for a slant to the right, as in handwriting; 0 for an empty picture and for
        one of a single row.
    """
    ink, rows, columns = _spread(images)
    mixed, upright = (ink * rows * columns).sum(dim=(1, 2)), (ink * rows.square()).sum(dim=(1, 2))
    return torch.rad2deg(torch.atan(torch.where(upright > 1e-6, -mixed / upright, 0.0)))


def width(images: Tensor) -> Tensor:
    """Width of the bright part of a picture: that of the uniform bar whose light has the same horizontal spread.

    Args:
        images: Grey levels, ``uint8`` or floating, (B, 1, H, W).

    Returns:
        Pixels, ``float32`` (B,): the square root of twelve times the central second moment of the columns, a pixel
        itself being a uniform bar; 0 for an empty picture.
    """
    ink, _, columns = _spread(images)
    lit, moment = ink.flatten(1).any(dim=1), (ink * columns.square()).sum(dim=(1, 2)).clamp_min(0)
    return torch.where(lit, (12 * moment + 1).sqrt(), 0.0)


def _spread(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shares of the light, (B, H, W), and rows and columns counted from its centre, (B, H, 1) and (B, 1, W)."""
    ink = images[:, 0].float()
    rows = torch.arange(ink.shape[1], dtype=torch.float32, device=ink.device)[:, None]
    columns = torch.arange(ink.shape[2], dtype=torch.float32, device=ink.device)
    mass = ink.sum(dim=(1, 2), keepdim=True)
    ink = torch.where(mass > 0, ink / mass, 0.0)
    rows, columns = (axis - (ink * axis).sum(dim=(1, 2), keepdim=True) for axis in (rows, columns))
    return ink, rows, columns


def brightness(images: Tensor) -> Tensor:
    """Mean level.

    Args:
        images: Levels, ``uint8`` or floating, (B, C, H, W).

    Returns:
        Levels, ``float32`` (B,).
    """
    return images.flatten(1).float().mean(dim=1)


def warmth(images: Tensor) -> Tensor:
    """How much more red than blue there is: positive by firelight, negative under a clear sky.

    Args:
        images: Levels, ``uint8`` or floating, (B, 3, H, W).

    Returns:
        Difference of the mean levels, ``float32`` (B,).
    """
    return brightness(images[:, :1]) - brightness(images[:, 2:])


Attributes = dict[str, tuple[Callable[[Tensor], Tensor], str]]

ATTRIBUTES: Attributes = {
    "thickness": (thickness, "pixels"),
    "slant": (slant, "degrees"),
    "brightness": (brightness, "levels"),
    "width": (width, "pixels"),
    "warmth": (warmth, "levels"),
}
"""Every attribute by name: its measure and its unit."""


def attributes_of(dataset: str, channels: int = 1) -> Attributes:
    """The attributes that are worth measuring on a data set's pictures.

    Args:
        dataset: Its name.
        channels: Channels of its pictures, for data sets outside the catalogue: only colours can be warm.
    """
    record = CATALOG.get(dataset)
    names = record.attributes if record else ("brightness", "width" if channels == 1 else "warmth")
    return {name: ATTRIBUTES[name] for name in names}
