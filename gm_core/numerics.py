"""One arithmetic, whatever torch's global settings are.

A library beside this one may change torch's defaults, for a whole process or a thread: the element type and the device
of new tensors, autocast, the precision of matrix products. None of that may change a picture or a figure, and nothing
here may change the defaults for others. So whatever is public runs in an :func:`isolation`: ``float32`` on the CPU
unless said otherwise, in full precision.

Only what a thread can have for itself is put aside for that thread alone. The precision of products belongs to the
process: it is full as long as anything here computes, and then what it was.
"""

import functools
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

F = TypeVar("F", bound=Callable[..., Any])

_FLOATS = frozenset(
    {torch.empty, torch.eye, torch.linspace, torch.logspace, torch.ones, torch.rand, torch.randn, torch.zeros}
)
"""What makes floating-point numbers, of the default type unless told otherwise."""

_BY_VALUE = frozenset({torch.arange, torch.as_tensor, torch.full, torch.scalar_tensor, torch.tensor})
"""What makes them of Python's floats."""

_AUTOCASTS = ("cpu", "cuda", "mps")


class _Own(threading.local):
    """What a thread does at present.

    Attributes:
        active: Whether it is in an isolation.
        learning: Whether it computes a loss.
    """

    active = False
    learning = False


_own = _Own()


class _Float32(TorchFunctionMode):
    """New tensors of floats are ``float32`` in this thread, whatever the default type is."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("dtype") is None:
            if func in _FLOATS:
                return func(*args, **{**kwargs, "dtype": torch.float32})
            if func in _BY_VALUE and not hasattr(args[0] if args else None, "dtype"):
                made: Tensor = func(*args, **kwargs)
                return func(*args, **{**kwargs, "dtype": torch.float32}) if made.is_floating_point() else made
        return func(*args, **kwargs)


class _FullPrecision:
    """Products in full precision while anything computes, in any thread; what was set before is set again."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._before: list[tuple[Any, str]] = []

    @staticmethod
    def _reduced() -> list[tuple[Any, str]]:
        """The kinds of products that may take fewer digits at present, and how."""
        backends = torch.backends
        kinds = [backends.mkldnn.matmul, backends.mkldnn.conv]  # type: ignore[attr-defined]
        if torch.cuda.is_available():
            kinds += [backends.cuda.matmul, backends.cudnn.conv]  # type: ignore[attr-defined]
        return [(kind, now) for kind in kinds if (now := kind.fp32_precision) not in ("none", "ieee")]

    def __enter__(self) -> None:
        with self._lock:
            self._users += 1
            for kind, precision in self._reduced():
                self._before.append((kind, precision))
                kind.fp32_precision = "ieee"

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                for kind, precision in self._before:
                    kind.fp32_precision = precision
                self._before.clear()


_full_precision = _FullPrecision()


@contextmanager
def isolation(*, learning: bool = False) -> Iterator[None]:
    """Within it, torch's global settings are as they are by default; an isolation within another changes none of them.

    Args:
        learning: Whether a loss is computed: what only training does, as dropout, is done, and autocast, which training
            may well be under, is kept.
    """
    if _own.active:
        before, _own.learning = _own.learning, _own.learning or learning
        try:
            yield
        finally:
            _own.learning = before
        return
    with ExitStack() as stack, _full_precision:
        made = torch.empty(0)
        if made.device.type != "cpu":
            stack.enter_context(torch.device("cpu"))
        if made.dtype != torch.float32:
            stack.enter_context(_Float32())
        for kind in _AUTOCASTS:
            if not learning and torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        _own.active, _own.learning = True, learning
        try:
            yield
        finally:
            _own.active = _own.learning = False


def is_learning() -> bool:
    """Whether a loss is being computed: a model that is asked for anything else leaves nothing out at random."""
    return torch.compiler.is_compiling() or _own.learning


def isolate(function: F, *, learning: bool = False) -> F:
    """Decorator: run a function in an :func:`isolation`; of one that gives a generator, each of its steps too.

    Args:
        function: The function.
        learning: See :func:`isolation`.
    """

    @functools.wraps(function)
    def isolated(*args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling() or (_own.active and not learning):  # a compiler need not see any of this
            return function(*args, **kwargs)
        with isolation(learning=learning):
            result = function(*args, **kwargs)
        return _step_by_step(result) if isinstance(result, Generator) else result

    return cast(F, isolated)


def _step_by_step(steps: Generator[Any, None, None]) -> Generator[Any, None, None]:
    """Each step on its own, for what comes between two of them is the caller's, in whatever thread."""
    try:
        while True:
            with isolation():
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step
    finally:
        steps.close()
