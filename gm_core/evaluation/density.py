"""The figures of an exact density: the bits per value of an unseen picture."""

import math

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.batches import count_of, in_batches
from gm_core.models.capabilities import Density


def measure(model: Density, data: Images, quiet: bool) -> list[Metric]:
    """Log p(x), and log p(x | y) of a model that knows classes.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.
    """
    images, levels = data.pictures(), model.config.image.levels
    dims = math.prod(images.shape[1:]) * math.log(2)
    exact = f"exact, {levels} levels, mean over {count_of(data)}"
    nats = in_batches(model.log_prob, images, title="log p(x)", quiet=quiet).double().mean()
    if not model.config.classes:
        return [
            Metric("bits_per_dim", float(-nats / dims), "bits/dim", exact),
            Metric("log_prob", float(nats), "nats", exact),
        ]
    given = in_batches(model.log_prob, images, data.labels, title="log p(x|y)", quiet=quiet).double().mean()
    return [
        Metric("bits_per_dim", float(-nats / dims), "bits/dim", f'{exact}, label "any class"'),
        Metric("log_prob", float(nats), "nats", f'{exact}, label "any class"'),
        Metric("bits_per_dim_given_class", float(-given / dims), "bits/dim", f"{exact}, given the true class"),
    ]
