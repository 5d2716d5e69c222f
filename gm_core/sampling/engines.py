"""Which sampler draws: compiled kernels where they are ready, plain PyTorch everywhere else."""

import logging
import threading
from collections.abc import Callable

import torch
from torch import Tensor

from gm_core.nn.features import PixelFeatures
from gm_core.nn.gated import GatedStacks
from gm_core.sampling.gated import GatedPixels
from gm_core.sampling.stream import Pixels, draw_noise, stream_pixels

_lock = threading.Lock()
_compiled: Callable[[PixelFeatures, GatedStacks, Tensor, int, int], Pixels] | None = None


def gated_pixels(features: PixelFeatures, stacks: GatedStacks, condition: Tensor, height: int, width: int) -> Pixels:
    """Pictures in the making by the fastest sampler at hand for a Gated PixelCNN.

    Args:
        features: The network's input features.
        stacks: The network.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.
    """
    make = _compiled if _compiled is not None and condition.device.type == "cpu" else GatedPixels
    return make(features, stacks, condition, height, width)


def warm_up() -> bool:
    """Compile the samplers, or load them from the cache on disk, so that they are used from now on.

    Takes some seconds the first time on a machine, a fraction of one afterwards; until it is done the plain samplers
    draw. Both draw the same pictures, but for the rare one (of some hundreds) in which a random number falls within
    rounding of the edge between two levels. May be called from any thread, any number of times.

    Returns:
        Whether compiled samplers are there; without a ``numba`` that works they are not.
    """
    global _compiled
    with _lock:
        if _compiled is None:
            try:
                from gm_core.sampling.compiled import CompiledPixels

                with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not ours to use up
                    features = PixelFeatures(levels=2, embedding=1)
                    stacks = GatedStacks(features.size, channels=2, layers=1, dilations=(1,), conditions=1, levels=2)
                pixels = CompiledPixels(features, stacks, torch.zeros(1, dtype=torch.int64), 1, 1)
                list(stream_pixels(pixels, draw_noise(1, 1, 1, torch.Generator())))
            except Exception as error:  # whatever a compiler may meet on a strange machine: the plain sampler draws
                logging.getLogger(__name__).warning("no compiled sampler here, the plain one draws: %s", error)
                return False
            _compiled = CompiledPixels
        return True
