"""The cached sampler of PixelCNN++: every activation is computed once, at every resolution."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.heads import Choose
from gm_core.models.autoregressive.plusplus import Double, Halve, PixelCNNPP, StridedStacks
from gm_core.models.autoregressive.residual import StackBlock
from gm_core.models.autoregressive.sampling.blocks import BlockCache, InputCache, flat, windows
from gm_core.models.autoregressive.sampling.channels import ChannelByChannel
from gm_core.models.autoregressive.sampling.select import cached_sampler


@cached_sampler(PixelCNNPP)
class StridedPixels(ChannelByChannel):
    """Pictures that are being drawn, with the vertical stack run once per row and the horizontal stack once per pixel.

    At half the resolution there is a row for two and a pixel, here a cell, for four: row I is run when row 2I begins,
    and cell (I, J) when pixel (2I, 2J) comes. What they say to the other pixels that they stand for is kept.

    Args:
        model: The model.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.

    References:
        Ramachandran et al. (2017), "Fast Generation for Convolutional Autoregressive Models", for caching, through
        strides too. https://arxiv.org/abs/1704.06001
    """

    @torch.inference_mode()
    def __init__(self, model: PixelCNNPP, condition: Tensor, height: int, width: int) -> None:
        self.height, self.width = height, width
        self._head_of_pixel, stacks = model.head, model.stacks
        self._input = InputCache(model.features, stacks.above, stacks.left, len(condition), height, width)
        self._stacks = _Resolution(stacks, 0, condition, height, width)
        head_vertical, head = flat(stacks.head.weight).split(stacks.widths[0], dim=1)
        self._head_vertical, self._head = (head_vertical, stacks.head.bias), head.t()
        self._row = -1
        self._to_head: tuple[Tensor, ...] = ()  # what the rows above say to the pixels of the current row

    @torch.inference_mode()
    def unfold(self, row: int, column: int, choose: Choose) -> Tensor:
        """See :meth:`ChannelByChannel.unfold`."""
        if row != self._row:
            self._row = row
            vertical = self._stacks.begin_row(self._input.begin_row(row), row)
            self._to_head = F.linear(F.relu(vertical), *self._head_vertical).unbind()
        horizontal = self._stacks.pixel(self._input.pixel(column), column)
        outputs = torch.addmm(self._to_head[column], F.relu(horizontal), self._head)
        return self._head_of_pixel.unfold(outputs, choose)

    @torch.inference_mode()
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n, C)."""
        self._input.put(row, column, values)


class _Resolution:
    """The blocks of one resolution, those of the way down and those of the way up, and all that is below."""

    def __init__(self, stacks: StridedStacks, level: int, condition: Tensor, height: int, width: int) -> None:

        def caches(stage: nn.Module) -> list[BlockCache]:
            blocks = [block for block in stage.children() if isinstance(block, StackBlock)]
            return [BlockCache(block, condition, height, width) for block in blocks]

        self._down, self._up = caches(stacks.down[level]), list[BlockCache]()
        self._below: _Below | None = None
        if level < len(stacks.up):
            self._up = caches(stacks.up[level])
            self._below = _Below(stacks, level, condition, height, width)

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """The vertical stack's row on leaving this resolution, (W, n, V), from that on entering it."""
        for block in self._down:
            vertical = block.begin_row(vertical, row)
        if self._below is not None:
            vertical = vertical + self._below.begin_row(vertical, row)
        for block in self._up:
            vertical = block.begin_row(vertical, row)
        return vertical

    def pixel(self, horizontal: Tensor, column: int) -> Tensor:
        """The horizontal stack's pixel, in the row that was begun, (n, H)."""
        for block in self._down:
            horizontal = block.pixel(horizontal, column)
        if self._below is not None:
            horizontal = horizontal + self._below.pixel(horizontal, column)
        for block in self._up:
            horizontal = block.pixel(horizontal, column)
        return horizontal


class _Below:
    """All that is below one resolution, with the strides that lead down and back up."""

    def __init__(self, stacks: StridedStacks, level: int, condition: Tensor, height: int, width: int) -> None:
        halve, double = cast(Halve, stacks.halvings[level]), cast(Double, stacks.doublings[level])
        (v, h), self._below_widths = stacks.widths[level : level + 2]
        n, cells, self._width = len(condition), (width + 1) // 2, width
        self._stacks = _Resolution(stacks, level + 1, condition, (height + 1) // 2, cells)
        # An odd row and the even one after it, which are halved together; zero outside the picture.
        self._vertical, self._horizontal = (
            torch.zeros(n, 2, 1 + 2 * cells, channels, device=condition.device) for channels in (v, h)
        )
        self._halve_vertical = (flat(halve.vertical.weight), halve.vertical.bias)
        self._halve_above, self._halve_left = flat(halve.above.weight), flat(halve.left.weight).t()
        # A cell's four pixels one after the other: first all of the vertical stack, then all of the horizontal one.
        order = torch.arange(4 * (v + h)).view(v + h, 4).t()
        order = torch.cat([order[:, :v].flatten(), order[:, v:].flatten()])
        weight, bias = double.vertical.parameters()
        self._double_vertical = (flat(weight)[order], bias[order])
        order = torch.arange(4 * h).view(h, 4).t().flatten()
        self._double_horizontal = flat(double.horizontal.weight)[order].t()
        self._odd = 0  # whether the current row is
        # Cell by cell of the current row: what comes from the rows above, and what is to the left.
        self._to_cells = self._lefts = self._to_pixels = tuple[Tensor, ...]()
        self._doubled = torch.empty(0)  # the cells' vertical stack at the full resolution, (W, n, 2, 2, V)
        self._own = tuple[Tensor, ...]()  # where the current row is kept
        self._pixels: list[tuple[Tensor, ...]] = []  # what each cell says to its four pixels, (n, H) each

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """What the vertical stack below adds to the row, (W, n, V), given the row above the strides."""
        self._odd = row % 2
        even = 1 - self._odd  # where its row is kept
        self._vertical[:, even, 1 : 1 + self._width] = vertical.transpose(0, 1)
        self._own = self._horizontal[:, even, 1:].unbind(1)
        if even:
            cells = F.linear(windows(self._vertical, 3, 2), *self._halve_vertical)
            lower, to_cells = cells.split(self._below_widths, dim=-1)
            to_cells = to_cells + F.linear(windows(self._horizontal[:, :1], 3, 2), self._halve_above)
            self._to_cells, self._lefts = to_cells.unbind(), windows(self._horizontal[:, 1:], 2, 2).unbind()
            doubled = F.linear(self._stacks.begin_row(lower, row // 2), *self._double_vertical)
            v = 4 * vertical.shape[-1]
            self._doubled, self._to_pixels = doubled[..., :v].unflatten(-1, (2, 2, -1)), doubled[..., v:].unbind()
            self._pixels = [()] * len(cells)
        return self._doubled[:, :, self._odd].transpose(1, 2).flatten(0, 1)[: self._width]

    def pixel(self, horizontal: Tensor, column: int) -> Tensor:
        """What the horizontal stack below adds to a pixel of that row, (n, H)."""
        self._own[column].copy_(horizontal)
        cell, right = divmod(column, 2)
        if not (self._odd or right):
            h = self._stacks.pixel(torch.addmm(self._to_cells[cell], self._lefts[cell], self._halve_left), cell)
            to_pixels = torch.addmm(self._to_pixels[cell], h, self._double_horizontal)
            self._pixels[cell] = to_pixels.chunk(4, dim=1)
        return self._pixels[cell][2 * self._odd + right]
