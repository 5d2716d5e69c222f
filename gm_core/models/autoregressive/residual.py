"""Residual PixelCNN: both stacks in residual blocks, without a blind spot, at the cost of the original."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.base import Autoregressive, AutoregressiveConfig
from gm_core.models.autoregressive.palette import Palette
from gm_core.models.autoregressive.sampling import warm_up
from gm_core.models.autoregressive.stretch import Stretch
from gm_core.models.base import Batch, Loss, register
from gm_core.numerics import is_learning


def join_kernels(vertical: Tensor, horizontal: Tensor) -> Tensor:
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

    The vertical stack at a pixel stands for rows above it, so what is below or beside may see it: itself and the
    horizontal stack, in the rows above and the whole current row. The horizontal stack stands for all pixels before;
    it alone may see itself, above and to the left.

    Kernels are *cropped* to what may be seen, so that samplers never multiply by zero. The forward pass lays both
    stacks' side by side with zeros in between: on a CPU one larger convolution is faster than cutting, padding and
    joining the inputs and outputs of several small ones.

    Args:
        widths: Widths (V, H) of the vertical and the horizontal stack, both even.
        kernel_size: Odd width k of the kernel.
        conditions: Number of label embeddings.
        dropout: Chance that a channel of the middle is dropped at a pixel, in training.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", figure 5 (left), for the block.
        https://arxiv.org/abs/1601.06759
        van den Oord et al. (2016b), "Conditional Image Generation with PixelCNN Decoders", section 2.2, for the stacks.
        https://arxiv.org/abs/1606.05328
    """

    def __init__(self, widths: tuple[int, int], kernel_size: int, conditions: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.reach = r = kernel_size // 2
        self.dropout = dropout
        vertical, horizontal = widths
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
        down = join_kernels(self.down_vertical.weight, self.down_horizontal.weight)
        beside = F.pad(self.left.weight, (0, r))
        middle = join_kernels(self.vertical.weight, torch.cat([self.above.weight, beside], dim=2))
        up = join_kernels(self.up_vertical.weight, self.up_horizontal.weight)
        hidden = F.conv2d(F.relu(x), down, self.down_vertical.bias) + self.label(condition)[:, :, None, None]
        hidden = F.conv2d(rows_above(F.relu(hidden), r), middle, self.vertical.bias, padding=(0, r))
        hidden = F.dropout(F.relu(hidden), self.dropout, self.training and is_learning())
        return x + F.conv2d(hidden, up, self.up_vertical.bias)


class ResidualStacks(nn.Module):
    """The vertical and the horizontal stack from pixel features to logits, without a blind spot.

    Args:
        features: Feature planes F of the input.
        widths: Widths (V, H) of the vertical and the horizontal stack, both even.
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
        widths: tuple[int, int],
        kernel_size: int,
        blocks: int,
        conditions: int,
        levels: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        r, width = self.REACH, sum(widths)
        self.widths = widths
        self.above = nn.Conv2d(features, width, (r, 2 * r + 1))  # rows i - r .. i - 1, for both stacks
        self.left = nn.Conv2d(features, widths[1], (1, r), bias=False)  # columns j - r .. j - 1
        self.blocks = nn.ModuleList(StackBlock(widths, kernel_size, conditions, dropout) for _ in range(blocks))
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
        beside = F.pad(self.left.weight, (0, r + 1, 0, 0, 0, 0, self.widths[0], 0))
        weight = torch.cat([self.above.weight, beside], dim=2)
        x = F.conv2d(rows_above(features, r), weight, self.above.bias, padding=(0, r))
        for block in self.blocks:
            x = block(x, condition)
        hidden = self.head(F.relu(x))
        if palette is not None:
            hidden = hidden + palette[0]
        logits: Tensor = self.logits(F.relu(hidden)).permute(0, 2, 3, 1)
        return logits if palette is None else logits + palette[1]


@dataclass(frozen=True, kw_only=True)
class ResidualPixelCNNConfig(AutoregressiveConfig):
    """Shape of a :class:`ResidualPixelCNN`; see :class:`AutoregressiveConfig` for the rest.

    Attributes:
        vertical: Width of the vertical stack, even; inside a block it is half as wide.
        horizontal: Width of the horizontal stack, even; inside a block it is half as wide.
        kernel_size: Width of the blocks' convolutions, odd and at least 3.
        blocks: Number of residual blocks.
        palette: Whether a pixel knows which levels its picture has used before.
        stretch: Whether pictures may have had their contrast stretched, which leaves only some levels.
        dropout: Chance of a dropped channel in training, from 0 to below 1.
    """

    vertical: int = 16
    horizontal: int = 48
    kernel_size: int = 5
    blocks: int = 6
    palette: bool = False
    stretch: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        super().__post_init__()
        if self.vertical % 2 or self.horizontal % 2:
            widths = f"{self.vertical} and {self.horizontal}"
            raise ValueError(f"the widths of a residual PixelCNN's stacks must be even, not {widths}")
        for name, part in (("palette", self.palette), ("stretch", self.stretch)):
            if not isinstance(part, bool):
                raise ValueError(f"the {name} of a residual PixelCNN is there or not, True or False, not {part!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"the dropout of a residual PixelCNN must be from 0 to below 1, not {self.dropout}")
        if self.kernel_size % 2 == 0 or self.kernel_size < 3:
            raise ValueError(f"the kernels of a residual PixelCNN must be 3, 5, 7 ... wide, not {self.kernel_size}")


@register
class ResidualPixelCNN(Autoregressive):
    """A PixelCNN of residual blocks in a vertical and a horizontal stack, which together see all earlier pixels.

    Example:
        >>> model = ResidualPixelCNN(ResidualPixelCNNConfig(image=gm_core.ImageShape(height=4, width=4), blocks=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders", section 2.2: the two stacks.
        https://arxiv.org/abs/1606.05328
    """

    family = "residual-pixelcnn"
    title = "residual PixelCNN"
    Config = ResidualPixelCNNConfig
    config: ResidualPixelCNNConfig

    def __init__(self, config: ResidualPixelCNNConfig) -> None:
        super().__init__(config)
        widths = (config.vertical, config.horizontal)
        self.stacks = ResidualStacks(
            self.features.size,
            widths,
            config.kernel_size,
            config.blocks,
            config.classes + 1,
            self.head.size,
            config.dropout,
        )
        self.palette = Palette(config.image.levels, sum(widths)) if config.palette else None
        self.stretch = Stretch(config.image.levels) if config.stretch else None

    def warm_up(self, pictures: int) -> None:
        """Have them drawn by compiled samplers where that is sooner; see :func:`gm_core.warm_up`."""
        if self.device.type == "cpu":
            warm_up(pictures)

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        levels = self.config.image.levels
        return f"PixelCNN of residual blocks in two stacks over {levels} grey levels, with or without a class"

    def outputs(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`Autoregressive.outputs`."""
        logits = self._network(features, labels)
        return logits if self.stretch is None else self.stretch(logits, self.features.levels_of(features))

    def log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`Autoregressive.log_prob`."""
        if self.stretch is None:
            return super().log_prob(images, labels)
        values = self._values(images)
        return self.stretch.log_prob(self._network(self.features(values), labels), values[..., 0])

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """See :meth:`Autoregressive.losses`."""
        if self.stretch is None:
            return super().losses(batch, generator)
        return {"model": self.loss_in_bits(-self.log_prob(batch.images, batch.labels).mean())}

    def _network(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """What the stacks give, (B, H, W, levels)."""
        palette = None if self.palette is None else self.palette(self.features.levels_of(features))
        logits: Tensor = self.stacks(features, self.condition(labels, len(features)), palette)
        return logits
