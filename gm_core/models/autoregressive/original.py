"""The original PixelCNN: one stack of masked convolutions, with a blind spot."""

from dataclasses import dataclass

from torch import Tensor

from gm_core.models.autoregressive.base import PictureConfig, PixelCNN
from gm_core.models.autoregressive.masked_layers import MaskedStack
from gm_core.models.autoregressive.sampling import Pixels
from gm_core.models.autoregressive.sampling.masked import MaskedPixels


@dataclass(frozen=True, kw_only=True)
class MaskedPixelCNNConfig(PictureConfig):
    """Shape of a :class:`MaskedPixelCNN`; see :class:`PictureConfig` for the rest.

    Attributes:
        channels: Width of the residual blocks, even; their masked convolutions are half as wide.
        blocks: Number of residual blocks.
    """

    channels: int = 64
    blocks: int = 8

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        super().__post_init__()
        if self.channels % 2:
            raise ValueError(f"the channels of a PixelCNN's residual blocks must be even, not {self.channels}")


class MaskedPixelCNN(PixelCNN):
    """The original PixelCNN, kept for what it cannot see: each pixel is blind to a wedge of those up and to its right.

    Example:
        >>> model = MaskedPixelCNN(MaskedPixelCNNConfig(height=4, width=4, channels=8, blocks=2))
        >>> images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        >>> model.log_prob(images).shape
        torch.Size([2])

    References:
        van den Oord et al. (2016), "Pixel Recurrent Neural Networks", sections 3.3 and 3.4, table 1.
        https://arxiv.org/abs/1601.06759
    """

    family = "masked-pixelcnn"
    config_type = MaskedPixelCNNConfig

    def __init__(self, config: MaskedPixelCNNConfig) -> None:
        super().__init__(config)
        self.stack = MaskedStack(self.features.size, config.channels, config.blocks, config.classes + 1, config.levels)

    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """See :meth:`PixelCNN.logits`."""
        logits: Tensor = self.stack(features, self._condition(labels, len(features)))
        return logits

    def cached_pixels(self, condition: Tensor, height: int, width: int) -> Pixels:
        """See :meth:`PixelCNN.cached_pixels`."""
        return MaskedPixels(self.features, self.stack, condition, height, width)
