"""Parts of the cached samplers of residual stacks: every activation is computed once.

The vertical stack of a row, and what the horizontal stack takes from the rows above, depend on those rows alone: a
row's worth of both is computed when the row begins. A pixel only adds what lies to its left.

Rows are (W, n, channels), so that a pixel of all pictures lies together; for a single picture a call costs more than
what it computes, so a row's pixels are cut apart once, and not one at a time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.residual import StackBlock


class InputCache:
    """The features of the pixels so far, and what the first layer makes of them.

    Args:
        features: The network's input features.
        above: What both stacks take from the rows above.
        left: What the horizontal stack takes from the left.
        n: Number of pictures.
        height: Height.
        width: Width.
    """

    def __init__(
        self, features: PixelFeatures, above: nn.Conv2d, left: nn.Conv2d, n: int, height: int, width: int
    ) -> None:
        self._reach, device = above.kernel_size[0], above.weight.device
        self._features, self._positions = features, features.positions(height, width, device)
        # Zero outside the picture, as the padding of the forward pass is.
        self._seen = torch.zeros(n, self._reach + height, width + 2 * self._reach, features.size, device=device)
        self._above, self._left = (flat(above.weight), above.bias), flat(left.weight).t()
        self._widths = (above.out_channels - left.out_channels, left.out_channels)
        self._to_pixels: tuple[Tensor, ...] = ()  # what the rows above say to the current row
        self._lefts: tuple[Tensor, ...] = ()

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a pixel, ``int64`` (n,), or (n, C) for more than one channel."""
        pixel = self._features.of_pixel(values.to(self._positions.device), self._positions[row, column])
        self._seen[:, self._reach + row, self._reach + column] = pixel

    def begin_row(self, row: int) -> Tensor:
        """The vertical stack's row, (W, n, V); the pixels above it are all there."""
        r = self._reach
        from_above = F.linear(windows(self._seen[:, row : row + r], 2 * r + 1), *self._above)
        vertical, horizontal = from_above.split(self._widths, dim=-1)
        self._to_pixels = horizontal.unbind()
        self._lefts = windows(self._seen[:, r + row].unsqueeze(1), r).unbind()
        return vertical

    def pixel(self, column: int) -> Tensor:
        """The horizontal stack's pixel in the row that was begun, (n, H)."""
        return torch.addmm(self._to_pixels[column], self._lefts[column], self._left)


class BlockCache:
    """One residual block's activations, and its weights in the shapes in which rows and single pixels need them.

    Args:
        block: The block.
        condition: Index of each picture's label embedding, (n,).
        height: Height at the block's resolution.
        width: Width of the pictures.
    """

    def __init__(self, block: StackBlock, condition: Tensor, height: int, width: int) -> None:
        n, r, device = len(condition), block.reach, condition.device
        self._reach, self._inner = r, block.inner
        self._label = block.label(condition)
        # Both stacks inside the block; zero outside the picture, as the padding of the forward pass is.
        self._vertical, self._horizontal = (
            torch.zeros(n, r + height, width + 2 * r, channels, device=device) for channels in block.inner
        )
        self._down_vertical = (flat(block.down_vertical.weight), block.down_vertical.bias)
        self._from_vertical = (flat(block.vertical.weight), block.vertical.bias)
        self._from_above = flat(block.above.weight)
        self._up_vertical = (flat(block.up_vertical.weight), block.up_vertical.bias)
        layers = (block.down_horizontal, block.left, block.up_horizontal)
        self._down, self._left, self._up = (flat(layer.weight).t() for layer in layers)
        # Pixel by pixel of the current row: what comes from the rows above, and where the block's inside is kept.
        self._to_down = self._to_middle = self._to_up = self._hidden = self._lefts = tuple[Tensor, ...]()

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """The vertical stack's row one block on, (W, n, V)."""
        r, width = self._reach, len(vertical)
        down = F.linear(F.relu(vertical), *self._down_vertical) + self._label
        hidden, to_down = down.split(self._inner, dim=-1)
        self._vertical[:, r + row, r : r + width] = F.relu(hidden).transpose(0, 1)
        rows = windows(self._vertical[:, row : row + r + 1], 2 * r + 1)
        hidden, to_middle = F.linear(rows, *self._from_vertical).split(self._inner, dim=-1)
        rows = windows(self._horizontal[:, row : row + r], 2 * r + 1)
        to_middle = to_middle + F.linear(rows, self._from_above)
        up = F.linear(F.relu(hidden), *self._up_vertical)
        to_vertical, to_up = up.split((vertical.shape[-1], up.shape[-1] - vertical.shape[-1]), dim=-1)
        self._to_down, self._to_middle, self._to_up = to_down.unbind(), to_middle.unbind(), to_up.unbind()
        own = self._horizontal[:, r + row]
        self._hidden, self._lefts = own[:, r : r + width].unbind(1), windows(own.unsqueeze(1), r + 1).unbind()
        return vertical + to_vertical

    def pixel(self, horizontal: Tensor, column: int) -> Tensor:
        """The horizontal stack's pixel one block on, in the row that was begun, (n, H)."""
        hidden = self._hidden[column]
        torch.addmm(self._to_down[column], F.relu(horizontal), self._down, out=hidden)
        F.relu_(hidden)
        hidden = F.relu_(torch.addmm(self._to_middle[column], self._lefts[column], self._left))
        return torch.addmm(horizontal + self._to_up[column], hidden, self._up)


def flat(weight: Tensor) -> Tensor:
    """A kernel (out, in, rows, columns) as a matrix: (out, rows * columns * in)."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def windows(cells: Tensor, columns: int, stride: int = 1) -> Tensor:
    """What a kernel sees as it moves along a row.

    Args:
        cells: As many rows as the kernel is high, (n, rows, W', channels).
        columns: Width of the kernel.
        stride: How far it moves at a time.

    Returns:
        Shape (W, n, rows * columns * channels); of a single row no copy, but a view.
    """
    return cells.unfold(2, columns, stride).permute(2, 0, 1, 4, 3).flatten(2)
