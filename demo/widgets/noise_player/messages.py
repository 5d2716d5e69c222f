"""The messages between the server and the player; ``run.js`` says the same for the browser's side.

Messages of one run may come twice, out of order, or not at all, as long as the last holds every frame. A higher ``run``
begins anew, a lower one comes too late and is ignored.
"""

from typing import NotRequired, TypedDict


class FrameMessage(TypedDict):
    """A moment on the way from noise to pictures.

    Attributes:
        step: Its number; 0 is the noise.
        title: Where on the way it is, in a few words.
        at: The same as a number: from 0, all noise, to 1, the picture.
        calls: How often the network has been called so far.
        images: Base64 bytes of all pictures, one after the other, row by row, the channels of a pixel together.
        ending: The same of the pictures that the model expects at the end; ``None`` where it expects none.
    """

    step: int
    title: str
    at: float
    calls: int
    images: str
    ending: str | None


class DoneMessage(TypedDict):
    """What is known of finished pictures.

    Attributes:
        seconds: Of a processor that the model took, however busy it was with others.
        reads: As which class a classifier reads each; ``None`` without one.
        sure: How sure it is of that, from 0 to 1.
    """

    seconds: float
    reads: list[str] | None
    sure: list[float] | None


class PlayerMessage(TypedDict):
    """What is drawn, and some frames of it.

    Attributes:
        run: Number of the drawing.
        model: Name of the model.
        label: The class that was asked for.
        seed: Of the noise.
        guidance: Weight of the class; 1 where it is the model itself.
        temperature: Scale of the noise.
        method: How a step is taken, in print; empty where the model has a way of its own.
        pictures: How many.
        channels: 1 for grey, 3 for colour.
        height: Of a picture.
        width: Of a picture.
        steps: From noise to picture.
        total: Frames in all: the noise, and every step, or every so many where they are too many to show.
        first: Number of the first frame of this message.
        frames: Some frames that follow each other.
        done: In the last message, which holds all frames.
    """

    run: int
    model: str
    label: str
    seed: int
    guidance: float
    temperature: float
    method: str
    pictures: int
    channels: int
    height: int
    width: int
    steps: int
    total: int
    first: int
    frames: list[FrameMessage]
    done: NotRequired[DoneMessage]
