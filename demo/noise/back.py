"""The view "Back to noise": a picture of one's own travels to the noise that a model would make it of, and back."""

import base64
import binascii
import time
from collections.abc import Iterable
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.base.checks import read_seed
from demo.base.errors import Answer, InputError
from demo.base.packing import pack, pack_pictures
from demo.base.serving.waiting import while_wanted
from demo.base.words import message_html
from demo.noise.drawings import Drawings
from demo.noise.own import OwnInput, OwnPictures
from demo.noise.scores import Scores
from demo.shared.models import Models
from demo.widgets.noise_back import NoiseBack, TravelModel
from gm_core import FAMILIES, Bounded, Card, Inverts, NoiseFrame, Paced, PictureFrame
from gm_core.models.latents import norm_p_values
from gm_core.rendering import visible

LARGEST = 100.0
"""Of a number of noise that is followed back: no picture's is farther out."""

MISSING = "There is no model here that leads a picture back to its noise; restore one from the repository."

HINT = "To its noise and back: is the noise of your picture usual?"


class Back:
    """Sends pictures to their noise and back; each question is checked, for any client can send one.

    Args:
        drawings: What knows the models.

    Attributes:
        cards: Of the models that can, by name.
    """

    def __init__(self, drawings: Drawings) -> None:
        self.models = drawings.models
        self.cards: dict[str, Card] = {name: card for name, card in drawings.cards.items() if card.has(Inverts)}
        self._read = Scores(self.models, self.cards).read

    def functions(self) -> dict[str, Answer]:
        """The answers, by the names that the widget asks for them with."""
        return {"there": self.there, "back": self.back}

    def there(self, sent: Any) -> dict[str, Any]:
        """A picture's way to its noise.

        Args:
            sent: The ``model``'s name, the ``picture`` as base64 of its levels, and the ``seed`` of where within their
                levels the values lie.

        Returns:
            The frames (see :meth:`_message`); the ``noise`` as base64 of ``float32``, row by row, the channels of a
            pixel together; its squared ``norm`` and the p-value, ``p``; and where the steps know what they add to the
            bound on log p(x): the ``terms``, and the ``bound`` that the model gives by itself with the same random
            numbers.

        Raises:
            InputError: Something in it is not as it must be.
        """
        name, image = self._read(sent)
        seed = read_seed(sent.get("seed"))
        model: Any = self.models.model(name)
        generator = torch.Generator()
        with torch.no_grad():
            frames, seconds = _follow(model.to_noise(image, generator=generator.manual_seed(seed)))
            is_told = isinstance(model, Bounded) and any(frame.terms for frame in frames)
            bound = float(model.bound(image, generator=generator.manual_seed(seed)).value[0]) if is_told else None
        noise = frames[-1].noise
        assert noise is not None  # every way to noise ends with it
        return self._message(name, frames, seconds) | {
            "noise": pack(noise[0].movedim(0, -1).flatten().view(torch.uint8)),
            "norm": float(noise.double().square().sum()),
            "p": float(norm_p_values(noise)[0]),
            "terms": [
                {"name": term, "step": frame.index, "nats": float(nats[0])}
                for frame in frames
                for term, nats in frame.terms.items()
            ],
            "bound": bound,
        }

    def back(self, sent: Any) -> dict[str, Any]:
        """The way of some noise to its picture.

        Args:
            sent: The ``model``'s name, the ``noise`` as :meth:`there` gave it, and the ``picture`` that it was made of.

        Returns:
            The frames; the ``largest`` difference from the picture, in levels, and the number of values that
            ``differ``.

        Raises:
            InputError: Something in it is not as it must be.
        """
        name, image = self._read(sent)
        noise = self._noise(name, sent.get("noise"))
        model: Any = self.models.model(name)
        with torch.no_grad():
            frames, seconds = _follow(model.to_picture(noise))
        difference = (frames[-1].images.int() - image.int()).abs()
        return self._message(name, frames, seconds) | {
            "largest": int(difference.max()),
            "differ": int((difference > 0).sum()),
        }

    def _noise(self, name: str, text: object) -> Tensor:
        """Noise as it came, checked, (1, C, H, W).

        Raises:
            InputError: It is not as it must be.
        """
        channels, height, width = self.cards[name].model_config.image.size
        size = channels * height * width
        try:
            content = base64.b64decode(text if isinstance(text, str) else "", validate=True)
        except (binascii.Error, ValueError):
            content = b""
        wrong = f"The noise must be {size} numbers of 32 bits in base64, each from -{LARGEST:g} to {LARGEST:g}."
        if len(content) != 4 * size:
            raise InputError(wrong)
        noise = torch.frombuffer(bytearray(content), dtype=torch.float32).view(1, height, width, channels)
        if not bool((noise.abs() <= LARGEST).all()):  # written so that "not a number" fails too
            raise InputError(wrong)
        return noise.movedim(-1, 1).contiguous()

    def _message(self, name: str, frames: list[PictureFrame], seconds: float) -> dict[str, Any]:
        """Frames as the widget takes them: all ``images``, one after the other, and the ``titles``.

        Also for how many ``seconds`` a processor was busy, and the ``calls`` of the network; none where steps are
        layers.
        """
        levels, last = self.cards[name].model_config.image.levels, frames[-1]
        return {
            "images": pack_pictures(visible(torch.cat([frame.images for frame in frames]), levels)),
            "titles": [frame.title for frame in frames],
            "seconds": round(seconds, 4),
            "calls": last.calls if isinstance(last, NoiseFrame) else None,
        }


def _follow(way: Iterable[PictureFrame]) -> tuple[list[PictureFrame], float]:
    """The frames of a way, while they are waited for, and the seconds of a processor that they took."""
    begun = time.thread_time()
    frames = list(while_wanted(way))
    return frames, time.thread_time() - begun


def build_back(models: Models, drawings: Drawings) -> None:
    """Build the view inside the current ``gr.Tab``."""
    back = Back(drawings)
    if not back.cards:
        gr.HTML(message_html(MISSING), elem_classes="lab-problem")
        return
    own = OwnInput(OwnPictures(models, back.cards), "back", HINT)
    with gr.Row(equal_height=False, elem_classes="own-row"):
        own.build()
        widget = NoiseBack(
            models={name: _travels(card) for name, card in back.cards.items()},
            functions=back.functions(),
            elem_id="noise-travel",
            padding=False,
        )
    own.wire(widget)


def _travels(card: Card) -> TravelModel:
    """What the widget says of a model."""
    channels, height, width = card.model_config.image.size
    return {
        "title": FAMILIES[card.family].title,
        "subject": card.record.label[:1].upper() + card.record.label[1:],
        "channels": channels,
        "height": height,
        "width": width,
        "levels": card.model_config.image.levels,
        "layers": not card.has(Paced),
    }
