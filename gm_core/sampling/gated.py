"""The cached sampler of the Gated PixelCNN: every activation is computed once."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.nn.features import PixelFeatures
from gm_core.nn.gated import GatedLayer, GatedStacks, gate
from gm_core.sampling.stream import PixelByPixel


class GatedPixels(PixelByPixel):
    """Pictures in the making, with the vertical stack run once a row and the horizontal stack once a pixel.

    The vertical stack of a row depends on the rows above alone, so a row's worth of it is computed when its first pixel
    is asked for. The horizontal stack of a pixel needs the same layer's last few pixels, which are kept.
    A picture costs one forward pass' arithmetic instead of H x W passes.

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
        self, features: PixelFeatures, stacks: GatedStacks, condition: Tensor, height: int, width: int
    ) -> None:
        self.height, self.width = height, width
        self._features, self._stacks = features, stacks
        n, device = len(condition), condition.device
        rows, columns = stacks.INPUT_ROWS, stacks.INPUT_COLUMNS
        self._positions = features.positions(height, width, device)
        # Everything below is zero outside the picture, as the padding of the forward pass is.
        self._input = torch.zeros(n, features.size, rows + height, width + 2 * columns, device=device)
        self._layers = [_LayerCache(layer, condition, height, width) for layer in stacks.gated_layers()]
        weight, bias = stacks.horizontal_input.weight, stacks.horizontal_input.bias
        self._horizontal_input = (weight[:, :, 0].flatten(1), bias)
        self._head = [(layer.weight.flatten(1), layer.bias) for layer in (stacks.head, stacks.logits)]
        self._row = -1

    @torch.inference_mode()
    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of one pixel, ``float32`` (n, levels)."""
        rows, columns = self._stacks.INPUT_ROWS, self._stacks.INPUT_COLUMNS
        if row != self._row:
            self._begin_row(row)
        window = self._input[:, :, rows + row, column : column + columns].flatten(1)
        h = F.linear(window, *self._horizontal_input)
        skips = torch.zeros_like(h)
        for layer in self._layers:
            h, skip = layer.pixel(h, column)
            skips += skip
        hidden = F.relu(F.linear(F.relu(skips), *self._head[0]))
        return torch.log_softmax(F.linear(hidden, *self._head[1]), dim=-1)

    @torch.inference_mode()
    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix one pixel, (n,)."""
        rows, columns = self._stacks.INPUT_ROWS, self._stacks.INPUT_COLUMNS
        values = values.to(self._input.device, torch.int64)
        self._input[:, :, rows + row, columns + column] = self._features.of_pixel(values, self._positions[row, column])

    def _begin_row(self, row: int) -> None:
        """Run the vertical stack over a row, whose rows above are all there."""
        self._row = row
        v = self._stacks.vertical_input(self._input[:, :, row : row + self._stacks.INPUT_ROWS])
        for layer in self._layers:
            v = layer.begin_row(v, row)


class _LayerCache:
    """One gated layer's activations, and its weights in the shapes in which single pixels need them."""

    def __init__(self, layer: GatedLayer, condition: Tensor, height: int, width: int) -> None:
        n, r = len(condition), layer.reach
        channels, taps = layer.horizontal.in_channels, layer.horizontal.kernel_size[1]
        device = condition.device
        self._layer, self._reach, self._step = layer, r, layer.horizontal.dilation[1]
        to_vertical, to_horizontal = layer.label(condition)[:, :, None, None].chunk(2, dim=1)
        self._to_vertical, self._to_horizontal = to_vertical, to_horizontal
        self._vertical = torch.zeros(n, channels, r + height, width + 2 * r, device=device)
        self._horizontal = torch.zeros(n, r + width, channels, device=device)
        self._weight = layer.horizontal.weight[:, :, 0].permute(0, 2, 1).reshape(2 * channels, taps * channels)
        self._bias = layer.horizontal.bias
        self._output = (layer.output.weight.flatten(1), layer.output.bias)
        self._from_vertical = torch.zeros(width, n, 2 * channels, device=device)

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """Take the vertical stack's row (n, C, 1, W) below this layer, give the row above it."""
        r = self._reach
        self._vertical[:, :, r + row, r : r + vertical.shape[-1]] = vertical[:, :, 0]
        v = self._layer.vertical(self._vertical[:, :, row : row + r + 1]) + self._to_vertical
        link = self._layer.link(v) + self._to_horizontal
        self._from_vertical = link[:, :, 0].permute(2, 0, 1).contiguous()
        self._horizontal.zero_()
        return vertical + gate(v)

    def pixel(self, horizontal: Tensor, column: int) -> tuple[Tensor, Tensor]:
        """Take the horizontal stack's pixel (n, C) below this layer, give the pixel above it and its skip."""
        r = self._reach
        self._horizontal[:, r + column] = horizontal
        window = self._horizontal[:, column : column + r + 1 : self._step].flatten(1)
        h = F.linear(window, self._weight, self._bias) + self._from_vertical[column]
        residual, skip = F.linear(gate(h), *self._output).chunk(2, dim=-1)
        return horizontal + residual, skip
