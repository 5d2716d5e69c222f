"""The cached sampler of the Gated PixelCNN as compiled kernels, for CPUs.

One call draws a run of pixels of several pictures with the interpreter's lock released, so pictures and sessions share
the cores. Arithmetic and order of layers are those of :mod:`gm_core.sampling.gated`; only the additions inside a dot
product come in another order.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor

from gm_core.nn.features import PixelFeatures
from gm_core.nn.gated import GatedStacks

Array = np.ndarray[Any, Any]

_OPTIONS: dict[str, Any] = {"fastmath": {"reassoc", "contract", "nsz", "arcp"}, "nogil": True, "error_model": "numpy"}


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; kept on disk from then on, wherever there is a folder to keep it in."""
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        return njit(**_OPTIONS)(function)


TWO, ONE, ZERO = np.float32(2), np.float32(1), np.float32(0)


class Weights(NamedTuple):
    """The network's weights, inputs before outputs, labels folded into the biases."""

    vertical_input: Array  # (rows, columns, F, C)
    vertical_input_bias: Array  # (C,)
    horizontal_input: Array  # (columns, F, C)
    horizontal_input_bias: Array  # (C,)
    vertical: Array  # (L, rows, columns, C, 2C)
    vertical_bias: Array  # (labels, L, 2C)
    link: Array  # (L, 2C, 2C)
    link_bias: Array  # (labels, L, 2C)
    horizontal: Array  # (L, columns, C, 2C)
    output: Array  # (L, C, 2C)
    output_bias: Array  # (L, 2C)
    head: Array  # (C, C)
    head_bias: Array  # (C,)
    logits: Array  # (C, levels)
    logits_bias: Array  # (levels,)
    dilations: Array  # (L,)
    table: Array  # (levels, F): the features of a value, without its position
    positions: Array  # (H, W, F): the features of a position, zero elsewhere


class State(NamedTuple):
    """All activations that are still needed, of n pictures."""

    label: Array  # (n,)
    input: Array  # (n, rows + H, W + 2 * columns, F), zero around the picture
    vertical: Array  # (n, L, reach + 1, W + 2 * reach, C): the last rows below each layer, by row modulo their number
    horizontal: Array  # (n, L, reach + W, C)
    link: Array  # (n, L, W, 2C): what the vertical stack says to the row in hand


@_kernel
def _add_product(x, weight, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``out += x @ weight``, four inputs at a time."""
    inputs, outputs = weight.shape
    i = 0
    while i + 4 <= inputs:
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for o in range(outputs):
            out[o] += a * weight[i, o] + b * weight[i + 1, o] + c * weight[i + 2, o] + d * weight[i + 3, o]
        i += 4
    while i < inputs:
        for o in range(outputs):
            out[o] += x[i] * weight[i, o]
        i += 1


@_kernel
def _add_products(x, weight, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``out += x @ weight`` for a row of pixels, two of them and four inputs at a time."""
    pixels, (inputs, outputs) = len(out), weight.shape
    for j in range(0, pixels - 1, 2):
        i = 0
        while i + 4 <= inputs:
            a, b, c, d = x[j, i], x[j, i + 1], x[j, i + 2], x[j, i + 3]
            p, q, r, s = x[j + 1, i], x[j + 1, i + 1], x[j + 1, i + 2], x[j + 1, i + 3]
            for o in range(outputs):
                w0, w1, w2, w3 = weight[i, o], weight[i + 1, o], weight[i + 2, o], weight[i + 3, o]
                out[j, o] += a * w0 + b * w1 + c * w2 + d * w3
                out[j + 1, o] += p * w0 + q * w1 + r * w2 + s * w3
            i += 4
        while i < inputs:
            for o in range(outputs):
                out[j, o] += x[j, i] * weight[i, o]
                out[j + 1, o] += x[j + 1, i] * weight[i, o]
            i += 1
    if pixels % 2:
        _add_product(x[pixels - 1], weight, out[pixels - 1])


@_kernel
def _gate(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return (TWO / (ONE + np.exp(-TWO * a)) - ONE) / (ONE + np.exp(-b))


@_kernel
def _begin_row(row, width, w, label, image, rows, link):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Run the vertical stack over a row of one picture, leaving what it says to the horizontal stack in ``link``."""
    layers, kept, padded, channels = rows.shape
    reach = (padded - width) // 2
    v = np.empty((width, channels), np.float32)
    x = np.empty((width, 2 * channels), np.float32)
    v[:] = w.vertical_input_bias
    for up in range(w.vertical_input.shape[0]):
        for column in range(w.vertical_input.shape[1]):
            _add_products(image[row + up, column : column + width], w.vertical_input[up, column], v)
    for layer in range(layers):
        d = w.dilations[layer]
        rows[layer, row % kept, reach : reach + width] = v
        x[:] = w.vertical_bias[label, layer]
        for up in range(2):
            if up == 0 and row < d:
                continue  # above the picture
            source = rows[layer, (row - d) % kept if up == 0 else row % kept]
            for side in range(3):
                begin = reach + (side - 1) * d
                _add_products(source[begin : begin + width], w.vertical[layer, up, side], x)
        link[layer] = w.link_bias[label, layer]
        _add_products(x, w.link[layer], link[layer])
        for j in range(width):
            for c in range(channels):
                v[j, c] += _gate(x[j, c], x[j, channels + c])


@_kernel
def _draw(  # type: ignore[no-untyped-def]  # noqa: ANN202
    row, begin, end, w, state, first, last, uniform, given, inverse_temperature, values, logits  # noqa: ANN001
):  # fmt: skip
    """Draw pixels ``begin`` to ``end`` of a row of the pictures ``first`` to ``last``."""
    columns, channels = w.horizontal_input.shape[0], len(w.horizontal_input_bias)
    layers, levels = len(w.dilations), len(w.logits_bias)
    up = w.vertical_input.shape[0]
    width = state.link.shape[2]
    reach = state.horizontal.shape[2] - width
    h, skip = np.empty(channels, np.float32), np.empty(channels, np.float32)
    hidden, gated = np.empty(channels, np.float32), np.empty(channels, np.float32)
    x, out = np.empty(2 * channels, np.float32), np.empty(2 * channels, np.float32)
    weight = np.empty(levels, np.float64)
    for n in range(first, last):
        image, left, link = state.input[n], state.horizontal[n], state.link[n]
        if begin == 0:
            _begin_row(row, width, w, state.label[n], image, state.vertical[n], link)
            left[:] = ZERO
        for j in range(begin, end):
            h[:] = w.horizontal_input_bias
            skip[:] = ZERO
            for t in range(columns):
                _add_product(image[up + row, j + t], w.horizontal_input[t], h)
            for layer in range(layers):
                left[layer, reach + j] = h
                x[:] = link[layer, j]
                _add_product(left[layer, reach + j - w.dilations[layer]], w.horizontal[layer, 0], x)
                _add_product(h, w.horizontal[layer, 1], x)
                for c in range(channels):
                    gated[c] = _gate(x[c], x[channels + c])
                out[:] = w.output_bias[layer]
                _add_product(gated, w.output[layer], out)
                for c in range(channels):
                    h[c] += out[c]
                    skip[c] += out[channels + c]
            for c in range(channels):
                skip[c] = max(skip[c], ZERO)
            hidden[:] = w.head_bias
            _add_product(skip, w.head, hidden)
            for c in range(channels):
                hidden[c] = max(hidden[c], ZERO)
            log_p = logits[n, j - begin]
            log_p[:] = w.logits_bias
            _add_product(hidden, w.logits, log_p)
            top = log_p.max()
            total = 0.0
            for k in range(levels):
                weight[k] = math.exp(log_p[k] - top)
                total += weight[k]
            normaliser = top + math.log(total)
            for k in range(levels):
                log_p[k] -= normaliser
            value = given[n, j - begin]
            if value < 0:
                if inverse_temperature != 1.0:
                    total = 0.0
                    for k in range(levels):
                        weight[k] = math.exp((log_p[k] + normaliser - top) * inverse_temperature)
                        total += weight[k]
                limit, cumulative = uniform[n, j - begin] * total, 0.0
                value = levels - 1
                for k in range(levels):
                    cumulative += weight[k]
                    if cumulative > limit:
                        value = k
                        break
            values[n, j - begin] = value
            for f in range(w.table.shape[1]):
                image[up + row, columns + j, f] = w.table[value, f] + w.positions[row, j, f]


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
        channels = len(w.horizontal_input_bias)
        rows, columns = w.vertical_input.shape[0], w.horizontal_input.shape[0]

        def zeros(*shape: int) -> Array:
            return np.zeros((n, *shape), np.float32)

        self._state = State(
            label=np.ascontiguousarray(condition.numpy()),
            input=zeros(rows + height, width + 2 * columns, features.size),
            vertical=zeros(layers, reach + 1, width + 2 * reach, channels),
            horizontal=zeros(layers, reach + width, channels),
            link=zeros(layers, width, 2 * channels),
        )

    def draw(
        self, row: int, begin: int, end: int, uniform: Tensor, given: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Draw a run of pixels of a row; see :class:`gm_core.sampling.stream.Pixels`."""
        n, w = len(uniform), self._weights
        values = np.empty((n, end - begin), np.int64)
        logits = np.empty((n, end - begin, len(w.logits_bias)), np.float32)

        # Contiguous always, for numba compiles a kernel anew for every layout of its arguments.
        noise, fixed = (np.ascontiguousarray(tensor.numpy()) for tensor in (uniform, given))

        def part(first: int, last: int) -> None:
            _draw(row, begin, end, w, self._state, first, last, noise, fixed, 1 / temperature, values, logits)

        workers = min(n, torch.get_num_threads())
        if workers == 1:
            part(0, n)
        else:
            bounds = [n * i // workers for i in range(workers + 1)]
            list(_pool(workers).map(part, bounds[:-1], bounds[1:]))
        return torch.from_numpy(values), torch.from_numpy(logits)


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="sampler")


def pack(features: PixelFeatures, stacks: GatedStacks, height: int, width: int) -> Weights:
    """The network's weights in the shapes in which the kernels walk through them."""
    layers = stacks.gated_layers()
    labels = torch.stack([layer.label.weight for layer in layers], dim=1)  # (labels, L, 4C)
    to_vertical, to_horizontal = labels.chunk(2, dim=-1)
    levels = torch.arange(features.levels)
    # The features of a pixel are its value's and its position's side by side, so each alone with zeros for the other.
    positions = features.positions(height, width, torch.device("cpu"))
    nothing = torch.zeros(3)
    table = features.of_pixel(levels, nothing)
    placed = features.of_pixel(torch.zeros(height * width, dtype=torch.int64), positions.flatten(0, 1))
    placed = placed - table[0]

    def array(tensor: Tensor | None) -> Array:
        assert tensor is not None  # every layer here has a bias
        return np.ascontiguousarray(tensor.detach().numpy())

    def biases(name: str) -> Tensor:
        return torch.stack([layer.get_parameter(f"{name}.bias") for layer in layers])

    def each(weights: list[Tensor]) -> Array:
        return array(torch.stack(weights))

    return Weights(
        vertical_input=array(stacks.vertical_input.weight.permute(2, 3, 1, 0)),
        vertical_input_bias=array(stacks.vertical_input.bias),
        horizontal_input=array(stacks.horizontal_input.weight[:, :, 0].permute(2, 1, 0)),
        horizontal_input_bias=array(stacks.horizontal_input.bias),
        vertical=each([layer.vertical.weight.permute(2, 3, 1, 0) for layer in layers]),
        vertical_bias=array(to_vertical + biases("vertical")),
        link=each([layer.link.weight.flatten(1).t() for layer in layers]),
        link_bias=array(to_horizontal + biases("link") + biases("horizontal")),
        horizontal=each([layer.horizontal.weight[:, :, 0].permute(2, 1, 0) for layer in layers]),
        output=each([layer.output.weight.flatten(1).t() for layer in layers]),
        output_bias=array(biases("output")),
        head=array(stacks.head.weight.flatten(1).t()),
        head_bias=array(stacks.head.bias),
        logits=array(stacks.logits.weight.flatten(1).t()),
        logits_bias=array(stacks.logits.bias),
        dilations=np.array([layer.reach for layer in layers], np.int64),
        table=array(table),
        positions=array(placed.view(height, width, -1)),
    )
