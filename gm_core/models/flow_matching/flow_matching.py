"""Flow matching on pictures."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Batch, Loss, ModelConfig, check_sizes, register
from gm_core.models.capabilities import Estimate
from gm_core.models.continuous import to_values
from gm_core.models.convolutional import check_quarters
from gm_core.models.frames import NoiseFrame
from gm_core.models.inputs import check_guidance, check_shape
from gm_core.models.latents import check_noise, draw_latents
from gm_core.models.ode import CALLS, SOLVERS, Field, arrive, check_steps
from gm_core.models.transport import Step, Transport, by_solver
from gm_core.models.unet import UNet

LAST = 7.5
"""Of the logit of a time, up to which training goes: what is left of the noise there is a tenth of a level's step."""


@dataclass(frozen=True, kw_only=True)
class FlowMatchingConfig(ModelConfig):
    """Shape of a :class:`FlowMatching`, and what it is trained on most.

    Attributes:
        widths: Feature maps of the network at a half and at a quarter of the picture's size.
        blocks: Residual blocks of each size, on the way down and on the way up.
        late: Share of the training steps' times that are near the end, where the last digits of a value are at stake.
        likelihood_steps: Steps in which ``estimate`` follows a picture to its noise.
    """

    widths: tuple[int, int] = (48, 96)
    blocks: int = 2
    late: float = 0.3
    likelihood_steps: int = 40

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a flow-matching network", optional=("classes",))
        check_quarters(self.image)
        if len(self.widths) != 2 or self.widths[0] % 8 or self.widths[1] % 32:
            raise ValueError(f"widths must be a multiple of 8 and one of 32, not {self.widths}")
        if not 0 <= self.late < 1:
            raise ValueError(f"late must be a share from 0 to below 1, not {self.late!r}")


@register
class FlowMatching(Transport):
    r"""A field of velocities that takes noise to pictures, learned from straight lines between them.

    References:
        1. Lipman et al. (2023), "Flow Matching for Generative Modeling", sections 3 and 4.
           https://arxiv.org/abs/2210.02747
        2. Esser et al. (2024), "Scaling Rectified Flow Transformers", section 3.1, for times whose logits are normal.
           https://arxiv.org/abs/2403.03206
        3. Ho and Salimans (2022), "Classifier-Free Diffusion Guidance". https://arxiv.org/abs/2207.12598

    Args:
        config: Its shape.
    """

    family = "flow-matching"
    title = "Flow matching"
    Config = FlowMatchingConfig
    config: FlowMatchingConfig
    method: ClassVar[str] = "solver"
    methods: ClassVar[Mapping[str, int]] = CALLS
    usual: ClassVar[str] = "euler"
    fitting: ClassVar[str] = "euler"
    noisiest: ClassVar[float] = 0.0

    def __init__(self, config: FlowMatchingConfig) -> None:
        super().__init__(config)
        self.network = UNet(config.image, config.classes, config.widths, config.blocks)

    def describe(self) -> str:
        """One sentence for the card."""
        wide, deep = self.config.widths
        return f"Flow matching on straight lines from noise to pictures, U-Net of widths {wide} and {deep}"

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean squared error of the velocity, of one point on a line for each picture."""
        place = torch.rand(batch.images.shape, generator=generator)
        pictures = to_values(batch.images, self.config.image, place)
        noise = torch.randn(pictures.shape, generator=generator)
        time = self._training_times(len(pictures), generator)
        pictures, noise, time = (part.to(self.device) for part in (pictures, noise, time))
        error = self.velocity(_at(time, noise, pictures), time, batch.labels.to(self.device)) - (pictures - noise)
        return {"model": Loss(error.square().mean(), "squared error")}

    def velocity(self, x: Tensor, time: Tensor, labels: Tensor, guidance: float = 1.0) -> Tensor:
        """The velocity at points.

        Args:
            x: Values, ``float32`` (B, C, H, W).
            time: From 0, all noise, to 1, the picture: (B,).
            labels: Classes, ``int64`` (B,), -1 for "any class".
            guidance: Weight of the label: v + (guidance - 1) (v - v of any class) [3]; 1 is the model itself.

        Returns:
            Of x's shape.
        """
        if guidance == 1:
            return self.network(x, time, 1 - time, labels)
        twice = torch.cat((labels, torch.full_like(labels, -1)))
        both = self.network(torch.cat((x, x)), torch.cat((time, time)), 1 - torch.cat((time, time)), twice)
        own, other = both.chunk(2)
        return other + guidance * (own - other)

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        steps: int = 10,
        solver: str = "euler",
        guidance: float = 1.0,
    ) -> Tensor:
        """Draw noise and follow the field to pictures.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the noise.
            steps: Of the solver, from 1 to 1,000.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.
            guidance: Weight of the label, 1 being the model itself.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: An argument is out of range.
        """
        options = {"steps": steps, "solver": solver, "guidance": guidance}
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
        solver: str = "euler",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same step by step: the noise first, then a frame for each step.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the noise.
            steps: Of the solver, from 1 to 1,000.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (n, C, H, W) on the CPU.
        """
        image = self.config.image
        noise = draw_latents(n, image.values, generator, temperature).view(n, *image.size)
        return self.from_noise(noise, labels, steps=steps, solver=solver, guidance=guidance)

    def from_noise(
        self,
        noise: Tensor,
        labels: Tensor | None = None,
        *,
        steps: int = 10,
        solver: str = "euler",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same from given noise.

        Args:
            noise: Standard normal, ``float32`` (n, C, H, W).
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            steps: Of the solver, from 1 to 1,000.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.
            guidance: Weight of the label, 1 being the model itself.

        Raises:
            ValueError: An argument is out of range.
        """
        check_steps(steps, solver)
        noise, guidance = check_noise(noise, self.config.image), check_guidance(guidance)
        labels = self._labels(labels, len(noise))
        return self._follow(self._pure(noise), self._times(steps), labels, self._step(solver), guidance, noise)

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
        r"""Log P(x), estimated along the flow.

        For one place u in the steps of the levels and one random sign for every value, :math:`\log p_1(x_1) = \log
        p_0(x_0) - \int_0^1 \operatorname{div} v(x_t, t) dt`, with the divergence's unbiased estimate
        :math:`e^\top \frac{\partial v}{\partial x} e`. The mean over u is a lower bound of log P(x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            samples: Draws of u and the signs for each image.
            generator: CPU source of randomness.
            steps: Of the solver; the config's when left out.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.

        Returns:
            Their mean, with its standard error.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        steps = self.config.likelihood_steps if steps is None else steps
        check_steps(steps, solver)
        shape = self.config.image
        images = check_shape(images, shape)
        labels = self._labels(labels, len(images))
        draws = []
        for _ in range(samples):
            place = torch.rand(images.shape, generator=generator)
            signs = (torch.randint(2, images.shape, generator=generator) * 2 - 1).float().to(self.device)
            x = to_values(images, shape, place).to(self.device)
            draws.append(self._log_density(x, labels, signs, steps, solver))
        values = torch.stack(draws) + shape.values * math.log(2 / shape.levels)
        error = values.std(dim=0) / math.sqrt(samples) if samples > 1 else torch.full_like(values[0], math.inf)
        return Estimate(values.mean(dim=0), error, "Hutchinson", samples)

    def _training_times(self, n: int, generator: torch.Generator) -> Tensor:
        """Times of training: most with a normal logit [2], the others near the end."""
        logits = torch.randn(n, generator=generator)
        late = torch.rand(n, generator=generator) < self.config.late
        return torch.where(late, LAST * torch.rand(n, generator=generator), logits).sigmoid()

    def _field(self, labels: Tensor, guidance: float = 1.0) -> Field:
        """The velocity as solvers ask for it."""

        def field(x: Tensor, time: float) -> Tensor:
            return self.velocity(x, torch.full((len(x),), time, device=x.device), labels, guidance)

        return field

    def _times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Equal steps; a share of noise is that of the line."""
        return [*(1 - strength + strength * index / steps for index in range(steps)), 1.0]

    def _fine_times(self, steps: int) -> list[float]:
        """Closer together the closer to the picture, where the field is steepest."""
        return [1.0, *torch.linspace(LAST, -3.5, steps - 1).sigmoid().tolist(), 0.0] if steps > 1 else [1.0, 0.0]

    def _weights(self, time: float) -> tuple[float, float]:
        """Points on the lines from noise to pictures."""
        return time, 1 - time

    def _size(self, time: float) -> float:
        """Points are shown as they are."""
        return 1.0

    def _share(self, time: float) -> float:
        """The time itself."""
        return time

    def _title(self, time: float) -> str:
        """The time."""
        return f"t = {time:.2f}"

    def _step(self, way: str) -> Step:
        """One of the solvers."""
        return by_solver(SOLVERS[way])

    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """Straight on at the speed there."""
        return state + (1 - time) * answer

    def _scatter(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """Values lie anywhere in the steps of their levels."""
        return values + (torch.rand(values.shape, generator=generator) - 0.5) * (2 / self.config.image.levels)

    def _log_density(self, x: Tensor, labels: Tensor, signs: Tensor, steps: int, solver: str) -> Tensor:
        """Log p(x) of values, (B, C, H, W) to nats (B,), with these signs for the trace."""
        field = self._field(labels)

        def both(state: Tensor, time: float) -> Tensor:
            """The velocity, and the divergence as one more number."""
            with torch.inference_mode(False), torch.enable_grad():
                point = state[:, :-1].clone().view_as(x).requires_grad_()
                velocity = field(point, time)
                product = torch.autograd.grad(velocity, point, signs)[0]
            divergence = (product * signs).flatten(1).sum(dim=1)
            return torch.cat((velocity.detach().flatten(1), divergence[:, None]), dim=1)

        times = self._fine_times(steps)
        state = torch.cat((x.flatten(1), x.new_zeros(len(x), 1)), dim=1)
        state = arrive(both, state, times, solver)
        noise, integral = state[:, :-1], state[:, -1]  # the integral ran from 1 to 0
        return -0.5 * (noise.square() + math.log(2 * math.pi)).sum(dim=1) + integral


def _at(time: Tensor, noise: Tensor, pictures: Tensor) -> Tensor:
    """Points on the lines from noise to pictures."""
    time = time[:, None, None, None]
    return (1 - time) * noise + time * pictures
