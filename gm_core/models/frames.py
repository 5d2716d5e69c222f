"""Steps on the way to pictures, or back from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor


class Frame(Protocol):
    """One step on the way to n finished pictures, whatever a step is: a pixel, a layer, an iteration."""

    @property
    def index(self) -> int:
        """Number of the step, from 0."""

    @property
    def total(self) -> int:
        """Steps in all."""

    @property
    def images(self) -> Tensor:
        """What the pictures look like after the step, ``uint8`` (n, C, H, W)."""


@dataclass(frozen=True)
class PictureFrame:
    """A frame that holds its pictures.

    Attributes:
        index: Number of the step, from 0.
        total: Steps in all.
        images: The pictures after the step, ``uint8`` (n, C, H, W).
        title: What the step did, in a few words.
        noise: Of a frame that is all noise: its values, a draw from a standard normal by the model, each at its place
            in the picture; ``float32`` (n, C, H, W) on the CPU.
        terms: On the way to noise, what the step adds to the figure of log P(x), by name, where it is known: nats
            (n,). Those of all steps add up to ``bound``, or to ``estimate`` of one draw, with the same random numbers.
    """

    index: int
    total: int
    images: Tensor
    title: str = ""
    noise: Tensor | None = None
    terms: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class NoiseFrame(PictureFrame):
    """A frame on the way between noise and a picture.

    Attributes:
        time: Where on the way: from 0, all noise, to 1, the picture.
        ending: The pictures that the model expects at the end, like ``images``; none in the first frame, unasked.
        calls: How often the network has been called so far.
    """

    time: float = 0.0
    ending: Tensor | None = None
    calls: int = 0
