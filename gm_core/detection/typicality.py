"""The score: how far a picture's likelihood, or a bound on it, is from the usual, on either side."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Typicality:
    """Two-sided distance of a log-likelihood from what is typical of the training images.

    A likelihood that is too *high* is as suspicious as one that is too low: an empty picture is far more likely under
    any density of digits than any digit is, and still no digit. The distance is measured in half-widths of the middle
    95 % of the training images, on either side its own, so 1 is the edge of that middle.

    Attributes:
        low: 2.5 % quantile over training images, nats.
        middle: Median.
        high: 97.5 % quantile.

    References:
        Nalisnick et al. (2019), "Detecting Out-of-Distribution Inputs to Deep Generative Models Using Typicality"
        (there with the absolute distance to the entropy). https://arxiv.org/abs/1906.02994
    """

    low: float
    middle: float
    high: float

    def __post_init__(self) -> None:
        """Refuse quantiles that are none."""
        if not -math.inf < self.low < self.middle < self.high < math.inf:
            raise ValueError(f"quantiles must rise and be finite, not {self.low}, {self.middle}, {self.high}")

    @classmethod
    def fit(cls, log_prob: Tensor) -> "Typicality":
        """From the log-likelihoods of training images, (N,)."""
        quantiles = torch.quantile(log_prob.double(), torch.tensor([0.025, 0.5, 0.975], dtype=torch.float64))
        return cls(*quantiles.tolist())

    def outlier_score(self, log_prob: Tensor) -> Tensor:
        """Distance from the middle; 0 in the middle, 1 at the edges of the middle 95 %, higher is stranger."""
        below = (self.middle - log_prob) / (self.middle - self.low)
        above = (log_prob - self.middle) / (self.high - self.middle)
        return torch.maximum(below, above)

    def within(self, outlier_score: float) -> tuple[float, float]:
        """The range of log-likelihoods whose score is at most this, nats."""
        below, above = self.middle - self.low, self.high - self.middle
        return self.middle - outlier_score * below, self.middle + outlier_score * above
