"""The cached sampler of the Gated PixelCNN in plain PyTorch, for any device."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.gated import GatedLayer, GatedPixelCNN, gate
from gm_core.models.autoregressive.sampling.select import cached_sampler
from gm_core.models.autoregressive.sampling.stream import for_both, guide, inverse_cdf


@cached_sampler(GatedPixelCNN)
class GatedPixels:
    """Pictures that are being drawn, with the vertical stack run once per row and the horizontal stack a few times.

    The vertical stack of a row depends on the rows above alone, so a row's worth of it is computed when its first pixel
    is asked for. The horizontal stack runs over several undecided pixels at once, as if they were known, and all are
    drawn with the random numbers that belong to them; up to the first that comes out otherwise than supposed, they are
    what drawing one by one would have given. The rest is supposed to be what was just drawn, and so on until all is
    decided. That is exact, and a few launches of large kernels in the place of many small ones.

    Args:
        model: The model.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.

    References:
        1. Ramachandran et al. (2017), "Fast Generation for Convolutional Autoregressive Models", for caching.
           https://arxiv.org/abs/1704.06001
        2. Song et al. (2021), "Accelerating Feedforward Computation via Parallel Nonlinear Equation Solving", for the
           iteration. https://arxiv.org/abs/2002.03629
        3. Wiggers and Hoogeboom (2020), "Predictive Sampling with Forecasting Autoregressive Models", for keeping the
           random numbers fixed. https://arxiv.org/abs/2002.09928
    """

    @torch.inference_mode()
    def __init__(self, model: GatedPixelCNN, condition: Tensor, height: int, width: int) -> None:
        self.height, self.width, self.at_once = height, width, width
        self._features, self._stacks = features, stacks = model.features, model.stacks
        n, device = len(condition), condition.device
        rows, columns = stacks.INPUT_ROWS, stacks.INPUT_COLUMNS
        # A processor computes in vain what a wrong pixel spoils; to a GPU only the number of launches matters.
        self._ahead = 8 if device.type == "cpu" else width
        self._positions = features.positions(height, width, device)
        # Everything below is zero outside the picture, as the padding of the forward pass is.
        self._input = torch.zeros(n, features.size, rows + height, width + 2 * columns, device=device)
        self._layers = [_LayerCache(layer, condition, height, width) for layer in stacks.gated_layers()]

    @torch.inference_mode()
    def draw(
        self, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`gm_core.models.autoregressive.sampling.stream.Pixels.draw`."""
        first = self.width - begin % self.width  # pixels until the row ends, and then row by row
        cuts = tuple(range(first, uniform.shape[1], self.width))
        parts = [
            self._draw_in_row(*divmod(begin + cut, self.width), u, g, temperature, guidance)
            for cut, u, g in zip((0, *cuts), uniform.tensor_split(cuts, 1), given.tensor_split(cuts, 1), strict=True)
        ]
        values, logits = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        return values, logits

    def _draw_in_row(
        self, row: int, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """Draw a run of pixels of a row, from column ``begin`` on."""
        if begin == 0:
            self._begin_row(row)
        values, decided, run = given.clamp_min(0), 0, uniform.shape[1]
        self._put(row, begin, for_both(values, guidance))
        logits: list[Tensor] = []
        while decided < run:
            looked_at = slice(decided, min(run, decided + self._ahead))
            supposed = values[:, looked_at]
            log_p = guide(self._logits(row, begin + decided, supposed.shape[1]).to(uniform.device), guidance)
            drawn = inverse_cdf(log_p, uniform[:, looked_at], temperature)
            drawn = torch.where(given[:, looked_at] < 0, drawn, given[:, looked_at])
            wrong = (drawn != supposed).any(dim=0).nonzero()
            right = drawn.shape[1]
            if len(wrong):
                right = int(wrong[0]) + 1  # the first that was wrong is right by now
                values[:, looked_at] = drawn
                self._put(row, begin + decided, for_both(drawn, guidance))
            logits.append(log_p[:, :right])
            decided += right
        return values, torch.cat(logits, dim=1)

    def _logits(self, row: int, column: int, run: int) -> Tensor:
        """Normalised log-probabilities of a run of pixels as they are now, ``float32`` (n, run, levels)."""
        rows, columns = self._stacks.INPUT_ROWS, self._stacks.INPUT_COLUMNS
        before = self._input[:, :, rows + row, column : column + columns + run - 1]
        h = self._stacks.horizontal_input(before.unsqueeze(2))[:, :, 0].transpose(1, 2)
        skips = torch.zeros_like(h)
        for layer in self._layers:
            h, skip = layer.run(h, column)
            skips = skips + skip
        hidden = F.relu(F.linear(F.relu(skips), *_pointwise(self._stacks.head)))
        return torch.log_softmax(F.linear(hidden, *_pointwise(self._stacks.logits)), dim=-1)

    def _put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a run of pixels, (n, k)."""
        n, run = values.shape
        rows, columns = self._stacks.INPUT_ROWS, self._stacks.INPUT_COLUMNS + column
        positions = self._positions[row, column : column + run].repeat(n, 1)
        pixels = self._features.of_pixel(values.flatten().to(positions.device), positions)
        self._input[:, :, rows + row, columns : columns + run] = pixels.view(n, run, -1).transpose(1, 2)

    def _begin_row(self, row: int) -> None:
        """Run the vertical stack over a row, whose rows above are all there."""
        v = self._stacks.vertical_input(self._input[:, :, row : row + self._stacks.INPUT_ROWS])
        for layer in self._layers:
            v = layer.begin_row(v, row)


class _LayerCache:
    """One gated layer's activations, and its weights in the shapes in which runs of pixels need them."""

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
        self._output = _pointwise(layer.output)
        self._from_vertical = torch.zeros(n, width, 2 * channels, device=device)

    def begin_row(self, vertical: Tensor, row: int) -> Tensor:
        """Take the vertical stack's row (n, C, 1, W) below this layer, give the row above it."""
        r = self._reach
        self._vertical[:, :, r + row, r : r + vertical.shape[-1]] = vertical[:, :, 0]
        v = self._layer.vertical(self._vertical[:, :, row : row + r + 1]) + self._to_vertical
        self._from_vertical = (self._layer.link(v) + self._to_horizontal)[:, :, 0].transpose(1, 2).contiguous()
        return vertical + gate(v)

    def run(self, horizontal: Tensor, column: int) -> tuple[Tensor, Tensor]:
        """Take a run of the horizontal stack (n, k, C) below this layer, give the run above it and its skips."""
        r, end = self._reach, column + horizontal.shape[1]
        self._horizontal[:, r + column : r + end] = horizontal
        taps = [self._horizontal[:, column + tap : end + tap] for tap in range(0, r + 1, self._step)]
        h = F.linear(torch.cat(taps, dim=-1), self._weight, self._bias) + self._from_vertical[:, column:end]
        gated = gate(h.flatten(0, 1)).view_as(horizontal)
        residual, skip = F.linear(gated, *self._output).chunk(2, dim=-1)
        return horizontal + residual, skip


def _pointwise(layer: nn.Conv2d) -> tuple[Tensor, Tensor | None]:
    """Weight and bias of a 1 x 1 convolution, for channels that come last."""
    return layer.weight.flatten(1), layer.bias
