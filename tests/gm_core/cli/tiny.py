"""Recipes of a few steps, one per kind of model."""

import gm_core
from gm_core.models import ImageShape
from gm_core.training.recipes import Recipe

TINY = {
    "tiny-pixelcnn": Recipe("tiny-pixelcnn", "mnist", gm_core.GatedPixelCNNConfig(width=4, layers=1), 6, 4, 5e-3, 2),
    "tiny-vae": Recipe("tiny-vae", "mnist", gm_core.VAEConfig(width=4, latent=2, hidden=8), 6, 4, 5e-3, 2),
    "tiny-binary-vae": Recipe(
        "tiny-binary-vae",
        "mnist-binary",
        gm_core.VAEConfig(image=ImageShape(levels=2), latent=2, width=4, hidden=8),
        6,
        4,
        5e-3,
        2,
    ),
    "tiny-autoencoder": Recipe(
        "tiny-autoencoder", "mnist", gm_core.AutoencoderConfig(width=4, hidden=8), 6, 4, 5e-3, 2
    ),
    "tiny-classifier": Recipe("tiny-classifier", "mnist", gm_core.ClassifierConfig(width=4, hidden=8), 6, 4, 5e-3, 2),
}
