r"""Autoregressive models: p(x) as a product over pixels, every factor computed by a network.

The chain rule holds for any distribution and any order of the pixels :math:`x_1, x_2, \dots` of a picture:

.. math:: p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1}).

So a density over pictures needs only one thing: a network that computes the distribution of a pixel from the pixels
before it, and is unable to see any other (:mod:`~gm_core.models.autoregressive.base`). What makes a distribution of the
network's numbers is its head (:mod:`~gm_core.models.autoregressive.heads`): a softmax over all levels, or a mixture of
logistics. p(x) is exact, and so is a picture drawn pixel by pixel. All factors of a given picture are computed at once;
drawing takes a step per pixel.

The families differ in the network: :mod:`~gm_core.models.autoregressive.original` has one stack of masked convolutions,
and a blind spot; :mod:`~gm_core.models.autoregressive.gated` two stacks, and none;
:mod:`~gm_core.models.autoregressive.residual` is lighter; :mod:`~gm_core.models.autoregressive.plusplus` is for colour.

1. van den Oord et al. (2016), "Pixel Recurrent Neural Networks". https://arxiv.org/abs/1601.06759
2. van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders". https://arxiv.org/abs/1606.05328
3. Salimans et al. (2017), "PixelCNN++". https://arxiv.org/abs/1701.05517
"""

from gm_core.models.autoregressive.base import Autoregressive, AutoregressiveConfig
from gm_core.models.autoregressive.gated import GatedPixelCNN, GatedPixelCNNConfig
from gm_core.models.autoregressive.influence import influence
from gm_core.models.autoregressive.original import MaskedPixelCNN, MaskedPixelCNNConfig
from gm_core.models.autoregressive.plusplus import PixelCNNPP, PixelCNNPPConfig
from gm_core.models.autoregressive.residual import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.autoregressive.sampling import (  # each registers itself as its family's sampler
    gated as _gated,  # noqa: F401
)
from gm_core.models.autoregressive.sampling import (
    masked as _masked,  # noqa: F401
)
from gm_core.models.autoregressive.sampling import (
    residual as _residual,  # noqa: F401
)
from gm_core.models.autoregressive.sampling import (
    strided as _strided,  # noqa: F401
)

__all__ = [
    "Autoregressive",
    "AutoregressiveConfig",
    "GatedPixelCNN",
    "GatedPixelCNNConfig",
    "MaskedPixelCNN",
    "MaskedPixelCNNConfig",
    "PixelCNNPP",
    "PixelCNNPPConfig",
    "ResidualPixelCNN",
    "ResidualPixelCNNConfig",
    "influence",
]
