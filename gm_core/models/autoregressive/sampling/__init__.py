"""Drawing pictures from models that have an order: a stream of pixel events, cached and naive."""

from gm_core.models.autoregressive.sampling.engines import gated_pixels, residual_pixels, warm_up
from gm_core.models.autoregressive.sampling.events import PixelEvent, rebuild
from gm_core.models.autoregressive.sampling.naive import NaiveMixturePixels, NaivePixels
from gm_core.models.autoregressive.sampling.stream import Pixels, draw_noise, stream_pixels

__all__ = [
    "NaiveMixturePixels",
    "NaivePixels",
    "PixelEvent",
    "Pixels",
    "draw_noise",
    "gated_pixels",
    "rebuild",
    "residual_pixels",
    "stream_pixels",
    "warm_up",
]
