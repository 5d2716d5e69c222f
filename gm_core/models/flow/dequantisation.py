"""From bytes to continuous values and back: a density over bytes needs both."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.flow.coupling import AffineCoupling, CouplingNetwork, coupling_masks
from gm_core.models.latents import normal_log_prob

MARGIN = 1e-5
"""How far from 0 and 1 values stay before the logit, which is infinite there. Dinh et al. (2017), section 4.1."""


class Dequantisation(nn.Module):
    r"""q(u | x): where within the steps between its levels a picture's continuous values lie.

    A byte x stands for every value x + u with u between 0 and 1. Uniform noise u would leave the flow steep walls to
    fit, all the more where most pixels are exactly 0. Here u is the sigmoid of a conditional flow, learned with the
    rest (Ho et al., 2019, "Flow++", section 3.1), and

    .. math:: \log P(x) \ge \mathbb{E}_{u \sim q(u \mid x)} [\log p(x + u) - \log q(u \mid x)].

    The couplings here are conditional: their networks are given the picture too.

    Args:
        channels: Channels of a squeezed picture.
        height: Height of a squeezed picture.
        columns: Width of a squeezed picture.
        levels: Levels of a channel.
        couplings: Coupling layers; 0 for uniform noise.
        width: Feature maps of their networks.
        blocks: Residual blocks of their networks.
    """

    def __init__(
        self, channels: int, height: int, columns: int, *, levels: int, couplings: int, width: int, blocks: int
    ) -> None:
        super().__init__()
        self.top = levels - 1
        self.couplings = nn.ModuleList(
            AffineCoupling(
                mask,
                CouplingNetwork(4 * channels, 2 * channels, width=width, blocks=blocks, height=height, columns=columns),
            )
            for mask in coupling_masks(channels, couplings)
        )

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Draw u given x.

        Args:
            x: Levels as ``float32``, (B, C, H, W).
            noise: Standard normal, of x's shape.

        Returns:
            The logits of u, of x's shape, and log q(u | x) in nats, (B,).
        """
        log_q = normal_log_prob(noise)
        if not len(self.couplings):  # the normal's own distribution function makes u uniform
            u = torch.special.ndtr(noise).clamp(1e-6, 1 - 1e-6)
            return torch.logit(u), torch.zeros_like(log_q)
        # Black and white are told apart from their neighbours, to which they are nothing like.
        context = torch.cat((x * (2 / self.top) - 1, (x == 0).float(), (x == self.top).float()), dim=1)
        v = noise
        for coupling in self.couplings:
            v, log_det = coupling(v, context)
            log_q = log_q - log_det
        # The last layer is the sigmoid, whose derivative is sigmoid(v) sigmoid(-v).
        return v, log_q - (F.logsigmoid(v) + F.logsigmoid(-v)).flatten(1).sum(dim=1)


def to_logits(x: Tensor, u: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Continuous values between 0 and the number of levels, to the whole real line.

    Args:
        x: Levels as ``float32``, (B, C, H, W).
        u: Where between them, from 0 to 1, of x's shape.
        levels: Levels of a channel.

    Returns:
        Logits of (x + u) / levels, kept :data:`MARGIN` from 0 and 1, and the log-determinant in nats, (B,).
    """
    y = MARGIN + (1 - 2 * MARGIN) / levels * (x + u)
    log_y, log_rest = torch.log(y), torch.log1p(-y)
    log_det = math.log((1 - 2 * MARGIN) / levels) - log_y - log_rest
    return log_y - log_rest, log_det.flatten(1).sum(dim=1)


def to_levels(logits: Tensor, levels: int) -> Tensor:
    """The picture that logits lie in: the inverse of :func:`to_logits`, rounded down.

    Returns:
        ``uint8``, of the logits' shape.
    """
    y = (torch.sigmoid(logits) - MARGIN) * (levels / (1 - 2 * MARGIN))
    return y.floor().clamp(0, levels - 1).to(torch.uint8)
