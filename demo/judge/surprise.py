"""The surprise map: what it shows, and what it asks when a user points at a pixel."""

from functools import lru_cache
from typing import Any

import torch

from demo.base.checks import is_index
from demo.base.errors import InputError
from demo.base.words import nats
from demo.judge.judgement import Judgement
from demo.shared.models import Models
from demo.widgets.heat_map import HeatMapValue, heat_map
from gm_core.data.catalog import dataset_of


def surprise_map(judgement: Judgement) -> HeatMapValue:
    """Where a picture surprised the model, as a value of :class:`demo.widgets.heat_map.HeatMap`."""
    verdict = judgement.verdict
    ratio = verdict.scores["likelihood_ratio"]
    return heat_map(
        judgement.dataset,
        judgement.prepared.image[0],
        verdict.surprise,
        verdict.expected,
        verdict.ratio,
        f"All pixels together: {nats(-verdict.log_prob)} nats, which is −log p(x).",
        f"All pixels together: {nats(ratio)} nats. Orange: no more likely than under a model of corrupted "
        f"{judgement.record.many}.",
    )


def predict_pixel(models: Models, question: dict[str, Any]) -> dict[str, Any]:
    """The distribution that a data set's PixelCNN gave a pixel.

    Args:
        models: The models.
        question: ``dataset``, ``pixels`` (all values, channels first) and ``index``, as a client sent them.

    Returns:
        ``p``, the probabilities of all levels of the pixel's channels in turn.

    Raises:
        InputError: The question is not about a picture of such a model.
        CheckpointError: The model is missing or damaged.
    """
    dataset, pixels, index = (question.get(key) for key in ("dataset", "pixels", "index"))
    if dataset not in models.datasets():
        raise InputError("There is no such model.")
    channels, height, width = dataset_of(dataset).image
    size = height * width
    if not (is_index(index, size) and isinstance(pixels, list) and len(pixels) == channels * size):
        raise InputError("This is not a picture of the model's size.")
    if not all(is_index(value, 256) for value in pixels):
        raise InputError("A pixel is a whole number from 0 to 255.")
    p = _predictions(models, dataset, bytes(pixels))[:, index]
    return {"p": [round(value, 6) for value in p.flatten().tolist()]}


@lru_cache(maxsize=16)
def _predictions(models: Models, dataset: str, pixels: bytes) -> torch.Tensor:
    """The distributions of all pixels of a picture, (C, H * W, levels)."""
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(1, *dataset_of(dataset).image)
    with torch.inference_mode():
        return models.detector(dataset).pixelcnn.distribution(image).probs[0].flatten(1, 2).cpu()
