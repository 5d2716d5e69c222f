"""Memory that the making of a model may take."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_UNSAVED = 2**20  # values that a model makes beside its weights, as masks


class Bounded(TorchFunctionMode):
    """While a model is made, no more memory is used than its weights can account for: a card may ask for any size.

    Torch's "meta" device would take no memory at all, but loads torch's compiler, which takes 2 s.

    Args:
        values: How many there are in the model's file.
    """

    def __init__(self, values: int) -> None:
        super().__init__()
        self._values = values
        self._most = self._left = values + _UNSAVED

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            if func is torch.empty:  # what layers make their weights with
                self._left -= result.numel()
            if self._left < 0 or result.numel() > self._most:  # memory that is not written to yet
                raise ValueError(f"it asks for far more than the file's {self._values:,} values")
        return result
