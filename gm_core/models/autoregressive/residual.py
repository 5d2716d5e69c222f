"""Residual PixelCNN: both stacks in residual blocks, without a blind spot, at the cost of the original."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gm_core.models.autoregressive.base import PictureConfig, PixelCNN
from gm_core.models.autoregressive.palette import Palette
from gm_core.models.autoregressive.residual_layers import ResidualNetwork, ResidualStacks
from gm_core.models.autoregressive.sampling import Pixels, residual_pixels
from gm_core.models.autoregressive.stretch import Stretch


@dataclass(frozen=True, kw_only=True)
class ResidualPixelCNNConfig(PictureConfig):
    """Shape of a :class:`ResidualPixelCNN`; see :class:`PictureConfig` for the rest.

    Attributes:
        vertical: Width of the vertical stack, even; inside a block it is half as wide.
        horizontal: Width of the horizontal stack, likewise.
        kernel_size: Width of the blocks' convolutions, odd and at least 3.
        blocks: Number of residual blocks.
        palette: Whether a pixel is told which levels its picture has used before.
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
        """Refuse shapes that no network can have."""
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


class ResidualPixelCNN(PixelCNN):
    """A PixelCNN of residual blocks in a vertical and a horizontal stack, which together see all earlier pixels.

    Example:
        >>> model = ResidualPixelCNN(ResidualPixelCNNConfig(height=4, width=4, blocks=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders", section 2.2: the two stacks.
        https://arxiv.org/abs/1606.05328
    """

    family = "residual-pixelcnn"
    config_type = ResidualPixelCNNConfig

    def __init__(self, config: ResidualPixelCNNConfig) -> None:
        super().__init__(config)
        channels = (config.vertical, config.horizontal)
        self.stacks = ResidualStacks(
            self.features.size,
            channels,
            config.kernel_size,
            config.blocks,
            config.classes + 1,
            config.levels,
            config.dropout,
        )
        self.palette = Palette(config.levels, sum(channels)) if config.palette else None
        self.stretch = Stretch(config.levels) if config.stretch else None

    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`PixelCNN.logits`."""
        logits = self._network(features, labels)
        return logits if self.stretch is None else self.stretch(logits, self.features.levels_of(features))

    def log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`PixelCNN.log_prob`."""
        if self.stretch is None:
            return super().log_prob(images, labels)
        values = self._checked(images)[:, 0].long()
        return self.stretch.log_prob(self._network(self.features(values), labels), values)

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """See :meth:`PixelCNN.loss`."""
        if self.stretch is None:
            return super().loss(images, labels, generator)
        return -self.log_prob(images, labels).mean()

    def cached_pixels(self, condition: Tensor, height: int, width: int) -> Pixels:
        """See :meth:`PixelCNN.cached_pixels`."""
        network = ResidualNetwork(self.features, self.stacks, self.palette, self.stretch)
        return residual_pixels(network, condition, height, width)

    def _network(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """What the stacks say, (B, H, W, levels)."""
        palette = None if self.palette is None else self.palette(self.features.levels_of(features))
        logits: Tensor = self.stacks(features, self._condition(labels, len(features)), palette)
        return logits
