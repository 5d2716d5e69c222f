"""Gated PixelCNN: two stacks of gated convolutions, which together see all earlier pixels."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.base import Autoregressive, AutoregressiveConfig
from gm_core.models.base import register


def gate(x: Tensor) -> Tensor:
    """The gated activation unit ``tanh(a) * sigmoid(b)`` over two halves of the channels.

    Equation 2 of van den Oord et al. (2016b). ``tanh(a)`` is written ``2 sigmoid(2a) - 1``: the same function, and
    several times faster than the library's ``tanh`` on CPUs.

    Args:
        x: Pre-activations, shape (B, 2C, H, W).

    Returns:
        Activations, shape (B, C, H, W).
    """
    a, b = x.chunk(2, dim=1)
    return (2 * torch.sigmoid(2 * a) - 1) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    """One layer of the two stacks of a Gated PixelCNN, without a blind spot.

    Within its reach, which grows with every layer, the vertical stack sees all pixels in the rows above, the horizontal
    stack those to the left in the same row; the vertical stack feeds the horizontal one and never the other way round.
    Kernels are *cropped* rather than masked: a convolution whose kernel only covers allowed pixels computes what a
    masked one does, without multiplying zeros.

    The residual connection of the horizontal stack is the paper's (figure 2); skip connections to the output, and a
    residual connection on the vertical stack too, are added.

    Args:
        width: Width C of both stacks.
        conditions: Number of label embeddings (classes, and one for "any class").
        kernel_size: Odd width k of the k x k neighbourhood that the masked convolution would cover.
        dilation: Spacing of the kernel's taps.

    References:
        van den Oord et al. (2016b), "Conditional Image Generation with PixelCNN Decoders", sections 2.1 to 2.3.
        https://arxiv.org/abs/1606.05328
    """

    def __init__(self, width: int, conditions: int, kernel_size: int = 3, dilation: int = 1) -> None:
        super().__init__()
        reach = kernel_size // 2
        self.reach = reach * dilation
        # Rows i - reach .. i of the vertical stack, which itself has only seen rows above i.
        self.vertical = nn.Conv2d(width, 2 * width, (reach + 1, kernel_size), dilation=dilation)
        # Columns j - reach .. j of the horizontal stack, which itself has only seen columns left of j.
        self.horizontal = nn.Conv2d(width, 2 * width, (1, reach + 1), dilation=dilation)
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.output = nn.Conv2d(width, 2 * width, 1)  # the residual and the skip 1x1 convolutions, as one
        self.label = nn.Embedding(conditions, 4 * width)
        nn.init.normal_(self.label.weight, std=0.1)

    def forward(self, vertical: Tensor, horizontal: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Both stacks one layer on.

        Args:
            vertical: Vertical stack, shape (B, C, H, W).
            horizontal: Horizontal stack, shape (B, C, H, W).
            condition: Index of each picture's label embedding, shape (B,).

        Returns:
            The vertical stack, the horizontal stack and this layer's skip connection, each (B, C, H, W).
        """
        to_vertical, to_horizontal = self.label(condition)[:, :, None, None].chunk(2, dim=1)
        r = self.reach
        v = self.vertical(F.pad(vertical, (r, r, r, 0))) + to_vertical
        h = self.horizontal(F.pad(horizontal, (r, 0, 0, 0))) + self.link(v) + to_horizontal
        residual, skip = self.output(gate(h)).chunk(2, dim=1)
        return vertical + gate(v), horizontal + residual, skip


class GatedStacks(nn.Module):
    """The vertical and the horizontal stack from pixel features to logits.

    Args:
        features: Feature planes F of the input.
        width: Width C of both stacks.
        layers: Number of gated layers.
        dilations: Dilation of each layer, used in turn.
        conditions: Number of label embeddings.
        levels: Levels of a pixel.
    """

    INPUT_ROWS, INPUT_COLUMNS = 3, 3
    """How far the first layer sees: up (and to both sides of the rows above), and to the left."""

    def __init__(
        self, features: int, width: int, layers: int, dilations: tuple[int, ...], conditions: int, levels: int
    ) -> None:
        super().__init__()
        rows, columns = self.INPUT_ROWS, self.INPUT_COLUMNS
        self.vertical_input = nn.Conv2d(features, width, (rows, 2 * columns + 1))
        self.horizontal_input = nn.Conv2d(features, width, (1, columns))
        self.layers = nn.ModuleList(
            GatedLayer(width, conditions, dilation=dilations[i % len(dilations)]) for i in range(layers)
        )
        self.head = nn.Conv2d(width, width, 1)
        self.logits = nn.Conv2d(width, levels, 1)

    def gated_layers(self) -> list[GatedLayer]:
        """The gated layers, from the input up."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Unnormalised logits of every pixel.

        Args:
            features: Features of the pixels, shape (B, F, H, W).
            condition: Index of each picture's label embedding, shape (B,).

        Returns:
            Logits, shape (B, H, W, levels): those of a pixel depend on the pixels before it in raster order only.
        """
        rows, columns = self.INPUT_ROWS, self.INPUT_COLUMNS
        # Dropping the last row (column) after padding shifts the picture, so that no pixel sees its own row (itself).
        v = self.vertical_input(F.pad(features[:, :, :-1], (columns, columns, rows, 0)))
        h = self.horizontal_input(F.pad(features[..., :-1], (columns, 0, 0, 0)))
        skips = torch.zeros_like(h)
        for layer in self.layers:
            v, h, skip = layer(v, h, condition)
            skips = skips + skip
        logits: Tensor = self.logits(F.relu(self.head(F.relu(skips))))
        return logits.permute(0, 2, 3, 1)


@dataclass(frozen=True, kw_only=True)
class GatedPixelCNNConfig(AutoregressiveConfig):
    """Shape of a :class:`GatedPixelCNN`; see :class:`AutoregressiveConfig` for the rest.

    Attributes:
        width: Width of both stacks.
        layers: Number of gated layers.
        dilations: Dilation of the layers, used in turn.
    """

    width: int = 64
    layers: int = 10
    dilations: tuple[int, ...] = (1,)

    aliases: ClassVar = {"channels": "width"}


@register
class GatedPixelCNN(Autoregressive):
    """The PixelCNN of gated convolutions in a vertical and a horizontal stack, which together see all earlier pixels.

    Example:
        >>> model = GatedPixelCNN(GatedPixelCNNConfig(image=gm_core.ImageShape(height=4, width=4), width=8, layers=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders": gated layers, two stacks,
        conditioning. https://arxiv.org/abs/1606.05328
    """

    family = "gated-pixelcnn"
    title = "gated PixelCNN"
    Config = GatedPixelCNNConfig
    config: GatedPixelCNNConfig

    def __init__(self, config: GatedPixelCNNConfig) -> None:
        super().__init__(config)
        self.stacks = GatedStacks(
            self.features.size, config.width, config.layers, config.dilations, config.classes + 1, self.head.size
        )

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        return f"Gated PixelCNN over {self.config.image.levels} grey levels, with or without a class"

    def outputs(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`Autoregressive.outputs`."""
        logits: Tensor = self.stacks(features, self.condition(labels, len(features)))
        return logits
