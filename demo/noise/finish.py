"""The view "Finish my scribble": noise on, noise off; or a part of a picture is kept and the rest is made."""

import time
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.base.checks import is_number, read_seed
from demo.base.errors import Answer, InputError
from demo.base.packing import pack_pictures
from demo.base.serving.waiting import while_wanted
from demo.base.words import message_html
from demo.noise.drawings import ANY, Drawings
from demo.noise.own import OwnInput, OwnPictures
from demo.noise.scores import Scores
from demo.shared.models import Models
from demo.shared.taking import taken
from demo.widgets.noise_finish import FinishModel, NoiseFinish
from gm_core import FAMILIES, Card, Edits
from gm_core.rendering import visible
from gm_core.studies.first_seeds import read_probabilities

RESULTS = 4
"""Pictures made of one, each with noise of its own."""

STEPS = (5, 10, 20, 40)
REPEATS = (1, 2, 4, 8)
"""How often a step may be taken, where a part is kept."""

MOST_STEPS = 80
"""Of an answer, all repeats counted: it is to come within a second or two."""

MISSING = "There is no model here that a picture can be begun from; restore one from the repository."
HINT = "Draw something, anything: the model makes it one of its own."

WRONG_STEPS = f"The steps must be one of {', '.join(map(str, STEPS))}."
WRONG_REPEATS = f"Each step can be taken {', '.join(map(str, REPEATS))} times, and at most {MOST_STEPS} steps in all."
WRONG_STRENGTH = "The noise must be a number from 0, none, to 1, all."


class Finish:
    """Makes pictures of what is there already; each question is checked, for any client can send one.

    Args:
        drawings: What knows the models.

    Attributes:
        cards: Of the models that can, by name.
    """

    def __init__(self, drawings: Drawings) -> None:
        self.drawings, self.models = drawings, drawings.models
        self.cards: dict[str, Card] = {name: card for name, card in drawings.cards.items() if card.has(Edits)}
        self._read = Scores(self.models, self.cards).read

    def functions(self) -> dict[str, Answer]:
        """The answers, by the names that the widget asks for them with."""
        return {"redraw": self.redraw, "complete": self.complete}

    def redraw(self, sent: Any) -> dict[str, Any]:
        """Noise over a picture, taken off again, four times.

        Args:
            sent: The ``model``'s name, the ``picture`` as base64 of its levels, the ``label``, the ``seed``, the number
                of ``steps``, and the ``strength``: how much noise, from 0 to 1.

        Returns:
            See :meth:`_answer`.

        Raises:
            InputError: Something in it is not as it must be.
        """
        name, images, options = self._question(sent)
        strength = sent.get("strength")
        if not is_number(strength, 0, 1):
            raise InputError(WRONG_STRENGTH)
        return self._answer(name, "redraw", images, options | {"strength": float(strength)})

    def complete(self, sent: Any) -> dict[str, Any]:
        """A part of a picture, and the rest of it made four times.

        Args:
            sent: As for :meth:`redraw`, but for the strength; and which pixels to ``keep``, a text of 0 and 1 row by
                row, and the number of ``repeats`` of each step.

        Returns:
            See :meth:`_answer`.

        Raises:
            InputError: Something in it is not as it must be.
        """
        name, images, options = self._question(sent)
        _, _, height, width = images.shape
        keep, repeats = sent.get("keep"), sent.get("repeats")
        if not isinstance(keep, str) or len(keep) != height * width or not set(keep) <= {"0", "1"}:
            raise InputError(f"What is kept must be a text of {height * width} signs, 0 or 1, row by row.")
        if repeats not in REPEATS or type(repeats) is not int or repeats * options["steps"] > MOST_STEPS:
            raise InputError(WRONG_REPEATS)
        mask = torch.tensor([sign == "1" for sign in keep]).view(1, 1, height, width).repeat(RESULTS, 1, 1, 1)
        return self._answer(name, "complete", images, options | {"keep": mask, "repeats": repeats})

    def _question(self, sent: Any) -> tuple[str, Tensor, dict[str, Any]]:
        """What both questions say: the model's name, the picture once for each result, and the other arguments."""
        name, image = self._read(sent)
        label, steps, labels = sent.get("label"), sent.get("steps"), self.drawings.labels(name)
        if not isinstance(label, str) or label not in labels:
            raise InputError(f"Choose a class: {', '.join(labels)}.")
        if steps not in STEPS or type(steps) is not int:
            raise InputError(WRONG_STEPS)
        generator = torch.Generator().manual_seed(read_seed(sent.get("seed")))
        classes = torch.full((RESULTS,), labels.index(label) - 1)
        options = {"labels": classes, "steps": steps, "generator": generator}
        return name, image.repeat(RESULTS, 1, 1, 1), options

    def _answer(self, name: str, what: str, images: Tensor, options: dict[str, Any]) -> dict[str, Any]:
        """What is made of a picture.

        Returns:
            The ``start``, all pictures with their noise, and the ``pictures``: base64 of their levels; what a
            classifier ``reads`` in each, and how ``sure`` it is, if there is one; for how many ``seconds`` a processor
            was busy, and the ``calls`` of the network.
        """
        model: Any = self.models.model(name)
        begun = time.thread_time()
        with torch.no_grad():
            first, *rest = while_wanted(getattr(model, what)(images, **options))
        seconds = time.thread_time() - begun
        last, card = rest[-1] if rest else first, self.cards[name]
        levels, reader = card.model_config.image.levels, self.drawings.reader(name)
        found = {
            "start": pack_pictures(visible(first.images, levels)),
            "pictures": pack_pictures(visible(last.images, levels)),
            "seconds": round(seconds, 4),
            "calls": last.calls,
            "reads": None,
            "sure": None,
        }
        if reader is None:
            return found
        sure, best = read_probabilities(reader, last.images, levels).max(dim=1)
        reads = [card.class_names[i] for i in best.tolist()]
        return found | {"reads": reads, "sure": [round(p, 4) for p in sure.tolist()]}


def build_finish(models: Models, drawings: Drawings) -> None:
    """Build the view inside the current ``gr.Tab``."""
    finish = Finish(drawings)
    if not finish.cards:
        gr.HTML(message_html(MISSING), elem_classes="lab-problem")
        return
    own = OwnInput(OwnPictures(models, finish.cards), "finish", HINT, live=True)
    with gr.Row(equal_height=False, elem_classes="own-row"):
        own.build()
        widget = NoiseFinish(
            models={name: _finishes(drawings, card) for name, card in finish.cards.items()},
            taken=taken(models, finish.cards.values()),
            functions=finish.functions(),
            elem_id="noise-finisher",
            padding=False,
        )
    own.wire(widget)


def _finishes(drawings: Drawings, card: Card) -> FinishModel:
    """What the widget says of a model."""
    channels, height, width = card.model_config.image.size
    return {
        "title": FAMILIES[card.family].title,
        "subject": card.record.label[:1].upper() + card.record.label[1:],
        "channels": channels,
        "height": height,
        "width": width,
        "classes": drawings.labels(card.name),
        "any": ANY,
    }
