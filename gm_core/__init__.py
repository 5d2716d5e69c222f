"""Generative image models with an explicit density: PixelCNN, VAE, and a detector made of them.

>>> import gm_core
>>> model = gm_core.load("mnist-pixelcnn")  # doctest: +SKIP
>>> model.sample(4)  # doctest: +SKIP
"""

from gm_core.checkpoints import Card, CheckpointError, Metric, available, load, read_card
from gm_core.data.pictures import PictureError, Preparation, Prepared, open_picture, prepare
from gm_core.detection import Detector, Verdict, load_detector
from gm_core.evaluation.atlas import Atlas, load_atlas
from gm_core.evaluation.attributes import slant, thickness
from gm_core.evaluation.influence import influence
from gm_core.models.autoencoder import Autoencoder, AutoencoderConfig
from gm_core.models.autoregressive import PictureConfig, PixelCNN
from gm_core.models.masked_pixelcnn import MaskedPixelCNN, MaskedPixelCNNConfig
from gm_core.models.pixelcnn import GatedPixelCNN, PixelCNNConfig
from gm_core.models.pixelcnnpp import PixelCNNPP, PixelCNNPPConfig
from gm_core.models.residual_pixelcnn import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.vae import VAE, Elbo, VAEConfig, interpolate
from gm_core.sampling import PixelEvent, draw_noise, rebuild, warm_up

__version__ = "0.1.0"

__all__ = [
    "VAE",
    "Atlas",
    "Autoencoder",
    "AutoencoderConfig",
    "Card",
    "CheckpointError",
    "Detector",
    "Elbo",
    "GatedPixelCNN",
    "MaskedPixelCNN",
    "MaskedPixelCNNConfig",
    "Metric",
    "PictureConfig",
    "PictureError",
    "PixelCNN",
    "PixelCNNConfig",
    "PixelCNNPP",
    "PixelCNNPPConfig",
    "PixelEvent",
    "Preparation",
    "Prepared",
    "ResidualPixelCNN",
    "ResidualPixelCNNConfig",
    "VAEConfig",
    "Verdict",
    "available",
    "draw_noise",
    "influence",
    "interpolate",
    "load",
    "load_atlas",
    "load_detector",
    "open_picture",
    "prepare",
    "read_card",
    "rebuild",
    "slant",
    "thickness",
    "warm_up",
]
