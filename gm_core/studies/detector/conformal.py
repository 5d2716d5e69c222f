"""From a number to a p-value with a guarantee, and from several p-values to one."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

SHARES = {"density": 0.75, "features": 0.25}
"""Of the accepted false alarms, how many each test may raise, where there are both."""


def shares_of(tests: Iterable[str]) -> dict[str, float]:
    """The shares of the tests that there are, which add up to 1."""
    shares = {name: SHARES[name] for name in tests}
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def combine(p_values: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    r"""One p-value of several tests: the smallest, once each is divided by its share (weighted Bonferroni).

    If every test keeps :math:`P(p_i \le \alpha) \le \alpha`, then so does
    :math:`p = \min(1, \min_i p_i / w_i)` with :math:`\sum_i w_i = 1`, however the tests depend on each other:
    :math:`P(p \le \alpha) \le \sum_i P(p_i \le w_i \alpha) \le \sum_i w_i \alpha = \alpha`.

    Args:
        p_values: Those of each test, a key of :data:`SHARES`, ``float64`` (B,).

    Returns:
        The p-values, ``float64`` (B,), and which test each comes from, by its place, ``int64`` (B,).

    References:
        Genovese, Roeder and Wasserman (2006), "False Discovery Control with p-Value Weighting", section 2.
    """
    shares = shares_of(p_values)
    least = torch.stack([p_value / shares[name] for name, p_value in p_values.items()]).min(dim=0)
    return least.values.clamp_max(1), least.indices


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
