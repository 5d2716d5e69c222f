"""A diffusion model of pictures, which is a score model too."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Batch, Loss, ModelConfig, check_sizes, register
from gm_core.models.capabilities import Bound, Estimate
from gm_core.models.continuous import to_values
from gm_core.models.convolutional import check_quarters
from gm_core.models.diffusion.likelihood import normal_log_prob, prior_kl, read_levels
from gm_core.models.diffusion.samplers import CALLS, SAMPLERS
from gm_core.models.diffusion.schedule import LEAST, MOST, even_levels, mix, noise_levels, training_noise
from gm_core.models.frames import NoiseFrame
from gm_core.models.inputs import check_guidance
from gm_core.models.latents import check_noise, draw_latents
from gm_core.models.ode import SOLVERS, Field, check_steps
from gm_core.models.transport import Step, Transport
from gm_core.models.unet import UNet


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig(ModelConfig):
    """Shape of a :class:`Diffusion`.

    Attributes:
        widths: Feature maps of the network at a half and at a quarter of the picture's size.
        blocks: Residual blocks of each size, on the way down and on the way up.
        likelihood_steps: Steps in which ``estimate`` follows a picture to its noise.
    """

    widths: tuple[int, int] = (48, 96)
    blocks: int = 2
    likelihood_steps: int = 40

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a diffusion network", optional=("classes",))
        check_quarters(self.image)
        if len(self.widths) != 2 or self.widths[0] % 8 or self.widths[1] % 32:
            raise ValueError(f"widths must be a multiple of 8 and one of 32, not {self.widths}")


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
    Config = DiffusionConfig
    config: DiffusionConfig
    method: ClassVar[str] = "sampler"
    methods: ClassVar[Mapping[str, int]] = CALLS
    usual: ClassVar[str] = "heun"
    fitting: ClassVar[str] = "ddpm"
    noisiest: ClassVar[float] = MOST

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__(config)
        self.network = UNet(config.image, config.classes, config.widths, config.blocks)

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

    def estimate(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        solver: str = "heun",
    ) -> Estimate:
        """Log P(x), estimated along the probability-flow differential equation [4].

        With the least noise e over it, y = x + s e has a density that the equation gives, with the trace of its
        Jacobian estimated by random signs; and log P(x) is at least the mean of log p(y) + log P(x | y) - log q(y | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            samples: Draws of noise and signs for each image.
            generator: CPU source of randomness.
            steps: Of the solver, evenly in lambda; the config's when left out.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.

        Returns:
            Their mean, with its standard error.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        steps = self.config.likelihood_steps if steps is None else steps
        check_steps(steps, solver)
        labels = self._labels(labels, len(images))
        x = to_values(images, self.config.image).to(self.device)
        draws = []
        for _ in range(samples):
            noise = torch.randn(x.shape, generator=generator).to(x.device)
            signs = (torch.randint(2, x.shape, generator=generator) * 2 - 1).float().to(x.device)
            y = x + LEAST * noise
            chance = normal_log_prob(noise, 1.0) - self.config.image.values * math.log(LEAST)  # log q(y | x)
            draws.append(
                self._log_density(y, labels, signs, steps, solver)
                + read_levels(x, y, self.config.image.levels)
                - chance
            )
        values = torch.stack(draws)
        error = values.std(dim=0) / math.sqrt(samples) if samples > 1 else torch.full_like(values[0], math.inf)
        return Estimate(values.mean(dim=0), error, "Hutchinson", samples)

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        steps: int = 10,
        sampler: str = "heun",
        guidance: float = 1.0,
    ) -> Tensor:
        """Draw noise and take it off, step by step.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the first noise.
            steps: From 1 to 1,000.
            sampler: ``"ddpm"``, ``"ddim"``, ``"heun"`` or ``"langevin"``.
            guidance: Weight of the label, 1 being the model itself.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: An argument is out of range.
        """
        options = {"steps": steps, "sampler": sampler, "guidance": guidance}
        for frame in self.stream(n, labels, generator=generator, temperature=temperature, **options):  # type: ignore[arg-type]
            last = frame
        return last.images

    def stream(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        steps: int = 10,
        sampler: str = "heun",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same step by step: the noise first, then a frame for each step.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the first noise.
            steps: From 1 to 1,000.
            sampler: ``"ddpm"``, ``"ddim"``, ``"heun"`` or ``"langevin"``.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (n, C, H, W) on the CPU.
        """
        image = self.config.image
        noise = draw_latents(n, image.values, generator, temperature).view(n, *image.size)
        return self.from_noise(noise, labels, steps=steps, sampler=sampler, guidance=guidance)

    def from_noise(
        self,
        noise: Tensor,
        labels: Tensor | None = None,
        *,
        steps: int = 10,
        sampler: str = "heun",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same from given noise; what samplers draw anew on the way follows from it.

        Args:
            noise: Standard normal, ``float32`` (n, C, H, W).
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            steps: From 1 to 1,000.
            sampler: ``"ddpm"``, ``"ddim"``, ``"heun"`` or ``"langevin"``.
            guidance: Weight of the label, 1 being the model itself.

        Raises:
            ValueError: An argument is out of range.
        """
        check_steps(steps)
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, not {sampler!r}")
        noise, guidance = check_noise(noise, self.config.image), check_guidance(guidance)
        labels = self._labels(labels, len(noise))
        return self._follow(self._pure(noise), self._times(steps), labels, SAMPLERS[sampler], guidance, noise)

    def _times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Levels of noise; a share of it is that of a quarter turn, whose tangent is the level."""
        return noise_levels(steps, min(math.tan(strength * math.pi / 2), MOST) if strength < 1 else MOST)

    def _fine_times(self, steps: int) -> list[float]:
        """Levels from the least to the most."""
        return [LEAST, *noise_levels(steps)[-2::-1]]

    def _weights(self, time: float) -> tuple[float, float]:
        """States are y = x + s e."""
        return 1.0, time

    def _size(self, time: float) -> float:
        """The network sees alpha y."""
        return math.hypot(1, time)

    def _share(self, time: float) -> float:
        """By the angle whose tangent is the level."""
        return 1 - 2 / math.pi * math.atan(time)

    def _title(self, time: float) -> str:
        """The level."""
        return f"noise {time:.3g}" if time > LEAST else "picture"

    def _step(self, way: str) -> Step:
        """One of the samplers."""
        return SAMPLERS[way]

    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """The picture is what is left without the noise."""
        return state - time * answer

    def _scatter(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures with the least noise are what the model has a density of."""
        return values + LEAST * torch.randn(values.shape, generator=generator)

    def _field(self, labels: Tensor, guidance: float = 1.0) -> Field:
        """The noise in y = x + s e as solvers ask for it, by s; at no noise, what there is at the least."""

        def field(y: Tensor, level: float) -> Tensor:
            level = max(level, LEAST)
            alpha = torch.full((len(y),), 1 / math.hypot(1, level), device=y.device)
            return self.noise(_spread(alpha) * y, alpha, level * alpha, labels, guidance)

        return field

    def _log_density(self, y: Tensor, labels: Tensor, signs: Tensor, steps: int, solver: str) -> Tensor:
        """Log p(y) at the least noise, (B, C, H, W) to nats (B,), with these signs for the trace."""
        field = self._field(labels)

        def both(state: Tensor, level: float) -> Tensor:
            """The noise, and the divergence as one more number."""
            with torch.inference_mode(False), torch.enable_grad():
                point = state[:, :-1].clone().view_as(y).requires_grad_()
                noise = field(point, level)
                product = torch.autograd.grad(noise, point, signs)[0]
            divergence = (product * signs).flatten(1).sum(dim=1)
            return torch.cat((noise.detach().flatten(1), divergence[:, None]), dim=1)

        state = torch.cat((y.flatten(1), y.new_zeros(len(y), 1)), dim=1)
        levels = even_levels(steps)
        for start, end in itertools.pairwise(levels):
            state = SOLVERS[solver](both, state, start, end)
        return normal_log_prob(state[:, :-1], math.hypot(1, MOST)) + state[:, -1]


def _spread(numbers: Tensor) -> Tensor:
    """(B,) to (B, 1, 1, 1)."""
    return numbers[:, None, None, None]
