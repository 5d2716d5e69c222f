"""The kernels of the compiled sampler: everything that runs with the interpreter's lock released.

All of them are in one file, for the cache on disk knows of changes to a kernel's own file alone.

Arithmetic and order of layers are those of ``ResidualPixels``; only the additions inside a dot product come in another
order. That order does not depend on how many pictures or pixels are computed together, so neither do they.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from gm_core.models.autoregressive.sampling.compiled.cache import KernelCache

Array = np.ndarray[Any, Any]


LANES = 16
"""Numbers in a vector; the widths of weights are padded to a multiple. Processors with shorter vectors take several."""

VECTORS, FEW_VECTORS = (4, 4) if binding.get_host_cpu_features().get("avx512f", False) else (1, 2)
"""Vectors in a row of the tiles of a matrix product, of up to 6 rows and of two: as many as there are registers for."""

ROW_VECTORS = 4
"""The same of a tile of a single row: enough not to wait for each addition."""

PIXELS = 6
"""Pixels of one picture that are computed together in the hope of a right guess."""

GROUP = 16
"""Pictures computed together: weights are read once for all of them, and what is computed stays in the cache."""

ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
LOG2_E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
LOWEST = np.float32(-87)
"""The least exponent whose power of e is a number of full precision."""
OUTLIER, LEAST = np.float32(1e-4), np.float32(1e-12)
"""As in ``stretch.py``, and written here again for the cache, which sees changes to this file alone."""
UNLIKELY = np.float32(1e-20)
"""A stretch that is less likely than this is not looked at again; one surprise may make it 1e12 times likelier."""

OPTIONS: Any = {"fastmath": {"contract"}, "nogil": True, "error_model": "numpy", "_nrt": False}
"""How kernels are compiled.

They own no memory, so references to arrays are not counted (``_nrt``): with a view for every layer of every pixel,
counting took as long as computing.
"""


def _kernel(*fastmath: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile when first called; kept on disk from then on, wherever there is a folder to keep it in."""
    options = {**OPTIONS, "fastmath": OPTIONS["fastmath"].union(fastmath)}

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        kernel: Any = njit(**options)(function)
        with suppress(RuntimeError):  # there is no folder to keep it in
            kernel._cache = KernelCache(function)
        return kernel

    return compiled


class ResidualWeights(NamedTuple):
    """The network's weights, inputs before outputs, labels folded into the biases.

    V and H are the widths of the stacks, v and h those inside of a block, each padded to a multiple of :data:`LANES`;
    the head has C channels, and the blocks see r to each side and up.
    """

    vertical_input: Array  # (rows, columns * F, V + H)
    vertical_input_bias: Array  # (V + H,)
    horizontal_input: Array  # (columns * F, H)
    down_vertical: Array  # (L, V, v + h)
    down_bias: Array  # (labels, L, v + h)
    vertical: Array  # (L, r + 1, (2r + 1) * v, v + h)
    vertical_bias: Array  # (L, v + h)
    above: Array  # (L, r, (2r + 1) * h, h)
    up_vertical: Array  # (L, v, V + H)
    up_bias: Array  # (L, V + H)
    down: Array  # (L, H, h)
    left: Array  # (L, (r + 1) * h, h)
    up: Array  # (L, h, H)
    head_vertical: Array  # (V, C)
    head_bias: Array  # (C,)
    head: Array  # (H, C)
    logits: Array  # (C, levels)
    logits_bias: Array  # (levels,)
    palette: Array  # (levels, C): what a level says to the head once it has been used; zero without a palette
    again: Array  # (levels,): what it adds to its own logit, once used
    sets: Array  # (M, levels): 1 for the levels that a stretch leaves, 0 for the others; of no M without stretches
    prior: Array  # (M,): how likely each is to begin with
    table: Array  # (levels without padding, F): the features of a value, without its position


class ResidualState(NamedTuple):
    """The residual network's activations that are still needed, of n pictures, and room to compute in."""

    positions: Array  # (H, W, F): the features of a position, zero elsewhere
    label: Array  # (n,)
    paper: Array  # (n,): the value that was last drawn twice in a row
    first: Array  # (n, levels): the pixel at which a level was first used, or a number beyond all pixels
    new: Array  # (n, W): the level that was first used at this pixel of the current row, or -1
    input: Array  # (n, rows + H, W + 2 * columns, F), zero around the picture
    below: Array  # (n, L, r + 1, W + 2r, v): the vertical stack's last rows inside the blocks, by row modulo r + 1
    before: Array  # (n, L, r + 1, W + 2r, h): the horizontal stack's, which ends at the current pixel
    vertical: Array  # (n, W, V): the vertical stack at the current row
    active: Array  # (n, W, V): what of it goes into a block
    inner: Array  # (n, W, v): what comes out of a block's middle
    sums: Array  # (n, W, v + h)
    both: Array  # (n, W, V + H)
    to_input: Array  # (n, W, H): what the rows above say to the horizontal stack: as it begins,
    to_down: Array  # (n, L, W, h): after each block's first layer,
    to_middle: Array  # (n, L, W, h): after its second,
    to_up: Array  # (n, L, W, H): after its third,
    to_head: Array  # (n, W, C): and to the head
    horizontal: Array  # (n, W, H): the horizontal stack at the current pixel
    turned_on: Array  # (n, W, H): what of it goes into a layer
    middle: Array  # (n, W, h)
    used: Array  # (n, W, C): what the levels used before a pixel say to the head
    hidden: Array  # (n, W, C)
    weight: Array  # (n, levels)
    share: Array  # (n, M): how likely each stretch is after the pixels so far
    inside: Array  # (n, M): what the network holds likely of its levels at the current pixel
    factor: Array  # (n, levels): how much likelier the stretches make each level there


NEVER = np.int32(2**31 - 1)
"""Of a level: not used so far."""


def _tile(rows: int, most: int) -> Callable[..., Any]:
    """``out += x @ weight`` for a few rows of ``x`` and up to ``most`` vectors of outputs, in registers throughout.

    Written for LLVM directly: numba has no vectors, and what LLVM makes of plain loops is a third as fast. Each output
    is its own chain of additions, in the order of the inputs.
    """
    vector, number, integer = ir.VectorType(ir.FloatType(), LANES), ir.FloatType(), ir.IntType(64)

    def generate_some(builder: Any, arguments: Any, vectors: int) -> None:
        x, x_step, weight, weight_step, out, out_step, inputs, _ = arguments

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

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for vectors in range(1, most + 1):
            with builder.if_then(builder.icmp_unsigned("==", arguments[-1], integer(vectors))):
                generate_some(builder, arguments, vectors)
        return context.get_dummy_value()

    def tile(typing, x, x_step, weight, weight_step, out, out_step, inputs, vectors):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return types.void(*[types.int64] * 8), generate

    return intrinsic(tile)


_six, _four, _two, _one = _tile(6, VECTORS), _tile(4, VECTORS), _tile(2, FEW_VECTORS), _tile(1, ROW_VECTORS)


@intrinsic
def _check_float32(typing, x, weight, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """An error of the compiler's unless arrays hold what is read at their addresses."""
    if any(array.dtype != types.float32 for array in (x, weight, out)):
        raise TypingError(f"the kernels take float32, not {x.dtype}, {weight.dtype} and {out.dtype}")
    return types.void(x, weight, out), lambda context, *_: context.get_dummy_value()


@_kernel()
def add_products(x, weight, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """``out += x @ weight``, where a row of ``x`` is as many numbers as ``weight`` has rows from where it begins on."""
    _check_float32(x, weight, out)  # type: ignore[call-arg]
    rows, (inputs, outputs) = len(out), weight.shape
    x_step, w_step, out_step = x.strides[0], weight.strides[0], out.strides[0]
    x_at, out_row = x.ctypes.data, out.ctypes.data
    while rows > 0:
        height = 6 if rows >= 6 else 4 if rows >= 4 else 2 if rows >= 2 else 1
        most = VECTORS if height > 2 else FEW_VECTORS if height == 2 else ROW_VECTORS
        weight_at, out_at, left = weight.ctypes.data, out_row, outputs // LANES
        while left > 0:
            tiles = (left + most - 1) // most
            vectors = (left + tiles - 1) // tiles  # shared out evenly: a narrow tile waits for each of its additions
            if height == 6:
                _six(x_at, x_step, weight_at, w_step, out_at, out_step, inputs, vectors)
            elif height == 4:
                _four(x_at, x_step, weight_at, w_step, out_at, out_step, inputs, vectors)
            elif height == 2:
                _two(x_at, x_step, weight_at, w_step, out_at, out_step, inputs, vectors)
            else:
                _one(x_at, x_step, weight_at, w_step, out_at, out_step, inputs, vectors)
            left -= vectors
            weight_at += 4 * LANES * vectors
            out_at += 4 * LANES * vectors
        x_at += height * x_step
        out_row += height * out_step
        rows -= height


@_kernel()
def _add(run, x, i, weight, out, j):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``out[:, j] += x[:, i] @ weight`` for a run of pixels: a pixel of all pictures, or the pixels of each picture."""
    if run == 1:
        add_products(x[:, i], weight, out[:, j])
        return
    for n in range(len(out)):
        add_products(x[n, i:], weight, out[n, j : j + run])


@_kernel()
def _spread(x, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set every row of ``out`` to ``x``."""
    for j in range(len(out)):
        for c in range(len(x)):
            out[j, c] = x[c]


@_kernel()
def exp(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """``e ** x`` for ``x`` up to 88, within 2 units in the last place; 0 below -87.

    As in Cephes: ``2 ** n`` times a polynomial in the rest. A call of the C library's would be made a number at a time.
    """
    z = max(x, LOWEST)
    n = np.floor(z * LOG2_E + HALF)
    r = (z - n * LN2_HIGH) - n * LN2_LOW
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
def _begin_row(row, n, w, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Run the vertical stack over a row of a picture, leaving what it says to the horizontal stack in ``to_...``."""
    label, image, v, both, sums, active, inner = (
        state.label[n], state.input[n], state.vertical[n], state.both[n], state.sums[n], state.active[n], state.inner[n]
    )  # fmt: skip
    (width, vertical), (_, middle), horizontal = v.shape, inner.shape, state.horizontal.shape[2]
    blocks, kept = state.below.shape[1:3]
    reach = kept - 1
    _spread(w.vertical_input_bias, both)
    for up in range(len(w.vertical_input)):
        add_products(image[row + up], w.vertical_input[up], both)
    for j in range(width):
        for c in range(vertical):
            v[j, c] = both[j, c]
        for c in range(horizontal):
            state.to_input[n, j, c] = both[j, vertical + c]
    for block in range(blocks):
        below, before = state.below[n, block], state.before[n, block]
        to_down, to_middle, to_up = state.to_down[n, block], state.to_middle[n, block], state.to_up[n, block]
        for j in range(width):
            for c in range(vertical):
                active[j, c] = max(v[j, c], ZERO)
        _spread(w.down_bias[label, block], sums)
        add_products(active, w.down_vertical[block], sums)
        own = below[row % kept]
        for j in range(width):
            for c in range(middle):
                own[reach + j, c] = max(sums[j, c], ZERO)
            for c in range(to_down.shape[1]):
                to_down[j, c] = sums[j, middle + c]
        _spread(w.vertical_bias[block], sums)
        for up in range(max(0, reach - row), kept):  # what is above the picture is nothing
            add_products(below[(row - reach + up) % kept], w.vertical[block, up], sums)
        for j in range(width):
            for c in range(middle):
                inner[j, c] = max(sums[j, c], ZERO)
            for c in range(to_middle.shape[1]):
                to_middle[j, c] = sums[j, middle + c]
        for up in range(max(0, reach - row), reach):
            add_products(before[(row - reach + up) % kept], w.above[block, up], to_middle)
        _spread(w.up_bias[block], both)
        add_products(inner, w.up_vertical[block], both)
        for j in range(width):
            for c in range(vertical):
                v[j, c] += both[j, c]
            for c in range(horizontal):
                to_up[j, c] = both[j, vertical + c]
    for j in range(width):
        for c in range(vertical):
            active[j, c] = max(v[j, c], ZERO)
    _spread(w.head_bias, state.to_head[n])
    add_products(active, w.head_vertical, state.to_head[n])
    if row > 0:
        _use(state.used[n, width - 1], state.new[n, width - 1], w.palette, state.used[n, 0])


@_kernel()
def _use(before, level, palette, after):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """What the levels used so far say, after one more pixel."""
    for c in range(len(after)):
        after[c] = before[c]
    if level >= 0:
        for c in range(len(after)):
            after[c] += palette[level, c]


@_kernel()
def _compute_logits(row, j, run, w, state, first, last, logits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Run the horizontal stack over pixels ``j`` to ``j + run`` of a row of the pictures ``first`` to ``last``."""
    h, x, middle, hidden = (
        state.horizontal[first:last], state.turned_on[first:last], state.middle[first:last], state.hidden[first:last]
    )  # fmt: skip
    blocks, kept = state.before.shape[1:3]
    reach, own, end = kept - 1, row % kept, j + run
    for n in range(first, last):
        for i in range(j, end):
            for c in range(h.shape[2]):
                h[n - first, i, c] = state.to_input[n, i, c]
    _add(run, state.input[first:last, len(w.vertical_input) + row], j, w.horizontal_input, h, j)
    for block in range(blocks):
        for n in range(first, last):
            for i in range(j, end):
                for c in range(h.shape[2]):
                    x[n - first, i, c] = max(h[n - first, i, c], ZERO)
                    h[n - first, i, c] += state.to_up[n, block, i, c]
                for c in range(middle.shape[2]):
                    middle[n - first, i, c] = state.to_down[n, block, i, c]
        _add(run, x, j, w.down[block], middle, j)
        for n in range(first, last):
            for i in range(j, end):
                for c in range(middle.shape[2]):
                    state.before[n, block, own, reach + i, c] = max(middle[n - first, i, c], ZERO)
                    middle[n - first, i, c] = state.to_middle[n, block, i, c]
        _add(run, state.before[first:last, block, own], j, w.left[block], middle, j)
        for n in range(first, last):
            for i in range(j, end):
                for c in range(middle.shape[2]):
                    middle[n - first, i, c] = max(middle[n - first, i, c], ZERO)
        _add(run, middle, j, w.up[block], h, j)
    for n in range(first, last):
        for i in range(j, end):
            if i > 0:
                _use(state.used[n, i - 1], state.new[n, i - 1], w.palette, state.used[n, i])
            for c in range(h.shape[2]):
                x[n - first, i, c] = max(h[n - first, i, c], ZERO)
            for c in range(hidden.shape[2]):
                hidden[n - first, i, c] = state.to_head[n, i, c] + state.used[n, i, c]
            pixel = np.int32(row * h.shape[1] + i)
            for k in range(len(w.logits_bias)):
                more = w.again[k] if state.first[n, k] < pixel else ZERO
                logits[n - first, i - j, k] = w.logits_bias[k] + more
    _add(run, x, j, w.head, hidden, j)
    for n in range(last - first):
        for i in range(j, end):
            for c in range(hidden.shape[2]):
                hidden[n, i, c] = max(hidden[n, i, c], ZERO)
    _add(run, hidden, j, w.logits, logits, 0)


@_kernel()
def _note(row, j, value, n, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Take note of a pixel's level, and forget what was supposed of this pixel and the next ones."""
    pixel, first = np.int32(row * state.vertical.shape[1] + j), state.first[n]
    for k in range(len(first)):
        first[k] = NEVER if first[k] >= pixel else first[k]
    if first[value] == NEVER:
        first[value] = pixel
        state.new[n, j] = value
    else:
        state.new[n, j] = -1


@_kernel("reassoc")
def _total(weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sum of numbers of all levels."""
    total = 0.0
    for k in range(len(weight)):
        total += weight[k]
    return total


@_kernel("reassoc")
def _dot(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The inner product of two vectors."""
    total = ZERO
    for k in range(len(b)):
        total += a[k] * b[k]
    return total


@_kernel()
def _cut(log_p, weight, total, n, w, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn the network's distribution into that of stretched pictures; the sum of the weights anew."""
    share, inside, factor = state.share[n], state.inside[n], state.factor[n]
    if len(share) == 0:
        return total
    for k in range(len(factor)):
        factor[k] = ZERO
    for m in range(len(share)):
        if share[m] > UNLIKELY:
            inside[m] = min(max(_dot(w.sets[m], weight) / np.float32(total), LEAST), ONE)
            times = (ONE - OUTLIER) * share[m] / inside[m]
            for k in range(len(factor)):
                factor[k] += times * w.sets[m, k]
    for k in range(len(factor)):
        weight[k] *= factor[k] + OUTLIER
        log_p[k] += math.log(factor[k] + OUTLIER)
    return _total(weight)


@_kernel()
def _learn(value, n, w, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """What a pixel's level says of the stretches."""
    share, inside = state.share[n], state.inside[n]
    total = ZERO
    for m in range(len(share)):
        if share[m] > UNLIKELY:
            share[m] *= (ONE - OUTLIER) * w.sets[m, value] / inside[m] + OUTLIER
            total += share[m]
        else:
            share[m] = ZERO
    for m in range(len(share)):
        share[m] /= total


@_kernel("reassoc")
def _normalise(logits, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn logits into log-probabilities, leaving numbers proportional to the probabilities and giving their sum."""
    for k in range(LANES):
        weight[k] = logits[k]
    for k in range(LANES, len(logits), LANES):  # a vector at a time, which LLVM does not see for a maximum
        for lane in range(LANES):
            weight[lane] = max(weight[lane], logits[k + lane])
    top = weight[0]
    for k in range(1, LANES):
        top = max(top, weight[k])
    for k in range(len(logits)):
        logits[k] -= top
        weight[k] = exp(logits[k])
    total = _total(weight)
    normaliser = np.float32(math.log(total))
    for k in range(len(logits)):
        logits[k] -= normaliser
    return total


@_kernel("reassoc")
def _sharpen(logits, inverse_temperature, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Make the numbers proportional to the probabilities at another temperature, giving their sum."""
    for k in range(len(weight)):
        weight[k] = exp(logits[k] * inverse_temperature)
    return _total(weight)


@_kernel("reassoc")
def _sum(weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sum of a vector of numbers."""
    total = 0.0
    for k in range(LANES):
        total += weight[k]
    return total


@_kernel()
def _choose(weight, limit, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The level at which the sum passes a limit: first the vector of levels, then the level in it."""
    total, begin = 0.0, 0
    while begin + LANES <= last:
        more = total + _sum(weight[begin : begin + LANES])
        if more > limit:
            break
        total, begin = more, begin + LANES
    for k in range(begin, last):
        total += weight[k]
        if total > limit:
            return k
    return last


@_kernel()
def _put(row, j, value, w, n, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fix a pixel, known or supposed: its features go into the input."""
    up, features = len(w.vertical_input), w.table.shape[1]
    columns = len(w.horizontal_input) // features
    for f in range(features):
        state.input[n, up + row, columns + j, f] = w.table[value, f] + state.positions[row, j, f]
    _note(row, j, value, n, state)


@_kernel()
def _assume(row, column, k, end, ahead, w, state, first, last, given, values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put what is given, and up to ``ahead`` guesses where nothing is; how many pixels that makes from ``k`` on."""
    run = guesses = 0
    while k + run < end:
        at = k + run
        free = False
        for n in range(first, last):
            free |= given[n, at] < 0
        if free and guesses == ahead:
            break
        guesses += free
        for n in range(first, last):
            values[n, at] = given[n, at] if given[n, at] >= 0 else state.paper[n]
            _put(row, column + at, values[n, at], w, n, state)
        run += 1
    return run


@_kernel()
def _guide(given_class, any_class, guidance, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """As in ``stream.py``, in the place of the former; numbers proportional to the probabilities, and their sum."""
    for k in range(len(given_class)):
        given_class[k] = any_class[k] + guidance * (given_class[k] - any_class[k])
    return _normalise(given_class, weight)


@_kernel()
def _draw_in_row(  # type: ignore[no-untyped-def]  # noqa: ANN202
    begin, k, end, w, state, a, b, uniform, given, inverse_temperature, guidance, values, logits  # noqa: ANN001
):  # fmt: skip
    """Draw pixels ``k`` to ``end`` of a run that begins at ``begin``, all in one row, of the pictures ``a`` to ``b``.

    Where there are fewer pictures than a tile has rows, pixels ahead are computed along, each guessed to be paper, as
    most are around a stroke; the first that is not ends what was computed in vain.
    Given pixels need no guess, so any number of them is computed together.
    Where the label has another weight than 1, every picture is followed by itself without its label.
    """
    step = 1 if guidance == ONE else 2
    width = state.vertical.shape[1]
    row = (begin + k) // width
    column = begin - row * width  # of the run's first pixel, if the row went on to the left
    if column + k == 0:
        for n in range(a, b):
            _begin_row(row, n, w, state)
    most = max(1, PIXELS // (b - a))
    ahead = most
    while k < end:
        run = _assume(row, column, k, end, ahead, w, state, a, b, given, values)
        _compute_logits(row, column + k, run, w, state, a, b, logits[a:b, k : k + run])
        right, assumed = True, k + run
        while right and k < assumed:
            for n in range(a, b, step):
                log_p, weight = logits[n, k], state.weight[n]
                total = _cut(log_p, weight, _normalise(log_p, weight), n, w, state)
                if step == 2:
                    other = logits[n + 1, k]
                    _cut(other, weight, _normalise(other, weight), n + 1, w, state)
                    total = _guide(log_p, other, guidance, weight)
                if given[n, k] < 0:
                    if inverse_temperature != ONE:
                        total = _sharpen(log_p, inverse_temperature, weight)
                    value = _choose(weight, uniform[n, k] * total, len(w.table) - 1)
                    if value != values[n, k]:
                        for m in range(n, n + step):
                            values[m, k] = value
                            if k and value == values[m, k - 1]:
                                state.paper[m] = value
                            _put(row, column + k, value, w, m, state)
                        right = False
                for m in range(n, n + step):
                    _learn(values[m, k], m, w, state)
            k += 1
        ahead = most if right else 1


@_kernel()
def draw(  # type: ignore[no-untyped-def]  # noqa: ANN201
    begin, w, state, first, last, uniform, given, inverse_temperature, guidance, values, logits  # noqa: ANN001
):  # fmt: skip
    """Draw a run of pixels in raster order, from ``begin`` on, of the pictures ``first`` to ``last``.

    Several rows in one call where they are wanted together, for a call from Python costs as much as a pixel.
    """
    width, k = state.vertical.shape[1], 0
    while k < given.shape[1]:
        end = min(given.shape[1], k + width - (begin + k) % width)
        for a in range(first, last, GROUP):
            b = min(a + GROUP, last)
            _draw_in_row(begin, k, end, w, state, a, b, uniform, given, inverse_temperature, guidance, values, logits)
        k = end
