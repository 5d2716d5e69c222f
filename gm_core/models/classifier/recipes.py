"""How the classifiers were trained."""

from gm_core.models.base import ImageShape
from gm_core.models.classifier.classifier import ClassifierConfig
from gm_core.models.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (
    *(
        Recipe(
            name=f"{dataset}-classifier",
            dataset=dataset,
            model=model,
            steps=12_000,
            batch=64,
            learning_rate=2e-3,
            decay=0.8,
        )
        for dataset, model in (
            ("mnist", ClassifierConfig()),
            ("fashion", ClassifierConfig()),
            ("cifar10", ClassifierConfig(image=ImageShape(channels=3, height=32, width=32), width=48)),
        )
    ),
)
