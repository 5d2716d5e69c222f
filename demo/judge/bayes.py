"""The panel "Beside it, a classifier": what must answer, what may refuse, and Bayes' rule between the two."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.base.events import LIVE
from demo.base.fields import StrictSlider
from demo.base.words import message_html, note_html
from demo.judge.bayes_words import (
    FORMULAS,
    Answers,
    classifier_html,
    contrast_html,
    density_html,
    study_html,
    turned_html,
)
from demo.judge.words import Judgement
from demo.shared.models import Models
from demo.widgets.sketch_pad import encode
from gm_core import Autoregressive, Card, CheckpointError, Classifier, class_log_probs, load_bayes
from gm_core.checkpoints import checkpoint_dir
from gm_core.data.catalog import dataset_of
from gm_core.rendering import grid, png
from gm_core.studies.bayes.study import load_judges

STYLE = (Path(__file__).parent / "bayes.css").read_text()

THRESHOLD = 90
"""Percent that the density's likeliest class must have, until the person says otherwise."""

REMEMBERED = 64
"""Pictures whose answers are kept: a threshold moves, and people go back to the picture before."""

NOTHING_YET = "As soon as a picture is judged, a classifier has to name it here."
NO_CLASSIFIER = "There is no classifier for these pictures to compare with."
NO_STUDY = "What refusing is worth has not been measured for these pictures yet."


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both judges on one picture.

    Attributes:
        judged: The picture, and the detector's verdict on it.
        answers: What they say.
        card: The classifier's.
        study: That of what was measured on test images, if it was.
    """

    judged: Judgement
    answers: Answers
    card: Card
    study: Card | None

    def contrast(self, threshold: float) -> str:
        """The difference in words."""
        url = encode(png(grid(self.judged.prepared.image, zoom=1)))
        return contrast_html(self.answers, self.judged.verdict, threshold, url, self.study)

    def density(self, threshold: float) -> str:
        """The density's answer or refusal."""
        return density_html(self.answers, self.judged.verdict, threshold, self.study)


class BayesPanel:
    """A classifier, which must answer, beside a density, which may refuse; on the picture that was judged last.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.dataset = gr.State()  # whose measured curves are shown
        with gr.Column(elem_classes="beside"):
            self.contrast = gr.HTML(note_html(NOTHING_YET), apply_default_css=False)
            with gr.Row(equal_height=False, elem_classes="beside-row"):
                with gr.Column(min_width=290):
                    self.classifier = gr.HTML(apply_default_css=False)
                with gr.Column(min_width=290):
                    self.density = gr.HTML(apply_default_css=False)
                    self.threshold = StrictSlider(
                        0,
                        99,
                        value=THRESHOLD,
                        step=1,
                        label="Refuse below (%)",
                        info="How likely must the density's best class be, for it to answer?",
                        buttons=[],
                        elem_id="beside-threshold",
                    )
            self.study = gr.HTML(apply_default_css=False)
            self.turned = gr.HTML(apply_default_css=False)
            gr.HTML(f"{FORMULAS}<style>{STYLE}</style>", apply_default_css=False)

        self.inputs = [self.threshold, self.dataset]
        self.outputs = [self.contrast, self.classifier, self.density, self.turned, self.dataset, self.study]

    def wire(self, judged: gr.State) -> None:
        """Let the threshold move.

        Args:
            judged: The last judgement.
        """
        given = [judged, self.threshold]
        self.threshold.input(self.on_threshold, given, [self.contrast, self.density], **LIVE)

    def follow(self, judged: Judgement | None, percent: float, shown: str | None) -> tuple[Any, ...]:
        """What both say of a picture that was just judged; what was measured only where that is of another data set.

        Args:
            judged: The judgement.
            percent: How likely the density's best class must be for an answer, in percent.
            shown: The data set whose measured curves are there.
        """
        *views, dataset = self.show(judged, percent)
        # Left alone, so that a table that was opened stays open while pictures come and go.
        return *views, dataset, gr.skip() if dataset == shown else self.show_study(dataset)

    def show(self, judged: Judgement | None, percent: float) -> tuple[str, str, str, str, str | None]:
        """What both say of a picture.

        Args:
            judged: The last judgement.
            percent: How likely the density's best class must be for an answer, in percent.

        Returns:
            The contrast, the classifier, the density, the densities by class, and the data set.
        """
        case = self._compare(judged)
        if isinstance(case, str):
            return case, "", "", "", None
        return (
            case.contrast(percent / 100),
            classifier_html(case.answers, case.card),
            case.density(percent / 100),
            turned_html(case.answers, case.judged.verdict.log_prob, case.study),
            case.judged.dataset,
        )

    def on_threshold(self, judged: Judgement | None, percent: float) -> tuple[str, str]:
        """Another threshold for the same picture: the contrast and the density; no model is asked again."""
        case = self._compare(judged)
        return (case, "") if isinstance(case, str) else (case.contrast(percent / 100), case.density(percent / 100))

    def show_study(self, dataset: str | None) -> str:
        """What was measured on a data set's test images."""
        if dataset is None:
            return ""
        if not _is_there(f"{dataset}-bayes"):
            return note_html(NO_STUDY)
        try:
            return study_html(load_bayes(dataset), self.models.card(f"{dataset}-bayes"))
        except CheckpointError as error:
            return message_html(str(error))

    def _compare(self, judged: Judgement | None) -> Comparison | str:
        """Both on a picture, or what to show instead."""
        if judged is None:
            return note_html(NOTHING_YET)
        if not _is_there(dataset_of(judged.dataset).classifier):
            return note_html(NO_CLASSIFIER)
        image = judged.prepared.image
        try:
            pixelcnn, classifier = load_judges(judged.dataset, self.models.device)
            card = self.models.card(dataset_of(judged.dataset).classifier)
        except CheckpointError as error:
            return message_html(str(error))
        study, prior = self._measured(judged.dataset)
        said = ask(pixelcnn, classifier, image.numpy().tobytes(), tuple(image.shape))
        return Comparison(judged, Answers(tuple(card.class_names), *said, prior), card, study)

    def _measured(self, dataset: str) -> tuple[Card | None, Tensor | None]:
        """The study's card and its p(y); neither where none fits, of which its own place speaks."""
        try:
            prior = load_bayes(dataset).prior
            return self.models.card(f"{dataset}-bayes"), prior
        except CheckpointError:
            return None, None


@lru_cache(maxsize=REMEMBERED)
def ask(
    pixelcnn: Autoregressive, classifier: Classifier, pixels: bytes, shape: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Ask both about a picture, once however often it is asked for.

    Args:
        pixelcnn: A class-conditional density.
        classifier: A classifier of the same classes.
        pixels: The picture's values.
        shape: Its shape, (1, 1, H, W).

    Returns:
        log p(y | x) of the classifier and log p(x | y) of the density, nats, ``float64`` (classes,) each.
    """
    images = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(shape)
    with torch.inference_mode():
        log_posterior = classifier.logits(images)[0].double().log_softmax(dim=0).cpu()
        return log_posterior, class_log_probs(pixelcnn, images)[0]


def _is_there(name: str) -> bool:
    return (checkpoint_dir() / f"{name}.json").is_file()
