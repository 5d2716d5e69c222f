"""The one loop that draws pictures pixel by pixel, whatever computes the logits."""

import math
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from gm_core.sampling.events import PixelEvent


class Pixels(Protocol):
    """Pictures in the making: asked for a pixel's logits, then told its value, in raster order."""

    height: int
    width: int

    def logits(self, row: int, column: int) -> Tensor:
        """Normalised log-probabilities of a pixel given those already put, ``float32`` (n, levels)."""
        ...

    def put(self, row: int, column: int, values: Tensor) -> None:
        """Fix a pixel's value, ``uint8`` (n,)."""
        ...


def draw_noise(n: int, height: int, width: int, generator: torch.Generator | None = None) -> Tensor:
    """Uniform numbers, one for each pixel: all the randomness of a picture.

    Drawn picture by picture on the CPU, so a picture depends neither on the device nor on how many are drawn with it.

    Args:
        n: Number of pictures.
        height: Height.
        width: Width.
        generator: Source of randomness.

    Returns:
        Numbers in [0, 1), ``float64`` (n, H, W).
    """
    return torch.rand(n, height, width, generator=generator, dtype=torch.float64)


def inverse_cdf(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """The level at which the cumulative probability passes a uniform number.

    Args:
        logits: Log-probabilities, (n, levels).
        uniform: Numbers in [0, 1), ``float64`` (n,).
        temperature: Divides the logits; below 1 sharpens, above 1 flattens.

    Returns:
        Levels, ``int64`` (n,).
    """
    cdf = torch.softmax(logits.double() / temperature, dim=-1).cumsum(dim=-1)
    # Scaled by the last entry, which rounding leaves near but not at 1.
    return (cdf <= (uniform * cdf[:, -1]).unsqueeze(-1)).sum(dim=-1).clamp_max(logits.shape[-1] - 1)


def stream_pixels(
    pixels: Pixels,
    noise: Tensor,
    *,
    start: Tensor | None = None,
    keep: Tensor | None = None,
    temperature: float = 1.0,
    chunk: int = 1,
) -> Iterator[PixelEvent]:
    """Draw pictures in raster order, and tell of every pixel.

    Args:
        pixels: What computes the logits; used up by this call.
        noise: One uniform number a pixel, ``float64`` (n, H, W); see :func:`draw_noise`.
        start: Values of given pixels, ``uint8`` (n, 1, H, W).
        keep: Which pixels of ``start`` are given, ``bool`` (n, 1, H, W). The rest is drawn.
        temperature: Of the draws, above 0.
        chunk: Pixels an event (the last may have fewer).

    Yields:
        Events that together cover every pixel once, in order.
    """
    with torch.inference_mode():
        device = noise.device
        given = None if start is None or keep is None else (start[:, 0].to(device), keep[:, 0].to(device))
    n, total = len(noise), pixels.height * pixels.width
    values, log_probs, logits = [], [], []
    for index in range(total):
        row, column = divmod(index, pixels.width)
        # Not held open across the yield: a generator may be resumed by another thread.
        with torch.inference_mode():
            log_p = pixels.logits(row, column)
            value = inverse_cdf(log_p, noise[:, row, column], temperature)
            if given is not None:
                value = torch.where(given[1][:, row, column], given[0][:, row, column].long(), value)
            pixels.put(row, column, value)
            values.append(value)
            log_probs.append(log_p.gather(-1, value.unsqueeze(-1)).squeeze(-1))
            logits.append(log_p)
            if len(values) < chunk and index + 1 < total:
                continue
            event = PixelEvent(
                index=index + 1 - len(values),
                values=torch.stack(values, 1).to(torch.uint8).reshape(n, -1, 1),
                log_prob=torch.stack(log_probs, 1).reshape(n, -1, 1),
                logits=torch.stack(logits, 1).unsqueeze(2),
                temperature=temperature,
            )
            values, log_probs, logits = [], [], []
        yield event


def check_temperature(temperature: float) -> float:
    """A temperature that can be drawn at, or a ``ValueError`` that says what is wrong with it."""
    if not (math.isfinite(temperature) and 0.01 <= temperature <= 100):
        raise ValueError(f"temperature must be a number from 0.01 to 100, not {temperature!r}")
    return float(temperature)
