"""The cached sampler of the residual PixelCNN: every activation is computed once."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.models.autoregressive.palette import Palette
from gm_core.models.autoregressive.residual import ResidualPixelCNN
from gm_core.models.autoregressive.sampling.blocks import BlockCache, InputCache, flat
from gm_core.models.autoregressive.sampling.select import cached_sampler
from gm_core.models.autoregressive.sampling.stream import PixelByPixel
from gm_core.models.autoregressive.stretch import Stretch


class PaletteCache:
    """What a palette says of the next pixel of pictures that are being drawn.

    Args:
        palette: The palette.
        n: Number of pictures.
    """

    def __init__(self, palette: Palette, n: int) -> None:
        self._palette, device = palette, palette.hidden.device
        self._pictures = torch.arange(n, device=device)
        self._unseen = torch.ones(n, palette.levels, device=device)
        self.to_hidden = torch.zeros(n, palette.hidden.shape[1], device=device)
        self.to_logits = torch.zeros(n, palette.levels, device=device)

    def put(self, values: Tensor) -> None:
        """Take note of a pixel, (n,)."""
        values = values.to(self._unseen.device)
        new = self._unseen[self._pictures, values]
        self._unseen[self._pictures, values] = 0
        self.to_hidden += new[:, None] * self._palette.hidden[values]
        self.to_logits[self._pictures, values] = self._palette.again[values]


class StretchCache:
    """What stretches of the contrast make of the next pixel of pictures that are being drawn.

    Args:
        stretch: The stretches.
        n: Number of pictures.
    """

    def __init__(self, stretch: Stretch, n: int) -> None:
        self._stretch = stretch
        self._weight = stretch.prior.expand(n, -1).clone()
        self._inside = torch.empty(0)

    def cut(self, log_p: Tensor) -> Tensor:
        """The distribution of the current pixel from the network's, log-probabilities (n, levels)."""
        self._inside = self._stretch.inside(log_p)
        return log_p + self._stretch.factor(self._weight, self._inside)

    def put(self, values: Tensor) -> None:
        """Take note of that pixel, (n,)."""
        self._weight += self._stretch.gain(self._inside, values.to(self._weight.device))


@cached_sampler(ResidualPixelCNN)
class ResidualPixels(PixelByPixel):
    """Pictures that are being drawn, with the vertical stack run once per row and the horizontal stack once per pixel.

    The vertical stack of a row, and what the horizontal stack takes from the rows above, depend on those rows alone: a
    row's worth of both is computed when its first pixel is asked for. A pixel only adds what lies to its left.

    Args:
        model: The model.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.

    References:
        Ramachandran et al. (2017), "Fast Generation for Convolutional Autoregressive Models", for caching.
        https://arxiv.org/abs/1704.06001
    """

    @torch.inference_mode()
    def __init__(self, model: ResidualPixelCNN, condition: Tensor, height: int, width: int) -> None:
        self.height, self.width = height, width
        features, stacks, palette, stretch = model.features, model.stacks, model.palette, model.stretch
        self._input = InputCache(features, stacks.above, stacks.left, len(condition), height, width)
        self._blocks = [BlockCache(block, condition, height, width) for block in stacks.stack_blocks()]
        head_vertical, self._head = flat(stacks.head.weight).split(stacks.widths, dim=1)
        self._head_vertical = (head_vertical, stacks.head.bias)
        self._logits = (flat(stacks.logits.weight), stacks.logits.bias)
        self._palette = None if palette is None else PaletteCache(palette, len(condition))
        self._stretch = None if stretch is None else StretchCache(stretch, len(condition))
        self._row = -1
        self._to_head = torch.empty(0)  # what the rows above say to the current row, (W, n, C)

    @torch.inference_mode()
    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of one pixel, ``float32`` (n, levels)."""
        if row != self._row:
            self._begin_row(row)
        h = self._input.pixel(column)
        for block in self._blocks:
            h = block.pixel(h, column)
        hidden = self._to_head[column] + F.linear(F.relu(h), self._head)
        if self._palette is not None:
            hidden = hidden + self._palette.to_hidden
        logits = F.linear(F.relu(hidden), *self._logits)
        log_p = torch.log_softmax(logits if self._palette is None else logits + self._palette.to_logits, dim=-1)
        return log_p if self._stretch is None else self._stretch.cut(log_p)

    @torch.inference_mode()
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n,)."""
        self._input.put(row, column, values)
        if self._palette is not None:
            self._palette.put(values)
        if self._stretch is not None:
            self._stretch.put(values)

    def _begin_row(self, row: int) -> None:
        """Run the vertical stack over a row, whose rows above are all there."""
        self._row = row
        v = self._input.begin_row(row)
        for block in self._blocks:
            v = block.begin_row(v, row)
        self._to_head = F.linear(F.relu(v), *self._head_vertical)
