"""A two-dimensional latent space as a plane to look at: what of it is shown, and the pictures all over it."""

import base64
import io
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.packing import pack, pack_shorts
from demo.base.serving.waiting import while_wanted
from demo.shared.models import Models
from gm_core import Latent
from gm_core.data.catalog import FIRST

MAP = f"{FIRST.name}-vae2d"
"""The VAE whose latent space is a plane."""

GRIDS = (17, 51)
"""Pictures along an edge: few that are there at once, then as many as make every movement smooth. The second is an odd
multiple of the first, so that the points of the first are among those of the second."""

PRIOR = 3.5
"""Every plane reaches at least this far, for the prior's rings at 1, 2 and 3 standard deviations."""

MOST_CODES = (0.01, 0.99)
"""The range of codes leaves out the outermost ones."""

BATCH = 16
"""Pictures that are decoded at once: what more of them need does not fit a processor's cache."""

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Window:
    """The square part of a latent space that is shown.

    Attributes:
        low: Its lower left corner, z1 and z2.
        span: Its edge.
    """

    low: tuple[float, float]
    span: float

    @classmethod
    def around(cls, codes: Tensor) -> "Window":
        """All but the outermost codes, (N, 2), and the prior's rings; ends at halves, as a scale does."""
        ends = codes.quantile(torch.tensor(MOST_CODES), dim=0)
        margin = 0.04 * (ends[1] - ends[0])
        low = ((ends[0] - margin).clamp(max=-PRIOR) * 2).floor() / 2
        high = ((ends[1] + margin).clamp(min=PRIOR) * 2).ceil() / 2
        span = float((high - low).max())
        x, y = ((low + high - span) / 2).tolist()
        return cls((x, y), span)

    def grid(self, count: int) -> Tensor:
        """The middles of ``count`` x ``count`` cells, row by row from the top left, (count * count, 2)."""
        steps = (torch.arange(count) + 0.5) * (self.span / count)
        x, y = self.low[0] + steps, self.low[1] + steps.flip(0)
        return torch.stack([x.repeat(count), y.repeat_interleave(count)], dim=1)

    def dots(self, codes: Tensor, labels: Tensor) -> dict[str, Any]:
        """This part of the space as an answer to a component, with those codes, (N, 2), that lie in it as dots."""
        places = (codes - torch.tensor(self.low)) / self.span
        inside = ((places >= 0) & (places <= 1)).all(dim=1)
        return {
            "low": self.low,
            "span": self.span,
            "grids": GRIDS,
            "dots": pack_shorts(places[inside] * 65535, signed=False),
            "labels": pack(labels[inside].to(torch.uint8)),
        }

    def point(self, sent: object) -> Tensor:
        """A point that came from outside, checked, (2,).

        Raises:
            InputError: It is not on the map.
        """
        # Written so that "not a number" fails too.
        if not isinstance(sent, list) or len(sent) != len(self.low) or not all(map(self._holds, sent, self.low)):
            reach = (f"z{i + 1} from {low:g} to {low + self.span:g}" for i, low in enumerate(self.low))
            raise InputError(f"A point of this map is two numbers, {' and '.join(reach)}.")
        return torch.tensor([float(value) for value in sent])

    def holds(self, z: Tensor) -> bool:
        """Whether a point, (2,), is on the map."""
        return all(map(self._holds, z.tolist(), self.low))

    def _holds(self, value: object, low: float) -> bool:
        return is_number(value, low, low + self.span)


def window_of(models: Models, name: str) -> Window:
    """What of a model's latent space is shown."""
    return Window.around(models.atlas(name).codes)


@torch.inference_mode()
def means(model: Latent, z: Tensor) -> Tensor:
    """The mean pictures of some points, (n, D): ``uint8`` (n, C, H, W)."""
    return torch.cat([model.render(part) for part in while_wanted(z.split(BATCH))])


def tiles(models: Models, name: str, count: object) -> dict[str, str]:
    """The decoded pictures of a grid over the window, in one lossless picture, as an answer to a component.

    Raises:
        InputError: There is no such grid.
    """
    if count not in GRIDS or not isinstance(count, int):
        raise InputError(f"A grid has {' or '.join(map(str, GRIDS))} pictures per edge.")
    with _ONE_AT_A_TIME:  # so that several users at once do not each have the same computed
        return {"sprite": _sprite(models, name, count)}


@cache  # there are few models and grids
def _sprite(models: Models, name: str, count: int) -> str:
    """The decoded pictures of a grid, as the data URL of a PNG file."""
    pictures = means(models.latent(name), window_of(models, name).grid(count))[:, 0]
    _, height, width = pictures.shape
    sheet = pictures.view(count, count, height, width).transpose(1, 2).reshape(count * height, count * width)
    buffer = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
