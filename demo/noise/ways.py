"""The view "Same noise, other ways": one noise through every family, as a race in time of computing."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.packing import pack_pictures
from demo.base.serving.waiting import check_wanted
from demo.noise.drawings import ANY, LAST_SEED, PICTURES, UNGUIDED, Drawings
from demo.noise.words import DRAWS_ANEW, METHOD_NAMES
from demo.widgets.noise_ways import Entrant, Field, NoiseWays
from gm_core import FAMILIES, Frame, FromNoise, ImageShape, Paced
from gm_core.models.continuous import to_images
from gm_core.models.latents import draw_latents
from gm_core.rendering import visible
from gm_core.studies.first_seeds import read_probabilities

MOST_STEPS, USUAL_STEPS = 40, 10
"""Steps of those that take as many as one likes."""

WRONG_STEPS = f"The steps of a race must be a whole number from 1 to {MOST_STEPS}."


def build_ways(drawings: Drawings) -> None:
    """Build the view inside the current ``gr.Tab``."""
    race = Race(drawings)
    NoiseWays(fields=race.fields(), functions={"run": race.run}, elem_id="noise-race", padding=False)


@dataclass(frozen=True)
class Race:
    """Sends noise through models, and measures them.

    Attributes:
        drawings: What knows the models.
    """

    drawings: Drawings

    def fields(self) -> list[Field]:
        """Who races, by data set, and what can be asked for."""
        found: dict[str, Field] = {}
        for name, card in self.drawings.cards.items():
            if not card.has(FromNoise):
                continue
            field = found.setdefault(
                card.dataset,
                {
                    "dataset": card.dataset,
                    "label": card.record.label[:1].upper() + card.record.label[1:],
                    "classes": [ANY, *card.class_names],
                    "seed": self.drawings.seed(name),
                    "steps": USUAL_STEPS,
                    "most": MOST_STEPS,
                    "last": LAST_SEED,
                    "size": list(card.model_config.image.size),
                    "entrants": [],
                },
            )
            field["entrants"] += self._entrants(name)
        return list(found.values())

    def _entrants(self, name: str) -> list[Entrant]:
        """A model once for each way in which it takes a step."""
        drawings, card = self.drawings, self.drawings.cards[name]
        is_paced = drawings.is_paced(name)
        return [
            {
                "model": name,
                "method": method,
                "title": FAMILIES[card.family].title,
                "way": METHOD_NAMES.get(method, method) if is_paced else "layers",
                "knows": len(drawings.labels(name)) > 1,
                "anew": method in DRAWS_ANEW,
                "paced": is_paced,
            }
            for method in drawings.methods(name)
        ]

    def run(self, sent: Any) -> dict[str, Any]:
        """One model's way, from the noise of a seed.

        Args:
            sent: ``model``, ``method``, ``label``, ``seed`` and ``steps``.

        Returns:
            Of each moment ``times`` (milliseconds of a processor that it took to get there, however busy it was with
            others), ``calls`` of the network or layers so far, and ``images``, the first of which is the noise itself
            in every answer; and as what the picture is read, and how surely (``reads`` and ``sure``, or ``None``).

        Raises:
            InputError: The question is not as it must be.
        """
        name, label, seed, steps, method = self.read(sent)
        model: Any = self.drawings.models.streams(name)
        shape = model.config.image
        noise = self.noise(seed, shape)
        labels = torch.tensor([self.drawings.labels(name).index(label) - 1])
        options = {"steps": steps, "sampler": method} if isinstance(model, Paced) else {}
        _warm_up(self, name)
        times, calls, images = [0.0], [0], [to_images(noise, shape)]
        begun, busy = time.thread_time(), 0.0
        for frame in model.from_noise(noise, labels, **options):
            busy += time.thread_time() - begun
            check_wanted()
            if frame.index or not torch.equal(frame.images, images[0]):
                times.append(round(1000 * busy, 3))
                calls.append(_calls(frame))
                images.append(frame.images)
            begun = time.thread_time()
        read = self._read_as(name, images[-1])
        return {
            "times": times,
            "calls": calls,
            "images": pack_pictures(visible(torch.cat(images), shape.levels)),
            **read,
        }

    @staticmethod
    def noise(seed: int, shape: ImageShape) -> Tensor:
        """The noise of a seed, of which every model of such pictures is given the same: (1, C, H, W)."""
        return draw_latents(1, shape.values, torch.Generator().manual_seed(seed)).view(1, *shape.size)

    def read(self, sent: Any) -> tuple[str, str, int, int, str]:
        """A question as it came, checked: the model's name, the class, the seed, the steps and the method.

        Raises:
            InputError: Something in it is not as it must be.
        """
        label, seed, steps, name, method = (sent.get(key) for key in ("label", "seed", "steps", "model", "method"))
        problems = self.drawings.problems(label, seed, steps, name, PICTURES[0], method, UNGUIDED, 1.0)
        if not is_number(steps, 1, MOST_STEPS):
            raise InputError(WRONG_STEPS)
        if wrong := next(filter(None, problems), None):
            raise InputError(wrong)
        if not self.drawings.cards[str(name)].has(FromNoise):
            raise InputError("This model makes no pictures of given noise.")
        return str(name), str(label), int(seed), int(steps), str(method)

    def _read_as(self, name: str, image: Tensor) -> dict[str, Any]:
        reader, card = self.drawings.reader(name), self.drawings.cards[name]
        if reader is None:
            return {"reads": None, "sure": None}
        sure, best = read_probabilities(reader, image, card.model_config.image.levels)[0].max(dim=0)
        return {"reads": card.class_names[int(best)], "sure": round(float(sure), 4)}


@cache
def _warm_up(race: Race, name: str) -> None:
    """Have a model do once what takes longer the first time."""
    model: Any = race.drawings.models.streams(name)
    for _ in model.from_noise(race.noise(0, model.config.image), **({"steps": 1} if isinstance(model, Paced) else {})):
        check_wanted()


def _calls(frame: Frame) -> int:
    """Calls of the network so far; of layers, their number."""
    return int(getattr(frame, "calls", frame.index))
