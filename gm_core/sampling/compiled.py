"""The cached sampler of the Gated PixelCNN by compiled kernels, for CPUs.

One call draws a run of pixels of several pictures with the interpreter's lock released, so pictures and sessions share
the cores.
"""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
        n, layers, reach = len(condition), len(w.dilations), max(1, *w.dilations.tolist())
        channels, columns = len(w.head), width + 2 * stacks.INPUT_COLUMNS
        self._state = State(
            positions=_positions(height, width, features.channels, features.size),
            label=condition.contiguous().numpy(),
            paper=np.zeros(n, np.int64),
            **_zeros(
                input=(n, stacks.INPUT_ROWS + height, columns, features.size),
                below=(n, layers, reach + 1, width + 2 * reach, channels),
                vertical=(n, width, channels),
                sums=(n, width, 2 * channels),
                link=(n, layers, width, 2 * channels),
                left=(n, layers, reach + width, channels),
                horizontal=(n, width, 2 * channels),
                gated=(n, width, channels),
                weight=(n, len(w.logits_bias)),
            ),
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


@lru_cache(maxsize=16)
def _positions(height: int, width: int, before: int, size: int) -> Array:
    """What the position adds to a pixel's features, zeros in the place of its value's: (H, W, F)."""
    positions = PixelFeatures.positions(height, width, torch.device("cpu"))
    return F.pad(positions, (before, size - before - positions.shape[-1])).numpy()


def _zeros(**shapes: tuple[int, ...]) -> dict[str, Array]:
    """Arrays of zeros, each beginning where a cache line of the processor does, in one piece of memory."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    begins = list(accumulate((size + -size % LANES for size in sizes), initial=0))
    whole = torch.zeros(begins[-1]).numpy()
    return {
        name: whole[begin : begin + size].reshape(shape)
        for (name, shape), size, begin in zip(shapes.items(), sizes, begins, strict=False)
    }


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="sampler")


class _Packed(NamedTuple):
    """Packed weights, and of what they were packed."""

    weights: Weights
    features: PixelFeatures
    places: list[tuple[Mapping[str, object], str, object]]
    """The network's tree: who holds what by which name."""
    parameters: list[nn.Parameter]
    versions: list[tuple[int, int]]

    def is_of_now(self) -> bool:
        """Whether the network is still what it was, checked in a quarter of the time of walking through it."""
        return all(holder.get(name) is held for holder, name, held in self.places) and self.versions == [
            (parameter.data_ptr(), parameter._version) for parameter in self.parameters
        ]


_packed: WeakKeyDictionary[GatedStacks, _Packed] = WeakKeyDictionary()


def packed(features: PixelFeatures, stacks: GatedStacks) -> Weights:
    """The network's weights in the shapes in which the kernels walk through them.

    Kept from one picture to the next, for packing takes a fifth as long as drawing; packed anew when they have changed.
    """
    known = _packed.get(stacks)
    if known is not None and known.features is features and known.is_of_now():
        return known.weights
    weights = _pack(features, stacks)
    parameters = [*features.parameters(), *stacks.parameters()]
    if not any(parameter.is_inference() for parameter in parameters):  # whose changes are not counted
        places: list[tuple[Mapping[str, object], str, object]] = [
            (holder, name, held)
            for module in [*features.modules(), *stacks.modules()]
            for holder in (module._parameters, module._modules)
            for name, held in holder.items()
        ]
        versions = [(parameter.data_ptr(), parameter._version) for parameter in parameters]
        _packed[stacks] = _Packed(weights, features, places, parameters, versions)
    return weights


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
        vertical=array(of_all("vertical.weight").permute(0, 3, 4, 2, 1).flatten(2, 3), -2, -1),
        vertical_bias=array(to_vertical + of_all("vertical.bias"), -1),
        link=array(of_all("link.weight").flatten(2).mT, -2, -1),
        link_bias=array(to_horizontal + of_all("link.bias") + of_all("horizontal.bias"), -1),
        horizontal=array(of_all("horizontal.weight").flatten(3).permute(0, 3, 2, 1).flatten(1, 2), -2, -1),
        output=array(of_all("output.weight").flatten(2).mT, -2, -1),
        output_bias=array(of_all("output.bias"), -1),
        head=array(weight("head.weight").flatten(1).mT, -2, -1),
        head_bias=array(weight("head.bias"), -1),
        logits=array(F.pad(weight("logits.weight").flatten(1).mT, more), -2),
        logits_bias=array(F.pad(weight("logits.bias"), more, value=-math.inf)),
        dilations=np.array([layer.reach for layer in layers]),
        table=array(features.of_pixel(torch.arange(levels), torch.zeros(3))),
    )
