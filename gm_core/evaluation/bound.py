"""The figures of a lower bound: the bound and its terms, and how much importance samples tighten it."""

import math

import torch
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.batches import count_of, in_batches, standard_error
from gm_core.models.capabilities import Bounded, Variational

IMPORTANCE_SAMPLES = 5000
IMPORTANCE_IMAGES = {1: 200, 3: 50}
"""By channels: enough images to know how much importance samples gain over the ELBO to half a nat of grey ones (and to
a thousandth of a bit per value of those in colour, which take four times as long), few enough for a CPU."""

IMPORTANCE_VALUES = 8000
"""Values of pictures, of each of which a batch of draws is in memory at once."""


def measure(model: Bounded, data: Images, quiet: bool) -> list[Metric]:
    """The bound in bits and nats, then each of its terms; of a model with a posterior, the tighter bound too.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.
    """
    images, generator = data.pictures(), torch.Generator().manual_seed(0)
    dims = math.prod(images.shape[1:]) * math.log(2)
    kind = f"{model.config.image.levels} levels" + (", binarised at random, once" if data.binary else "")
    names: list[str] = []
    title: list[str] = []  # what the figures are called, and what is random in them

    def terms(batch: Tensor) -> Tensor:
        bound = model.bound(batch, generator=generator)
        names[:], title[:] = list(bound.terms), [bound.name, bound.draw]
        return torch.stack(list(bound.terms.values()), dim=1)

    means = in_batches(terms, images, title="bound", quiet=quiet).double().mean(dim=0).tolist()
    value, (name, draw) = math.fsum(means), title
    one = f"lower bound, {kind}, {draw}, mean over {count_of(data)}, seed 0"
    metrics = [Metric(f"{name}_bits_per_dim", -value / dims, "bits/dim", one), Metric(name, value, "nats", one)]
    for term, mean in zip(names, means, strict=True):
        positive = term.removeprefix("-")
        metrics.append(Metric(positive, mean if positive == term else -mean, "nats", one))
    if isinstance(model, Variational):
        metrics += _importance(model, images, value, dims, kind, generator, quiet)
    return metrics


def _importance(
    model: Variational,
    images: Tensor,
    elbo: float,
    dims: float,
    kind: str,
    generator: torch.Generator,
    quiet: bool,
) -> list[Metric]:
    """The bound that many importance samples give (Burda et al., 2016)."""

    def gains(batch: Tensor) -> Tensor:
        weights = model.log_weights(batch, IMPORTANCE_SAMPLES, generator).double()
        return torch.logsumexp(weights, dim=0) - math.log(len(weights)) - weights.mean(dim=0)

    some = images[: IMPORTANCE_IMAGES[images.shape[1]]]
    # The gain varies by a few nats from picture to picture where log p(x) varies by a hundred: few pictures will do.
    batch = max(1, IMPORTANCE_VALUES // some[0].numel())
    gain = in_batches(gains, some, batch=batch, title="importance-weighted bound", quiet=quiet)
    weighted = elbo + float(gain.mean())
    many = (
        f"lower bound, {kind}: the ELBO, and what {IMPORTANCE_SAMPLES:,} importance samples gain over it on the first "
        f"{len(some):,} of them ({gain.mean():.2f} nats, {standard_error(gain)})"
    )
    return [
        Metric("importance_weighted_bits_per_dim", -weighted / dims, "bits/dim", many),
        Metric("importance_weighted_bound", weighted, "nats", many),
    ]
