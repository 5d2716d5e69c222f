"""Which cached sampler draws: compiled kernels where they are ready, plain PyTorch everywhere else."""

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor, nn

from gm_core.models.autoregressive.sampling.stream import Pixels

Sampler = Callable[[Any, Tensor, int, int], Pixels]
"""From a model, the index of each picture's label embedding (n,), a height and a width to pictures being drawn."""

S = TypeVar("S", bound=Sampler)

_plain: dict[type[nn.Module], Sampler] = {}
_compiled: dict[type[nn.Module], Sampler] = {}
_lock = threading.Lock()


def cached_sampler(family: type[nn.Module]) -> Callable[[S], S]:
    """Decorator: what draws from a family with no activation computed twice."""

    def keep(sampler: S) -> S:
        _plain[family] = sampler
        return sampler

    return keep


def cached_pixels(model: nn.Module, condition: Tensor, height: int, width: int) -> Pixels:
    """Pictures that are being drawn, by the fastest sampler available for a model.

    Args:
        model: The model.
        condition: Index of each picture's label embedding, (n,).
        height: Height.
        width: Width.

    Raises:
        KeyError: The model's family has no cached sampler.
    """
    samplers = _plain if condition.device.type != "cpu" else _plain | _compiled
    return samplers[type(model)](model, condition, height, width)


def warm_up() -> bool:
    """Compile the samplers, or load them from the cache on disk, so that they are used from now on.

    Takes half a minute the first time on a machine, half a second afterwards; until it is done the plain samplers draw.
    Both draw the same pictures, but for the rare one (of one or two hundred) in which a random number falls within
    rounding of the edge between two levels. May be called from any thread, any number of times.

    Returns:
        Whether compiled samplers are there; without a ``numba`` that works they are not.
    """
    with _lock:
        if not _compiled:
            try:
                from gm_core.models.autoregressive.sampling.compiled.samplers import COMPILED, compile_kernels

                compile_kernels()
            except Exception as error:  # whatever a compiler may meet on an unusual machine: the plain sampler draws
                logging.getLogger(__name__).warning("no compiled sampler here, the plain ones draw: %s", error)
                return False
            _compiled.update(COMPILED)
        return True
