"""A model that carries noise to pictures, whatever its path and whatever its network is asked."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Model, ModelConfig
from gm_core.models.capabilities import Estimate
from gm_core.models.continuous import to_images, to_values
from gm_core.models.frames import NoiseFrame
from gm_core.models.inputs import check_guidance, check_keep, check_labels, check_share
from gm_core.models.latents import check_noise, draw_latents, normal_log_prob
from gm_core.models.ode import SOLVERS, Field, check_steps
from gm_core.models.transport.config import TransportConfig
from gm_core.models.transport.likelihood import follow_density
from gm_core.models.transport.path import Path
from gm_core.models.transport.steps import Step, back_and_forth, by_solver
from gm_core.models.transport.way import Kept, Way
from gm_core.models.unet import UNet

MOST_REPEATS = 100
"""How often a step may be taken."""


class Transport(Model):
    """A model that carries noise to pictures through continuous time, by a U-Net.

    A family says what path there is, how a step is taken, and what the network says of a state.

    Args:
        config: Its shape.
    """

    Config: ClassVar[type[ModelConfig]] = TransportConfig
    config: TransportConfig
    path: ClassVar[Path]
    samplers: ClassVar[Mapping[str, Step]]
    methods: ClassVar[Mapping[str, int]]
    """The samplers by name, with the calls of the network that a step takes."""

    def __init__(self, config: TransportConfig) -> None:
        super().__init__(config)
        self.network = UNet(config.image, config.classes, config.widths, config.blocks)

    @abstractmethod
    def _field(self, labels: Tensor, guidance: float = 1.0) -> Field:
        """Where states go, as solvers ask for it."""

    @abstractmethod
    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """The values of the picture that the field's answer expects at the end."""

    @abstractmethod
    def _scatter(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        """Values in the middle of their levels, to a draw of where within them the values of a picture lie."""

    @abstractmethod
    def _levels(self, values: Tensor, scattered: Tensor) -> Tensor:
        """Log P(x | y) - log q(y | x), (B,) nats, of values in the middle of their levels and where they were put."""

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        steps: int = 10,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Tensor:
        """Draw noise and follow it to pictures.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the first noise.
            steps: From 1 to 1,000.
            sampler: One of :attr:`methods`.
            guidance: Weight of the label, 1 being the model itself.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: An argument is out of range.
        """
        noise = self._draw(n, generator, temperature)
        for frame in self.from_noise(noise, labels, steps=steps, sampler=sampler, guidance=guidance):
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
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same step by step: the noise first, then a frame for each step.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of the first noise.
            steps: From 1 to 1,000.
            sampler: One of :attr:`methods`.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (n, C, H, W) on the CPU.
        """
        noise = self._draw(n, generator, temperature)
        return self.from_noise(noise, labels, steps=steps, sampler=sampler, guidance=guidance)

    def from_noise(
        self,
        noise: Tensor,
        labels: Tensor | None = None,
        *,
        steps: int = 10,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """The same from given noise; what samplers draw anew on the way follows from it.

        Args:
            noise: Standard normal, ``float32`` (n, C, H, W).
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            steps: From 1 to 1,000.
            sampler: One of :attr:`methods`.
            guidance: Weight of the label, 1 being the model itself.

        Raises:
            ValueError: An argument is out of range.
        """
        step = self._step(steps, sampler)
        noise = check_noise(noise, self.config.image)
        way = self._way(self._labels(labels, len(noise)), guidance)
        return way.follow(self._pure(noise), self.path.times(steps), step, noise)

    def to_noise(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        terms: bool = False,
        steps: int | None = None,
        solver: str = "rk4",
    ) -> Iterator[NoiseFrame]:
        """Follow the differential equation backwards, from pictures to their noise.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            generator: CPU source of where within their levels the values lie, for what the model draws is spread over
                them; all in the middle when left out, whose noise is smaller than a draw. Then of the random signs.
            terms: Whether the frames tell what each step adds to an estimate of log P(x): that of :meth:`estimate` of
                one draw, with the same random numbers, steps and solver. It takes about three times as long.
            steps: Of the solver; 32 when left out, or with terms the config's.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the picture, last its noise.
        """
        if steps is None:
            steps = self.config.likelihood_steps if terms else 32
        check_steps(steps, solver)
        x, times = to_values(images, self.config.image), self.path.fine_times(steps)
        start = x if generator is None else self._scatter(x, generator)
        way = self._way(self._labels(labels, len(x)))
        if not terms:
            return way.follow(start.to(self.device), times, by_solver(SOLVERS[solver]))
        return self._tell(way, x.to(self.device), start.to(self.device), _signs(start, generator), times, solver)

    def to_picture(
        self, noise: Tensor, labels: Tensor | None = None, *, steps: int = 32, solver: str = "rk4"
    ) -> Iterator[NoiseFrame]:
        """Follow the differential equation from noise to pictures: the way of :meth:`to_noise`, backwards.

        Args:
            noise: ``float32`` (B, C, H, W), standard normal.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            steps: Of the solver.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the noise, last its picture.
        """
        check_steps(steps, solver)
        noise = check_noise(noise, self.config.image)
        times, way = self.path.fine_times(steps)[::-1], self._way(self._labels(labels, len(noise)))
        return way.follow(self._pure(noise), times, by_solver(SOLVERS[solver]))

    def estimate(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        solver: str = "rk4",
    ) -> Estimate:
        """Log P(x), estimated along the differential equation.

        Values are put somewhere within their levels, and the equation gives the density there, with the trace of its
        Jacobian estimated by random signs; log P(x) is at least the mean of log p(y) + log P(x | y) - log q(y | x).
        See :mod:`gm_core.models.transport.likelihood`.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            samples: Draws of the place within the levels and of the signs for each image.
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
        x, times = to_values(images, self.config.image), self.path.fine_times(steps)
        way = self._way(self._labels(labels, len(x)))
        draws = []
        for _ in range(samples):
            y = self._scatter(x, generator)
            total = self._levels(x, y).to(self.device)
            signs = _signs(y, generator).to(self.device)
            *_, (noise, _) = along = list(follow_density(way, y.to(self.device), times, SOLVERS[solver], signs))
            draws.append(total + sum(added for _, added in along) + self._prior(noise))
        values = torch.stack(draws)
        error = values.std(dim=0) / math.sqrt(samples) if samples > 1 else torch.full_like(values[0], math.inf)
        return Estimate(values.mean(dim=0), error, "Hutchinson", samples)

    def redraw(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        strength: float,
        generator: torch.Generator | None = None,
        steps: int = 10,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """Put noise over pictures and take it off again [1].

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Class of each, ``int64`` (B,), -1 for "any class".
            strength: How much noise, from 0, where the pictures come back as they are, to 1, where nothing of them is
                left, and it is an ordinary draw.
            generator: CPU source of the noise.
            steps: From 1 to 1,000.
            sampler: One of :attr:`methods`.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the pictures with noise, then one for each step.

        Raises:
            ValueError: An argument is out of range.
        """
        step, x = self._step(steps, sampler), to_values(images, self.config.image).to(self.device)
        way = self._way(self._labels(labels, len(x)), guidance)
        noise = self._draw(len(x), generator)
        if check_share("strength", strength) == 0:
            return iter((NoiseFrame(0, 1, to_images(x, self.config.image), "picture", time=1.0),))
        times = self.path.times(steps, strength)
        of_picture, of_noise = self.path.weights(times[0])
        is_noise = times[0] == self.path.noisiest
        state = self._pure(noise) if is_noise else of_picture * x + of_noise * noise.to(self.device)
        return way.follow(state, times, step, noise)

    def complete(
        self,
        images: Tensor,
        keep: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        steps: int = 10,
        repeats: int = 1,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """Keep a part of pictures and make the rest, by replacement [2]; its flaw is told above.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            keep: Which pixels are kept, ``bool`` (B, 1, H, W); with none, it is an ordinary draw.
            labels: Class of each, ``int64`` (B,), -1 for "any class".
            generator: CPU source of the noise.
            steps: From 1 to 1,000.
            repeats: How often each step but the last is taken, with new noise in between [5]; 1 is plain replacement.
            sampler: One of :attr:`methods`. The rest fits best what is kept by one that draws noise on the way.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the noise, then one for each step; in the last
            one, what is kept is exactly what was given.

        Raises:
            ValueError: An argument is out of range.
        """
        step, x = self._step(steps, sampler), to_values(images, self.config.image).to(self.device)
        way = self._way(self._labels(labels, len(x)), guidance)
        mask = check_keep(keep, images).to(self.device)
        if not (type(repeats) is int and 1 <= repeats <= MOST_REPEATS):
            raise ValueError(f"repeats must be a whole number from 1 to {MOST_REPEATS}, not {repeats!r}")
        noise = self._draw(len(x), generator)
        kept = Kept(x, mask, noise.to(self.device))
        times = self.path.times(steps)
        if mask.any():  # else there is nothing that the rest has to agree with
            times = back_and_forth(times, repeats)
        return way.follow(kept.put(self._pure(noise), self.path.weights(times[0])), times, step, noise, kept)

    def _step(self, steps: int, sampler: str) -> Step:
        """What takes a step, and a check of how many are asked for."""
        check_steps(steps)
        if sampler not in self.samplers:
            raise ValueError(f"sampler must be one of {', '.join(self.samplers)}, not {sampler!r}")
        return self.samplers[sampler]

    def _way(self, labels: Tensor, guidance: float = 1.0) -> Way:
        """Where states go, with checked labels."""
        return Way(self.path, self._field(labels, check_guidance(guidance)), self._guess, self.config.image)

    def _labels(self, labels: Tensor | None, n: int) -> Tensor:
        """Checked labels, where the weights are."""
        labels = torch.full((n,), -1) if labels is None else labels
        return check_labels(labels, n, self.config.classes).to(self.device)

    def _draw(self, n: int, generator: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """The first noise of pictures, (n, C, H, W) on the CPU."""
        image = self.config.image
        return draw_latents(n, image.values, generator, temperature).view(n, *image.size)

    def _pure(self, noise: Tensor) -> Tensor:
        """The state that is all noise."""
        return noise.to(self.device) * self.path.size(self.path.noisiest)

    def _prior(self, state: Tensor) -> Tensor:
        """Log-density in units of its noise of the state that is all noise, nats (B,)."""
        _, unit = self.path.weights(self.path.noisiest)
        return normal_log_prob(state / unit, self.path.size(self.path.noisiest) / unit)

    @torch.no_grad()
    def _tell(
        self, way: Way, x: Tensor, start: Tensor, signs: Tensor, times: list[float], solver: str
    ) -> Iterator[NoiseFrame]:
        """The frames of :meth:`to_noise`, with what each step adds."""
        calls = 0

        def counted(state: Tensor, time: float) -> Tensor:
            nonlocal calls
            calls += 1
            return way.field(state, time)

        along = follow_density(replace(way, field=counted), start, times, SOLVERS[solver], signs.to(self.device))
        for index, (time, (state, added)) in enumerate(zip(times, along, strict=True)):
            terms = {self.path.title(time): added} if index else {"dequantisation": self._levels(x, start) + added}
            if index == len(times) - 1:
                terms["prior"] = self._prior(state)
            title = None if index else "picture"
            yield way.frame(index, len(times), state, time, title, None, calls, terms)


def _signs(values: Tensor, generator: torch.Generator | None) -> Tensor:
    """A random sign for every value."""
    return (torch.randint(2, values.shape, generator=generator) * 2 - 1).float()
