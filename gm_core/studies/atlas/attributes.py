"""What can be measured of a picture from its pixels alone.

Of a stroke, how thick it is and how far it leans; of a piece of clothing, how bright and how wide it is; of a
photograph, how bright and how warm its colours are. The first two are of the kind that Castro et al. (2019),
"Morpho-MNIST", measure digits by (https://arxiv.org/abs/1809.10780); they are computed from the grey levels here, so
that a decoder's soft pictures can be measured like real ones.
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
    of the 2 x 2 pixels around each corner (Roberts, 1963), along both diagonals: an edge counts as long as it is in
    whatever direction it runs, were it a staircase of black and white pixels.

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
    r"""How far a picture leans: the angle of the shear that would set it upright.

    From the central second moments of the grey levels, :math:`\arctan(-\mu_{11} / \mu_{02})`, with rows counted
    downwards; the shear is the slope of the regression of columns on rows.

    Args:
        images: Grey levels, ``uint8`` or floating, (B, 1, H, W).

    Returns:
        Degrees, ``float32`` (B,): positive leans to the right as handwriting does; 0 for an empty picture and for one
        of a single row.
    """
    ink, rows, columns = _spread(images)
    mixed, upright = (ink * rows * columns).sum(dim=(1, 2)), (ink * rows.square()).sum(dim=(1, 2))
    return torch.rad2deg(torch.atan(torch.where(upright > 1e-6, -mixed / upright, 0.0)))


def width(images: Tensor) -> Tensor:
    """How wide a picture's light part is: the width of the even bar whose light is spread as far to the sides.

    Args:
        images: Grey levels, ``uint8`` or floating, (B, 1, H, W).

    Returns:
        Pixels, ``float32`` (B,): the square root of twelve times the central second moment of the columns, a pixel
        being an even bar itself; 0 for an empty picture.
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
    """How much more red than blue there is: above 0 in the light of a fire, below under a clear sky.

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
"""Every attribute by name: how it is measured, and its unit."""


def attributes_of(dataset: str, channels: int = 1) -> Attributes:
    """What is worth measuring of a data set's pictures.

    Args:
        dataset: Its name.
        channels: Of its pictures, where that is not known by its name: only what has colours is warm.
    """
    record = CATALOG.get(dataset)
    names = record.attributes if record else ("brightness", "width" if channels == 1 else "warmth")
    return {name: ATTRIBUTES[name] for name in names}
