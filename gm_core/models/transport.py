"""Models that carry noise to pictures through continuous time, and what can be done on that way besides drawing.

At every time the state is a x + b e, of a picture x with noise e over it: from all noise to none. So a way can be
followed from either end, and begun in between, with a picture that is there already.

*Noise on, noise off* [1]: noise is put over a picture and taken off by the model. The more of it there is, the more is
the model's and the less the picture's.

*A part kept, the rest made*, by replacement [2]: after every step what is kept is replaced by the given pixels with as
much noise as there is at that time. Its flaw: a step sees the given pixels only through that noise, so the rest is not
a draw from its distribution given what is kept [3, 4], and may not fit it. Taking every step several times, with new
noise in between [5], lets the two agree better; it is no exact draw either.

References:
    1. Meng, He, Song, Song, Wu, Zhu and Ermon (2022), "SDEdit", section 3. https://arxiv.org/abs/2108.01073
    2. Song et al. (2021), "Score-Based Generative Modeling through Stochastic Differential Equations", appendix I.2.
       https://arxiv.org/abs/2011.13456
    3. Ho, Salimans, Gritsenko, Chan, Norouzi and Fleet (2022), "Video Diffusion Models", section 3.1.
       https://arxiv.org/abs/2204.03458
    4. Trippe et al. (2023), "Diffusion Probabilistic Modeling of Protein Backbones in 3D for the motif-scaffolding
       problem", section 3.1. https://arxiv.org/abs/2206.04119
    5. Lugmayr, Danelljan, Romero, Yu, Timofte and Van Gool (2022), "RePaint", algorithm 1.
       https://arxiv.org/abs/2201.09865
"""

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Model
from gm_core.models.continuous import to_images, to_values
from gm_core.models.frames import NoiseFrame
from gm_core.models.inputs import check_guidance, check_keep, check_labels, check_share
from gm_core.models.latents import check_noise, draw_latents
from gm_core.models.ode import SOLVERS, Field, Solver, check_steps

Step = Callable[[Field, Tensor, float, float, Sequence[torch.Generator]], Tensor]
"""From the state at one time to that at another, by a field; what is drawn on the way comes from the sources."""

MOST_REPEATS = 100
"""How often a step may be taken."""


def by_solver(solver: Solver) -> Step:
    """A solver's step, which draws nothing."""
    return lambda field, state, start, end, sources: solver(field, state, start, end)


def draw_like(state: Tensor, sources: Sequence[torch.Generator]) -> Tensor:
    """Noise of a state's shape, each picture's from its own source, so that it is the same whatever is beside it."""
    return torch.stack([torch.randn(state.shape[1:], generator=source) for source in sources]).to(state.device)


@dataclass
class _Kept:
    """What is kept of pictures.

    Attributes:
        values: Of the pictures, (B, C, H, W).
        mask: Where they are kept, ``bool`` (B, 1, H, W).
        noise: What is over them at present.
    """

    values: Tensor
    mask: Tensor
    noise: Tensor

    def put(self, state: Tensor, weights: tuple[float, float]) -> Tensor:
        """The state, with what is kept in its place."""
        of_picture, of_noise = weights
        return torch.where(self.mask, of_picture * self.values + of_noise * self.noise, state)


class Transport(Model):
    """A model that carries noise to pictures through continuous time.

    A family says which times there are, what the state is at each, and what the network says of it.
    """

    method: ClassVar[str]
    methods: ClassVar[Mapping[str, int]]
    usual: ClassVar[str]
    """The method where none is named."""
    fitting: ClassVar[str]
    """The same where the rest is to fit a part that is kept: one that draws noise anew on the way, if there is one."""
    noisiest: ClassVar[float]
    """The time that is all noise."""

    @abstractmethod
    def _times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Times of a drawing in so many steps, from a share of noise, 1 being all, to none."""

    @abstractmethod
    def _fine_times(self, steps: int) -> list[float]:
        """Times from a picture to its noise, close together where little noise is left, in which details are told."""

    @abstractmethod
    def _weights(self, time: float) -> tuple[float, float]:
        """What the picture and the noise are multiplied by."""

    @abstractmethod
    def _size(self, time: float) -> float:
        """By how much a state is larger than what is shown of it; all noise is shown as a standard normal."""

    @abstractmethod
    def _share(self, time: float) -> float:
        """Where on the way a time is: from 0, all noise, to 1, the picture."""

    @abstractmethod
    def _title(self, time: float) -> str:
        """A time in words."""

    @abstractmethod
    def _step(self, way: str) -> Step:
        """A step of one of :attr:`methods`."""

    @abstractmethod
    def _field(self, labels: Tensor, guidance: float = 1.0) -> Field:
        """Where states go, as solvers ask for it."""

    @abstractmethod
    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """The values of the picture that the field's answer expects at the end."""

    @abstractmethod
    def _scatter(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """Values in the middle of their levels, to a draw of where within them the values of a picture lie."""

    def to_noise(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        steps: int = 32,
        solver: str = "rk4",
    ) -> Iterator[NoiseFrame]:
        """Follow the differential equation backwards, from pictures to their noise.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Classes, ``int64`` (B,), -1 for "any class".
            generator: CPU source of where within their levels the values lie, for what the model draws is spread over
                them; all in the middle when left out, whose noise is smaller than a draw.
            steps: Of the solver.
            solver: ``"euler"``, ``"heun"`` or ``"rk4"``.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the picture, last its noise.
        """
        check_steps(steps, solver)
        values = to_values(images, self.config.image)
        if generator is not None:
            values = self._scatter(values, generator)
        labels = self._labels(labels, len(values))
        return self._follow(values.to(self.device), self._fine_times(steps), labels, by_solver(SOLVERS[solver]))

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
        times, labels = self._fine_times(steps)[::-1], self._labels(labels, len(noise))
        return self._follow(self._pure(noise), times, labels, by_solver(SOLVERS[solver]))

    def redraw(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        strength: float,
        generator: torch.Generator | None = None,
        steps: int = 10,
        way: str | None = None,
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
            way: One of :attr:`methods`; the usual one when left out.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the pictures with noise, then one for each step.

        Raises:
            ValueError: An argument is out of range.
        """
        x, labels, step = self._begin(images, labels, steps, self.usual if way is None else way)
        noise = self._draw(len(x), generator)
        guidance = check_guidance(guidance)
        if check_share("strength", strength) == 0:
            return iter((NoiseFrame(0, 1, to_images(x, self.config.image), "picture", time=1.0),))
        times = self._times(steps, strength)
        of_picture, of_noise = self._weights(times[0])
        is_noise = times[0] == self.noisiest
        state = self._pure(noise) if is_noise else of_picture * x + of_noise * noise.to(self.device)
        return self._follow(state, times, labels, step, guidance, noise)

    def complete(
        self,
        images: Tensor,
        keep: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        steps: int = 10,
        repeats: int = 1,
        way: str | None = None,
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
            way: One of :attr:`methods`; :attr:`fitting` when left out.
            guidance: Weight of the label, 1 being the model itself.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the noise, then one for each step; in the last
            one, what is kept is exactly what was given.

        Raises:
            ValueError: An argument is out of range.
        """
        x, labels, step = self._begin(images, labels, steps, self.fitting if way is None else way)
        mask = check_keep(keep, images).to(self.device)
        if not (type(repeats) is int and 1 <= repeats <= MOST_REPEATS):
            raise ValueError(f"repeats must be a whole number from 1 to {MOST_REPEATS}, not {repeats!r}")
        noise = self._draw(len(x), generator)
        kept = _Kept(x, mask, noise.to(self.device))
        times = self._times(steps)
        if mask.any():  # else there is nothing that the rest has to agree with
            times = back_and_forth(times, repeats)
        state = kept.put(self._pure(noise), self._weights(times[0]))
        return self._follow(state, times, labels, step, check_guidance(guidance), noise, kept)

    def _begin(self, images: Tensor, labels: Tensor | None, steps: int, way: str) -> tuple[Tensor, Tensor, Step]:
        """Values of pictures to begin with, where the weights are, checked labels, and the step."""
        check_steps(steps)
        if way not in self.methods:
            raise ValueError(f"way must be one of {', '.join(self.methods)}, not {way!r}")
        x = to_values(images, self.config.image).to(self.device)
        return x, self._labels(labels, len(x)), self._step(way)

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
        return noise.to(self.device) * self._size(self.noisiest)

    @torch.no_grad()
    def _follow(
        self,
        state: Tensor,
        times: Sequence[float],
        labels: Tensor,
        step: Step,
        guidance: float = 1.0,
        noise: Tensor | None = None,
        kept: _Kept | None = None,
    ) -> Iterator[NoiseFrame]:
        """The way through some times; where they lead to a noisier one than is on the way, noise is put on again.

        Args:
            state: At the first time, (B, C, H, W), where the weights are.
            times: All of them.
            labels: Checked.
            step: How the others are reached.
            guidance: Weight of the label.
            noise: The first noise, on the CPU: what is drawn anew on the way follows from it.
            kept: What is kept of pictures.
        """
        # From a picture's own noise, and not from what is drawn beside it.
        sources = [] if noise is None else [_source(first) for first in noise]
        field, calls, total = self._field(labels, guidance), 0, len(times)
        forwards = times[-1] > times[0]
        yield self._frame(0, total, state, times[0], "picture" if times[-1] == self.noisiest else None)
        for index, (start, end) in enumerate(itertools.pairwise(times), 1):
            if (end > start) == forwards:
                asked: list[Tensor] = []

                def watched(at: Tensor, time: float, asked: list[Tensor] = asked) -> Tensor:
                    """The field, and what its answers expect; the first one is asked first of all."""
                    answer = field(at, time)
                    asked.append(self._guess(at, time, answer))
                    return answer

                state = step(watched, state, start, end, sources)
                calls += len(asked)
                ending: Tensor | None = asked[0]
            else:
                state = self._put_noise(state, start, end, sources, kept)
                ending = None
            if kept:
                state = kept.put(state, self._weights(end))
            yield self._frame(index, total, state, end, None, ending, calls)

    def _put_noise(
        self, state: Tensor, start: float, end: float, sources: Sequence[torch.Generator], kept: _Kept | None
    ) -> Tensor:
        """From a time to a noisier one: less of what is there, and new noise."""
        (picture, noise), (less, more) = self._weights(start), self._weights(end)
        shrink = less / picture
        spread = math.sqrt(more**2 - (shrink * noise) ** 2)
        new = draw_like(state, sources)
        if kept:
            kept.noise = (shrink * noise * kept.noise + spread * new) / more
        return shrink * state + spread * new

    def _frame(
        self,
        index: int,
        total: int,
        state: Tensor,
        time: float,
        title: str | None = None,
        expected: Tensor | None = None,
        calls: int = 0,
    ) -> NoiseFrame:
        """A frame; it shows states with values of one size, as the network sees them."""
        shown, image = state / self._size(time), self.config.image
        is_noise = time == self.noisiest
        title = title or ("noise" if is_noise and not index else self._title(time))
        ending = None if expected is None else to_images(expected, image)
        return NoiseFrame(
            index,
            total,
            to_images(shown, image),
            title,
            noise=shown.cpu() if is_noise else None,
            time=self._share(time),
            ending=ending,
            calls=calls,
        )


def back_and_forth(times: Sequence[float], repeats: int) -> list[float]:
    """Times whose every step but the last is taken several times, going back in between."""
    found = [times[0]]
    for start, end in itertools.pairwise(times[:-1]):
        found += [end, start] * (repeats - 1) + [end]
    return [*found, times[-1]]


def _source(noise: Tensor) -> torch.Generator:
    """A source of randomness for what is drawn anew, that follows from a picture's first noise, (C, H, W)."""
    return torch.Generator().manual_seed(int(noise.view(torch.int32)[0, 0, 0]))
