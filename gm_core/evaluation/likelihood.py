"""How well a model predicts images it has never seen: every figure of a card, from the weights and the test set."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.models.autoregressive import PixelCNN
from gm_core.models.vae import VAE

BATCH = 100
IMPORTANCE_SAMPLES = 100
IMPORTANCE_IMAGES = 1000


def evaluate(model: PixelCNN | VAE, data: Images, which: str = "test", quiet: bool = False) -> list[Metric]:
    """Measure a model on images it was not trained on.

    Args:
        model: The model.
        data: The images.
        which: What to call them in the figures' protocols.
        quiet: No progress bar.

    Returns:
        The figures, each with its protocol.
    """
    if isinstance(model, PixelCNN):
        return _evaluate_pixelcnn(model, data, which, quiet)
    return _evaluate_vae(model, data, which, quiet)


def in_batches(
    function: Callable[..., Tensor], *inputs: Tensor, batch: int = BATCH, title: str = "", quiet: bool = True
) -> Tensor:
    """A function of many pictures, computed a batch at a time without gradients.

    Args:
        function: Of tensors with a leading batch dimension.
        inputs: Its arguments, all of the same length.
        batch: Pictures at once.
        title: Of the progress bar.
        quiet: No progress bar.

    Returns:
        The results, on the CPU, joined.
    """
    parts = list(zip(*(tensor.split(batch) for tensor in inputs), strict=True))
    with torch.inference_mode():
        return torch.cat([function(*part).cpu() for part in tqdm(parts, desc=title, unit="batch", disable=quiet)])


def _evaluate_pixelcnn(model: PixelCNN, data: Images, which: str, quiet: bool) -> list[Metric]:
    images, count = data.images, f"{len(data):,} {which} images"
    nats = in_batches(model.log_prob, images, title="log p(x)", quiet=quiet).double().mean()
    given = in_batches(model.log_prob, images, data.labels, title="log p(x|y)", quiet=quiet).double().mean()
    dims = math.prod(images.shape[1:]) * math.log(2)
    exact = f"exact, {model.config.levels} levels, mean over {count}"
    return [
        Metric("bits_per_dim", float(-nats / dims), "bits/dim", f'{exact}, label "any class"'),
        Metric("log_prob", float(nats), "nats", f'{exact}, label "any class"'),
        Metric("bits_per_dim_given_class", float(-given / dims), "bits/dim", f"{exact}, given the true class"),
    ]


def _evaluate_vae(model: VAE, data: Images, which: str, quiet: bool) -> list[Metric]:
    images, generator = data.images, torch.Generator().manual_seed(0)

    def terms(batch: Tensor) -> Tensor:
        elbo = model.elbo(batch, generator=generator)
        return torch.stack([elbo.reconstruction, elbo.kl], dim=1)

    reconstruction, kl = in_batches(terms, images, title="ELBO", quiet=quiet).double().mean(dim=0).tolist()
    some = images[:IMPORTANCE_IMAGES]
    bound = in_batches(
        lambda batch: model.log_prob(batch, samples=IMPORTANCE_SAMPLES, generator=generator),
        some,
        batch=10,
        title="importance-weighted bound",
        quiet=quiet,
    )
    dims = math.prod(images.shape[1:]) * math.log(2)
    one = f"lower bound, 256 levels, one draw of z, mean over {len(data):,} {which} images, seed 0"
    samples = f"{IMPORTANCE_SAMPLES} importance samples"
    many = f"lower bound, 256 levels, {samples}, mean over the first {len(some):,} {which} images"
    weighted = float(bound.double().mean())
    return [
        Metric("elbo_bits_per_dim", -(reconstruction - kl) / dims, "bits/dim", one),
        Metric("elbo", reconstruction - kl, "nats", one),
        Metric("reconstruction", reconstruction, "nats", one),
        Metric("kl", kl, "nats", one),
        Metric("importance_weighted_bits_per_dim", -weighted / dims, "bits/dim", many),
        Metric("importance_weighted_bound", weighted, "nats", many),
    ]
