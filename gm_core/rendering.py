"""Pictures out of tensors: grids and animations."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gm_core.numerics import isolate


@isolate
def grid(images: Tensor, columns: int | None = None, zoom: int = 4, gap: int = 2) -> Image.Image:
    """Pictures side by side, enlarged with crisp pixels.

    Args:
        images: ``uint8`` (n, C, H, W), C 1 or 3.
        columns: Pictures per row; about as many as rows by default.
        zoom: Screen pixels per pixel of a picture.
        gap: Grey pixels between pictures, before zooming.

    Returns:
        The grid.
    """
    n, channels, height, width = images.shape
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 96, dtype=np.uint8)
    for index, image in enumerate(images.permute(0, 2, 3, 1).cpu().numpy()):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    return picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST)


@isolate
def visible(images: Tensor, levels: int) -> Tensor:
    """Pictures of fewer than 256 levels, as grey levels of the full range.

    Args:
        images: ``uint8``, values below ``levels``.
        levels: Levels of a pixel.
    """
    return images if levels == 256 else (images.float() * (255 / (levels - 1))).round().to(torch.uint8)


def png(picture: Image.Image) -> bytes:
    """A picture as the content of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@isolate
def animation(
    images: Tensor, frames: int = 56, zoom: int = 10, background: tuple[int, int, int] = (207, 217, 228)
) -> list[Image.Image]:
    """Pictures as they appear in raster order, side by side.

    Args:
        images: ``uint8`` (n, C, H, W), C 1 or 3.
        frames: Number of frames after the first, which is empty; fewer where there are fewer pixels.
        zoom: Screen pixels per pixel of a picture.
        background: Colour of pixels that are not drawn yet.

    Returns:
        The frames, the last of which is the finished grid.
    """
    n, _, height, width = images.shape
    size = height * width
    frames = min(frames, size)
    colors = images.expand(-1, 3, -1, -1).flatten(2)
    empty = torch.tensor(background, dtype=torch.uint8)[:, None].expand(3, size)
    drawn = torch.arange(size)
    counts = [round(size * frame / frames) for frame in range(frames + 1)]
    return [grid(torch.where(drawn < count, colors, empty).view(n, 3, height, width), zoom=zoom) for count in counts]


def gif(frames: list[Image.Image], milliseconds: int = 40, hold: int = 1500) -> bytes:
    """Pictures of one size as the content of an endless animated GIF file.

    Args:
        frames: At least one picture.
        milliseconds: Time per frame.
        hold: Time of the last frame.
    """
    buffer = io.BytesIO()
    durations = [milliseconds] * (len(frames) - 1) + [hold]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return buffer.getvalue()
