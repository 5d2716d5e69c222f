"""Which sampler draws: compiled kernels where they are ready, plain PyTorch everywhere else."""

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.gated_layers import GatedStacks
from gm_core.models.autoregressive.residual_layers import ResidualNetwork, ResidualStacks
from gm_core.models.autoregressive.sampling.gated import GatedPixels
from gm_core.models.autoregressive.sampling.residual import ResidualPixels
from gm_core.models.autoregressive.sampling.stream import Pixels, draw_noise, stream_pixels


class _Samplers(NamedTuple):
    """What makes pictures in the making, by network."""

    gated: Callable[[PixelFeatures, GatedStacks, Tensor, int, int], Pixels]
    residual: Callable[[ResidualNetwork, Tensor, int, int], Pixels]


_PLAIN = _Samplers(GatedPixels, ResidualPixels)
_lock = threading.Lock()
_compiled: _Samplers | None = None


def gated_pixels(features: PixelFeatures, stacks: GatedStacks, condition: Tensor, height: int, width: int) -> Pixels:
    """Pictures in the making by the fastest sampler at hand for a Gated PixelCNN.

    Args:
        features: The network's input features.
        stacks: The network.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.
    """
    return _at_hand(condition).gated(features, stacks, condition, height, width)


def residual_pixels(network: ResidualNetwork, condition: Tensor, height: int, width: int) -> Pixels:
    """The same for a residual PixelCNN.

    Args:
        network: The network.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.
    """
    return _at_hand(condition).residual(network, condition, height, width)


def _at_hand(condition: Tensor) -> _Samplers:
    return _compiled if _compiled is not None and condition.device.type == "cpu" else _PLAIN


def warm_up() -> bool:
    """Compile the samplers, or load them from the cache on disk, so that they are used from now on.

    Takes half a minute the first time on a machine, half a second afterwards; until it is done the plain samplers draw.
    Both draw the same pictures, but for the rare one (of one or two hundred) in which a random number falls within
    rounding of the edge between two levels. May be called from any thread, any number of times.

    Returns:
        Whether compiled samplers are there; without a ``numba`` that works they are not.
    """
    global _compiled
    with _lock:
        if _compiled is None:
            try:
                from gm_core.models.autoregressive.sampling.compiled.samplers import compiled_gated, compiled_residual

                with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not ours to use up
                    features = PixelFeatures(levels=2, embedding=1)
                    gated = GatedStacks(features.size, channels=2, layers=1, dilations=(1,), conditions=1, levels=2)
                    residual = ResidualStacks(features.size, (2, 2), kernel_size=3, blocks=1, conditions=1, levels=2)
                any_class = torch.zeros(1, dtype=torch.int64)
                for pixels in (
                    compiled_gated(features, gated, any_class, 1, 1),
                    compiled_residual(ResidualNetwork(features, residual), any_class, 1, 1),
                ):
                    list(stream_pixels(pixels, draw_noise(1, 1, 1, torch.Generator())))
            except Exception as error:  # whatever a compiler may meet on a strange machine: the plain sampler draws
                logging.getLogger(__name__).warning("no compiled sampler here, the plain ones draw: %s", error)
                return False
            _compiled = _Samplers(compiled_gated, compiled_residual)
        return True
