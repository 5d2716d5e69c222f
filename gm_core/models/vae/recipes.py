"""How the VAEs and the autoencoder were trained."""

from gm_core.models.base import ImageShape
from gm_core.models.recipe import Recipe
from gm_core.models.vae.autoencoder import AutoencoderConfig
from gm_core.models.vae.vae import VAEConfig

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="mnist-vae",
        dataset="mnist",
        model=VAEConfig(latent=16, mixture=3),
        steps=40_000,
        batch=64,
        learning_rate=2e-3,
        decay=0.6,
    ),
    Recipe(
        name="mnist-vae2d",
        dataset="mnist",
        model=VAEConfig(latent=2, mixture=3),
        steps=20_000,
        batch=64,
        learning_rate=2e-3,
        decay=0.6,
    ),
    Recipe(
        name="mnist-binary-vae",
        dataset="mnist-binary",
        model=VAEConfig(image=ImageShape(levels=2), latent=32),
        steps=60_000,
        batch=64,
        learning_rate=2e-3,
        decay=0.6,
    ),
    Recipe(
        name="fashion-vae",
        dataset="fashion",
        model=VAEConfig(latent=32, mixture=3),
        steps=34_000,
        batch=64,
        learning_rate=2e-3,
        decay=0.6,
    ),
    Recipe(
        name="cifar10-vae",
        dataset="cifar10",
        model=VAEConfig(image=ImageShape(channels=3, height=32, width=32), latent=256, hidden=0),
        steps=42_000,
        batch=32,
        learning_rate=4e-3,
        decay=0.6,
    ),
    Recipe(
        name="mnist-autoencoder",
        dataset="mnist",
        model=AutoencoderConfig(latent=2),
        steps=12_000,
        batch=64,
        learning_rate=2e-3,
        decay=0.6,
    ),
)
