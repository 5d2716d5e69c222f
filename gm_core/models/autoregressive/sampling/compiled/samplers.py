"""The cached sampler of the residual PixelCNN by compiled kernels, for CPUs.

One call draws a run of pixels of several pictures with the interpreter's lock released, so pictures and sessions share
the cores.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.residual import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.autoregressive.sampling.compiled.cache import KernelCache
from gm_core.models.autoregressive.sampling.compiled.kernels import (
    LANES,
    NEVER,
    Array,
    ResidualState,
    ResidualWeights,
    draw,
)  # fmt: skip
from gm_core.models.autoregressive.sampling.compiled.packing import packed_residual
from gm_core.models.autoregressive.sampling.select import Sampler
from gm_core.models.autoregressive.sampling.stream import draw_noise, stream_pixels
from gm_core.models.base import ImageShape
from gm_core.numerics import isolate

AT_ONCE = 784
"""Pixels drawn at once, of all pictures together, in whole rows: some milliseconds' work, for sessions take turns."""


class CompiledPixels:
    """Pictures that are being drawn by compiled kernels.

    Args:
        n: Number of pictures.
        height: Height.
        width: Width.
        weights: The network's weights.
        state: Its activations before the first pixel.
    """

    def __init__(
        self,
        n: int,
        height: int,
        width: int,
        weights: ResidualWeights,
        state: ResidualState,
    ) -> None:
        self.height, self.width = height, width
        self.at_once = width * max(1, AT_ONCE // (width * n))
        self._weights, self._state = weights, state

    def draw(
        self, begin: int, uniform: Tensor, given: Tensor, temperature: float, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`gm_core.models.autoregressive.sampling.stream.Pixels.draw`."""
        (n, run), w, step = uniform.shape, self._weights, 1 if guidance == 1 else 2
        values, logits = np.empty((step * n, run), np.int64), np.empty((step * n, run, len(w.logits_bias)), np.float32)
        uniform, given = (part.repeat_interleave(step, dim=0) for part in (uniform, given))
        # Contiguous always, for numba compiles a kernel anew for every layout of its arguments.
        noise, fixed = np.ascontiguousarray(uniform.numpy()), np.ascontiguousarray(given.numpy())
        sharpness, weight = np.float32(1 / temperature), np.float32(guidance)

        def part(first: int, last: int) -> None:
            draw(begin, w, self._state, step * first, step * last, noise, fixed, sharpness, weight, values, logits)

        workers = min(n, torch.get_num_threads())
        if workers == 1:
            part(0, n)
        else:
            bounds = [n * i // workers for i in range(workers + 1)]
            list(_pool(workers).map(part, bounds[:-1], bounds[1:]))
        return torch.from_numpy(values[::step]), torch.from_numpy(logits[::step, :, : len(w.table)])


@torch.inference_mode()
def compiled_residual(model: ResidualPixelCNN, condition: Tensor, height: int, width: int) -> CompiledPixels:
    """As ``ResidualPixels``; model and condition are on the CPU."""
    w, features, stacks = packed_residual(model), model.features, model.stacks
    n, levels, (blocks, horizontal, h) = len(condition), len(w.logits_bias), w.down.shape
    vertical, v, head, kept = len(w.head_vertical), w.up_vertical.shape[1], len(w.head_bias), w.vertical.shape[1]
    padded = width + 2 * (kept - 1)
    state = ResidualState(
        positions=_positions(height, width, features.channels, features.size),
        label=condition.contiguous().numpy(),
        paper=np.zeros(n, np.int64),
        first=np.full((n, levels), NEVER),
        new=np.full((n, width), -1),
        share=np.tile(w.prior, (n, 1)),
        **_zeros(
            input=(n, stacks.REACH + height, width + 2 * stacks.REACH, features.size),
            below=(n, blocks, kept, padded, v),
            before=(n, blocks, kept, padded, h),
            vertical=(n, width, vertical),
            active=(n, width, vertical),
            inner=(n, width, v),
            sums=(n, width, v + h),
            both=(n, width, vertical + horizontal),
            to_input=(n, width, horizontal),
            to_down=(n, blocks, width, h),
            to_middle=(n, blocks, width, h),
            to_up=(n, blocks, width, horizontal),
            to_head=(n, width, head),
            horizontal=(n, width, horizontal),
            turned_on=(n, width, horizontal),
            middle=(n, width, h),
            used=(n, width, head),
            hidden=(n, width, head),
            weight=(n, levels),
            inside=(n, len(w.prior)),
            factor=(n, levels),
        ),
    )
    return CompiledPixels(n, height, width, w, state)


COMPILED: dict[type[nn.Module], Sampler] = {ResidualPixelCNN: compiled_residual}
"""The families that have compiled samplers."""


def are_kept() -> bool:
    """Whether the kernels lie on disk, to be loaded in half a second; the last of them is written last."""
    cache: Any = getattr(draw, "_cache", None)  # a plain function where numba is told not to compile
    return isinstance(cache, KernelCache) and cache.holds_any()


@isolate
def compile_kernels() -> None:
    """Compile everything that drawing needs, by drawing a picture of one pixel."""
    shape = ImageShape(height=1, width=1, levels=2)
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not ours to use up
        model = ResidualPixelCNN(
            ResidualPixelCNNConfig(image=shape, embedding=1, vertical=2, horizontal=2, kernel_size=3, blocks=1)
        )
    pixels = compiled_residual(model, torch.zeros(1, dtype=torch.int64), 1, 1)
    list(stream_pixels(pixels, draw_noise(1, 1, 1, torch.Generator())))


@lru_cache(maxsize=16)
def _positions(height: int, width: int, before: int, size: int) -> Array:
    """What the position adds to a pixel's features, zeros in the place of its value's: (H, W, F)."""
    positions = PixelFeatures.positions(height, width, torch.device("cpu"))
    return F.pad(positions, (before, size - before - positions.shape[-1])).numpy()


def _zeros(**shapes: tuple[int, ...]) -> dict[str, Array]:
    """Arrays of zeros, each beginning where a cache line of the processor does, in one piece of memory."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    begins = list(accumulate((size + -size % LANES for size in sizes), initial=0))
    whole = torch.zeros(begins[-1], dtype=torch.float32, device="cpu").numpy()
    return {
        name: whole[begin : begin + size].reshape(shape)
        for (name, shape), size, begin in zip(shapes.items(), sizes, begins, strict=False)
    }


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="sampler")
