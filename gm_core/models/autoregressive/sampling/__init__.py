"""Drawing pictures from models that have an order: a stream of pixel events, cached and naive.

There is one loop, :func:`stream_pixels`, and all of a picture's randomness is one uniform number per value. What the
loop draws from is a ``Pixels``: the naive sampler runs the whole network for every pixel; a cached sampler, one per
network, computes no activation twice; a compiled one does the same in machine code. All draw the same pictures, but
for rounding: one that adds in another order draws another value where a random number lies within the last digits of
the edge between two levels.
"""

from gm_core.models.autoregressive.sampling.events import PixelEvent, rebuild
from gm_core.models.autoregressive.sampling.naive import NaivePixels
from gm_core.models.autoregressive.sampling.select import cached_pixels, warm_up
from gm_core.models.autoregressive.sampling.stream import Pixels, draw_noise, guide, stream_pixels

__all__ = [
    "NaivePixels",
    "PixelEvent",
    "Pixels",
    "cached_pixels",
    "draw_noise",
    "guide",
    "rebuild",
    "stream_pixels",
    "warm_up",
]
