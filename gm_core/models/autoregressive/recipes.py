"""How the autoregressive checkpoints were trained; a card's ``history`` says where its run differed."""

from dataclasses import replace

from gm_core.models.autoregressive.gated import GatedPixelCNNConfig
from gm_core.models.autoregressive.original import MaskedPixelCNNConfig
from gm_core.models.autoregressive.plusplus import PixelCNNPPConfig
from gm_core.models.autoregressive.residual import ResidualPixelCNNConfig
from gm_core.models.base import ImageShape
from gm_core.models.recipe import Recipe

GREY = ResidualPixelCNNConfig(vertical=32, horizontal=96, kernel_size=5, blocks=8, palette=True)
GREY_BACKGROUND = ResidualPixelCNNConfig(vertical=8, horizontal=24, kernel_size=5, blocks=4)

RECIPES: tuple[Recipe, ...] = (
    *(
        Recipe(
            name=f"{dataset}-pixelcnn",
            dataset=dataset,
            model=model,
            steps=steps,
            batch=8,
            learning_rate=3e-3,
            decay=0.84,
            any_class=0.5,
        )
        for dataset, model, steps in (
            ("mnist", GREY, 52_000),
            ("fashion", replace(GREY, stretch=True, dropout=0.1), 112_000),
        )
    ),
    Recipe(
        name="mnist-pixelcnn-gated",
        dataset="mnist",
        model=GatedPixelCNNConfig(width=32, layers=8, dilations=(1, 2, 1, 4)),
        steps=64_000,
        batch=16,
        learning_rate=4e-3,
        decay=0.84,
        any_class=0.2,
    ),
    Recipe(
        name="mnist-pixelcnn-original",
        dataset="mnist",
        model=MaskedPixelCNNConfig(width=64, blocks=8),
        steps=16_000,
        batch=16,
        learning_rate=4e-3,
        decay=0.84,
        any_class=0.2,
    ),
    Recipe(
        name="mnist-binary-pixelcnn",
        dataset="mnist-binary",
        model=ResidualPixelCNNConfig(
            image=ImageShape(levels=2), embedding=0, vertical=16, horizontal=48, kernel_size=5, blocks=10
        ),
        steps=40_000,
        batch=16,
        learning_rate=4e-3,
        decay=0.84,
        any_class=0.5,
    ),
    Recipe(
        name="cifar10-pixelcnnpp",
        dataset="cifar10",
        model=PixelCNNPPConfig(vertical=(24, 32, 48), horizontal=(56, 64, 96)),
        steps=87_000,
        batch=16,
        learning_rate=2e-3,
        decay=0.84,
        any_class=0.2,
    ),
    *(
        Recipe(
            name=f"{dataset}-pixelcnn-background",
            dataset=dataset,
            model=model,
            steps=steps,
            batch=16,
            learning_rate=4e-3,
            decay=0.84,
            any_class=1.0,
            mutation=0.2,
        )
        for dataset, model, steps in (
            ("mnist", GREY_BACKGROUND, 8_000),
            ("fashion", GREY_BACKGROUND, 8_000),
            ("cifar10", PixelCNNPPConfig(vertical=(8,), horizontal=(24,), blocks=(4,)), 6_000),
        )
    ),
)
