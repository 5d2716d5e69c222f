"""Couplings: half of the values stay, and tell how the other half is shifted, and scaled too where it is affine."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.flow.base import Bijection


class CouplingBlock(nn.Module):
    """A residual block that keeps the size: normalise, 3x3 convolution, 1x1 convolution.

    Args:
        width: Feature maps.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, h: Tensor) -> Tensor:
        """(B, width, H, W) to the same shape."""
        return h + self.out(F.silu(self.mix(F.silu(normalise(self.norm, h)))))


class CouplingNetwork(nn.Module):
    """The network of a coupling: any function will do, for it is never inverted.

    Layer normalisation takes the place of the paper's batch normalisation: each picture's density is then a function
    of that picture alone. A learned bias for every position tells the network where it is.

    Args:
        inputs: Channels that go in.
        outputs: Channels that come out.
        width: Feature maps.
        blocks: Residual blocks.
        height: Height of the input.
        columns: Width of the input.
    """

    def __init__(self, inputs: int, outputs: int, *, width: int, blocks: int, height: int, columns: int) -> None:
        super().__init__()
        self.input = nn.Conv2d(inputs, width, 3, padding=1)
        self.position = nn.Parameter(torch.zeros(width, height, columns))
        self.blocks = nn.ModuleList(CouplingBlock(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Conv2d(width, outputs, 3, padding=1)
        # Zeros make every coupling the identity at first, so that a deep stack starts as well as a shallow one.
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        h = self.input(x)
        h = h + self.position.to(h.dtype)
        for block in self.blocks:
            h = block(h)
        return self.output(F.silu(normalise(self.norm, h)))


def normalise(norm: nn.LayerNorm, h: Tensor) -> Tensor:
    """Layer normalisation over the channels of each position, (B, C, H, W)."""
    return norm(h.movedim(1, -1)).movedim(-1, 1)


class AffineCoupling(Bijection):
    r"""The layer that RealNVP is made of.

    With a mask b of zeros and ones and a network that gives s and t,

    .. math:: y = b \odot x + (1 - b) \odot (x \odot e^{s(b \odot x)} + t(b \odot x)).

    What the mask keeps is the same before and after, so s and t can be computed on the way back too, and the inverse
    needs no inverse of the network. The Jacobian is triangular, and its log-determinant the sum of s. Dinh et al.
    (2017), sections 3.2 to 3.4; s is a learned scale times tanh, as in section 4.1, so no input gives a factor
    without bound.

    Args:
        mask: For each channel, 1 to keep it and 0 to transform it.
        network: From C channels, and those of the context, to 2C: s before its bound, and t.
    """

    mask: Tensor

    def __init__(self, mask: Tensor, network: nn.Module) -> None:
        super().__init__()
        self.register_buffer("mask", mask.view(-1, 1, 1), persistent=False)
        self.network = network
        self.scale = nn.Parameter(torch.ones(len(mask), 1, 1))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        s, t = self._scale_and_shift(x, context)
        return x * torch.exp(s) + t, s.flatten(1).sum(dim=1)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        s, t = self._scale_and_shift(y, context)
        return (y - t) * torch.exp(-s)

    def _scale_and_shift(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Scale s and shift t, zero where the mask keeps x; in float32 whatever the network computes in."""
        kept = x * self.mask
        s, t = self.network(kept if context is None else torch.cat((kept, context), dim=1)).float().chunk(2, dim=1)
        changed = 1 - self.mask
        return changed * self.scale * torch.tanh(s), changed * t


class AdditiveCoupling(Bijection):
    r"""The layer that NICE is made of: the half that changes is shifted, and no volume changes.

    With a mask b of zeros and ones and a network that gives t, :math:`y = x + (1 - b) \odot t(b \odot x)`, whose
    log-determinant is 0. Dinh et al. (2015), section 3.2.

    Args:
        mask: For each channel, 1 to keep it and 0 to shift it.
        network: From C channels to C.
    """

    mask: Tensor

    def __init__(self, mask: Tensor, network: nn.Module) -> None:
        super().__init__()
        self.register_buffer("mask", mask.view(-1, 1, 1), persistent=False)
        self.network = network

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the data's side to the noise's."""
        return x + self._shift(x), x.new_zeros(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> Tensor:
        """From the noise's side to the data's."""
        return y - self._shift(y)

    def _shift(self, x: Tensor) -> Tensor:
        """In float32 whatever the network computes in."""
        shift: Tensor = self.network(x * self.mask).float()
        return (1 - self.mask) * shift


def coupling_masks(channels: int, count: int) -> list[Tensor]:
    """Masks for a stack of couplings on a squeezed picture, whose channels are the places of 2x2 squares.

    Three ways to halve them take turns, each followed by its complement, so that in a pair every value is
    transformed once: the checkerboard; the first half of the channels (Dinh et al., 2017, section 3.4), which are the
    upper rows of a picture with one channel; and the left columns. As masks of channels all three are cheap, and the
    networks run at half the resolution.

    Args:
        channels: Channels of the squeezed picture, a multiple of 4.
        count: Number of masks.

    Returns:
        Each (channels,), of zeros and ones.
    """
    index = torch.arange(channels)
    place = index % 4  # in the 2x2 square: upper left, upper right, lower left, lower right
    halves = ((place == 0) | (place == 3), index < channels // 2, place % 2 == 0)
    masks = [mask for half in halves for mask in (half.float(), (~half).float())]
    return [masks[i % len(masks)] for i in range(count)]
