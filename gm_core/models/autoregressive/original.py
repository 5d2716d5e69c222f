"""The original PixelCNN: one stack of masked convolutions, with a blind spot."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.base import Autoregressive, AutoregressiveConfig
from gm_core.models.base import register

MaskType = Literal["A", "B"]


class MaskedConv2d(nn.Conv2d):
    """A convolution whose kernel is zero on the pixels that come later in raster order.

    Mask A, for the first layer, also hides the pixel itself; mask B, for all others, lets it through: there it stands
    for the pixels before it.

    The weights behind the mask exist but never count: they are multiplied by zero where they are used, so that neither
    the optimiser nor a loaded file can bring them to life.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel_size: Odd width of the kernel; the size of the picture is kept.
        mask_type: ``"A"`` or ``"B"``.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", section 3.4. https://arxiv.org/abs/1601.06759
    """

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, kernel_size: int, mask_type: MaskType) -> None:
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)
        self.mask_type = mask_type
        middle = kernel_size // 2
        mask = torch.ones(kernel_size, kernel_size)
        mask[middle, middle + (mask_type == "B") :] = 0
        mask[middle + 1 :] = 0
        # Made by the code, so not part of a checkpoint.
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Masked convolution of (B, C, H, W)."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class ResidualBlock(nn.Module):
    """A residual block of the PixelCNN: 1x1 down to half the width, a masked 3x3, 1x1 up again.

    The label's embedding, added where the width is halved, is ours: the paper's model knows no classes.

    Args:
        width: Width 2h.
        conditions: Number of label embeddings.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", figure 5 (left). https://arxiv.org/abs/1601.06759
    """

    def __init__(self, width: int, conditions: int) -> None:
        super().__init__()
        half = width // 2
        self.down = nn.Conv2d(width, half, 1)
        self.masked = MaskedConv2d(half, half, 3, "B")
        self.up = nn.Conv2d(half, width, 1)
        self.label = nn.Embedding(conditions, half)
        nn.init.normal_(self.label.weight, std=0.1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """One block on.

        Args:
            x: Shape (B, 2h, H, W).
            condition: Index of each picture's label embedding, (B,).

        Returns:
            Shape (B, 2h, H, W).
        """
        hidden = self.down(F.relu(x)) + self.label(condition)[:, :, None, None]
        out: Tensor = x + self.up(F.relu(self.masked(F.relu(hidden))))
        return out


class MaskedStack(nn.Module):
    """The stack of masked convolutions from pixel features to logits.

    Each layer sees up and to the left, and together they leave a blind spot: what lies far to the right in the rows
    above comes into sight only as fast as the layers climb (van den Oord et al., 2016b, "Conditional Image Generation
    with PixelCNN Decoders", figure 1).

    Args:
        features: Feature planes F of the input.
        width: Width of the residual blocks.
        blocks: Number of residual blocks.
        conditions: Number of label embeddings.
        levels: Levels of a pixel.

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", table 1. https://arxiv.org/abs/1601.06759
    """

    def __init__(self, features: int, width: int, blocks: int, conditions: int, levels: int) -> None:
        super().__init__()
        self.input = MaskedConv2d(features, width, 7, "A")
        self.blocks = nn.ModuleList(ResidualBlock(width, conditions) for _ in range(blocks))
        self.head = nn.Conv2d(width, width, 1)
        self.logits = nn.Conv2d(width, levels, 1)

    def residual_blocks(self) -> list[ResidualBlock]:
        """The residual blocks, from the input up."""
        return [block for block in self.blocks if isinstance(block, ResidualBlock)]

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Unnormalised logits of every pixel.

        Args:
            features: Features of the pixels, shape (B, F, H, W).
            condition: Index of each picture's label embedding, shape (B,).

        Returns:
            Logits, shape (B, H, W, levels): those of a pixel depend on pixels before it in raster order only.
        """
        x = self.input(features)
        for block in self.blocks:
            x = block(x, condition)
        logits: Tensor = self.logits(F.relu(self.head(F.relu(x))))
        return logits.permute(0, 2, 3, 1)


@dataclass(frozen=True, kw_only=True)
class MaskedPixelCNNConfig(AutoregressiveConfig):
    """Shape of a :class:`MaskedPixelCNN`; see :class:`AutoregressiveConfig` for the rest.

    Attributes:
        width: Width of the residual blocks, even; their masked convolutions are half as wide.
        blocks: Number of residual blocks.
    """

    width: int = 64
    blocks: int = 8

    aliases: ClassVar = {"channels": "width"}

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        super().__post_init__()
        if self.width % 2:
            raise ValueError(f"the width of a PixelCNN's residual blocks must be even, not {self.width}")


@register
class MaskedPixelCNN(Autoregressive):
    """The original PixelCNN, kept for its blind spot: a pixel does not see a wedge of the pixels up and to its right.

    Example:
        >>> model = MaskedPixelCNN(MaskedPixelCNNConfig(image=gm_core.ImageShape(height=4, width=4), width=8, blocks=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", sections 3.3 and 3.4, table 1.
        https://arxiv.org/abs/1601.06759
    """

    family = "masked-pixelcnn"
    title = "original PixelCNN"
    Config = MaskedPixelCNNConfig
    config: MaskedPixelCNNConfig

    def __init__(self, config: MaskedPixelCNNConfig) -> None:
        super().__init__(config)
        self.stack = MaskedStack(self.features.size, config.width, config.blocks, config.classes + 1, self.head.size)

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        levels = self.config.image.levels
        return f"The original PixelCNN of masked convolutions, with a blind spot, over {levels} grey levels"

    def outputs(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`Autoregressive.outputs`."""
        logits: Tensor = self.stack(features, self.condition(labels, len(features)))
        return logits
