"""PixelCNN++: a mixture of logistics over the channels of a pixel, from stacks at several resolutions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.distributions.channels import ChannelMixture
from gm_core.models.autoregressive.base import Autoregressive, AutoregressiveConfig
from gm_core.models.autoregressive.heads import MixtureHead
from gm_core.models.autoregressive.residual import StackBlock, join_kernels, rows_above
from gm_core.models.base import ImageShape, register


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
        weight = F.pad(join_kernels(self.vertical.weight, horizontal), (0, 0, 0, 1))
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
        cells = F.conv2d(x, join_kernels(self.vertical.weight, self.horizontal.weight), self.vertical.bias)
        return F.pixel_shuffle(cells, 2)[:, :, :height, :width]


class StridedStacks(nn.Module):
    """The vertical and the horizontal stack from pixel features to outputs: down through the resolutions, and up again.

    On the way up, what each resolution held on the way down is added: the short-cut. The blocks are those of the
    residual PixelCNN in place of the paper's gated ones with concatenated ELUs: on a CPU they are twice as fast.

    Args:
        features: Feature planes F of the input.
        vertical: Width of the vertical stack at each resolution, the full one first.
        horizontal: Width of the horizontal stack at each resolution.
        blocks: Blocks at each resolution on the way down; as many on the way up, but none but these at the lowest.
        kernel_size: Odd width of the blocks' kernels.
        conditions: Number of label embeddings.
        outputs: Numbers per pixel.
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


@dataclass(frozen=True, kw_only=True)
class PixelCNNPPConfig(AutoregressiveConfig):
    """Shape of a :class:`PixelCNNPP`; see :class:`AutoregressiveConfig` for the rest.

    Attributes:
        vertical: Width of the vertical stack at each resolution, the full one first, even; each next is half as fine.
        horizontal: Width of the horizontal stack at each resolution.
        blocks: Blocks at each resolution on the way down; as many on the way up, the lowest being passed once.
        kernel_size: Width of the blocks' convolutions, odd and at least 3.
        mixture: Number of logistics in a mixture.
        dropout: Chance of a dropped channel in training, from 0 to below 1.
    """

    image: ImageShape = field(default_factory=lambda: ImageShape(channels=3, height=32, width=32))
    embedding: int = 0
    vertical: tuple[int, ...] = (16, 32, 48)
    horizontal: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (2, 3, 4)
    kernel_size: int = 5
    mixture: int = 5
    dropout: float = 0.0

    aliases: ClassVar = {"channels": "image.channels"}

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        super().__post_init__()
        if not 0 <= self.dropout < 1:
            raise ValueError(f"the dropout of a PixelCNN++ must be from 0 to below 1, not {self.dropout}")
        if not len(self.vertical) == len(self.horizontal) == len(self.blocks):
            raise ValueError("a PixelCNN++ must have as many vertical and horizontal widths and blocks as resolutions")
        if any(width % 2 for width in self.vertical + self.horizontal):
            widths = f"{self.vertical} and {self.horizontal}"
            raise ValueError(f"the widths of a PixelCNN++'s stacks must be even, not {widths}")
        if self.kernel_size % 2 == 0 or self.kernel_size < 3:
            raise ValueError(f"the kernels of a PixelCNN++ must be 3, 5, 7 ... wide, not {self.kernel_size}")


@register
class PixelCNNPP(Autoregressive):
    """A density over grey or colour pictures whose pixels are mixtures of logistics, channel by channel.

    The network is that of the residual PixelCNN, run at several resolutions: a few small layers see far. Red, green
    and blue of a pixel come from one evaluation of it; that green depends on red and blue on both is left to the
    mixture.

    Example:
        >>> model = PixelCNNPP(PixelCNNPPConfig(image=gm_core.ImageShape(channels=3, height=8, width=8)))
        >>> images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        Salimans et al. (2017), "PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood and
        Other Modifications". https://arxiv.org/abs/1701.05517
    """

    family = "pixelcnnpp"
    title = "PixelCNN++"
    Config = PixelCNNPPConfig
    config: PixelCNNPPConfig
    head: MixtureHead

    def __init__(self, config: PixelCNNPPConfig) -> None:
        head = MixtureHead(config.image.channels, config.image.levels, config.mixture)
        super().__init__(config, head)
        self.stacks = StridedStacks(
            self.features.size,
            config.vertical,
            config.horizontal,
            config.blocks,
            config.kernel_size,
            config.classes + 1,
            head.size,
            config.dropout,
        )
        with torch.no_grad():
            nn.init.zeros_(self.stacks.head.bias).add_(head.initial_bias())  # type: ignore[arg-type]

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        return "PixelCNN++ at several resolutions; a pixel's channels are a mixture of discretised logistics"

    def outputs(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`Autoregressive.outputs`."""
        numbers: Tensor = self.stacks(features, self.condition(labels, len(features)))
        return numbers

    def mixture(self, images: Tensor, labels: Tensor | None = None) -> ChannelMixture:
        """The joint distribution of every pixel's channels given the pixels before it.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Mixture of batch shape (B, H, W) over C channels.
        """
        return self.head.mixture(self.outputs_of(images, labels))
