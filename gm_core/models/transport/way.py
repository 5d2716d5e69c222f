"""A way through times, step by step, as frames."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gm_core.models.base import ImageShape
from gm_core.models.continuous import to_images
from gm_core.models.frames import NoiseFrame
from gm_core.models.ode import Field
from gm_core.models.transport.path import Path
from gm_core.models.transport.steps import Step, draw_like, source_of


@dataclass
class Kept:
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


@dataclass(frozen=True)
class Way:
    """Where states go along a path.

    Attributes:
        path: The path.
        field: Where they go, as solvers ask for it.
        guess: The values of the picture that are expected at the end, from a state, its time and the field's answer.
        image: The pictures' shape.
    """

    path: Path
    field: Field
    guess: Callable[[Tensor, float, Tensor], Tensor]
    image: ImageShape

    def expected(self, state: Tensor, time: float) -> Tensor:
        """The values of the picture that are expected at the end."""
        return self.guess(state, time, self.field(state, time))

    @torch.no_grad()
    def follow(
        self,
        state: Tensor,
        times: Sequence[float],
        step: Step,
        noise: Tensor | None = None,
        kept: Kept | None = None,
    ) -> Iterator[NoiseFrame]:
        """Through some times; where they lead to a noisier one than is on the way, noise is put on again.

        Args:
            state: At the first time, (B, C, H, W), where the weights are.
            times: All of them.
            step: How the others are reached.
            noise: The first noise, on the CPU: what is drawn anew on the way follows from it.
            kept: What is kept of pictures.
        """
        # From a picture's own noise, and not from what is drawn beside it.
        sources = [] if noise is None else [source_of(first) for first in noise]
        calls, total = 0, len(times)
        forwards = times[-1] > times[0]
        yield self.frame(0, total, state, times[0], "picture" if times[-1] == self.path.noisiest else None)
        for index, (start, end) in enumerate(itertools.pairwise(times), 1):
            if (end > start) == forwards:
                asked: list[Tensor] = []

                def watched(at: Tensor, time: float, asked: list[Tensor] = asked) -> Tensor:
                    """The field, and what its answers expect; the first one is asked first of all."""
                    answer = self.field(at, time)
                    asked.append(self.guess(at, time, answer))
                    return answer

                state = step(watched, state, start, end, sources)
                calls += len(asked)
                ending: Tensor | None = asked[0]
            else:
                state = self._put_noise(state, start, end, sources, kept)
                ending = None
            if kept:
                state = kept.put(state, self.path.weights(end))
            yield self.frame(index, total, state, end, None, ending, calls)

    def _put_noise(
        self, state: Tensor, start: float, end: float, sources: Sequence[torch.Generator], kept: Kept | None
    ) -> Tensor:
        """From a time to a noisier one: less of what is there, and new noise."""
        (picture, noise), (less, more) = self.path.weights(start), self.path.weights(end)
        shrink = less / picture
        spread = math.sqrt(more**2 - (shrink * noise) ** 2)
        new = draw_like(state, sources)
        if kept:
            kept.noise = (shrink * noise * kept.noise + spread * new) / more
        return shrink * state + spread * new

    def frame(
        self,
        index: int,
        total: int,
        state: Tensor,
        time: float,
        title: str | None = None,
        expected: Tensor | None = None,
        calls: int = 0,
        terms: Mapping[str, Tensor] | None = None,
    ) -> NoiseFrame:
        """A frame; it shows states with values of one size, as the network sees them."""
        shown = state / self.path.size(time)
        is_noise = time == self.path.noisiest
        return NoiseFrame(
            index,
            total,
            to_images(shown, self.image),
            title or ("noise" if is_noise and not index else self.path.title(time)),
            noise=shown.cpu() if is_noise else None,
            terms={name: term.cpu() for name, term in (terms or {}).items()},
            time=self.path.share(time),
            ending=None if expected is None else to_images(expected, self.image),
            calls=calls,
        )
