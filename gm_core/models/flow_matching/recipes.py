"""How the flow-matching models are trained, and why so."""

from gm_core.models.flow_matching.flow_matching import FlowMatchingConfig
from gm_core.models.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="mnist-flow-matching",
        dataset="mnist",
        model=FlowMatchingConfig(classes=10, blocks=1),
        steps=20_000,
        batch=32,
        learning_rate=2e-3,
        any_class=0.15,
        decay=0.7,
    ),
)
