"""The global settings that a library beside this one may have changed, each as a context manager."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _default_device(device: str) -> Iterator[None]:
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def _set(setter: Callable[[Any], object], during: Any, after: Any) -> Iterator[None]:
    setter(during)
    try:
        yield
    finally:
        setter(after)


@contextmanager
def _precision(place: Any, value: str) -> Iterator[None]:
    before = place.fp32_precision
    place.fp32_precision = value
    try:
        yield
        assert place.fp32_precision == value  # a caller's setting stays
    finally:
        place.fp32_precision = before


SETTINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "default dtype float64": lambda: _default_dtype(torch.float64),
    "default dtype float16": lambda: _default_dtype(torch.float16),
    "default dtype bfloat16": lambda: _default_dtype(torch.bfloat16),
    "default device meta": lambda: _default_device("meta"),
    "within the device meta": lambda: torch.device("meta"),
    "gradients off": lambda: torch.set_grad_enabled(False),
    "gradients on": lambda: torch.set_grad_enabled(True),
    "inference mode": lambda: torch.inference_mode(),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "deterministic algorithms": lambda: _set(torch.use_deterministic_algorithms, True, False),
    "matrix products of medium precision": lambda: _set(torch.set_float32_matmul_precision, "medium", "highest"),
    "convolutions in bfloat16": lambda: _precision(torch.backends.mkldnn.conv, "bf16"),
    "everything in bfloat16": lambda: _precision(torch.backends, "bf16"),
    "denormals flushed": lambda: _set(torch.set_flush_denormal, True, False),
    "errors of numpy raised": lambda: np.errstate(all="raise"),
}
"""Every one must leave figures and pictures as they are, to the bit."""
