r"""The exact fields that lead from noise to a mixture of Gaussians, and all that is known of them in closed form.

A point on the way is :math:`z_t = \alpha(t) z_1 + \sigma(t) \varepsilon`, with :math:`z_1` of the mixture and
:math:`\varepsilon` of a standard normal. If :math:`z_1` is of component i, :math:`N(\mu_i, s_i^2)`, then :math:`z_t` is
of :math:`N(\alpha \mu_i, v_i)` with :math:`v_i = \alpha^2 s_i^2 + \sigma^2`, and the field that makes just this way is

.. math:: u_i(z, t) = \alpha' \mu_i + \frac{v_i'}{2 v_i} (z - \alpha \mu_i).

The mixture's own field is their mean, each weighed by how probable its component is at z, :math:`r_i(z, t)`:
:math:`u = \sum_i r_i u_i` [1]. With :math:`\alpha = t, \sigma = 1 - t` it is what flow matching learns. With
:math:`\alpha^2 + \sigma^2 = 1` it is the probability flow of a diffusion that keeps the variance, :math:`f z -
\frac{1}{2} g^2 \nabla \log p_t(z)` [2].

1. Lipman, Chen, Ben-Hamu, Nickel and Le (2023), "Flow Matching for Generative Modeling", theorems 1 and 3.
   https://arxiv.org/abs/2210.02747
2. Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), "Score-Based Generative Modeling through Stochastic
   Differential Equations", section 4.3. https://arxiv.org/abs/2011.13456
3. Nichol and Dhariwal (2021), "Improved Denoising Diffusion Probabilistic Models", section 3.2, for the cosine.
   https://arxiv.org/abs/2102.09672
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

BATCH = 512
"""Points that are looked at at once, each beside every component: this bounds the memory."""


class Mix(NamedTuple):
    """What a point on the way consists of at a time: ``alpha`` of the data, ``sigma`` of noise, and their slopes."""

    alpha: float
    sigma: float
    alpha_slope: float
    sigma_slope: float


def straight(t: float) -> Mix:
    """Straight lines from noise to data, each at a constant speed: the paths of flow matching [1]."""
    return Mix(t, 1 - t, 1.0, -1.0)


def cosine(t: float) -> Mix:
    """A diffusion with the cosine schedule [3], backwards in time: a quarter of a circle from noise to data."""
    angle = math.pi / 2 * t
    return Mix(math.sin(angle), math.cos(angle), math.pi / 2 * math.cos(angle), -math.pi / 2 * math.sin(angle))


Path = Callable[[float], Mix]

PATHS: Mapping[str, Path] = MappingProxyType({"straight": straight, "diffusion": cosine})
"""The ways from noise to data, by name."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of Gaussians with diagonal covariances, all of the same weight, each with a class.

    Attributes:
        means: ``float64`` (N, D).
        stds: Standard deviations, ``float64`` (N, D).
        labels: ``int64`` (N,).
    """

    means: Tensor
    stds: Tensor
    labels: Tensor

    def given(self, label: int) -> "Mixture":
        """Those of a class; all of them for -1.

        Raises:
            ValueError: There are none.
        """
        if label == -1:
            return self
        own = self.labels == label
        if not bool(own.any()):
            raise ValueError(f"there is no component of class {label}")
        return Mixture(self.means[own], self.stds[own], self.labels[own])

    def log_prob(self, z: Tensor) -> Tensor:
        """Log p(z) in nats, ``float64`` (B,), of points (B, D)."""
        return ExactField(self, straight).log_prob(z, 1.0)

    def class_probs(self, z: Tensor, classes: int) -> Tensor:
        """P(class | z) of points (B, D), ``float64`` (B, classes)."""
        own = torch.nn.functional.one_hot(self.labels, classes).double()
        parts = [ExactField(self, straight).weights(part, 1.0)[0] @ own for part in z.double().split(BATCH)]
        return torch.cat(parts)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws, ``float64`` (n, D)."""
        which = torch.randint(len(self.means), (n,), generator=generator)
        noise = torch.randn(n, self.means.shape[1], generator=generator, dtype=torch.float64)
        return self.means[which] + self.stds[which] * noise


@dataclass(frozen=True, eq=False)
class ExactField:
    """The field from a standard normal, at time 0, to a mixture, at time 1, and the density on the way.

    Attributes:
        mixture: The mixture.
        path: The way to it.
    """

    mixture: Mixture
    path: Path

    def weights(self, z: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """How probable each component is at some points, (B, N), and log p(z) at a time, nats, (B,)."""
        mix = self.path(t)
        centre, variance = mix.alpha * self.mixture.means, self._variance(mix)
        # The logarithms of the components, up to a constant of all, are of second order in z: one product gives all.
        constant = (centre.square() / variance + variance.log()).sum(dim=1, keepdim=True)
        terms = torch.cat((1 / variance, -2 * centre / variance, constant), dim=1)
        logits = torch.cat((z.square(), z, torch.ones_like(z[:, :1])), dim=1) @ (-0.5 * terms.mT)
        total = logits.logsumexp(dim=1, keepdim=True)
        count, dimensions = centre.shape
        # No smaller than this: a processor takes many times as long for numbers that are all but 0.
        return (logits - total).clamp_min(-300).exp(), total[:, 0] - math.log(count) - dimensions / 2 * math.log(
            2 * math.pi
        )

    def log_prob(self, z: Tensor, t: float) -> Tensor:
        """Log p(z) of points (B, D) at a time, nats, ``float64`` (B,)."""
        return torch.cat([self.weights(part, t)[1] for part in z.double().split(BATCH)])

    def velocity(self, z: Tensor, t: float) -> Tensor:
        """The field at points (B, D), ``float64`` (B, D)."""
        shift, slope = self._lines(self.path(t))
        lines = torch.cat((shift, slope), dim=1)
        means = [(self.weights(part, t)[0] @ lines).chunk(2, dim=1) for part in z.double().split(BATCH)]
        return torch.cat([mean[0] for mean in means]) + torch.cat([mean[1] for mean in means]) * z.double()

    def with_divergence(self, z: Tensor, t: float) -> tuple[Tensor, Tensor]:
        r"""The field at points (B, D), and its divergence there, (B,).

        Of :math:`u = \sum_i r_i u_i` it is :math:`E[\operatorname{div} u_i] + E[g_i \cdot u_i] - E[g_i] \cdot E[u_i]`,
        the means taken with the weights r, and :math:`g_i = -(z - \alpha \mu_i) / v_i` the slope of a component's
        logarithm: the derivative of a weight is :math:`r_i (g_i - E[g_i])`.
        """
        mix = self.path(t)
        shift, slope = self._lines(mix)
        centre, variance = mix.alpha * self.mixture.means, self._variance(mix)
        # u is a line in each coordinate of z and so is g: their product's three coefficients, then g's two.
        products = slope / variance, (shift - slope * centre) / variance, -shift * centre / variance
        terms = torch.cat((shift, slope, *products, 1 / variance, centre / variance), dim=1)
        velocities, divergences = [], []
        for part in z.double().split(BATCH):
            weights, _ = self.weights(part, t)
            shift_, slope_, square, linear, constant, inverse, place = (weights @ terms).chunk(7, dim=1)
            velocity = shift_ + slope_ * part
            product = -(square * part.square() + linear * part + constant)
            velocities.append(velocity)
            divergences.append((slope_ + product - (place - inverse * part) * velocity).sum(dim=1))
        return torch.cat(velocities), torch.cat(divergences)

    def _variance(self, mix: Mix) -> Tensor:
        """Variance of each component at a time, (N, D)."""
        return (mix.alpha * self.mixture.stds).square() + mix.sigma**2

    def _lines(self, mix: Mix) -> tuple[Tensor, Tensor]:
        """The components' own fields, ``shift + slope * z``, (N, D) each."""
        change = mix.alpha * mix.alpha_slope * self.mixture.stds.square() + mix.sigma * mix.sigma_slope
        slope = change / self._variance(mix)
        return (mix.alpha_slope - slope * mix.alpha) * self.mixture.means, slope
