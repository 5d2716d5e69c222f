"""What importance weights estimate: the probability that is their mean."""

import math

import torch
from torch import Tensor

from gm_core.models.capabilities import Estimate


def importance_estimate(weights: Tensor) -> Estimate:
    """The logarithm of a mean weight, with its standard error to first order.

    Args:
        weights: Logarithms of the weights, nats, (samples, B).

    Returns:
        Of kind ``"importance"``; its error is infinite of a single draw.
    """
    samples = len(weights)
    value = torch.logsumexp(weights, dim=0) - math.log(samples)
    spread = (weights - value).exp().std(dim=0) if samples > 1 else torch.full_like(value, math.inf)
    return Estimate(value, spread / math.sqrt(samples), "importance", samples)
