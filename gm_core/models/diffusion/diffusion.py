"""A diffusion model of pictures, which is a score model too."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Batch, Loss, ModelConfig, register
from gm_core.models.capabilities import Bound
from gm_core.models.continuous import to_values
from gm_core.models.diffusion.likelihood import prior_kl, read_levels
from gm_core.models.diffusion.path import NoisyPath
from gm_core.models.diffusion.samplers import CALLS, SAMPLERS
from gm_core.models.diffusion.schedule import LEAST, MOST, mix, training_noise
from gm_core.models.latents import normal_log_prob
from gm_core.models.ode import Field, check_steps
from gm_core.models.transport import Path, Transport, TransportConfig
from gm_core.models.transport.steps import Step


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig(TransportConfig):
    """Shape of a :class:`Diffusion`."""


@register
class Diffusion(Transport):
    r"""A network that tells the noise of a noisy picture from the picture.

    It is trained to predict :math:`v = \alpha \varepsilon - \sigma x` [1], from which both follow, and which is of one
    size whatever the noise.

    References:
        1. Salimans and Ho (2022), "Progressive Distillation for Fast Sampling of Diffusion Models", section 4.
           https://arxiv.org/abs/2202.00512
        2. Kingma, Salimans, Poole and Ho (2021), "Variational Diffusion Models". https://arxiv.org/abs/2107.00630
        3. Ho and Salimans (2022), "Classifier-Free Diffusion Guidance". https://arxiv.org/abs/2207.12598
        4. Song et al. (2021), "Score-Based Generative Modeling through Stochastic Differential Equations", section 4.3.
           https://arxiv.org/abs/2011.13456

    Args:
        config: Its shape.
    """

    family = "diffusion"
    title = "Diffusion"
    Config: ClassVar[type[ModelConfig]] = DiffusionConfig
    config: DiffusionConfig
    path: ClassVar[Path] = NoisyPath()
    samplers: ClassVar[Mapping[str, Step]] = SAMPLERS
    methods: ClassVar[Mapping[str, int]] = CALLS

    def describe(self) -> str:
        """One sentence for the card."""
        wide, deep = self.config.widths
        return f"Diffusion, trained to predict v at every level of noise, U-Net of widths {wide} and {deep}"

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean squared error of v, at one level of noise for each picture."""
        pictures = to_values(batch.images, self.config.image).to(self.device)
        noise = torch.randn(pictures.shape, generator=generator).to(self.device)
        alpha, sigma = mix(training_noise(len(pictures), generator).to(self.device))
        noisy = _spread(alpha) * pictures + _spread(sigma) * noise
        error = self.network(noisy, alpha, sigma, batch.labels.to(self.device)) - (
            _spread(alpha) * noise - _spread(sigma) * pictures
        )
        return {"model": Loss(error.square().mean(), "squared error")}

    def noise(self, z: Tensor, alpha: Tensor, sigma: Tensor, labels: Tensor, guidance: float = 1.0) -> Tensor:
        """The noise that the model sees in noisy pictures; times -1 / sigma, it is the score.

        Args:
            z: alpha x + sigma e, ``float32`` (B, C, H, W).
            alpha: (B,).
            sigma: (B,), with alpha² + sigma² = 1.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            guidance: Weight of the label: e + (guidance - 1) (e - e of any class) [3]; 1 is the model itself.

        Returns:
            Of z's shape.
        """
        if guidance == 1:
            return _spread(sigma) * z + _spread(alpha) * self.network(z, alpha, sigma, labels)
        labels = torch.cat((labels, torch.full_like(labels, -1)))
        both = self.network(torch.cat((z, z)), torch.cat((alpha, alpha)), torch.cat((sigma, sigma)), labels)
        own, other = both.chunk(2)
        return _spread(sigma) * z + _spread(alpha) * (other + guidance * (own - other))

    @torch.no_grad()
    def bound(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        steps: int | None = None,
    ) -> Bound:
        """A lower bound on log P(x), from one draw of the noise and of its level for each picture.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            generator: CPU source of randomness. The levels are spread evenly over the batch: its mean is the surer.
            steps: Of the diffusion that is bounded, evenly in lambda; endlessly many when left out, which bounds best.

        Returns:
            Terms in nats, (B,) each: -KL to the prior, the reconstruction, and minus the diffusion's loss [2].
        """
        labels = self._labels(labels, len(images))
        x = to_values(images, self.config.image).to(self.device)
        noise, first = (torch.randn(x.shape, generator=generator).to(x.device) for _ in range(2))
        place = (torch.rand(1, generator=generator) + torch.arange(len(x), dtype=torch.float32) / len(x)) % 1
        place = place[torch.randperm(len(x), generator=generator)]
        most, least = 2 * math.log(MOST), 2 * math.log(LEAST)  # of -lambda
        if steps is None:
            ratio = -(least + place * (most - least))
            weight = torch.tensor((most - least) / 2)
        else:
            check_steps(steps)
            ratio = -(least + (place * steps).floor().add(1) / steps * (most - least))
            weight = torch.tensor(steps / 2 * math.expm1((most - least) / steps))
        alpha, sigma = mix(ratio.to(x.device))
        noisy = _spread(alpha) * x + _spread(sigma) * noise
        error = (noise - self.noise(noisy, alpha, sigma, labels)).square().flatten(1).sum(dim=1)
        return Bound(
            {
                "-prior": -prior_kl(x),
                "reconstruction": read_levels(x, x + LEAST * first, self.config.image.levels),
                "-diffusion": -weight.to(x.device) * error,
            }
        )

    def _field(self, labels: Tensor, guidance: float = 1.0) -> Field:
        """The noise in y = x + s e as solvers ask for it, by s; at no noise, what there is at the least."""

        def field(y: Tensor, level: float) -> Tensor:
            level = max(level, LEAST)
            alpha = torch.full((len(y),), 1 / math.hypot(1, level), device=y.device)
            return self.noise(_spread(alpha) * y, alpha, level * alpha, labels, guidance)

        return field

    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """The picture is what is left without the noise."""
        return state - time * answer

    def _scatter(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        """Pictures with the least noise are what the model has a density of."""
        return values + LEAST * torch.randn(values.shape, generator=generator).to(values.device)

    def _levels(self, values: Tensor, scattered: Tensor) -> Tensor:
        """Which level is read through the least noise, less the density of that noise."""
        return read_levels(values, scattered, self.config.image.levels) - normal_log_prob(scattered - values, LEAST)


def _spread(numbers: Tensor) -> Tensor:
    """(B,) to (B, 1, 1, 1)."""
    return numbers[:, None, None, None]
