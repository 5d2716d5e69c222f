"""The messages between the server and the canvas; ``run.js`` says the same for the browser's side.

The server's are :class:`CanvasMessage`: what is drawn, some pixels of every picture, and in the last one what is known
of the whole pictures. Messages of one run may come twice, out of order, or not at all, as long as the last holds every
pixel. A higher ``run`` clears the canvas, a lower one comes too late and is ignored.
"""

from typing import NotRequired, TypedDict

from torch import Tensor


class StartMessage(TypedDict):
    """What a drawing starts from.

    Attributes:
        values: Of every pixel in raster order, with all channels of a pixel together.
        keep: A one for every pixel that is given, else a zero.
        dice: How often something was erased: each time the rest is drawn with random numbers of its own.
    """

    values: list[int]
    keep: str
    dice: int


class DrawingMessage(TypedDict):
    """What is drawn.

    Attributes:
        run: Number of the drawing.
        model: Name of the model.
        channels: 1 for grey, 3 for colour.
        height: Of a picture.
        width: Of a picture.
        levels: Levels of a channel.
        classes: What one can ask for: any class, or one.
        subject: What pictures show, in words: one and many.
        labels: Classes of the pictures.
        label: As it was asked for; so ``pictures``, ``seed``, ``temperature`` and ``guidance``.
        start: What is given, if anything.
        live: Whether a control is moving, so that the place that is looked at stays.
        asked: Number of the canvas' last message about the start.
    """

    run: int
    model: str
    channels: int
    height: int
    width: int
    levels: int
    classes: list[str]
    subject: list[str]
    labels: list[str]
    label: str
    pictures: str
    seed: int
    temperature: float
    guidance: float
    start: StartMessage | None
    live: bool
    asked: NotRequired[int]


class PixelsMessage(TypedDict):
    """Some pixels of every picture, from raster place ``index`` on; see :func:`pixels`."""

    index: int
    values: list[list[int]]
    log_prob: list[list[float]]
    entropy: list[list[float]]


class DoneMessage(TypedDict):
    """What is known of whole pictures.

    Attributes:
        log_prob: Of each for any class, nats.
        share: For each the share of the ``of`` real pictures that are less likely; ``None`` without a detector.
        of: How many real pictures they are compared with.
        usual: Bits per value of real ones; ``None`` where they were not measured.
        reads: As which class a classifier reads each; ``None`` without one.
        sure: How sure it is of that, from 0 to 1.
    """

    log_prob: list[float]
    share: list[float] | None
    of: int | None
    usual: float | None
    reads: list[str] | None
    sure: list[float] | None


class CanvasMessage(DrawingMessage, PixelsMessage):
    """What the canvas is sent."""


class LastMessage(CanvasMessage):
    """The last message of a drawing, with all pixels: what is known of them, and the ``seconds`` the model took."""

    done: DoneMessage
    seconds: float


def pixels(index: int, values: Tensor, log_prob: Tensor, entropy: Tensor) -> PixelsMessage:
    """The part of a message that holds pixels: all values, and per pixel a sum over its channels.

    Args:
        index: Place of the first in raster order.
        values: ``uint8`` (n, k, C), in raster order; sent with all channels of a pixel together.
        log_prob: Their log-probabilities in nats, of the same shape; sent to the millionth.
        entropy: Entropies of what they were drawn from in nats, of the same shape; sent to the tenth of a thousandth.
    """
    return {
        "index": index,
        "values": values.flatten(1).tolist(),
        "log_prob": [[round(nats, 6) for nats in row] for row in log_prob.sum(dim=-1).tolist()],
        "entropy": [[round(nats, 4) for nats in row] for row in entropy.sum(dim=-1).tolist()],
    }
