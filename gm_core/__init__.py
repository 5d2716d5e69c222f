"""Generative image models with an explicit density: PixelCNN, VAE, and a detector made of them.

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
from gm_core.models.autoregressive.base import PictureConfig, PixelCNN
from gm_core.models.autoregressive.gated import GatedPixelCNN, PixelCNNConfig
from gm_core.models.autoregressive.influence import influence
from gm_core.models.autoregressive.original import MaskedPixelCNN, MaskedPixelCNNConfig
from gm_core.models.autoregressive.plusplus import PixelCNNPP, PixelCNNPPConfig
from gm_core.models.autoregressive.residual import ResidualPixelCNN, ResidualPixelCNNConfig
from gm_core.models.autoregressive.sampling import PixelEvent, draw_noise, rebuild, warm_up
from gm_core.models.classifier.classifier import Classifier, ClassifierConfig
from gm_core.models.vae.autoencoder import Autoencoder, AutoencoderConfig
from gm_core.models.vae.vae import VAE, Elbo, VAEConfig, interpolate
from gm_core.studies.atlas.atlas import Atlas, load_atlas
from gm_core.studies.atlas.attributes import slant, thickness
from gm_core.studies.bayes.rule import bayes_posterior, class_log_probs, likelihood_from_posterior, marginal_log_prob
from gm_core.studies.bayes.study import BayesStudy, load_bayes
from gm_core.studies.detector import Detector, Verdict, load_detector

__version__ = "0.1.0"

__all__ = [
    "CATALOG",
    "VAE",
    "Atlas",
    "Autoencoder",
    "AutoencoderConfig",
    "BayesStudy",
    "Card",
    "CheckpointError",
    "Classifier",
    "ClassifierConfig",
    "DataSet",
    "Detector",
    "Elbo",
    "Form",
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
    "marginal_log_prob",
    "open_picture",
    "prepare",
    "read_card",
    "rebuild",
    "slant",
    "thickness",
    "warm_up",
]
