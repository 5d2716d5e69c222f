"""The network of PixelCNN++: the two stacks of the residual PixelCNN at several resolutions."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.nn.residual import joined


def concat_elu(x: Tensor) -> Tensor:
    """ELU of x and of -x, side by side: (B, C, H, W) to (B, 2C, H, W).

    References:
        Shang et al. (2016), "Understanding and Improving Convolutional Neural Networks via Concatenated Rectified
        Linear Units", for the idea. https://arxiv.org/abs/1603.05201
    """
    return F.elu(torch.cat([x, -x], dim=1))


def joined_twice(vertical: Tensor, horizontal: Tensor) -> Tensor:
    """As :func:`gm_core.nn.residual.joined`, for inputs that :func:`concat_elu` has doubled."""
    halves = zip(vertical.chunk(2, dim=1), horizontal.chunk(2, dim=1), strict=True)
    return torch.cat([joined(v, h) for v, h in halves], dim=1)


class GatedBlock(nn.Module):
    """A gated residual block of both stacks: 1x1 to a narrow middle, a k x k convolution, 1x1 up to values and gates.

    Which stack may see what, and why the kernels are cropped: see :class:`gm_core.nn.residual.StackBlock`.

    Args:
        channels: Widths (V, H) of the vertical and the horizontal stack.
        inner: Their widths (v, h) inside the block.
        kernel_size: Odd width k of the kernel.
        conditions: Number of label embeddings.
        dropout: Chance that a channel of the middle at a pixel is dropped in training.

    References:
        Salimans et al. (2017), "PixelCNN++", section 2.3 and their code, for the gated block; one k x k convolution
        between 1x1 ones stands for their two. https://arxiv.org/abs/1701.05517
    """

    def __init__(
        self, channels: tuple[int, int], inner: tuple[int, int], kernel_size: int, conditions: int, dropout: float
    ) -> None:
        super().__init__()
        self.reach = r = kernel_size // 2
        self.dropout = dropout
        (vertical, horizontal), (v, h) = channels, inner
        # Each pair is one convolution of both stacks; its bias is with the first.
        self.down_vertical = nn.Conv2d(2 * vertical, v + h, 1)
        self.down_horizontal = nn.Conv2d(2 * horizontal, h, 1, bias=False)
        self.vertical = nn.Conv2d(2 * v, v + h, (r + 1, kernel_size))  # rows i - r .. i
        self.above = nn.Conv2d(2 * h, h, (r, kernel_size), bias=False)  # rows i - r .. i - 1
        self.left = nn.Conv2d(2 * h, h, (1, r + 1), bias=False)  # columns j - r .. j
        self.value_vertical = nn.Conv2d(2 * v, vertical + horizontal, 1)
        self.value_horizontal = nn.Conv2d(2 * h, horizontal, 1, bias=False)
        self.gate_vertical = nn.Conv2d(2 * v, vertical + horizontal, 1)
        self.gate_horizontal = nn.Conv2d(2 * h, horizontal, 1, bias=False)
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
        down = joined_twice(self.down_vertical.weight, self.down_horizontal.weight)
        horizontal = torch.cat([self.above.weight, F.pad(self.left.weight, (0, r))], dim=2)
        middle = joined_twice(self.vertical.weight, horizontal)
        up = torch.cat(
            [
                joined_twice(self.value_vertical.weight, self.value_horizontal.weight),
                joined_twice(self.gate_vertical.weight, self.gate_horizontal.weight),
            ]
        )
        up_bias = torch.cat([self.value_vertical.bias, self.gate_vertical.bias])  # type: ignore[list-item]
        hidden = F.conv2d(concat_elu(x), down, self.down_vertical.bias) + self.label(condition)[:, :, None, None]
        # Padded below as above, for that costs less than padding apart; the rows beyond the last are cut off.
        hidden = F.conv2d(concat_elu(hidden), middle, self.vertical.bias, padding=r)[:, :, : x.shape[2]]
        hidden = F.dropout(concat_elu(hidden), self.dropout, self.training)
        value, gate = F.conv2d(hidden, up, up_bias).chunk(2, dim=1)
        return x + value * torch.sigmoid(gate)


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

    On the way up, what each resolution held on the way down is added: the short-cut.

    Args:
        features: Feature planes F of the input.
        vertical: Width of the vertical stack at each resolution, the full one first.
        horizontal: Width of the horizontal stack likewise.
        blocks: Blocks at each resolution on the way down; as many on the way up, but none but these at the lowest.
        kernel_size: Odd width of the blocks' kernels.
        bottleneck: How much narrower a block is inside.
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
        bottleneck: int,
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
            inner = width[0] // bottleneck, width[1] // bottleneck
            return nn.ModuleList(GatedBlock(width, inner, kernel_size, conditions, dropout) for _ in range(number))

        self.down = nn.ModuleList(map(stage, widths, blocks))
        self.halvings = nn.ModuleList(map(Halve, widths[:-1], widths[1:]))
        self.doublings = nn.ModuleList(map(Double, widths[1:], widths[:-1]))
        self.up = nn.ModuleList(map(stage, widths[:-1], blocks[:-1]))
        self.head = nn.Conv2d(2 * sum(widths[0]), outputs, 1)

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
        weight = F.pad(torch.cat([self.above.weight, beside], dim=2), (0, 0, 0, r))
        x = F.conv2d(features, weight, self.above.bias, padding=r)
        short_cuts = []
        for level, blocks in enumerate(self.down):
            if level:
                short_cuts.append(x)
                x = self.halvings[level - 1](x)
            for block in blocks:  # type: ignore[attr-defined]
                x = block(x, condition)
        for level in reversed(range(len(self.up))):
            short_cut = short_cuts[level]
            x = short_cut + self.doublings[level](x, *short_cut.shape[2:])
            for block in self.up[level]:  # type: ignore[attr-defined]
                x = block(x, condition)
        outputs: Tensor = self.head(concat_elu(x))
        return outputs.permute(0, 2, 3, 1)
