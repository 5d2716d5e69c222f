"""Gated PixelCNN: the two stacks of gated convolutions that leave no blind spot."""

from dataclasses import dataclass

from torch import Tensor

from gm_core.models.autoregressive.base import PictureConfig, PixelCNN
from gm_core.models.autoregressive.gated_layers import GatedStacks
from gm_core.models.autoregressive.sampling import Pixels, gated_pixels


@dataclass(frozen=True, kw_only=True)
class PixelCNNConfig(PictureConfig):
    """Shape of a :class:`GatedPixelCNN`; see :class:`PictureConfig` for the rest.

    Attributes:
        channels: Width of both stacks.
        layers: Number of gated layers.
        dilations: Dilation of the layers, used in turn.
    """

    channels: int = 64
    layers: int = 10
    dilations: tuple[int, ...] = (1,)


class GatedPixelCNN(PixelCNN):
    """The PixelCNN of gated convolutions in a vertical and a horizontal stack, which together see all earlier pixels.

    Example:
        >>> model = GatedPixelCNN(PixelCNNConfig(height=4, width=4, channels=8, layers=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders": gated layers, two stacks,
        conditioning. https://arxiv.org/abs/1606.05328
    """

    family = "gated-pixelcnn"
    config_type = PixelCNNConfig

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__(config)
        self.stacks = GatedStacks(
            self.features.size, config.channels, config.layers, config.dilations, config.classes + 1, config.levels
        )

    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`PixelCNN.logits`."""
        logits: Tensor = self.stacks(features, self._condition(labels, len(features)))
        return logits

    def cached_pixels(self, condition: Tensor, height: int, width: int) -> Pixels:
        """See :meth:`PixelCNN.cached_pixels`."""
        return gated_pixels(self.features, self.stacks, condition, height, width)
