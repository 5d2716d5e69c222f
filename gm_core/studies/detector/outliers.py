"""Outliers to test a detector on: other data sets, and pictures that are altered on purpose."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.data.catalog import CATALOG, outliers_to
from gm_core.data.datasets import DataError, Images, load_dataset

OUTLIERS = 1000
"""Most pictures per set."""


@dataclass(frozen=True)
class OutlierSet:
    """Pictures that do not belong to a detector's data set.

    Attributes:
        name: What they show.
        images: ``uint8`` (N, C, H, W).
        far: Whether every person would refuse them; near ones, such as a mirrored shirt, may well be reasonable.
    """

    name: str
    images: Tensor
    far: bool


def outlier_sets(test: Tensor, others: dict[str, Tensor], limit: int = OUTLIERS, seed: int = 0) -> Iterator[OutlierSet]:
    """All sets of outliers, one after the other.

    Args:
        test: The detector's own test images, ``uint8`` (N, C, H, W), to alter.
        others: Images of other data sets by name, ``uint8`` (M, 1 or 3, any size); brought to the same form.
        limit: Most pictures per set.
        seed: Seed for all random choices.

    Yields:
        Other data sets, then sets that need no data, then sets made from the test images.
    """
    generator = torch.Generator().manual_seed(seed)
    channels, *size = test.shape[1:]
    for name, images in others.items():
        yield OutlierSet(name, fit(images[:limit], channels, (size[0], size[1])), far=True)
    for name, make in PLAIN.items():
        yield OutlierSet(name, make((channels, size[0], size[1]), limit, generator), far=True)
    for name, (alter, far) in ALTERED.items():
        yield OutlierSet(name, alter(test[:limit], generator), far)


def fit(images: Tensor, channels: int, size: tuple[int, int]) -> Tensor:
    """Bring pictures of another data set to a detector's form.

    They are cut to the middle square, averaged down or interpolated up, and turned grey (ITU-R 601) or into colour.

    Args:
        images: ``uint8`` (N, 1 or 3, H', W').
        channels: 1 or 3.
        size: Height and width.

    Returns:
        ``uint8`` (N, channels, height, width).
    """
    side = min(images.shape[2:])
    top, left = ((extent - side) // 2 for extent in images.shape[2:])
    values = images[:, :, top : top + side, left : left + side].float()
    if values.shape[1] == 3 and channels == 1:
        values = (values * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)
    if tuple(values.shape[2:]) != size:
        values = F.interpolate(values, size=size, mode="bilinear", align_corners=False, antialias=True)
    return _bytes(values.expand(-1, channels, -1, -1))


Shape = tuple[int, int, int]


def noise(shape: Shape, n: int, generator: torch.Generator) -> Tensor:
    """Every value uniform and independent."""
    return torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8)


def constants(shape: Shape, n: int, generator: torch.Generator) -> Tensor:
    """Uniform greys: each of the 256, or as many of them from black to white as the limit allows."""
    greys = torch.linspace(0, 255, min(n, 256)).round().to(torch.uint8)
    return greys[:, None, None, None].expand(-1, *shape).contiguous()


def gradients(shape: Shape, n: int, generator: torch.Generator) -> Tensor:
    """From one colour to another along a straight line in any direction."""
    channels, height, width = shape
    angle = torch.rand(n, generator=generator) * 2 * torch.pi
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    along = rows * angle.sin()[:, None, None] + columns * angle.cos()[:, None, None]
    place = (along - along.amin(dim=(1, 2), keepdim=True)) / (along.amax(dim=(1, 2)) - along.amin(dim=(1, 2)))[
        :, None, None
    ]
    ends = torch.rand(2, n, channels, 1, 1, generator=generator) * 255
    return _bytes(ends[0] + (ends[1] - ends[0]) * place[:, None])


def checkerboards(shape: Shape, n: int, generator: torch.Generator) -> Tensor:
    """Two colours in squares of 1 to 8 pixels."""
    channels, height, width = shape
    side = torch.randint(1, 9, (n, 1, 1), generator=generator)
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    odd = ((rows // side + columns // side) % 2).bool()[:, None]
    colors = torch.randint(256, (2, n, channels, 1, 1), generator=generator, dtype=torch.uint8)
    return torch.where(odd, colors[0], colors[1])


def textures(shape: Shape, n: int, generator: torch.Generator) -> Tensor:
    """Sums of three waves of random direction, length and colour."""
    channels, height, width = shape
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    values = torch.full((n, channels, height, width), 127.5)
    for _ in range(3):
        angle, phase = (torch.rand(n, 1, 1, generator=generator) * 2 * torch.pi for _ in range(2))
        length = 2 + 14 * torch.rand(n, 1, 1, generator=generator)
        wave = torch.sin(2 * torch.pi / length * (rows * angle.sin() + columns * angle.cos()) + phase)
        values = values + 127.5 * torch.randn(n, channels, 1, 1, generator=generator) / 2 * wave[:, None]
    return _bytes(values)


def shuffle_pixels(images: Tensor, generator: torch.Generator) -> Tensor:
    """The pixels of every picture in a random order."""
    order = torch.rand(len(images), 1, images[0, 0].numel(), generator=generator).argsort(dim=-1)
    return images.flatten(2).gather(2, order.expand(-1, images.shape[1], -1)).reshape(images.shape)


def shuffle_patches(images: Tensor, generator: torch.Generator) -> Tensor:
    """The sixteen tiles of every picture in a random order."""
    n, channels, height, width = images.shape
    rows, columns = height // 4, width // 4
    tiles = images.reshape(n, channels, 4, rows, 4, columns).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    order = torch.rand(n, 16, generator=generator).argsort(dim=1)
    tiles = tiles[torch.arange(n)[:, None], order].unflatten(1, (4, 4))
    return tiles.permute(0, 3, 1, 4, 2, 5).reshape(images.shape)


def overlay(images: Tensor, generator: torch.Generator) -> Tensor:
    """The lighter of two pictures at every pixel."""
    return torch.maximum(images, images.roll(1, dims=0))


def blur(images: Tensor, generator: torch.Generator) -> Tensor:
    """A Gaussian blur of 1.5 pixels."""
    offsets = torch.arange(-4, 5).float()
    kernel = torch.exp(-offsets.square() / (2 * 1.5**2))
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, -1)
    values = F.pad(images.float(), (4, 4, 4, 4), mode="replicate")
    values = F.conv2d(values, kernel[..., None], groups=images.shape[1])
    return _bytes(F.conv2d(values, kernel[..., None, :], groups=images.shape[1]))


PLAIN: dict[str, Callable[[Shape, int, torch.Generator], Tensor]] = {
    "noise": noise,
    "constants": constants,
    "gradients": gradients,
    "checkerboards": checkerboards,
    "textures": textures,
}
"""Pictures that need no data."""


def other_images(dataset: str, directory: Path | None = None) -> tuple[dict[str, Tensor], list[str]]:
    """Test images of the other data sets of the catalogue, as far as they can be found.

    Args:
        dataset: The detector's own data set.
        directory: Where data sets lie.

    Returns:
        Images by the name of their data set, and an error message for each one that is missing.
    """
    images: dict[str, Tensor] = {}
    missing = []
    if dataset not in CATALOG and not os.environ.get("GM_DATA_DIR"):  # nothing is downloaded unasked
        return images, ["pictures of other data sets; GM_DATA_DIR can name a folder that holds some"]
    for other in outliers_to(dataset):
        try:
            images[other.name] = load_dataset(other.name, "test", _beside(dataset, directory)).images
        except DataError as error:
            missing.append(str(error))
    return images, missing


def outliers_named(name: str, dataset: str, shape: Shape, directory: Path | None = None) -> Images:
    """Pictures that belong to none of a data set's classes.

    Args:
        name: A data set, of which the test images are taken; or one of :data:`PLAIN`, which need no data.
        dataset: What they are outliers to.
        shape: Channels, height and width of its pictures.
        directory: Where its data lies, and that of the outliers unless it is a folder of one's own pictures.

    Raises:
        DataError: There are no such pictures, or they cannot be read.
    """
    if name not in PLAIN:
        return load_dataset(name, "test", _beside(dataset, directory))
    images = PLAIN[name](shape, OUTLIERS, torch.Generator().manual_seed(0))
    return Images(images, torch.full((len(images),), -1), ())


def _beside(dataset: str, directory: Path | None) -> Path | None:
    """Where other data sets lie: with a data set of the catalogue, but not in a folder of one's own pictures."""
    return directory if dataset in CATALOG else None


ALTERED: dict[str, tuple[Callable[[Tensor, torch.Generator], Tensor], bool]] = {
    "pixels shuffled": (shuffle_pixels, True),
    "patches shuffled": (shuffle_patches, True),
    "inverted": (lambda images, generator: 255 - images, True),
    "two overlaid": (overlay, False),
    "blurred": (blur, False),
    "rotated by 90°": (lambda images, generator: images.rot90(1, (2, 3)), False),
    "flipped left to right": (lambda images, generator: images.flip(3), False),
    "flipped upside down": (lambda images, generator: images.flip(2), False),
}
"""Sets made from a detector's own test images, and whether they are far from them."""


def _bytes(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)
