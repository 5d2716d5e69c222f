"""The public endpoint ``/judge``: the judgement of the page, for programs."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.base.errors import InputError, show_errors
from demo.base.serving.lanes import FILES
from demo.base.serving.waiting import waiting
from demo.judge.judgement import Judgement, judge
from demo.shared.models import Models
from gm_core import Preparation, open_picture


def expose(models: Models, inputs: Sequence[Component]) -> None:
    """Make the endpoint, within the current ``gr.Blocks``; nothing on the page triggers it.

    Args:
        models: The app's models.
        inputs: Components that check what a client sends: a picture's file, the accepted false-alarm rate, the five
            steps of the preparation, the data set.
    """

    @show_errors
    def answer(
        picture: str | None,
        alpha_percent: float,
        polarity: bool,
        crop: bool,
        center: bool,
        clean: bool,
        sharpen: bool,
        model: str,
    ) -> dict[str, Any]:
        if picture is None:
            raise InputError("There is no picture to judge; send one.")
        preparation = Preparation(polarity, crop, center, clean, sharpen)
        return to_json(
            judge(models.detector(model), open_picture(picture, wanted=waiting()), preparation, alpha_percent)
        )

    gr.on(
        [],
        answer,
        list(inputs),
        gr.JSON(visible=False),
        concurrency_id=FILES,
        api_name="judge",
        api_description="Judge a picture: eleven scores, their conformal p-values, surprise by pixel, the verdict.",
    )


def to_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement for programs, with the numbers as the detector gave them."""
    verdict = judgement.verdict
    return {
        "model": judgement.dataset,
        "verdict": verdict.verdict,
        "log_prob": verdict.log_prob,
        "bits_per_dim": verdict.bits_per_dim,
        "outlier_score": verdict.outlier_score,
        "p_value": verdict.p_value,
        "alpha": verdict.alpha,
        "scores": verdict.scores,
        "p_values": verdict.p_values,
        "tests": verdict.tests,
        "feature_distance": verdict.feature_distance,
        "steps": list(judgement.prepared.steps),
        "pixels": judgement.prepared.image[0].tolist(),
        "surprise": verdict.surprise.tolist(),
    }
