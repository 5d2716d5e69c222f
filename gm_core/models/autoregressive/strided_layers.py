"""The network of PixelCNN++: the two stacks of the residual PixelCNN at several resolutions."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.residual_layers import StackBlock, joined, rows_above


class Halve(nn.Module):
    """Both stacks at half the resolution: a strided convolution that sees nothing to come.

    Cell (I, J) is seen by the pixels from (2I, 2J) on, so it takes of the vertical stack what is not below row 2I, and
    of the horizontal one what is not after (2I, 2J) either.

    Args:
        before: Widths (V, H) of the stacks.
        after: Widths at half the resolution.
    """

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__()
        self.vertical = nn.Conv2d(before[0], sum(after), (2, 3))  # rows 2I - 1, 2I; columns 2J - 1 .. 2J + 1
        self.above = nn.Conv2d(before[1], after[1], (1, 3), bias=False)  # row 2I - 1
        self.left = nn.Conv2d(before[1], after[1], (1, 2), bias=False)  # columns 2J - 1, 2J

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, V + H, H, W) to (B, V' + H', ceil(H / 2), ceil(W / 2))."""
        horizontal = torch.cat([self.above.weight, F.pad(self.left.weight, (0, 1))], dim=2)
        weight = F.pad(joined(self.vertical.weight, horizontal), (0, 0, 0, 1))
        return F.conv2d(x, weight, self.vertical.bias, stride=2, padding=1)


class Double(nn.Module):
    """Both stacks at twice the resolution: a cell becomes four pixels, each with weights of its own.

    Args:
        before: Widths (V, H) of the stacks.
        after: Widths at twice the resolution.
    """

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__()
        self.vertical = nn.Conv2d(before[0], 4 * sum(after), 1)
        self.horizontal = nn.Conv2d(before[1], 4 * after[1], 1, bias=False)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Shape (B, V + H, h, w) to (B, V' + H', height, width), at most twice as large."""
        cells = F.conv2d(x, joined(self.vertical.weight, self.horizontal.weight), self.vertical.bias)
        return F.pixel_shuffle(cells, 2)[:, :, :height, :width]


class StridedStacks(nn.Module):
    """The vertical and the horizontal stack from pixel features to outputs: down through the resolutions, and up again.

    On the way up, what each resolution held on the way down is added: the short-cut. The blocks are those of the
    residual PixelCNN in place of the paper's gated ones with concatenated ELUs: on a CPU they are twice as fast.

    Args:
        features: Feature planes F of the input.
        vertical: Width of the vertical stack at each resolution, the full one first.
        horizontal: Width of the horizontal stack likewise.
        blocks: Blocks at each resolution on the way down; as many on the way up, but none but these at the lowest.
        kernel_size: Odd width of the blocks' kernels.
        conditions: Number of label embeddings.
        outputs: Numbers a pixel.
        dropout: Chance of a dropped channel in training.

    References:
        Salimans et al. (2017), "PixelCNN++", sections 2.3 and 2.4. https://arxiv.org/abs/1701.05517
    """

    REACH = 3
    """How far the first layer sees: up, and to both sides."""

    def __init__(
        self,
        features: int,
        vertical: Sequence[int],
        horizontal: Sequence[int],
        blocks: Sequence[int],
        kernel_size: int,
        conditions: int,
        outputs: int,
        dropout: float,
    ) -> None:
        super().__init__()
        r = self.REACH
        self.widths = widths = list(zip(vertical, horizontal, strict=True))
        self.above = nn.Conv2d(features, sum(widths[0]), (r, 2 * r + 1))  # rows i - r .. i - 1, for both stacks
        self.left = nn.Conv2d(features, widths[0][1], (1, r), bias=False)  # columns j - r .. j - 1

        def stage(width: tuple[int, int], number: int) -> nn.ModuleList:
            return nn.ModuleList(StackBlock(width, kernel_size, conditions, dropout) for _ in range(number))

        self.down = nn.ModuleList(map(stage, widths, blocks))
        self.halvings = nn.ModuleList(map(Halve, widths[:-1], widths[1:]))
        self.doublings = nn.ModuleList(map(Double, widths[1:], widths[:-1]))
        self.up = nn.ModuleList(map(stage, widths[:-1], blocks[:-1]))
        self.head = nn.Conv2d(sum(widths[0]), outputs, 1)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Outputs of every pixel.

        Args:
            features: Features of the pixels, shape (B, F, H, W).
            condition: Index of each picture's label embedding, shape (B,).

        Returns:
            Shape (B, H, W, outputs): those of a pixel depend on the pixels before it in raster order only.
        """
        r = self.REACH
        # The vertical stack, which comes first, takes nothing from its own row.
        beside = F.pad(self.left.weight, (0, r + 1, 0, 0, 0, 0, self.widths[0][0], 0))
        weight = torch.cat([self.above.weight, beside], dim=2)
        # Under autocast the convolutions are of bfloat16, what they add up to is not: a level is 1 in 256, which is as
        # fine as bfloat16 gets.
        x = F.conv2d(rows_above(features, r), weight, self.above.bias, padding=(0, r)).float()
        short_cuts = []
        for level, blocks in enumerate(self.down):
            if level:
                short_cuts.append(x)
                x = self.halvings[level - 1](x).float()
            for block in blocks:  # type: ignore[attr-defined]
                x = block(x, condition)
        for level in reversed(range(len(self.up))):
            short_cut = short_cuts[level]
            x = short_cut + self.doublings[level](x, *short_cut.shape[2:])
            for block in self.up[level]:  # type: ignore[attr-defined]
                x = block(x, condition)
        with torch.autocast(x.device.type, enabled=False):
            outputs: Tensor = self.head(F.relu(x))
        return outputs.permute(0, 2, 3, 1)
