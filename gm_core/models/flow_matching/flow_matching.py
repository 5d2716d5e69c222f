"""Flow matching on pictures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gm_core.models.base import Batch, Loss, ModelConfig, register
from gm_core.models.continuous import to_values
from gm_core.models.flow_matching.path import LAST, StraightPath
from gm_core.models.flow_matching.samplers import CALLS, SAMPLERS
from gm_core.models.ode import Field
from gm_core.models.transport import Path, Transport, TransportConfig
from gm_core.models.transport.steps import Step


@dataclass(frozen=True, kw_only=True)
class FlowMatchingConfig(TransportConfig):
    """Shape of a :class:`FlowMatching`, and what it is trained on most.

    Attributes:
        late: Share of the training steps' times that are near the end, where the last digits of a value are at stake.
    """

    late: float = 0.3

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        super().__post_init__()
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
    Config: ClassVar[type[ModelConfig]] = FlowMatchingConfig
    config: FlowMatchingConfig
    path: ClassVar[Path] = StraightPath()
    samplers: ClassVar[Mapping[str, Step]] = SAMPLERS
    methods: ClassVar[Mapping[str, int]] = CALLS

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

    def _guess(self, state: Tensor, time: float, answer: Tensor) -> Tensor:
        """Straight on at the speed there."""
        return state + (1 - time) * answer

    def _scatter(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        """Values lie anywhere in the steps of their levels."""
        place = torch.rand(values.shape, generator=generator) - 0.5
        return values + place.to(values.device) * (2 / self.config.image.levels)

    def _levels(self, values: Tensor, scattered: Tensor) -> Tensor:
        """The width of the steps: where within them a value lies, says nothing."""
        shape = self.config.image
        return values.new_full((len(values),), shape.values * math.log(2 / shape.levels))


def _at(time: Tensor, noise: Tensor, pictures: Tensor) -> Tensor:
    """Points on the lines from noise to pictures."""
    time = time[:, None, None, None]
    return (1 - time) * noise + time * pictures
