"""How each shipped checkpoint was trained: everything needed to train it again."""

from dataclasses import dataclass, replace

from gm_core.models.autoregressive.gated import PixelCNNConfig
from gm_core.models.autoregressive.original import MaskedPixelCNNConfig
from gm_core.models.autoregressive.plusplus import PixelCNNPPConfig
from gm_core.models.autoregressive.residual import ResidualPixelCNNConfig
from gm_core.models.classifier.classifier import ClassifierConfig
from gm_core.models.vae.autoencoder import AutoencoderConfig
from gm_core.models.vae.vae import VAEConfig


@dataclass(frozen=True)
class Recipe:
    """A training run, up to the hardware it runs on.

    Attributes:
        name: Name of the checkpoint it makes, ``DATASET-FAMILY[-VARIANT]``.
        dataset: Name of the data set.
        model: Shape of the model.
        steps: Optimiser steps.
        batch: Images a step.
        learning_rate: Peak learning rate of AdamW.
        warmup: Steps over which the learning rate rises from 0.
        decay: Last part of the steps, over which it falls linearly to 2 % of its peak.
        weight_decay: Decoupled weight decay.
        clip: Largest norm of the gradient.
        ema: Decay a step of the exponential moving average of the weights, which is what ships.
        any_class: Chance that a picture's label is replaced by "any class".
        mutation: Chance that a pixel is replaced by a level drawn at random, which leaves a model of the general look
            of the pictures without what they show (Ren et al., 2019, "Likelihood Ratios for Out-of-Distribution
            Detection", section 4.2). https://arxiv.org/abs/1906.02845
        channels_last: Memory format of the weights.
        seed: Of the initial weights, the batches and the noise.
    """

    name: str
    dataset: str
    model: (
        PixelCNNConfig
        | MaskedPixelCNNConfig
        | ResidualPixelCNNConfig
        | PixelCNNPPConfig
        | VAEConfig
        | AutoencoderConfig
        | ClassifierConfig
    )
    steps: int
    batch: int
    learning_rate: float
    warmup: int = 200
    decay: float = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.999
    any_class: float = 0.0
    mutation: float = 0.0
    channels_last: bool = True
    seed: int = 0

    def rate(self, step: int) -> float:
        """Learning rate at a step (from 0): linear warm-up, a plateau, a linear decay.

        The plateau is what makes a run easy to lengthen: everything before the decay stays as it was.
        """
        rise = (step + 1) / self.warmup
        fall = 0.02 + 0.98 * (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * min(1.0, rise, fall)


GREY = ResidualPixelCNNConfig(vertical=32, horizontal=96, kernel_size=5, blocks=8, palette=True)
GREY_BACKGROUND = ResidualPixelCNNConfig(vertical=8, horizontal=24, kernel_size=5, blocks=4)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
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
            model=PixelCNNConfig(channels=32, layers=8, dilations=(1, 2, 1, 4)),
            steps=64_000,
            batch=16,
            learning_rate=4e-3,
            decay=0.84,
            any_class=0.2,
        ),
        Recipe(
            name="mnist-pixelcnn-original",
            dataset="mnist",
            model=MaskedPixelCNNConfig(channels=64, blocks=8),
            steps=16_000,
            batch=16,
            learning_rate=4e-3,
            decay=0.84,
            any_class=0.2,
        ),
        Recipe(
            name="mnist-binary-pixelcnn",
            dataset="mnist-binary",
            model=ResidualPixelCNNConfig(levels=2, embedding=0, vertical=16, horizontal=48, kernel_size=5, blocks=10),
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
            model=VAEConfig(latent=32, levels=2),
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
            model=VAEConfig(height=32, width=32, picture_channels=3, latent=256, hidden=0),
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
                ("cifar10", ClassifierConfig(height=32, width=32, channels=48, picture_channels=3)),
            )
        ),
    )
}
