"""Which cached sampler draws: compiled kernels where they are ready, plain PyTorch everywhere else."""

import logging
import math
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor, nn

from gm_core.models.autoregressive.sampling.stream import Pixels
from gm_core.numerics import isolate

Sampler = Callable[[Any, Tensor, int, int], Pixels]
"""From a model, the index of each picture's label embedding (n,), a height and a width to pictures being drawn."""

S = TypeVar("S", bound=Sampler)

_plain: dict[type[nn.Module], Sampler] = {}
_compiled: dict[type[nn.Module], Sampler] = {}
_lock = threading.Lock()
_works = True

LOADING, COMPILING = 0.55, 31.0
"""Seconds of one core to load the compiled samplers from the cache on disk, and to compile them."""

SAVED, SAVED_PER_PICTURE = 0.4, 0.02
"""Seconds of the same core that they save on digits, which are drawn in batches of 50: once, and for each."""


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


@isolate
def warm_up(pictures: int | None = None) -> bool:
    """Compile the samplers, or load them from the cache on disk, so that they are used from now on.

    Takes half a minute the first time on a machine, half a second afterwards; until it is done the plain samplers draw.
    Both draw the same pictures, but for the rare one (of one or two hundred) in which a random number falls within
    rounding of the edge between two levels. May be called from any thread, any number of times.

    Args:
        pictures: How many are to be drawn by this process: nothing is done that takes longer than it saves on them.
            When left out, it is done in any case.

    Returns:
        Whether compiled samplers are there; without a ``numba`` that works they are not.
    """
    global _works
    saved = math.inf if pictures is None else SAVED + SAVED_PER_PICTURE * pictures
    if not _compiled and saved < LOADING:
        return False
    with _lock:
        if not _compiled and _works:
            try:
                from gm_core.models.autoregressive.sampling.compiled.samplers import (
                    COMPILED,
                    are_kept,
                    compile_kernels,
                )

                if saved < COMPILING and not are_kept():
                    return False
                compile_kernels()
            except Exception as error:  # whatever a compiler may meet on an unusual machine: the plain sampler draws
                logging.getLogger(__name__).warning("no compiled sampler here, the plain ones draw: %s", error)
                _works = False
                return False
            _compiled.update(COMPILED)
        return bool(_compiled)
