"""The panel "Compared with a classifier": one must answer, one may abstain, and Bayes' rule joins the two."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.base.charts.coverage import STYLE as CHART_STYLE
from demo.base.errors import sentence
from demo.base.events import LIVE
from demo.base.fields import StrictSlider
from demo.base.words import message_html, note_html
from demo.judge.bayes_words import (
    FORMULAS,
    ClassScores,
    brief_html,
    classifier_html,
    contrast_html,
    density_html,
    likelihoods_html,
    study_html,
)
from demo.judge.judgement import Judgement
from demo.shared.models import Models
from demo.widgets.sketch_pad import encode
from gm_core import Autoregressive, Card, CheckpointError, Classifier, class_log_probs, load_bayes
from gm_core.rendering import grid, png
from gm_core.studies import BAYES
from gm_core.studies.bayes.study import load_judges

STYLE = f"{(Path(__file__).parent / 'bayes.css').read_text()}\n{CHART_STYLE}"

THRESHOLD = 90
"""Percent that the density's likeliest class must have, until the user says otherwise."""

REMEMBERED = 64
"""Pictures whose answers are kept: a threshold moves, and users go back to the picture before."""

NOTHING_YET = "As soon as a picture is judged, a classifier has to name it here."
NO_CLASSIFIER = "There is no classifier for these pictures to compare with."
ONE_CLASS = "These pictures are of one class: there is nothing that a classifier or Bayes' rule could tell apart."
NO_STUDY = "What abstaining is worth has not been measured for these pictures yet."


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both judges on one picture.

    Attributes:
        judgement: The picture, and the detector's verdict on it.
        scores: What both say of its classes.
        card: The classifier's card.
        study: The card of what was measured on test images, if it was.
    """

    judgement: Judgement
    scores: ClassScores
    card: Card
    study: Card | None

    def contrast(self, threshold: float) -> str:
        """The difference in words."""
        url = encode(png(grid(self.judgement.prepared.image, zoom=1)))
        return contrast_html(self.scores, self.judgement.verdict, threshold, url, self.study)

    def density(self, threshold: float) -> str:
        """The density's answer, or that it abstains."""
        name = self.judgement.record.density
        return density_html(self.scores, self.judgement.verdict, threshold, self.study, name)


class BayesPanel:
    """A classifier, which must answer, beside a density, which may abstain; on the picture that was judged last.

    Args:
        models: The app's models.
        brief: Shows the classifier's answer beside the verdict.
    """

    def __init__(self, models: Models, brief: gr.HTML) -> None:
        self.models, self.brief = models, brief
        self.dataset = gr.State()  # whose measured curves are shown
        with gr.Column(elem_classes="beside"):
            with gr.Row(equal_height=False, elem_classes="beside-top"):
                self.contrast = gr.HTML(note_html(NOTHING_YET), apply_default_css=False)
                self.threshold = StrictSlider(
                    0,
                    99,
                    value=THRESHOLD,
                    step=1,
                    label="Abstain below (%)",
                    info="How sure the PixelCNN must be of a class to name it",
                    buttons=[],
                    elem_id="beside-threshold",
                )
            with gr.Row(equal_height=False, elem_classes="beside-row"):
                self.classifier = gr.HTML(apply_default_css=False)
                self.density = gr.HTML(apply_default_css=False)
            self.study = gr.HTML(apply_default_css=False)
            self.likelihoods = gr.HTML(apply_default_css=False)
            gr.HTML(f"{FORMULAS}<style>{STYLE}</style>", apply_default_css=False)

        self.inputs = [self.threshold, self.dataset]
        self.outputs = [
            self.brief,
            self.contrast,
            self.classifier,
            self.density,
            self.likelihoods,
            self.dataset,
            self.study,
        ]

    def wire(self, judgement: gr.State) -> None:
        """Connect the threshold.

        Args:
            judgement: The last judgement.
        """
        inputs = [judgement, self.threshold]
        self.threshold.input(self.on_threshold, inputs, [self.contrast, self.density], **LIVE)

    def follow(self, judgement: Judgement | None, percent: float, shown: str | None) -> tuple[Any, ...]:
        """What both say of a picture that was just judged; what was measured only where that is of another data set.

        Args:
            judgement: The judgement.
            percent: How likely the density's best class must be for an answer, in percent.
            shown: The data set whose measured curves are there.
        """
        *views, dataset = self.show(judgement, percent)
        # Left alone, so that a table that was opened stays open while pictures come and go.
        return *views, dataset, gr.skip() if dataset == shown else self.show_study(dataset)

    def show(self, judgement: Judgement | None, percent: float) -> tuple[str, str, str, str, str, str | None]:
        """What both say of a picture.

        Args:
            judgement: The last judgement.
            percent: How likely the density's best class must be for an answer, in percent.

        Returns:
            The line beside the verdict, the contrast, the classifier, the density, the likelihoods, and the data set.
        """
        case = self._compare(judgement)
        if isinstance(case, str):
            return "", case, "", "", "", None
        return (
            brief_html(case.scores, case.judgement.verdict),
            case.contrast(percent / 100),
            classifier_html(case.scores, case.card),
            case.density(percent / 100),
            likelihoods_html(case.scores, case.judgement.verdict.log_prob, case.study),
            case.judgement.dataset,
        )

    def on_threshold(self, judgement: Judgement | None, percent: float) -> tuple[str, str]:
        """Another threshold for the same picture: the contrast and the density; no model is asked again."""
        case = self._compare(judgement)
        return (case, "") if isinstance(case, str) else (case.contrast(percent / 100), case.density(percent / 100))

    def show_study(self, dataset: str | None) -> str:
        """What was measured on a data set's test images."""
        if dataset is None:
            return ""
        if not self.models.has(BAYES.name(dataset)):
            return note_html(NO_STUDY)
        try:
            return study_html(load_bayes(dataset), self.models.card(BAYES.name(dataset)))
        except CheckpointError as error:
            return message_html(sentence(error))

    def _compare(self, judgement: Judgement | None) -> Comparison | str:
        """Both on a picture, or what to show instead."""
        if judgement is None:
            return note_html(NOTHING_YET)
        name = judgement.record.classifier
        if not self.models.has(name):
            return note_html(NO_CLASSIFIER)
        image = judgement.prepared.image
        try:
            pixelcnn, classifier = load_judges(judgement.dataset, self.models.device)
            card = self.models.card(name)
        except CheckpointError as error:
            return message_html(sentence(error))
        if len(card.class_names) < 2:
            return note_html(ONE_CLASS)
        study, prior = self._study_card_and_prior(judgement.dataset)
        scores = score_classes(pixelcnn, classifier, image.numpy().tobytes(), tuple(image.shape))
        return Comparison(judgement, ClassScores(tuple(card.class_names), *scores, prior), card, study)

    def _study_card_and_prior(self, dataset: str) -> tuple[Card | None, Tensor | None]:
        """The study's card and its p(y); neither where none fits, which is said in its own place."""
        try:
            prior = load_bayes(dataset).prior
            return self.models.card(BAYES.name(dataset)), prior
        except CheckpointError:
            return None, None


@lru_cache(maxsize=REMEMBERED)
def score_classes(
    pixelcnn: Autoregressive, classifier: Classifier, pixels: bytes, shape: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Ask both about a picture, once however often the answer is needed.

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
