"""From a score to a p-value that means what it says."""

import torch
from torch import Tensor


def conformal_p_value(scores: Tensor, calibration: Tensor) -> Tensor:
    r"""Conformal p-values of outlier scores.

    The share of the calibration scores, the new one counted among them, that are at least as high:
    :math:`p = (1 + \#\{i : s_i \ge s\}) / (n + 1)`. If the new image is exchangeable with the calibration images, then
    :math:`P(p \le \alpha) \le \alpha` for every :math:`\alpha`, whatever the score and however few the images, on
    average over draws of the calibration set.

    Args:
        scores: Scores of new images, higher is stranger, (B,).
        calibration: Scores of the calibration images, sorted ascending, (n,).

    Returns:
        p-values in (0, 1], ``float64`` (B,).

    References:
        Vovk, Gammerman and Shafer (2005), "Algorithmic Learning in a Random World", chapter 2; Bates et al. (2023),
        "Testing for Outliers with Conformal p-values". https://arxiv.org/abs/2104.08279
    """
    below = torch.searchsorted(calibration, scores.to(calibration), right=False)
    at_least = len(calibration) - below
    return (1 + at_least).double() / (len(calibration) + 1)
