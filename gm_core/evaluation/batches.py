"""A function of many pictures, a batch at a time."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

from gm_core.data.datasets import Images

BATCH = 100


def in_batches(
    function: Callable[..., Tensor], *inputs: Tensor, batch: int = BATCH, title: str = "", quiet: bool = True
) -> Tensor:
    """A function of many pictures, computed a batch at a time without gradients.

    Args:
        function: A function of tensors with a leading batch dimension.
        inputs: Its arguments, all of the same length.
        batch: Pictures per batch.
        title: Title of the progress bar.
        quiet: No progress bar.

    Returns:
        The results, on the CPU, joined.
    """
    parts = list(zip(*(tensor.split(batch) for tensor in inputs), strict=True))
    with torch.inference_mode():
        return torch.cat([function(*part).cpu() for part in tqdm(parts, desc=title, unit="batch", disable=quiet)])


def standard_error(values: Tensor) -> str:
    """The standard error of the mean of some pictures' nats, in words; a single picture has none.

    Args:
        values: Nats of each, (N,).
    """
    if len(values) < 2:
        return "without a standard error, being a single image"
    return f"standard error over images {float(values.double().std()) / math.sqrt(len(values)):.2f} nats"


def count_of(data: Images) -> str:
    """What a figure was measured on, in words."""
    return data.part or f"{len(data):,} test images"
