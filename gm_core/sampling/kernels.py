"""The kernels of the compiled sampler: everything that runs with the interpreter's lock released.

All of them are in one file, for the cache on disk knows of changes to a kernel's own file alone.

Arithmetic and order of layers are those of :mod:`gm_core.sampling.gated`; only the additions inside a dot product come
in another order. That order does not depend on how many pictures or pixels are computed together, so neither do they.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

Array = np.ndarray[Any, Any]


LANES = 16
"""Numbers in a vector; widths of weights are padded to a multiple. A processor with narrower vectors takes several."""

PIXELS, VECTORS = (4, 4) if binding.get_host_cpu_features().get("avx512f", False) else (2, 1)
"""Rows and vectors of the tiles of a matrix product: as many as the processor has registers for."""

GROUP, ROWS = 16, 64
"""Pictures computed together: weights are read once for all of them, and what is computed stays in the cache."""

LOG2_E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
ONE, HALF, TWO, ZERO = np.float32(1), np.float32(0.5), np.float32(2), np.float32(0)
LARGEST, LOWEST = np.float32(40), np.float32(-87)


def _kernel(*fastmath: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile when first called; kept on disk from then on, wherever there is a folder to keep it in."""
    options: dict[str, Any] = {"fastmath": {"contract", *fastmath}, "nogil": True, "error_model": "numpy"}

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:
            return njit(**options)(function)

    return compiled


class Weights(NamedTuple):
    """The network's weights, inputs before outputs, labels folded into the biases.

    Channels C and levels are padded with zeros to a multiple of :data:`LANES`.
    """

    vertical_input: Array  # (rows, columns * F, C)
    vertical_input_bias: Array  # (C,)
    horizontal_input: Array  # (columns * F, C)
    horizontal_input_bias: Array  # (C,)
    vertical: Array  # (L, rows, columns, C, 2C)
    vertical_bias: Array  # (labels, L, 2C)
    link: Array  # (L, 2C, 2C)
    link_bias: Array  # (labels, L, 2C)
    horizontal: Array  # (L, columns * C, 2C)
    output: Array  # (L, C, 2C)
    output_bias: Array  # (L, 2C)
    head: Array  # (C, C)
    head_bias: Array  # (C,)
    logits: Array  # (C, levels)
    logits_bias: Array  # (levels,)
    dilations: Array  # (L,)
    table: Array  # (levels without padding, F): the features of a value, without its position
    positions: Array  # (H, W, F): the features of a position, zero elsewhere


class State(NamedTuple):
    """All activations that are still needed, of n pictures."""

    label: Array  # (n,)
    input: Array  # (n, rows + H, W + 2 * columns, F), zero around the picture
    vertical: Array  # (n, L, reach + 1, W + 2 * reach, C): the last rows below each layer, by row modulo their number
    horizontal: Array  # (n, L, reach + W, C)
    link: Array  # (n, L, W, 2C): what the vertical stack says to the row in hand


class Scratch(NamedTuple):
    """Room for the pixels that are computed together, a row each."""

    windows: Array  # (columns * F)
    h: Array  # (C)
    skip: Array  # (C)
    left: Array  # (2C)
    x: Array  # (2C)
    gated: Array  # (C)
    out: Array  # (2C)
    logits: Array  # (levels)


def _tile(rows: int, vectors: int) -> Callable[..., Any]:
    """``out += x @ weight`` for a few rows of ``x`` and a few vectors of outputs, held in registers throughout.

    Written for LLVM directly: numba has no vectors, and what LLVM makes of plain loops is a third as fast. Each output
    is its own chain of additions, in the order of the inputs.
    """
    vector, number, integer = ir.VectorType(ir.FloatType(), LANES), ir.FloatType(), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, x_step, weight, weight_step, out, out_step, inputs = arguments

        def address(base: Any, step: Any, index: Any, offset: int, kind: Any) -> Any:
            place = builder.add(builder.add(base, builder.mul(step, index)), integer(offset))
            return builder.inttoptr(place, kind.as_pointer())

        places = [
            [address(out, out_step, integer(row), 4 * LANES * v, vector) for v in range(vectors)] for row in range(rows)
        ]
        sums = [[cgutils.alloca_once_value(builder, builder.load(p, align=4)) for p in row] for row in places]
        with cgutils.for_range(builder, inputs, intp=integer) as loop:
            factors = [
                builder.load(address(weight, weight_step, loop.index, 4 * LANES * v, vector), align=4)
                for v in range(vectors)
            ]
            for row in range(rows):
                start = builder.add(x, builder.mul(x_step, integer(row)))
                value = builder.load(address(start, integer(4), loop.index, 0, number), align=4)
                one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
                zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
                spread = builder.shuffle_vector(one, one, zeros)
                for total, factor in zip(sums[row], factors, strict=True):
                    product = builder.fmul(spread, factor, flags=("contract",))
                    builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)
        for row in range(rows):
            for total, place in zip(sums[row], places[row], strict=True):
                builder.store(builder.load(total), place, align=4)
        return context.get_dummy_value()

    def tile(typing, x, x_step, weight, weight_step, out, out_step, inputs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return types.void(*[types.int64] * 7), generate

    return intrinsic(tile)


_many_wide, _one_wide = _tile(PIXELS, VECTORS), _tile(1, VECTORS)
_many_narrow, _one_narrow = _tile(PIXELS, 1), _tile(1, 1)


@_kernel()
def _add_products(x, weight, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``out += x @ weight``."""
    rows, (inputs, outputs) = len(out), weight.shape
    x_step, out_step, weight_step = x.strides[0], out.strides[0], weight.strides[0]
    o = 0
    while o < outputs:
        wide = o + VECTORS * LANES <= outputs
        x_at, weight_at, out_at = x.ctypes.data, weight.ctypes.data + 4 * o, out.ctypes.data + 4 * o
        j = 0
        while j < rows:
            many = j + PIXELS <= rows
            if wide and many:
                _many_wide(x_at, x_step, weight_at, weight_step, out_at, out_step, inputs)
            elif wide:
                _one_wide(x_at, x_step, weight_at, weight_step, out_at, out_step, inputs)
            elif many:
                _many_narrow(x_at, x_step, weight_at, weight_step, out_at, out_step, inputs)
            else:
                _one_narrow(x_at, x_step, weight_at, weight_step, out_at, out_step, inputs)
            step = PIXELS if many else 1
            j += step
            x_at += x_step * step
            out_at += out_step * step
        o += VECTORS * LANES if wide else LANES


@_kernel()
def exp(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """``e ** x`` for ``x`` up to 88, within 2 units in the last place; 0 below -87.

    As in Cephes: ``2 ** n`` times a polynomial in the rest. A call of the C library's would be made a number at a time.
    """
    n = np.floor(x * LOG2_E + HALF)
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    y = y * (r * r) + r + ONE
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return y * power if x >= LOWEST else ZERO


@_kernel()
def _gate(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``tanh(a) * sigmoid(b)``, as one fraction."""
    p = exp(min(max(-TWO * a, -LARGEST), LARGEST))
    q = exp(min(max(-b, -LARGEST), LARGEST))
    return (ONE - p) / ((ONE + p) * (ONE + q))


@_kernel()
def _begin_row(row, width, w, label, image, rows, v, x, link):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Run the vertical stack over a row of one picture, leaving what it says to the horizontal stack in ``link``."""
    layers, kept, padded, channels = rows.shape
    reach = (padded - width) // 2
    v[:] = w.vertical_input_bias
    for up in range(len(w.vertical_input)):
        _add_products(_windows(image[row + up], width, w.vertical_input.shape[1]), w.vertical_input[up], v)
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
        if layer + 1 < layers:
            for j in range(width):
                for c in range(channels):
                    v[j, c] += _gate(x[j, c], x[j, channels + c])


@_kernel()
def _windows(pixels, count, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The features of each pixel of a row and of those right of it, ``size`` numbers in all, side by side."""
    return np.lib.stride_tricks.as_strided(pixels, (count, size), pixels.strides)


@_kernel()
def _logits(row, j, run, w, state, first, last, scratch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Run the horizontal stack over pixels ``j`` to ``j + run`` of a row of the pictures ``first`` to ``last``."""
    channels, layers, up = len(w.head), len(w.dilations), len(w.vertical_input)
    reach = state.horizontal.shape[2] - state.link.shape[2]
    count = (last - first) * run
    h, skip = scratch.h[:count], scratch.skip[:count]
    left, x, gated, out = scratch.left[:count], scratch.x[:count], scratch.gated[:count], scratch.out[:count]
    h[:] = w.horizontal_input_bias
    skip[:] = ZERO
    size = len(w.horizontal_input)
    for n in range(first, last):
        at = (n - first) * run
        windows = _windows(state.input[n, up + row, j:], run, size)
        for i in range(run):
            scratch.windows[at + i] = windows[i]
    _add_products(scratch.windows[:count], w.horizontal_input, h)
    for layer in range(layers):
        d = w.dilations[layer]
        for n in range(first, last):
            row_below = state.horizontal[n, layer]
            for i in range(run):
                at = (n - first) * run + i
                row_below[reach + j + i] = h[at]
                left[at, :channels] = row_below[reach + j + i - d]
                left[at, channels:] = h[at]
                x[at] = state.link[n, layer, j + i]
        _add_products(left, w.horizontal[layer], x)
        for at in range(count):
            for c in range(channels):
                gated[at, c] = _gate(x[at, c], x[at, channels + c])
        out[:] = w.output_bias[layer]
        _add_products(gated, w.output[layer], out)
        for at in range(count):
            for c in range(channels):
                h[at, c] += out[at, c]
                skip[at, c] += out[at, channels + c]
    hidden = gated
    for at in range(count):
        for c in range(channels):
            skip[at, c] = max(skip[at, c], ZERO)
    hidden[:] = w.head_bias
    _add_products(skip, w.head, hidden)
    for at in range(count):
        for c in range(channels):
            hidden[at, c] = max(hidden[at, c], ZERO)
    raw = scratch.logits[:count]
    raw[:] = w.logits_bias
    _add_products(hidden, w.logits, raw)


@_kernel("reassoc", "nnan", "nsz")
def _normalise(raw, log_p, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Logits to log-probabilities."""
    levels = len(log_p)
    top = raw[0]
    for k in range(levels):
        top = max(top, raw[k])
    total = 0.0
    for k in range(levels):
        log_p[k] = raw[k] - top
        weight[k] = exp(log_p[k])
    for k in range(levels):
        total += weight[k]
    normaliser = np.float32(math.log(total))
    for k in range(levels):
        log_p[k] -= normaliser


@_kernel("reassoc", "nsz")
def _choose(log_p, uniform, inverse_temperature, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The level at which the cumulative probability passes a number in [0, 1)."""
    total = 0.0
    for k in range(len(log_p)):
        weight[k] = exp(log_p[k] * inverse_temperature)
    for k in range(len(log_p)):
        total += weight[k]
    limit, cumulative = uniform * total, 0.0
    for k in range(len(log_p)):
        cumulative += weight[k]
        if cumulative > limit:
            return k
    return len(log_p) - 1


@_kernel()
def _put(row, j, value, w, image):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the features of a pixel into the input."""
    up, columns = len(w.vertical_input), len(w.horizontal_input) // w.table.shape[1]
    for f in range(w.table.shape[1]):
        image[up + row, columns + j, f] = w.table[value, f] + w.positions[row, j, f]


@_kernel()
def draw(  # type: ignore[no-untyped-def]  # noqa: ANN201
    row, begin, end, w, state, first, last, uniform, given, inverse_temperature, values, logits  # noqa: ANN001
):  # fmt: skip
    """Draw pixels ``begin`` to ``end`` of a row of the pictures ``first`` to ``last``."""
    channels, (width, size) = len(w.head), state.link.shape[2:]
    scratch = Scratch(
        windows=np.empty((ROWS, len(w.horizontal_input)), np.float32),
        h=np.empty((ROWS, channels), np.float32),
        skip=np.empty((ROWS, channels), np.float32),
        left=np.empty((ROWS, 2 * channels), np.float32),
        x=np.empty((ROWS, 2 * channels), np.float32),
        gated=np.empty((ROWS, channels), np.float32),
        out=np.empty((ROWS, 2 * channels), np.float32),
        logits=np.empty((ROWS, len(w.logits_bias)), np.float32),
    )
    weight = np.empty(logits.shape[2], np.float32)
    for a in range(first, last, GROUP):
        b = min(a + GROUP, last)
        if begin == 0:
            v, x = np.empty((width, channels), np.float32), np.empty((width, size), np.float32)
            for n in range(a, b):
                _begin_row(row, width, w, state.label[n], state.input[n], state.vertical[n], v, x, state.link[n])
            state.horizontal[a:b] = ZERO
        j = begin
        while j < end:
            run = 0
            while j + run < end and (run + 1) * (b - a) <= ROWS and given[a:b, j + run - begin].min() >= 0:
                for n in range(a, b):
                    _put(row, j + run, given[n, j + run - begin], w, state.input[n])
                run += 1
            run = max(run, 1)
            _logits(row, j, run, w, state, a, b, scratch)
            for n in range(a, b):
                for i in range(run):
                    log_p = logits[n, j + i - begin]
                    _normalise(scratch.logits[(n - a) * run + i], log_p, weight)
                    value = given[n, j + i - begin]
                    if value < 0:
                        value = _choose(log_p, uniform[n, j + i - begin], inverse_temperature, weight)
                        _put(row, j, value, w, state.input[n])
                    elif run == 1:
                        _put(row, j, value, w, state.input[n])
                    values[n, j + i - begin] = value
            j += run
