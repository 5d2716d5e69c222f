"""A family with two losses that pull against each other, and a chain that training moves: registered by tests alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models import Batch, ImageShape, Loss, Model, ModelConfig
from gm_core.training.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class DuelConfig(ModelConfig):
    """Shape of a :class:`Duel`.

    Attributes:
        noise: Whether the generator draws; without it the losses are functions of the images alone.
        every: The generator learns in the first of so many steps; never where it is 0.
        forgetful: Whether a parameter is in no group.
        stray: Whether there is a loss that no group is for.
    """

    noise: bool = True
    every: int = 2
    forgetful: bool = False
    stray: bool = False


class Duel(Model):
    """A linear generator against a linear discriminator."""

    family = "duel"
    title = "duel"
    Config = DuelConfig
    config: DuelConfig
    chain: Tensor
    steps: Tensor
    seen: Tensor

    def __init__(self, config: DuelConfig) -> None:
        super().__init__(config)
        self.generator = nn.Linear(3, config.image.values)
        self.discriminator = nn.Conv2d(config.image.channels, 1, (config.image.height, config.image.width))
        self.register_buffer("chain", torch.full((2, 3, 2, 2), 0.5))
        self.register_buffer("steps", torch.tensor(0))
        self.register_buffer("seen", torch.zeros(()))

    def describe(self) -> str:
        return "A linear generator against a linear discriminator"

    def parameter_groups(self) -> dict[str, Iterable[nn.Parameter]]:
        critic = list(self.discriminator.parameters())
        return {
            "generator": self.generator.parameters(),
            "discriminator": critic[:-1] if self.config.forgetful else critic,
        }

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        images = batch.images.float() / 255
        z = torch.randn(len(images), 3, generator=generator) if self.config.noise else torch.ones(len(images), 3)
        fake = torch.sigmoid(self.generator(z + self.chain.mean(dim=(0, 2, 3)))).view_as(images)
        real_score, fake_score = self.discriminator(images).flatten(), self.discriminator(fake).flatten()
        losses = {"discriminator": Loss(F.softplus(-real_score).mean() + F.softplus(fake_score).mean(), "nats")}
        every = self.config.every
        if every and int(self.steps) % every == 0:
            losses["generator"] = Loss(F.softplus(-fake_score).mean(), "bits", 1.4427)
        if self.config.stray:
            losses["critic"] = losses["discriminator"]
        if self.training:
            with torch.no_grad():
                self.chain.mul_(0.9).add_(0.1 * self.generator.weight[:2, :, None, None].float())
                self.steps.add_(1)
                self.seen.copy_(images.mean())
        return losses


RECIPE = Recipe(
    "tiny-duel",
    "none",
    DuelConfig(image=ImageShape(height=6, width=6)),
    24,
    4,
    5e-3,
    4,
    rates={"generator": 2e-3},
)
