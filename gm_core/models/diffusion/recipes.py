"""How the diffusion models are trained, and why so."""

from gm_core.models.diffusion.diffusion import DiffusionConfig
from gm_core.models.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="mnist-diffusion",
        dataset="mnist",
        model=DiffusionConfig(classes=10, blocks=1),
        steps=20_000,
        batch=32,
        learning_rate=2e-3,
        any_class=0.15,
        decay=0.7,
    ),
)
