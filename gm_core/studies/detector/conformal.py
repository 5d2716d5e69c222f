"""From a number to a p-value with a guarantee."""

import torch
from torch import Tensor


def two_sided_p_value(values: Tensor, calibration: Tensor) -> Tensor:
    r"""Conformal p-values of numbers that may be unusually low or unusually high.

    For each side, the share of the calibration values and the new one that lie at least as far out:
    :math:`(1 + \#\{i : s_i \ge s\}) / (n + 1)`. The smaller of the two is doubled, because it was chosen. If the new
    value is exchangeable with the calibration values, then :math:`P(p \le \alpha) \le \alpha` for every
    :math:`\alpha`, however few there are.

    Args:
        values: New values, (B,).
        calibration: Calibration values, sorted ascending, (n,).

    Returns:
        p-values in (0, 1], ``float64`` (B,).

    References:
        Vovk, Gammerman and Shafer (2005), "Algorithmic Learning in a Random World", chapter 2; Bates et al. (2023),
        "Testing for Outliers with Conformal p-values". https://arxiv.org/abs/2104.08279
    """
    values = values.to(calibration).contiguous()
    at_least = len(calibration) - torch.searchsorted(calibration, values, right=False)
    at_most = torch.searchsorted(calibration, values, right=True)
    return (2 * (1 + torch.minimum(at_least, at_most)).double() / (len(calibration) + 1)).clamp_max(1)


def usual_range(calibration: Tensor, alpha: float) -> tuple[float, float]:
    """The range in which the two-sided p-value of a value is above alpha, ends included.

    Args:
        calibration: Calibration values, sorted ascending, (n,).
        alpha: In (0, 1).
    """
    n = len(calibration)
    # A value with this many calibration values at or beyond it has the p-value 2 (1 + beyond) / (n + 1).
    beyond = torch.arange(n // 2 + 1)
    usual = 2 * (1 + beyond).double() / (n + 1) > alpha
    if not bool(usual.any()):
        return float("inf"), float("-inf")
    needed = int(usual.int().argmax())
    if needed == 0:
        return float("-inf"), float("inf")
    return float(calibration[needed - 1]), float(calibration[n - needed])
