"""The cached sampler of the Gated PixelCNN by compiled kernels, for CPUs.

One call draws a run of pixels of several pictures with the interpreter's lock released, so pictures and sessions share
the cores.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.nn.features import PixelFeatures
from gm_core.nn.gated import GatedStacks
from gm_core.sampling.kernels import LANES, Array, State, Weights, draw

AT_ONCE = 784
"""Pixels drawn at once, of all pictures together, in whole rows: some milliseconds' work, for sessions take turns."""


class CompiledPixels:
    """Pictures in the making, drawn by compiled kernels; see :class:`gm_core.sampling.gated.GatedPixels`.

    Args:
        features: The network's input features.
        stacks: The network, on the CPU.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.
    """

    @torch.inference_mode()
    def __init__(
        self, features: PixelFeatures, stacks: GatedStacks, condition: Tensor, height: int, width: int
    ) -> None:
        self.height, self.width = height, width
        self.at_once = width * max(1, AT_ONCE // (width * len(condition)))
        self._weights = w = packed(features, stacks)
        n, layers, reach = len(condition), len(w.dilations), int(w.dilations.max(initial=1))
        channels = len(w.head)

        def zeros(*shape: int) -> Array:
            return torch.zeros(n, *shape).numpy()

        # The features of a pixel are its value's and its position's side by side: here the position's alone, zeros
        # in the place of the other.
        positions = features.positions(height, width, condition.device).flatten(0, 1)
        placed = features.of_pixel(torch.zeros(height * width, dtype=torch.int64), positions)
        placed -= features.of_pixel(torch.zeros(1, dtype=torch.int64), torch.zeros(3))
        self._state = State(
            positions=placed.view(height, width, -1).numpy(),
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

    def draw(self, begin: int, uniform: Tensor, given: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """See :meth:`gm_core.sampling.stream.Pixels.draw`."""
        (n, run), w = uniform.shape, self._weights
        values, logits = np.empty((n, run), np.int64), np.empty((n, run, len(w.logits_bias)), np.float32)
        # Contiguous always, for numba compiles a kernel anew for every layout of its arguments.
        noise, fixed = np.ascontiguousarray(uniform.numpy()), np.ascontiguousarray(given.numpy())
        sharpness = np.float32(1 / temperature)

        def part(first: int, last: int) -> None:
            draw(begin, w, self._state, first, last, noise, fixed, sharpness, values, logits)

        workers = min(n, torch.get_num_threads())
        if workers == 1:
            part(0, n)
        else:
            bounds = [n * i // workers for i in range(workers + 1)]
            list(_pool(workers).map(part, bounds[:-1], bounds[1:]))
        return torch.from_numpy(values), torch.from_numpy(logits[..., : len(w.table)])


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="sampler")


_packed: WeakKeyDictionary[GatedStacks, tuple[list[tuple[int, int]], Weights]] = WeakKeyDictionary()


def packed(features: PixelFeatures, stacks: GatedStacks) -> Weights:
    """The network's weights in the shapes in which the kernels walk through them.

    Kept from one picture to the next, for packing takes a fifth as long as drawing; packed anew when they have changed.
    """
    parameters = [*features.parameters(), *stacks.parameters()]
    if any(parameter.is_inference() for parameter in parameters):  # whose changes are not counted
        return _pack(features, stacks)
    version = [(parameter.data_ptr(), parameter._version) for parameter in parameters]
    known = _packed.get(stacks)
    if known is None or known[0] != version:
        known = _packed[stacks] = (version, _pack(features, stacks))
    return known[1]


@torch.inference_mode()
def _pack(features: PixelFeatures, stacks: GatedStacks) -> Weights:
    layers = stacks.gated_layers()
    channels, levels = stacks.head.in_channels, features.levels

    def array(tensor: Tensor, *channel_dims: int) -> Array:
        """Pad every C numbers of these dimensions, and copy to where a cache line of the processor begins."""
        for dim in channel_dims if channels % LANES else ():
            blocks = tensor.movedim(dim, -1).unflatten(-1, (-1, channels))
            tensor = F.pad(blocks, (0, -channels % LANES)).flatten(-2).movedim(-1, dim)
        return tensor.clone(memory_format=torch.contiguous_format).numpy()

    def of_all(name: str) -> Tensor:
        return torch.stack([layer.get_parameter(name) for layer in layers])

    labels = of_all("label.weight").transpose(0, 1)  # (labels, L, 4C)
    to_vertical, to_horizontal = labels.chunk(2, dim=-1)
    more = (0, -levels % LANES)
    weight = stacks.get_parameter
    return Weights(
        vertical_input=array(weight("vertical_input.weight").permute(2, 3, 1, 0).flatten(1, 2), -1),
        vertical_input_bias=array(weight("vertical_input.bias"), -1),
        horizontal_input=array(weight("horizontal_input.weight").permute(2, 3, 1, 0).flatten(0, 2), -1),
        horizontal_input_bias=array(F.pad(weight("horizontal_input.bias"), (0, channels)), -1),
        vertical=array(of_all("vertical.weight").permute(0, 3, 4, 2, 1), -2, -1),
        vertical_bias=array(to_vertical + of_all("vertical.bias"), -1),
        link=array(of_all("link.weight").flatten(2).mT, -2, -1),
        link_bias=array(to_horizontal + of_all("link.bias") + of_all("horizontal.bias"), -1),
        horizontal=array(of_all("horizontal.weight").flatten(3).permute(0, 3, 2, 1), -2, -1),
        output=array(of_all("output.weight").flatten(2).mT, -2, -1),
        output_bias=array(of_all("output.bias"), -1),
        head=array(weight("head.weight").flatten(1).mT, -2, -1),
        head_bias=array(weight("head.bias"), -1),
        logits=array(F.pad(weight("logits.weight").flatten(1).mT, more), -2),
        logits_bias=array(F.pad(weight("logits.bias"), more, value=-math.inf)),
        dilations=np.array([layer.reach for layer in layers]),
        table=array(features.of_pixel(torch.arange(levels), torch.zeros(3))),
    )
