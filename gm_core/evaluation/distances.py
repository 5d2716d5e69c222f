r"""How far two sets of pictures are from each other, as points of a space of features.

Drawn pictures are compared with real ones in four ways. With real points X, drawn points Y and features of F numbers:

- *Fréchet distance* [1]: of the two sets as if each were normally distributed, with means :math:`m` and covariances
  :math:`C`: :math:`|m_X - m_Y|^2 + \operatorname{tr}(C_X + C_Y - 2 (C_X C_Y)^{1/2})`. The fewer the points, the larger
  it comes out, even between sets of one kind.
- *Kernel distance* [2]: the squared maximum mean discrepancy, :math:`E k(x, x') + E k(y, y') - 2 E k(x, y)`, with the
  kernel :math:`k(a, b) = (a \cdot b / F + 1)^3`. Its estimate is unbiased: whatever the number of points, it is 0 on
  average between sets of one kind, and may come out below.
- *Density* [3]: how many of the real points' neighbourhoods a drawn point lies in, as a multiple of what a real point
  would on average. Low where drawn pictures look like no real one.
- *Coverage* [3]: the share of the real points with a drawn one in their neighbourhood. Low where whole kinds of real
  pictures are never drawn.

A real point's neighbourhood is the ball that reaches to the k-th nearest of the other real points.

References:
    1. Heusel et al. (2017), "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
       section 4, with features of a network trained on ImageNet: figures of that name cannot be compared with those of
       other features. https://arxiv.org/abs/1706.08500
    2. Bińkowski, Sutherland, Arbel and Gretton (2018), "Demystifying MMD GANs", sections 2.1 and 4.
       https://arxiv.org/abs/1801.01401
    3. Naeem, Oh, Uh, Choi and Yoo (2020), "Reliable Fidelity and Diversity Metrics for Generative Models", section 3.
       https://arxiv.org/abs/2002.09797
    4. Shao and Wu (1989), "A General Theory for Jackknife Variance Estimation", section 3.
       https://doi.org/10.1214/aos/1176347263
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gm_core.numerics import isolate

NEIGHBOURS = 5
"""k, as in [3]; the least number of real points is one more."""

HALVES = 100
"""Random halves behind a standard error."""

Comparison = Callable[[Tensor, Tensor], float]
"""From real points, (N, F), and drawn points, (M, F)."""


@isolate
def frechet_distance(real: Tensor, drawn: Tensor) -> float:
    """The squared Fréchet distance between two sets of points, as if each were normally distributed [1].

    Args:
        real: Points, (N, F), N at least 2.
        drawn: Points, (M, F), M at least 2.
    """
    (mean_a, cov_a), (mean_b, cov_b) = _moments(real), _moments(drawn)
    # tr (AB)^1/2 is that of (A^1/2 B A^1/2)^1/2, of symmetric matrices.
    root = _root(cov_a)
    both = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * both)


@isolate
def kernel_distance(real: Tensor, drawn: Tensor) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy, with a cubic kernel [2].

    Args:
        real: Points, (N, F), N at least 2.
        drawn: Points, (M, F), M at least 2.
    """
    real, drawn = real.double(), drawn.double()
    within = sum(
        float(kernel.sum() - kernel.trace()) / (len(kernel) * (len(kernel) - 1))
        for kernel in (_kernel(real, real), _kernel(drawn, drawn))
    )
    return within - 2 * float(_kernel(real, drawn).mean())


@isolate
def density(real: Tensor, drawn: Tensor) -> float:
    """How many neighbourhoods of real points a drawn point lies in, in units of k [3]: 1 on average if all are alike.

    Args:
        real: Points, (N, F), N above :data:`NEIGHBOURS`.
        drawn: Points, (M, F).
    """
    return float(_inside(real, drawn).double().sum()) / (NEIGHBOURS * len(drawn))


@isolate
def coverage(real: Tensor, drawn: Tensor) -> float:
    """The share of real points with a drawn point in their neighbourhood [3].

    If all N + M points are alike it is on average the chance that the k nearest to a real point are not all real, which
    is :func:`usual_coverage`.

    Args:
        real: Points, (N, F), N above :data:`NEIGHBOURS`.
        drawn: Points, (M, F).
    """
    return float(_inside(real, drawn).any(dim=1).double().mean())


def usual_coverage(real: int, drawn: int) -> float:
    """The mean coverage between so many points of one continuous distribution [3, lemma 2].

    Args:
        real: N, above :data:`NEIGHBOURS`.
        drawn: M.
    """
    missed = 1.0
    for i in range(1, NEIGHBOURS + 1):
        missed *= (real - i) / (real + drawn - i)
    return 1 - missed


@isolate
def standard_error(figure: Comparison, real: Tensor, drawn: Tensor, halves: int = HALVES) -> float:
    """The standard error of a figure: how it differs between random halves of both sets [4].

    That is the jackknife with half of the points left out, which serves for figures that jump, as the coverage does; it
    is rather too large than too small. Points drawn with replacement would be their own nearest neighbours.

    Args:
        figure: The figure.
        real: Points, (N, F).
        drawn: Points, (M, F).
        halves: How many are compared.
    """
    generator = torch.Generator().manual_seed(0)
    values = [
        figure(*(points[torch.randperm(len(points), generator=generator)[: len(points) // 2]] for points in sets))
        for sets in [(real, drawn)] * halves
    ]
    return float(torch.tensor(values, dtype=torch.float64).std())


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(a . b / F + 1)^3 of all pairs, (N, M)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def _inside(real: Tensor, drawn: Tensor) -> Tensor:
    """Which drawn points lie in which real points' neighbourhoods, ``bool`` (N, M)."""
    real, drawn = real.double(), drawn.double()
    # The nearest of all is the point itself.
    radius = torch.cdist(real, real).kthvalue(NEIGHBOURS + 1, dim=1).values
    return torch.cdist(real, drawn) < radius[:, None]


def _moments(points: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance, in double precision."""
    points = points.double()
    return points.mean(dim=0), torch.cov(points.T, correction=1).reshape(points.shape[1], points.shape[1])


def _root(matrix: Tensor) -> Tensor:
    """The square root of a positive semi-definite symmetric matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
