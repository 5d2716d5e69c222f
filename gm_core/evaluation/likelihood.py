"""How well a model predicts images it has never seen: every figure of a card, from the weights and the test set."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.confidence import posterior_figures
from gm_core.models.autoregressive.base import PixelCNN
from gm_core.models.classifier.classifier import Classifier
from gm_core.models.vae.autoencoder import Autoencoder
from gm_core.models.vae.vae import VAE

BATCH = 100
IMPORTANCE_SAMPLES = 5000
IMPORTANCE_IMAGES = {1: 200, 3: 50}
"""By channels: enough images to know how much importance samples gain over the ELBO to half a nat of grey ones (and to
a thousandth of a bit a value of those in colour, which take four times as long), few enough for a CPU."""

IMPORTANCE_VALUES = 8000
"""Values of pictures, of each of which a batch of draws is in memory at once."""

NOISE_IMAGES = 1000
"""Pictures of noise that a classifier is asked about."""


def evaluate(
    model: PixelCNN | VAE | Autoencoder | Classifier, data: Images, which: str = "test", quiet: bool = False
) -> list[Metric]:
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
    if isinstance(model, Autoencoder):
        return _evaluate_autoencoder(model, data, which, quiet)
    if isinstance(model, Classifier):
        return _evaluate_classifier(model, data, which, quiet)
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


def _named(data: Images, which: str) -> str:
    """What a figure was measured on, in words."""
    return data.part or f"{len(data):,} {which} images"


def _evaluate_pixelcnn(model: PixelCNN, data: Images, which: str, quiet: bool) -> list[Metric]:
    images, count = data.pictures(), _named(data, which)
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
    images, generator = data.pictures(), torch.Generator().manual_seed(0)

    def terms(batch: Tensor) -> Tensor:
        elbo = model.elbo(batch, generator=generator)
        return torch.stack([elbo.reconstruction, elbo.kl], dim=1)

    def gains(batch: Tensor) -> Tensor:
        weights = model.log_weights(batch, IMPORTANCE_SAMPLES, generator).double()
        return torch.logsumexp(weights, dim=0) - math.log(len(weights)) - weights.mean(dim=0)

    reconstruction, kl = in_batches(terms, images, title="ELBO", quiet=quiet).double().mean(dim=0).tolist()
    some = images[: IMPORTANCE_IMAGES[model.channels]]
    # The gain varies by a few nats from picture to picture where log p(x) varies by a hundred: few pictures will do.
    batch = max(1, IMPORTANCE_VALUES // some[0].numel())
    gain = in_batches(gains, some, batch=batch, title="importance-weighted bound", quiet=quiet)
    weighted = reconstruction - kl + float(gain.mean())
    error = float(gain.std() / math.sqrt(len(gain)))
    dims = math.prod(images.shape[1:]) * math.log(2)
    kind = f"{model.config.levels} levels" + (", binarised at random, once" if data.binary else "")
    one = f"lower bound, {kind}, one draw of z, mean over {_named(data, which)}, seed 0"
    many = (
        f"lower bound, {kind}: the ELBO, and what {IMPORTANCE_SAMPLES:,} importance samples gain over it on the first "
        f"{len(some):,} of them ({gain.mean():.2f} nats, standard error {error:.2f})"
    )
    return [
        Metric("elbo_bits_per_dim", -(reconstruction - kl) / dims, "bits/dim", one),
        Metric("elbo", reconstruction - kl, "nats", one),
        Metric("reconstruction", reconstruction, "nats", one),
        Metric("kl", kl, "nats", one),
        Metric("importance_weighted_bits_per_dim", -weighted / dims, "bits/dim", many),
        Metric("importance_weighted_bound", weighted, "nats", many),
    ]


def _evaluate_autoencoder(model: Autoencoder, data: Images, which: str, quiet: bool) -> list[Metric]:
    def squared_errors(batch: Tensor) -> Tensor:
        rebuilt = model.decode(model.encode(batch))
        return (rebuilt - batch.to(rebuilt)).flatten(1).square().mean(dim=1)

    error = in_batches(squared_errors, data.pictures(), title="reconstruction", quiet=quiet).double().mean().sqrt()
    protocol = f"root mean square over the pixels of {_named(data, which)}, of 256 levels"
    return [Metric("reconstruction_error", float(error), "grey levels", protocol)]


def _evaluate_classifier(model: Classifier, data: Images, which: str, quiet: bool) -> list[Metric]:
    def log_posterior(images: Tensor) -> Tensor:
        return model.posterior(images).logits

    values = in_batches(log_posterior, data.pictures(), title="p(y|x)", quiet=quiet)
    shape, generator = (NOISE_IMAGES, *data.images.shape[1:]), torch.Generator().manual_seed(0)
    noise = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    largest = in_batches(log_posterior, noise).double().exp().amax(dim=1)
    protocol = (
        f"mean of the largest p(y|x) of {NOISE_IMAGES:,} pictures of uniform noise, seed 0, which are of no class"
    )
    return [
        *posterior_figures(values, data.labels, f"{len(data):,} {which} images"),
        Metric("confident_on_noise", float(largest.mean()), "share", protocol),
    ]
