"""What the tab answers to what a user does: from the request to what changes on the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal, TypedDict

import gradio as gr
import torch
from PIL import Image

from demo.base.charts.histogram import histogram
from demo.base.checks import is_index
from demo.base.errors import InputError, sentence
from demo.base.serving.waiting import waiting
from demo.base.words import message_html
from demo.judge.judgement import Judgement, judge
from demo.judge.surprise import surprise_map
from demo.judge.words import both_ends_html, detector_html, nothing_html, prepared_html, scores_html, verdict_html
from demo.shared.examples import Example, examples, problems
from demo.shared.models import Models
from demo.widgets.example_row import ExampleCard, ExampleRow
from demo.widgets.heat_map import HeatMapValue
from demo.widgets.sketch_pad import decode, encode, from_address
from gm_core import CheckpointError, Detector, PictureError, Preparation, Verdict, open_picture
from gm_core.data.catalog import dataset_of
from gm_core.data.preparation import USUAL
from gm_core.rendering import grid, png
from gm_core.studies import DETECTORS

Source = Literal["pad", "file"]
"""Where the judged picture comes from: the pad, or an upload."""

EMPTY: Final = "The pad is empty: draw something, or choose an example."


@dataclass(frozen=True)
class Request:
    """What the page holds when a user does something.

    Attributes:
        source: Where the picture comes from.
        pad: The picture on the pad, ``""`` if it is empty.
        file: The last upload that could be read, if any.
        dataset: The data set that the judging models know.
        percent: The accepted false-alarm rate, in percent.
        preparation: The steps that are switched on.
    """

    source: Source
    pad: str
    file: str | None
    dataset: str
    percent: float
    preparation: Preparation

    @property
    def picture(self) -> str | None:
        """What the source holds, if anything."""
        return self.file if self.source == "file" else self.pad


class Changes(TypedDict, total=False):
    """What changes on the page, by the name of its component; all else stays as it is."""

    judgement: Judgement | None
    note: str
    prepared: str
    verdict: str
    charts: str
    map: HeatMapValue | None
    scores: str
    detector: str
    examples: ExampleRow
    pad: str
    source: Source
    file: str | None
    last_file: str
    preparation: Preparation
    steps: tuple[str, ...]
    dataset: str
    percent: int


ALARMS, LEAST_ALARMS, MOST_ALARMS = 5, 1, 20
"""The accepted false-alarm rate in percent: on arrival, and its bounds."""

WRONG_LINK = "A part of this link could not be read; what it says of that is left at its start."


_NOTHING: Changes = {
    "judgement": None,
    "note": "",
    "prepared": "",
    "verdict": nothing_html(EMPTY),
    "charts": "",
    "map": None,
    "scores": "",
}
"""What is shown while there is no picture: nothing of the last one."""


class Handlers:
    """The answers.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models

    def on_example(self, request: Request, event_data: Any) -> Changes:
        """An example is chosen.

        Args:
            request: The page.
            event_data: The ``index`` of the example, as a client sent it.

        Raises:
            InputError: There is no such example.
        """
        index = event_data.get("index") if isinstance(event_data, dict) else None
        found = examples(self.models, request.dataset)
        if not is_index(index, len(found)):
            raise InputError("There is no such example.")
        return {**self._example(found, index, request), "pad": found[index].url, "source": "pad"}

    def on_draw(self, request: Request) -> Changes:
        """A stroke is finished, or undone."""
        if not request.pad:
            return {**_NOTHING, "examples": ExampleRow(chosen=None), "preparation": USUAL, "source": "pad"}
        found = examples(self.models, request.dataset)
        index = _place(found, request.pad)
        if index is not None:  # undo led back to it
            return {**self._example(found, index, request), "source": "pad"}
        changes = self._judge("pad", request.pad, request, request.preparation)
        return {**changes, "source": "pad", "examples": ExampleRow(chosen=None)}

    def on_carry(self, request: Request, event_data: Any) -> Changes:
        """A picture is carried here from another tab; it is judged as its own kind, if that is said.

        Args:
            request: The page, with the picture on the pad.
            event_data: Its ``channels``, and the ``dataset`` that it is of or the ``model`` that made it, as a client
                sent them.
        """
        dataset = self._dataset_of(event_data if isinstance(event_data, dict) else {}, request.dataset)
        request = replace(request, source="pad", dataset=dataset)
        changes = self._judge("pad", request.pad, request, USUAL)
        here: Changes = {"dataset": dataset, "source": "pad", "preparation": USUAL}
        return _join(self._known_dataset(dataset, None), changes, here)

    def _dataset_of(self, about: Mapping[str, Any], current: str) -> str:
        """The data set of a picture from elsewhere: the one that is named, else the first that fits."""
        known = self.models.datasets()
        named = [card.dataset for card in self.models.cards() if card.name == about.get("model")]
        for name in (about.get("dataset"), *named, *(dataset_of(one).same_as for one in named)):
            if name in known:
                return str(name)
        fitting = [one for one in known if dataset_of(one).image[0] == about.get("channels")]
        return current if current in fitting or not fitting else fitting[0]

    def on_arrive(self, request: Request, asked: Mapping[str, str]) -> Changes:
        """What an address asks for: an example or a drawing, a data set, a false-alarm rate; defaults for the rest.

        Args:
            request: The page.
            asked: ``example``, ``picture``, ``as`` and ``alarms``, each as text, where the address says it.
        """
        known, wrong = self.models.datasets(), False
        dataset = asked.get("as") or known[0]
        if dataset not in known:
            dataset, wrong = known[0], True
        alarms = asked.get("alarms") or str(ALARMS)
        if not (alarms.isdecimal() and LEAST_ALARMS <= int(alarms) <= MOST_ALARMS):
            alarms, wrong = str(ALARMS), True
        found = examples(self.models, dataset)
        index, pad = asked.get("example") or "0", from_address(asked.get("picture", ""))
        if not (index.isdecimal() and int(index) < max(1, len(found))):
            index, wrong = "0", True
        if asked.get("picture") and not pad:
            wrong = True
        if wrong:
            gr.Warning(WRONG_LINK)
        request = replace(request, source="pad", dataset=dataset, percent=int(alarms), preparation=USUAL)
        here: Changes = {"dataset": dataset, "percent": int(alarms), "source": "pad", "preparation": USUAL}
        if pad:
            known_dataset = self._known_dataset(dataset, None)
            return _join(known_dataset, self._judge("pad", pad, request, USUAL), here, {"pad": pad})
        if not found:
            return _join(self._known_dataset(dataset, None), here)
        chosen = int(index)
        changes = self._example(found, chosen, request)
        return _join(here, changes, self._known_dataset(dataset, chosen), {"pad": found[chosen].url})

    def on_upload(self, request: Request, file: str | None) -> Changes:
        """A picture is uploaded, pasted or photographed; one that cannot be read gives way to the one before.

        Args:
            request: The page.
            file: The upload.
        """
        if file is None:
            return {"note": ""}
        changes = self._judge("file", file, request, USUAL)
        if "judgement" not in changes:
            return {**changes, "file": request.file}
        return {
            **changes,
            "preparation": USUAL,
            "source": "file",
            "last_file": file,
            "examples": ExampleRow(chosen=None),
        }

    def on_step(self, request: Request) -> Changes:
        """A step of the preparation is switched on or off."""
        return self._judge_again(request)

    def on_dataset(self, request: Request) -> Changes:
        """The same picture, judged by models that know something else."""
        place = _place(examples(self.models, request.dataset), request.pad) if request.source == "pad" else None
        return _join(self._known_dataset(request.dataset, place), self._judge_again(request))

    def on_source(self, request: Request) -> Changes:
        """The user turns to the pad or to the upload; what is there is judged, if anything."""
        if not request.picture:
            return {"note": ""}
        return {**self._judge_again(request), "source": request.source}

    def on_percent(self, judgement: Judgement | None, percent: float) -> Changes:
        """Another false-alarm rate: the same scores, perhaps another verdict."""
        return self._show(judgement.accepting(percent)) if judgement else {}

    def _known_dataset(self, dataset: str, chosen: int | None) -> Changes:
        """What belongs to a data set: its examples, its detector's figures, the steps of its preparation."""
        cards: list[ExampleCard] = [
            {"name": example.name, "look_for": example.look_for, "picture": example.url}
            for example in examples(self.models, dataset)
        ]
        changes: Changes = {
            "examples": ExampleRow(value=cards, chosen=chosen),
            "steps": tuple(dataset_of(dataset).form.steps),
            "note": "".join(map(message_html, problems(self.models, dataset))),
        }
        try:
            card = self.models.card(DETECTORS.name(dataset))
        except CheckpointError:  # the judgement says it
            return {**changes, "detector": ""}
        return {**changes, "detector": detector_html(card, dataset_of(dataset))}

    def _example(self, found: tuple[Example, ...], index: int, request: Request) -> Changes:
        """Judge an example, prepared as it should be."""
        example = found[index]
        return {
            **self._judge("pad", example.url, request, example.preparation),
            "preparation": example.preparation,
            "examples": ExampleRow(chosen=index),
        }

    def _judge_again(self, request: Request) -> Changes:
        if not request.picture:
            return {}
        return self._judge(request.source, request.picture, request, request.preparation)

    def _judge(self, source: Source, picture: str, request: Request, preparation: Preparation) -> Changes:
        """Judge and show; what cannot be judged leaves everything as it is and says why."""
        try:
            detector = self.models.detector(request.dataset)
            return self._show(judge(detector, _open(source, picture), preparation, request.percent))
        except (PictureError, CheckpointError) as error:
            return {"note": message_html(sentence(error))}

    def _show(self, judgement: Judgement) -> Changes:
        detector, prepared = self.models.detector(judgement.dataset), judgement.prepared
        return {
            "judgement": judgement,
            "note": "",
            "prepared": prepared_html(prepared, encode(png(grid(prepared.image)))),
            "verdict": verdict_html(judgement, detector),
            "charts": _outlier_chart(judgement, detector),
            "map": surprise_map(judgement),
            "scores": scores_html(judgement, detector) + _likelihood_chart(judgement, detector),
        }


def _join(first: Changes, *others: Changes) -> Changes:
    """Several changes as one: notes follow each other; elsewhere a later change replaces an earlier one."""
    joined = first.copy()
    for changes in others:
        note = joined.get("note", "") + changes.get("note", "")
        joined = {**joined, **changes, "note": note}
    return joined


def _place(found: tuple[Example, ...], pad: str) -> int | None:
    """Which example lies on the pad, if any."""
    return next((index for index, example in enumerate(found) if example.url == pad), None)


def _open(source: Source, picture: str) -> Image.Image:
    if source == "file":
        return open_picture(picture, wanted=waiting())
    return open_picture(decode(picture) or b"", "the drawing")


def _outlier_chart(judgement: Judgement, detector: Detector) -> str:
    """How unusual the picture is among held-out ones."""
    verdict, dataset = judgement.verdict, judgement.record
    edge, here = detector.threshold(verdict.alpha), verdict.outlier_score
    # Where the edge is drawn does not decide; the test does, should the two differ by a hair.
    edge = min(edge, here * (1 - 1e-9)) if "density" in verdict.refused_by else max(edge, here)
    return histogram(
        detector.outlier_scores,
        here,
        (float("-inf"), edge),
        # Else the chart would contradict the verdict on a picture that only the classifier's features refuse.
        "these scores alone would pass" if verdict.refused_by == ("features",) else "how unusual, all scores together",
        ("usual", "unusual"),
        dataset.many,
        tall=50,
    )


def _likelihood_chart(judgement: Judgement, detector: Detector) -> str:
    """The picture's likelihood among those of held-out ones, of which both ends are unusual."""
    verdict, dataset = judgement.verdict, judgement.record
    usual = detector.usual_range("log_prob", verdict.alpha)
    chart = histogram(detector.held_out["log_prob"], verdict.log_prob, usual, of=dataset.many)
    return chart + both_ends_html(_verdict_on_nothing(detector), detector, dataset)


@lru_cache(maxsize=4)
def _verdict_on_nothing(detector: Detector) -> Verdict:
    with torch.inference_mode():
        return detector.score(torch.zeros(1, *dataset_of(detector.dataset).image, dtype=torch.uint8))[0]
