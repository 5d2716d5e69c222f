"""The cached sampler of the residual PixelCNN: every activation is computed once."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.nn.features import PixelFeatures
from gm_core.nn.residual import ResidualStacks, StackBlock
from gm_core.sampling.stream import PixelByPixel


class ResidualPixels(PixelByPixel):
    """Pictures in the making, with the vertical stack run once a row and the horizontal stack once a pixel.

    The vertical stack of a row, and what the horizontal stack takes from the rows above, depend on those rows alone: a
    row's worth of both is computed when its first pixel is asked for. A pixel only adds what lies to its left.

    Args:
        features: The network's input features.
        stacks: The network.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.

    References:
        Ramachandran et al. (2017), "Fast Generation for Convolutional Autoregressive Models", for caching.
        https://arxiv.org/abs/1704.06001
    """

    @torch.inference_mode()
    def __init__(
        self, features: PixelFeatures, stacks: ResidualStacks, condition: Tensor, height: int, width: int
    ) -> None:
        self.height, self.width = height, width
        self._features, self._stacks = features, stacks
        n, r, device = len(condition), stacks.REACH, condition.device
        self._positions = features.positions(height, width, device)
        # Zero outside the picture, as the padding of the forward pass is; channels last, for pixels come one by one.
        self._input = torch.zeros(n, r + height, r + width + r, features.size, device=device)
        self._left = _flat(stacks.left.weight)
        self._blocks = [_BlockCache(block, condition, height, width) for block in stacks.stack_blocks()]
        head_vertical, self._head = _flat(stacks.head.weight).split(stacks.channels, dim=1)
        self._head_vertical = (head_vertical, stacks.head.bias)
        self._logits = (_flat(stacks.logits.weight), stacks.logits.bias)
        self._row = -1
        self._to_input = self._to_head = torch.empty(0)  # what the rows above say to the row in hand, (W, n, C)

    @torch.inference_mode()
    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of one pixel, ``float32`` (n, levels)."""
        if row != self._row:
            self._begin_row(row)
        r = self._stacks.REACH
        left = self._input[:, r + row, column : column + r].flatten(1)
        h = self._to_input[column] + F.linear(left, self._left)
        for block in self._blocks:
            h = block.pixel(h, row, column)
        hidden = F.relu(self._to_head[column] + F.linear(F.relu(h), self._head))
        return torch.log_softmax(F.linear(hidden, *self._logits), dim=-1)

    @torch.inference_mode()
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n,)."""
        r = self._stacks.REACH
        values = values.to(self._positions.device, torch.int64)
        self._input[:, r + row, r + column] = self._features.of_pixel(values, self._positions[row, column])

    def _begin_row(self, row: int) -> None:
        """Run the vertical stack over a row, whose rows above are all there."""
        self._row = row
        above = self._input[:, row : row + self._stacks.REACH]
        v, self._to_input = _over_rows(self._stacks.above, above).split(self._stacks.channels, dim=-1)
        for block in self._blocks:
            v = block.begin_row(v, row)
        self._to_head = F.linear(F.relu(v), *self._head_vertical)


class _BlockCache:
    """One residual block's activations, and its weights in the shapes in which rows and single pixels need them."""

    def __init__(self, block: StackBlock, condition: Tensor, height: int, width: int) -> None:
        self._block, self._reach = block, block.reach
        self._label = block.label(condition)
        # Both stacks inside the block, side by side; zero outside the picture.
        shape = (len(condition), block.reach + height, block.reach + width + block.reach, sum(block.inner))
        self._seen = torch.zeros(shape, device=condition.device)
        self._down, self._up = _flat(block.down_horizontal.weight), _flat(block.up_horizontal.weight)
        self._left = _flat(block.left.weight)
        self._to_down = self._to_middle = self._to_up = torch.empty(0)  # as in ResidualPixels, here between the stacks

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """The vertical stack's row one block on, (W, n, V)."""
        block, r, (v, h) = self._block, self._reach, self._block.inner
        down = F.linear(F.relu(vertical), _flat(block.down_vertical.weight), block.down_vertical.bias) + self._label
        hidden, self._to_down = down.split((v, h), dim=-1)
        self._seen[:, r + row, r : r + len(vertical), :v] = F.relu(hidden).transpose(0, 1)
        window = self._seen[:, row : row + r + 1]
        hidden, to_middle = _over_rows(block.vertical, window[..., :v]).split((v, h), dim=-1)
        self._to_middle = to_middle + _over_rows(block.above, window[:, :r, :, v:])
        up = F.linear(F.relu(hidden), _flat(block.up_vertical.weight), block.up_vertical.bias)
        to_vertical, self._to_up = up.split((vertical.shape[-1], up.shape[-1] - vertical.shape[-1]), dim=-1)
        return vertical + to_vertical

    def pixel(self, horizontal: Tensor, row: int, column: int) -> Tensor:
        """The horizontal stack's pixel one block on, (n, H)."""
        r, v = self._reach, self._block.inner[0]
        hidden = F.relu(self._to_down[column] + F.linear(F.relu(horizontal), self._down))
        self._seen[:, r + row, r + column, v:] = hidden
        left = self._seen[:, r + row, column : column + r + 1, v:].flatten(1)
        hidden = F.relu(self._to_middle[column] + F.linear(left, self._left))
        return horizontal + self._to_up[column] + F.linear(hidden, self._up)


def _flat(weight: Tensor) -> Tensor:
    """The kernel of a single row, (out, in, 1, k), as a matrix: (out, k * in)."""
    return weight[:, :, 0].permute(0, 2, 1).flatten(1)


def _over_rows(layer: nn.Conv2d, rows: Tensor) -> Tensor:
    """A layer over as many rows (n, rows, W', in) as its kernel is high: one row, (W, n, out)."""
    return layer(rows.permute(0, 3, 1, 2))[:, :, 0].permute(2, 0, 1).contiguous()
