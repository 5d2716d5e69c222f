"""The figures of a classifier: how often it is right, how sure it is, and how sure of pictures of no class."""

import torch
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.batches import count_of, in_batches
from gm_core.evaluation.confidence import posterior_figures
from gm_core.models.capabilities import Classifies

NOISE_IMAGES = 1000
"""Pictures of noise that a classifier is asked about."""


def measure(model: Classifies, data: Images, quiet: bool) -> list[Metric]:
    """Accuracy, calibration, and the confidence in noise.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.
    """

    def log_posterior(images: Tensor) -> Tensor:
        return model.posterior(images).logits

    values = in_batches(log_posterior, data.pictures(), title="p(y|x)", quiet=quiet)
    shape, generator = (NOISE_IMAGES, *model.config.image.size), torch.Generator().manual_seed(0)
    noise = torch.randint(model.config.image.levels, shape, dtype=torch.uint8, generator=generator)
    largest = in_batches(log_posterior, noise).double().exp().amax(dim=1)
    protocol = (
        f"mean of the largest p(y|x) of {NOISE_IMAGES:,} pictures of uniform noise, seed 0, which are of no class"
    )
    return [
        *posterior_figures(values, data.labels, count_of(data)),
        Metric("confident_on_noise", float(largest.mean()), "share", protocol),
    ]
