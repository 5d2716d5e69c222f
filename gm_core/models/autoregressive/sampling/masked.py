"""The cached sampler of the original PixelCNN: every activation is computed once."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.models.autoregressive.original import MaskedConv2d, MaskedPixelCNN, ResidualBlock
from gm_core.models.autoregressive.sampling.select import cached_sampler
from gm_core.models.autoregressive.sampling.stream import PixelByPixel


@cached_sampler(MaskedPixelCNN)
class MaskedPixels(PixelByPixel):
    """Pictures that are being drawn, with each masked convolution's rows above summed up once per row.

    What a layer says of a pixel depends on pixels before it alone, so once drawn it never changes. What a convolution
    takes from the rows above is therefore computed for a whole row at once; a pixel only adds what lies to its left.

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
    def __init__(self, model: MaskedPixelCNN, condition: Tensor, height: int, width: int) -> None:
        self.height, self.width = height, width
        self._features, stack = model.features, model.stack
        self._positions = self._features.positions(height, width, condition.device)
        self._input = _Cache(stack.input, len(condition), height, width)
        self._blocks = [_BlockCache(block, condition, height, width) for block in stack.residual_blocks()]
        self._head = [(layer.weight.flatten(1), layer.bias) for layer in (stack.head, stack.logits)]
        self._row = -1

    @torch.inference_mode()
    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of one pixel, ``float32`` (n, levels)."""
        if row != self._row:
            self._row = row
            for cache in (self._input, *(block.masked for block in self._blocks)):
                cache.begin_row(row)
        x = self._input.pixel(row, column)
        for block in self._blocks:
            x = block.pixel(x, row, column)
        hidden = F.relu(F.linear(F.relu(x), *self._head[0]))
        return torch.log_softmax(F.linear(hidden, *self._head[1]), dim=-1)

    @torch.inference_mode()
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n,)."""
        values = values.to(self._positions.device, torch.int64)
        self._input.put(row, column, self._features.of_pixel(values, self._positions[row, column]))


class _Cache:
    """A masked convolution's input so far, and what the rows above say to the current row."""

    def __init__(self, layer: MaskedConv2d, n: int, height: int, width: int) -> None:
        reach = layer.kernel_size[0] // 2
        weight = layer.weight * layer.mask
        # Zero outside the picture, as the padding of the forward pass is; channels last, for pixels are put one by one.
        self._seen = torch.zeros(n, height + reach, width + 2 * reach, layer.in_channels, device=weight.device)
        self._reach = reach
        self._taps = reach + (layer.mask_type == "B")  # of its own row
        self._above, self._bias = weight[:, :, :reach], layer.bias
        self._left = weight[:, :, reach, : self._taps].permute(0, 2, 1).flatten(1)
        self._from_above = torch.empty(0)

    def begin_row(self, row: int) -> None:
        """Sum up the rows above, which are all there."""
        above = self._seen[:, row : row + self._reach].permute(0, 3, 1, 2)
        self._from_above = F.conv2d(above, self._above, self._bias)[:, :, 0].permute(2, 0, 1).contiguous()

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Take a pixel of the input, (n, C)."""
        self._seen[:, self._reach + row, self._reach + column] = values

    def pixel(self, row: int, column: int) -> Tensor:
        """The output at a pixel, (n, outputs)."""
        left = self._seen[:, self._reach + row, column : column + self._taps].flatten(1)
        return self._from_above[column] + F.linear(left, self._left)


class _BlockCache:
    """One residual block, pixel by pixel."""

    def __init__(self, block: ResidualBlock, condition: Tensor, height: int, width: int) -> None:
        self.masked = _Cache(block.masked, len(condition), height, width)
        self._down = block.down.weight.flatten(1)
        self._bias = block.down.bias + block.label(condition)
        self._up = (block.up.weight.flatten(1), block.up.bias)

    def pixel(self, x: Tensor, row: int, column: int) -> Tensor:
        """One block on, (n, 2h)."""
        self.masked.put(row, column, F.relu(F.linear(F.relu(x), self._down) + self._bias))
        return x + F.linear(F.relu(self.masked.pixel(row, column)), *self._up)
