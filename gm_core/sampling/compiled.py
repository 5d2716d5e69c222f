"""The cached sampler of the Gated PixelCNN by compiled kernels, for CPUs.

One call draws a run of pixels of several pictures with the interpreter's lock released, so pictures and sessions share
the cores.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.nn.features import PixelFeatures
from gm_core.nn.gated import GatedStacks
from gm_core.sampling.kernels import LANES, Array, State, Weights, draw


class CompiledPixels:
    """Pictures in the making, drawn by compiled kernels; see :class:`gm_core.sampling.gated.GatedPixels`.

    Args:
        features: The network's input features.
        stacks: The network, on the CPU.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.
    """

    def __init__(
        self, features: PixelFeatures, stacks: GatedStacks, condition: Tensor, height: int, width: int
    ) -> None:
        self.height, self.width = height, width
        self._weights = w = pack(features, stacks, height, width)
        n, layers, reach = len(condition), len(w.dilations), int(w.dilations.max(initial=1))
        channels = len(w.head)

        def zeros(*shape: int) -> Array:
            return torch.zeros(n, *shape).numpy()

        self._state = State(
            label=condition.contiguous().numpy(),
            input=zeros(stacks.INPUT_ROWS + height, width + 2 * stacks.INPUT_COLUMNS, features.size),
            below=zeros(layers, reach + 1, width + 2 * reach, channels),
            vertical=zeros(width, channels),
            sums=zeros(width, 2 * channels),
            link=zeros(layers, width, 2 * channels),
            left=zeros(layers, reach + width, channels),
            horizontal=zeros(width, 2 * channels),
            gated=zeros(width, channels),
            weight=zeros(len(w.logits_bias)),
        )

    def draw(
        self, row: int, begin: int, end: int, uniform: Tensor, given: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Draw a run of pixels of a row; see :class:`gm_core.sampling.stream.Pixels`."""
        n, w = len(uniform), self._weights
        values = torch.empty(n, end - begin, dtype=torch.int64)
        logits = torch.empty(n, end - begin, len(w.logits_bias))
        # Contiguous always, for numba compiles a kernel anew for every layout of its arguments.
        arrays = [tensor.contiguous().numpy() for tensor in (uniform, given, values, logits)]

        def part(first: int, last: int) -> None:
            draw(row, begin, end, w, self._state, first, last, *arrays, np.float32(1 / temperature))

        workers = min(n, torch.get_num_threads())
        if workers == 1:
            part(0, n)
        else:
            bounds = [n * i // workers for i in range(workers + 1)]
            list(_pool(workers).map(part, bounds[:-1], bounds[1:]))
        return values, logits[..., : len(w.table)]


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="sampler")


def pack(features: PixelFeatures, stacks: GatedStacks, height: int, width: int) -> Weights:
    """The network's weights in the shapes in which the kernels walk through them."""
    layers = stacks.gated_layers()
    channels, levels = stacks.head.in_channels, features.levels
    labels = torch.stack([layer.label.weight for layer in layers], dim=1)  # (labels, L, 4C)
    to_vertical, to_horizontal = labels.chunk(2, dim=-1)
    # The features of a pixel are its value's and its position's side by side, so each alone with zeros for the other.
    positions = features.positions(height, width, torch.device("cpu"))
    table = features.of_pixel(torch.arange(levels), torch.zeros(3))
    placed = features.of_pixel(torch.zeros(height * width, dtype=torch.int64), positions.flatten(0, 1))
    placed = placed - table[0]

    def array(tensor: Tensor, *channel_dims: int) -> Array:
        """Pad every C numbers of these dimensions, and copy to where a cache line of the processor begins."""
        for dim in channel_dims:
            blocks = tensor.movedim(dim, -1).unflatten(-1, (-1, channels))
            tensor = F.pad(blocks, (0, -channels % LANES)).flatten(-2).movedim(-1, dim)
        return tensor.detach().contiguous().numpy()

    def stacked(weights: list[Tensor], *channel_dims: int) -> Array:
        return array(torch.stack(weights), *channel_dims)

    def biases(name: str) -> Tensor:
        return torch.stack([layer.get_parameter(f"{name}.bias") for layer in layers])

    vertical_input = stacks.vertical_input.weight.permute(2, 3, 1, 0)
    horizontal_input = stacks.horizontal_input.weight[:, :, 0].permute(2, 1, 0)
    more = (0, -levels % LANES)
    return Weights(
        vertical_input=array(vertical_input.flatten(1, 2), -1),
        vertical_input_bias=array(stacks.vertical_input.get_parameter("bias"), -1),
        horizontal_input=array(horizontal_input.flatten(0, 1), -1),
        horizontal_input_bias=array(F.pad(stacks.horizontal_input.get_parameter("bias"), (0, channels)), -1),
        vertical=stacked([layer.vertical.weight.permute(2, 3, 1, 0) for layer in layers], -2, -1),
        vertical_bias=array(to_vertical + biases("vertical"), -1),
        link=stacked([layer.link.weight.flatten(1).t() for layer in layers], -2, -1),
        link_bias=array(to_horizontal + biases("link") + biases("horizontal"), -1),
        horizontal=stacked([layer.horizontal.weight[:, :, 0].permute(2, 1, 0) for layer in layers], -2, -1),
        output=stacked([layer.output.weight.flatten(1).t() for layer in layers], -2, -1),
        output_bias=array(biases("output"), -1),
        head=array(stacks.head.weight.flatten(1).t(), -2, -1),
        head_bias=array(stacks.head.get_parameter("bias"), -1),
        logits=array(F.pad(stacks.logits.weight.flatten(1).t(), more), -2),
        logits_bias=array(F.pad(stacks.logits.get_parameter("bias"), more, value=-math.inf)),
        dilations=np.array([layer.reach for layer in layers], np.int64),
        table=array(table),
        positions=array(placed.view(height, width, -1)),
    )
