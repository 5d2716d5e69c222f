r"""Bayes' rule between pictures and classes: :math:`p(y \mid x)\, p(x) = p(x \mid y)\, p(y)`, read both ways.

A class-conditional density says which class a picture belongs to, as a classifier does, and also how likely the picture
is at all; a classifier becomes a density over pictures only with a p(x) from elsewhere.

References:
    Ng and Jordan (2001), "On Discriminative vs. Generative Classifiers".
    https://papers.nips.cc/paper/2020-on-discriminative-vs-generative-classifiers-a-comparison-of-logistic-regression-and-naive-bayes
    van den Oord et al. (2016b), "Conditional Image Generation with PixelCNN Decoders", for p(x | y).
    https://arxiv.org/abs/1606.05328
"""

import math

import torch
from torch import Tensor

from gm_core.evaluation.batches import in_batches
from gm_core.models.capabilities import Density
from gm_core.numerics import isolate

PASSES = {"cpu": 20, "cuda": 500, "mps": 100}
"""Pictures times classes per pass of a PixelCNN: few fit a CPU's cache, many fill a GPU."""


@isolate
def class_log_probs(model: Density, images: Tensor, *, title: str = "log p(x|y)", quiet: bool = True) -> Tensor:
    """Exact log p(x | y) of every picture under every class, in bounded memory.

    Args:
        model: A class-conditional density.
        images: ``uint8`` (B, 1, H, W).
        title: Title of the progress bar.
        quiet: No progress bar.

    Returns:
        Nats, ``float64`` (B, classes), on the CPU.

    Raises:
        ValueError: The images are of the wrong type or shape.
    """
    classes = model.config.classes

    def of_classes(some: Tensor) -> Tensor:
        labels = torch.arange(classes).repeat(len(some))
        return model.log_prob(some.repeat_interleave(classes, dim=0), labels).view(-1, classes)

    batch = max(1, PASSES.get(model.device.type, 20) // classes)
    return in_batches(of_classes, images, batch=batch, title=title, quiet=quiet).double()


def log_joint(log_p_x_given_y: Tensor, prior: Tensor | None = None) -> Tensor:
    r"""How likely a picture and its being of a class are together: :math:`\log p(x, y) = \log p(x \mid y) + \log p(y)`.

    Args:
        log_p_x_given_y: Nats, (B, classes).
        prior: p(y), (classes,); uniform when left out.

    Returns:
        Nats, ``float64`` (B, classes).

    Raises:
        ValueError: The prior is not one of these classes.
    """
    return log_p_x_given_y.double() + _log_prior(log_p_x_given_y, prior)


def bayes_posterior(log_p_x_given_y: Tensor, prior: Tensor | None = None) -> Tensor:
    r"""Which class a picture is of, by Bayes' rule: :math:`p(y \mid x) = p(x \mid y)\, p(y) / p(x)`.

    Args:
        log_p_x_given_y: Nats, (B, classes).
        prior: p(y), (classes,); uniform when left out.

    Returns:
        Probabilities of the classes, ``float64`` (B, classes).

    Raises:
        ValueError: The prior is not one of these classes.
    """
    return log_joint(log_p_x_given_y, prior).softmax(dim=1)


def marginal_log_prob(log_p_x_given_y: Tensor, prior: Tensor | None = None) -> Tensor:
    r"""How likely a picture is at all: :math:`\log p(x) = \log \sum_y p(x \mid y)\, p(y)`.

    Args:
        log_p_x_given_y: Nats, (B, classes).
        prior: p(y), (classes,); uniform when left out.

    Returns:
        Nats, ``float64`` (B,).

    Raises:
        ValueError: The prior is not one of these classes.
    """
    return log_joint(log_p_x_given_y, prior).logsumexp(dim=1)


def likelihood_from_posterior(posterior: Tensor, log_p_x: Tensor, prior: Tensor | None = None) -> Tensor:
    r"""Bayes' rule the other way round: :math:`p(x \mid y) = p(y \mid x)\, p(x) / p(y)`.

    With a classifier's p(y | x) and the p(x) of a density without classes, this is a class-conditional density that was
    never trained.

    Args:
        posterior: Probabilities of the classes, (B, classes).
        log_p_x: Nats, (B,).
        prior: p(y), (classes,); uniform when left out.

    Returns:
        log p(x | y), nats, ``float64`` (B, classes); minus infinity where p(y | x) is 0.

    Raises:
        ValueError: The prior is not one of these classes.
    """
    return posterior.double().log() + log_p_x.double()[:, None] - _log_prior(posterior, prior)


def _log_prior(table: Tensor, prior: Tensor | None) -> Tensor:
    """The log p(y) of a table's classes, (classes,) or one number; ``ValueError`` unless p(y) is a distribution."""
    if table.ndim != 2:
        raise ValueError(f"expected one row per picture and one column per class, not the shape {tuple(table.shape)}")
    classes = table.shape[1]
    if prior is None:
        return torch.tensor(-math.log(classes), dtype=torch.float64, device=table.device)
    prior = prior.double()
    if prior.shape != (classes,) or not bool((prior > 0).all()) or abs(float(prior.sum()) - 1) > 1e-6:
        raise ValueError(f"a prior must be {classes} positive probabilities that sum to 1, not {prior.tolist()}")
    return prior.log()
