"""Which levels a picture can have at all, once its contrast was stretched: a latent number, inferred pixel by pixel."""

import torch
from torch import Tensor, nn

OUTLIER = 1e-4
"""Chance that a pixel is of a level that its picture should not have: nothing is ruled out, whatever is scored."""

LEAST = 1e-12
"""What the network holds likely of the levels of an M at least."""

_LOWEST = -60.0
"""The least exponent: numbers that are nearly too small for ``float32`` take a CPU a hundred times as long."""


def stretched_levels(levels: int) -> Tensor:
    """Which levels are left when the brightest level that a picture had is made the brightest there is.

    With 8 bits, level k of 0 to M becomes ``int(k * (255.0 / M))``, in that order and precision: it is how the Python
    imaging library does it, and 255 / M of the levels stay empty. Where a product comes out just below a whole number
    it loses one, so that some M have no 255.

    Args:
        levels: Levels of a pixel, L.

    Returns:
        ``bool`` (L - 1, L): row M - 1 is for M. The last is the picture that was not stretched, which has all levels.
    """
    top = levels - 1
    k = torch.arange(levels, dtype=torch.float64)
    sets = torch.zeros(top, levels, dtype=torch.bool)
    for brightest in range(1, top):
        sets[brightest - 1, (k[: brightest + 1] * (float(top) / brightest)).long()] = True
    sets[-1] = True
    return sets


class Stretch(nn.Module):
    r"""Makes a density over pictures one over pictures whose contrast was stretched, by a latent brightest level M.

    Given M the network's distribution is cut to the levels :math:`S_M` that M leaves, and of M we know what the pixels
    so far say of it:

    .. math::
        p(x_i \mid x_{<i}) = \sum_M p(M \mid x_{<i}) \, p_M(x_i \mid x_{<i}), \quad
        p_M(x_i \mid x_{<i}) = (1 - \epsilon) \frac{[x_i \in S_M]}{Z_{iM}} p_0(x_i \mid x_{<i})
        + \epsilon \, p_0(x_i \mid x_{<i})

    with the network's :math:`p_0`, :math:`Z_{iM} = \sum_{v \in S_M} p_0(v \mid x_{<i})` and :math:`\epsilon` =
    :data:`OUTLIER`. It is exact: the sum over M is carried out, at every pixel.

    Args:
        levels: Levels of a pixel.
    """

    sets: Tensor

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.prior = nn.Parameter(torch.zeros(levels - 1))  # logits of p(M)
        self.register_buffer("sets", stretched_levels(levels).float(), persistent=False)

    def forward(self, logits: Tensor, values: Tensor) -> Tensor:
        """The density's log-probabilities from the network's.

        Args:
            logits: Of the network, (B, H, W, levels), unnormalised.
            values: Levels, ``int64`` (B, H, W).

        Returns:
            Log-probabilities, (B, H, W, levels): those of a pixel depend on the pixels before it in raster order only.
            What those say of M has no gradient here; :meth:`log_prob`, which is for training, has all of it.
        """
        log_p = logits.float().flatten(1, 2).log_softmax(dim=-1)
        inside = self.inside(log_p)
        with torch.no_grad():
            seen = self.gain(inside, values.flatten(1)).cumsum(dim=1)
            before = torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], dim=1)
        return (log_p + self.factor(before + self.prior, inside)).view_as(logits)

    def log_prob(self, logits: Tensor, values: Tensor) -> Tensor:
        """Log-probability of whole pictures, without that of every level at every pixel.

        Args:
            logits: As for :meth:`forward`.
            values: As for :meth:`forward`.

        Returns:
            Nats, (B,).
        """
        log_p, values = logits.float().flatten(1, 2).log_softmax(dim=-1), values.flatten(1)
        of_network = log_p.gather(-1, values.unsqueeze(-1)).flatten(1).sum(dim=1)
        given = self.gain(self.inside(log_p), values).sum(dim=1)
        return of_network + torch.logsumexp(given + self.prior.log_softmax(dim=0), dim=-1)

    def inside(self, log_p: Tensor) -> Tensor:
        """What the network holds likely of the levels of each M, Z: (..., levels) to (..., M)."""
        return (log_p.clamp_min(_LOWEST).exp() @ self.sets.t()).float().clamp(LEAST, 1)

    def gain(self, inside: Tensor, values: Tensor) -> Tensor:
        """How much likelier values are given M than to the network alone.

        Args:
            inside: Of :meth:`inside`, (..., M).
            values: Levels, ``int64`` (...).

        Returns:
            Nats, (..., M).
        """
        return ((1 - OUTLIER) * self.sets.t()[values] / inside + OUTLIER).log()

    def factor(self, weight: Tensor, inside: Tensor) -> Tensor:
        """What is to be added to the network's log-probabilities of one pixel.

        Args:
            weight: Logits of p(M) given the pixels before, (..., M).
            inside: Of :meth:`inside`, (..., M).

        Returns:
            Nats, (..., levels).
        """
        share = weight.log_softmax(dim=-1).clamp_min(_LOWEST).exp() / inside
        return torch.log((1 - OUTLIER) * (share @ self.sets).float() + OUTLIER)
