"""Generative image models: PixelCNN, VAE and flow, what p(x) is to each, and a detector made of them.

>>> import gm_core
>>> model = gm_core.load("mnist-pixelcnn")
>>> model.sample(4).shape
torch.Size([4, 1, 28, 28])
"""

from gm_core.checkpoints import Card, CheckpointError, Metric, available, load, read_card
from gm_core.data.catalog import CATALOG, DataSet, dataset_of, form_of
from gm_core.data.pictures import PictureError, open_picture
from gm_core.data.preparation import Form, Preparation, Prepared, in_levels, prepare
from gm_core.evaluation.confidence import accuracy_versus_coverage, calibration_error
from gm_core.models import FAMILIES, ImageShape, Model, ModelConfig
from gm_core.models.autoregressive import (
    Autoregressive,
    AutoregressiveConfig,
    GatedPixelCNN,
    GatedPixelCNNConfig,
    MaskedPixelCNN,
    MaskedPixelCNNConfig,
    PixelCNNPP,
    PixelCNNPPConfig,
    ResidualPixelCNN,
    ResidualPixelCNNConfig,
    influence,
)
from gm_core.models.autoregressive.sampling import PixelEvent, draw_noise, rebuild, warm_up
from gm_core.models.capabilities import (
    Bound,
    Bounded,
    Classifies,
    Density,
    Edits,
    Elbo,
    Estimate,
    Estimated,
    FromNoise,
    Inverts,
    Latent,
    Paced,
    Samples,
    Streams,
    Variational,
)
from gm_core.models.classifier import Classifier, ClassifierConfig
from gm_core.models.flow import RealNVP, RealNVPConfig
from gm_core.models.frames import Frame, NoiseFrame, PictureFrame
from gm_core.models.vae import VAE, Autoencoder, AutoencoderConfig, VAEConfig, interpolate
from gm_core.studies.atlas.atlas import Atlas, load_atlas
from gm_core.studies.atlas.attributes import slant, thickness
from gm_core.studies.bayes.rule import bayes_posterior, class_log_probs, likelihood_from_posterior, marginal_log_prob
from gm_core.studies.bayes.study import BayesStudy, load_bayes
from gm_core.studies.detector import Detector, Verdict, load_detector
from gm_core.studies.pace import PaceStudy, load_pace

__version__ = "0.1.0"

__all__ = [
    "CATALOG",
    "FAMILIES",
    "VAE",
    "Atlas",
    "Autoencoder",
    "AutoencoderConfig",
    "Autoregressive",
    "AutoregressiveConfig",
    "BayesStudy",
    "Bound",
    "Bounded",
    "Card",
    "CheckpointError",
    "Classifier",
    "ClassifierConfig",
    "Classifies",
    "DataSet",
    "Density",
    "Detector",
    "Edits",
    "Elbo",
    "Estimate",
    "Estimated",
    "Form",
    "Frame",
    "FromNoise",
    "GatedPixelCNN",
    "GatedPixelCNNConfig",
    "ImageShape",
    "Inverts",
    "Latent",
    "MaskedPixelCNN",
    "MaskedPixelCNNConfig",
    "Metric",
    "Model",
    "ModelConfig",
    "NoiseFrame",
    "PaceStudy",
    "Paced",
    "PictureError",
    "PictureFrame",
    "PixelCNNPP",
    "PixelCNNPPConfig",
    "PixelEvent",
    "Preparation",
    "Prepared",
    "RealNVP",
    "RealNVPConfig",
    "ResidualPixelCNN",
    "ResidualPixelCNNConfig",
    "Samples",
    "Streams",
    "VAEConfig",
    "Variational",
    "Verdict",
    "accuracy_versus_coverage",
    "available",
    "bayes_posterior",
    "calibration_error",
    "class_log_probs",
    "dataset_of",
    "draw_noise",
    "form_of",
    "in_levels",
    "influence",
    "interpolate",
    "likelihood_from_posterior",
    "load",
    "load_atlas",
    "load_bayes",
    "load_detector",
    "load_pace",
    "marginal_log_prob",
    "open_picture",
    "prepare",
    "read_card",
    "rebuild",
    "slant",
    "thickness",
    "warm_up",
]
