"""The figure of an estimate: log p(x) from random draws, with its error."""

import math
from time import monotonic

import torch
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.batches import in_batches, standard_error
from gm_core.models.capabilities import Estimated, Variational

SAMPLES = (16, 4, 1)
"""Draws per image: the most that the time allows."""

SECONDS = 600.0
"""For all of them; how long that takes is known from one draw of a few images."""

IMAGES = 1000
"""The gain over one draw varies little from picture to picture, so few pictures will do."""


def measure(model: Estimated, data: Images, quiet: bool) -> list[Metric]:
    """The estimate in bits and nats; of a model with a posterior over codes it is given with the bound.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.
    """
    if isinstance(model, Variational):
        return []
    images = data.pictures()
    images = images[:: max(1, len(images) // IMAGES)][:IMAGES]  # evenly spread: the first of a test set may be easier
    generator = torch.Generator().manual_seed(0)

    samples = _samples(model, images)

    def values(batch: Tensor) -> Tensor:
        return model.estimate(batch, samples=samples, generator=generator).value

    nats = in_batches(values, images, title="estimate", quiet=quiet).double()
    kind = model.estimate(images[:1], samples=1).kind
    dims = math.prod(images.shape[1:]) * math.log(2)
    draws = "draw" if samples == 1 else "draws"
    protocol = (
        f"{kind} estimate, {model.config.image.levels} levels, {samples} {draws} per image, mean over {len(images):,} "
        f"evenly spread test images, {standard_error(nats)}, seed 0"
    )
    mean = float(nats.mean())
    return [
        Metric("estimated_bits_per_dim", -mean / dims, "bits/dim", protocol),
        Metric("estimated_log_prob", mean, "nats", protocol),
    ]


def _samples(model: Estimated, images: Tensor) -> int:
    """How many draws an image the time allows; one at least."""
    few = images[:20]
    begin = monotonic()
    model.estimate(few, samples=1)
    seconds = (monotonic() - begin) / len(few) * len(images)
    return next((samples for samples in SAMPLES if samples * seconds <= SECONDS), SAMPLES[-1])
