"""The network of the residual PixelCNN: the blocks of the original, without its blind spot."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.palette import Palette
from gm_core.models.autoregressive.stretch import Stretch


def joined(vertical: Tensor, horizontal: Tensor) -> Tensor:
    """The kernel of both stacks at once, vertical channels first: nothing goes from the horizontal to the vertical.

    Args:
        vertical: What both stacks take from the vertical one, (V' + H', V, k, k).
        horizontal: What the horizontal stack takes from itself, (H', H, k, k).

    Returns:
        Shape (V' + H', V + H, k, k).
    """
    return torch.cat([vertical, F.pad(horizontal, (0, 0, 0, 0, 0, 0, len(vertical) - len(horizontal), 0))], dim=1)


def rows_above(x: Tensor, rows: int) -> Tensor:
    """Empty rows on top: kernels that are not padded upright then see what is above, and nothing of what is below."""
    return F.pad(x, (0, 0, rows, 0))


class StackBlock(nn.Module):
    """A residual block of both stacks: 1x1 down to half the width, a k x k convolution, 1x1 up again.

    The vertical stack at a pixel stands for rows above it, so whoever is below or beside may see it: itself and the
    horizontal stack, in the rows above and the whole row in hand. The horizontal stack stands for all pixels before;
    it alone may see itself, above and to the left.

    Kernels are *cropped* to what may be seen, so that samplers never multiply by zero. The forward pass lays both
    stacks' side by side with zeros in between: on a CPU one larger convolution is faster than cutting, padding and
    joining the inputs and outputs of several small ones.

    Args:
        channels: Widths (V, H) of the vertical and the horizontal stack, both even.
        kernel_size: Odd width k of the kernel.
        conditions: Number of label embeddings.
        dropout: Chance that a channel of the middle is dropped at a pixel, in training.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", figure 5 (left), for the block.
        https://arxiv.org/abs/1601.06759
        van den Oord et al. (2016b), "Conditional Image Generation with PixelCNN Decoders", section 2.2, for the stacks.
        https://arxiv.org/abs/1606.05328
    """

    def __init__(self, channels: tuple[int, int], kernel_size: int, conditions: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.reach = r = kernel_size // 2
        self.dropout = dropout
        vertical, horizontal = channels
        self.inner = v, h = vertical // 2, horizontal // 2
        # Each pair is one convolution of both stacks; its bias is with the first.
        self.down_vertical = nn.Conv2d(vertical, v + h, 1)
        self.down_horizontal = nn.Conv2d(horizontal, h, 1, bias=False)
        self.vertical = nn.Conv2d(v, v + h, (r + 1, kernel_size))  # rows i - r .. i
        self.above = nn.Conv2d(h, h, (r, kernel_size), bias=False)  # rows i - r .. i - 1
        self.left = nn.Conv2d(h, h, (1, r + 1), bias=False)  # columns j - r .. j
        self.up_vertical = nn.Conv2d(v, vertical + horizontal, 1)
        self.up_horizontal = nn.Conv2d(h, horizontal, 1, bias=False)
        self.label = nn.Embedding(conditions, v + h)
        nn.init.normal_(self.label.weight, std=0.1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """One block on.

        Args:
            x: Both stacks, shape (B, V + H, H, W).
            condition: Index of each picture's label embedding, (B,).

        Returns:
            Both stacks, the same shape.
        """
        r = self.reach
        down = joined(self.down_vertical.weight, self.down_horizontal.weight)
        beside = F.pad(self.left.weight, (0, r))
        middle = joined(self.vertical.weight, torch.cat([self.above.weight, beside], dim=2))
        up = joined(self.up_vertical.weight, self.up_horizontal.weight)
        hidden = F.conv2d(F.relu(x), down, self.down_vertical.bias) + self.label(condition)[:, :, None, None]
        hidden = F.conv2d(rows_above(F.relu(hidden), r), middle, self.vertical.bias, padding=(0, r))
        hidden = F.dropout(F.relu(hidden), self.dropout, self.training)
        return x + F.conv2d(hidden, up, self.up_vertical.bias)


class ResidualStacks(nn.Module):
    """The vertical and the horizontal stack from pixel features to logits, without a blind spot.

    Args:
        features: Feature planes F of the input.
        channels: Widths (V, H) of the vertical and the horizontal stack, both even.
        kernel_size: Odd width of the blocks' kernels.
        blocks: Number of residual blocks.
        conditions: Number of label embeddings.
        levels: Levels of a pixel.
        dropout: Chance of a dropped channel in training.
    """

    REACH = 3
    """How far the first layer sees: up, and to both sides."""

    def __init__(
        self,
        features: int,
        channels: tuple[int, int],
        kernel_size: int,
        blocks: int,
        conditions: int,
        levels: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        r, width = self.REACH, sum(channels)
        self.channels = channels
        self.above = nn.Conv2d(features, width, (r, 2 * r + 1))  # rows i - r .. i - 1, for both stacks
        self.left = nn.Conv2d(features, channels[1], (1, r), bias=False)  # columns j - r .. j - 1
        self.blocks = nn.ModuleList(StackBlock(channels, kernel_size, conditions, dropout) for _ in range(blocks))
        self.head = nn.Conv2d(width, width, 1)
        self.logits = nn.Conv2d(width, levels, 1)

    def stack_blocks(self) -> list[StackBlock]:
        """The residual blocks, from the input up."""
        return [block for block in self.blocks if isinstance(block, StackBlock)]

    def forward(self, features: Tensor, condition: Tensor, palette: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Unnormalised logits of every pixel.

        Args:
            features: Features of the pixels, shape (B, F, H, W).
            condition: Index of each picture's label embedding, shape (B,).
            palette: What a :class:`~gm_core.models.autoregressive.palette.Palette` adds.

        Returns:
            Logits, shape (B, H, W, levels): those of a pixel depend on the pixels before it in raster order only.
        """
        r = self.REACH
        # The vertical stack, which comes first, takes nothing from its own row.
        beside = F.pad(self.left.weight, (0, r + 1, 0, 0, 0, 0, self.channels[0], 0))
        weight = torch.cat([self.above.weight, beside], dim=2)
        x = F.conv2d(rows_above(features, r), weight, self.above.bias, padding=(0, r))
        for block in self.blocks:
            x = block(x, condition)
        hidden = self.head(F.relu(x))
        if palette is not None:
            hidden = hidden + palette[0]
        logits: Tensor = self.logits(F.relu(hidden)).permute(0, 2, 3, 1)
        return logits if palette is None else logits + palette[1]


class ResidualNetwork(NamedTuple):
    """All of a residual PixelCNN that a sampler needs.

    Attributes:
        features: What it is told of a pixel.
        stacks: The network proper.
        palette: What the levels used so far add to it, where the model has that.
        stretch: What stretches of the contrast make of its distributions, likewise.
    """

    features: PixelFeatures
    stacks: ResidualStacks
    palette: Palette | None = None
    stretch: Stretch | None = None
