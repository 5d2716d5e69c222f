"""Flows of several scales: all but their layers."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.base import Batch, Loss, Model, ModelConfig, check_sizes
from gm_core.models.capabilities import Bound, Estimate
from gm_core.models.flow.base import Bijection, PixelAffine
from gm_core.models.flow.coupling import CouplingNetwork
from gm_core.models.flow.dequantisation import Dequantisation, to_levels, to_logits
from gm_core.models.flow.state import State
from gm_core.models.frames import PictureFrame
from gm_core.models.importance import importance_estimate
from gm_core.models.inputs import check_shape
from gm_core.models.latents import check_latent, check_noise, draw_latents, normal_log_prob


@dataclass(frozen=True, kw_only=True)
class FlowConfig(ModelConfig):
    """Shape of a :class:`MultiScaleFlow`.

    Attributes:
        couplings: Layers of each scale, with a coupling each; as many scales as numbers.
        widths: Width of the coupling networks of each scale.
        blocks: Residual blocks of a coupling network.
        noise_couplings: Coupling layers of the dequantisation; 0 for uniform noise.
        noise_width: Width of their networks.
        noise_blocks: Residual blocks of their networks.
    """

    couplings: tuple[int, ...] = (6, 6)
    widths: tuple[int, ...] = (64, 80)
    blocks: int = 2
    noise_couplings: int = 4
    noise_width: int = 32
    noise_blocks: int = 1

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a flow", optional=("classes", "blocks", "noise_couplings", "noise_blocks"))
        if len(self.couplings) != len(self.widths):
            raise ValueError(f"couplings {self.couplings} and widths {self.widths} must name the same scales")
        divisor = 2 ** len(self.couplings)
        if self.image.height % divisor or self.image.width % divisor:
            raise ValueError(
                f"{len(self.couplings)} scales need a height and width that are multiples of {divisor}, "
                f"not {self.image.height}x{self.image.width}"
            )


class MultiScaleFlow(Model):
    """A flow of couplings at several scales.

    From the data's side: a dequantised picture's logits, standardised; then at every scale a squeeze (2x2 squares of
    values become four channels), layers, and the factoring-out of half of the channels, which are noise from there
    on (Dinh et al., 2017, sections 3.5 and 3.6). All that is factored out and what is left at the end is z, standard
    normal.

    The picture is squeezed before the first layer: the checkerboard of full resolution is then a mask of channels,
    and the networks run on a quarter of the positions.

    Args:
        config: Its shape.
    """

    Config: ClassVar[type[ModelConfig]] = FlowConfig
    config: FlowConfig

    def __init__(self, config: FlowConfig) -> None:
        super().__init__(config)
        image = config.image
        channels, height, columns = 4 * image.channels, image.height // 2, image.width // 2
        self.dequantisation = Dequantisation(
            channels,
            height,
            columns,
            levels=image.levels,
            couplings=config.noise_couplings,
            width=config.noise_width,
            blocks=config.noise_blocks,
        )
        # Roughly what the logits of pictures that are mostly black have.
        self.standardise = PixelAffine((channels, height, columns), mean=-4.0, stddev=3.0)
        self.scales = nn.ModuleList()
        for count, width in zip(config.couplings, config.widths, strict=True):
            network = partial(CouplingNetwork, width=width, blocks=config.blocks, height=height, columns=columns)
            self.scales.append(nn.ModuleList(self._layers(channels, count, network)))
            channels, height, columns = 2 * channels, height // 2, columns // 2

    @staticmethod
    @abstractmethod
    def _layers(channels: int, count: int, network: Callable[[int, int], CouplingNetwork]) -> Iterable[Bijection]:
        """The layers of a scale, from the data's side.

        Args:
            channels: Of the squeezed picture there.
            count: How many.
            network: Makes a coupling's network, from the channels that go in and those that come out.
        """

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean negative bound."""
        return {"model": self.loss_in_bits(-self.bound(batch.images, generator=generator).value.mean())}

    def bound(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Bound:
        """A lower bound on log P(x) of the discrete picture, from one draw of the dequantisation noise.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Unused.
            generator: CPU source of the noise.

        Returns:
            Terms in nats, (B,) each, that add up to the bound: the prior's log-density of z; the log-determinants of
            every scale's couplings; that of the logit and the standardisation; and -log q(u | x).

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        x = self._squeeze(images)
        logits, terms = self._dequantise(x, self._noise_for(x, generator))
        names = ["logit", *(f"scale_{i + 1}" for i, count in enumerate(self.config.couplings) for _ in range(count))]
        states = list(self._towards_noise(logits))
        for name, (_, log_det) in zip(names, states, strict=True):
            terms[name] = terms[name] + log_det if name in terms else log_det
        return Bound({"prior": normal_log_prob(states[-1][0].code()), **terms})

    @torch.no_grad()
    def estimate(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 16,
        generator: torch.Generator | None = None,
    ) -> Estimate:
        """Log P(x) from importance samples of the dequantisation noise: a tighter lower bound in expectation.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            labels: Unused.
            samples: Draws of noise per image.
            generator: CPU source of the noise.

        Returns:
            The logarithm of the mean weight p(x + u) / q(u | x); Ho et al. (2019), section 3.1.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        weights = torch.stack([self.bound(images, generator=generator).value for _ in range(samples)])
        return importance_estimate(weights)

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw z from the prior and take it back to a picture.

        Args:
            n: Number of pictures.
            labels: Unused.
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of z.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        return self.render(draw_latents(n, self.dimensions, generator, temperature))

    def stream(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Iterator[PictureFrame]:
        """How noise becomes a picture: z first, then a frame for each coupling undone.

        What is shown after a coupling is the picture if the remaining couplings did nothing.

        Args:
            n: Number of pictures.
            labels: Unused.
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of z.

        Yields:
            Frames with ``uint8`` images (n, C, H, W) on the CPU; the last has what :meth:`sample` gives.
        """
        return self._stream(draw_latents(n, self.dimensions, generator, temperature))

    def from_noise(self, noise: Tensor, labels: Tensor | None = None) -> Iterator[PictureFrame]:
        """The same from given noise, whose numbers are those of z at the places that :meth:`stream` shows them at.

        A drawn z has them in the order of :meth:`code`: what was factored out first comes first.

        Args:
            noise: Standard normal, ``float32`` (n, C, H, W).
            labels: Unused.

        Raises:
            ValueError: The noise is of the wrong shape or not finite.
        """
        values = F.pixel_unshuffle(check_noise(noise, self.config.image), 2)
        return self._stream(State.of_values(values, len(self.scales)).code())

    @torch.no_grad()
    def to_noise(
        self, images: Tensor, *, generator: torch.Generator | None = None, terms: bool = False
    ) -> Iterator[PictureFrame]:
        """How a picture becomes noise, coupling by coupling: the way of :meth:`stream`, backwards.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.
            generator: CPU source of the dequantisation's noise; none, which is its middle, when left out.
            terms: Unused: the frames have the terms of the bound anyway.

        Yields:
            Frames with ``uint8`` images (B, C, H, W) on the CPU: first the picture, last what its code is without any
            coupling undone; with the terms of the bound, one or more each.
        """
        x = self._squeeze(images)
        logits, first = self._dequantise(x, self._noise_for(x, generator) if generator else torch.zeros_like(x))
        for index, (state, log_det) in enumerate(self._towards_noise(logits)):
            title, noise = f"coupling {index}" if index else "picture", None
            added = {title: log_det} if index else first | {"logit": first["logit"] + log_det}
            if index == self._frames - 1:
                noise = F.pixel_shuffle(state.values(), 2).cpu()
                added["prior"] = normal_log_prob(state.code())
            on_cpu = {name: term.cpu() for name, term in added.items()}
            yield PictureFrame(index, self._frames, self._picture(state), title, noise, on_cpu)

    def to_picture(self, noise: Tensor) -> Iterator[PictureFrame]:
        """The way of :meth:`to_noise`, backwards: that of :meth:`from_noise`."""
        return self.from_noise(noise)

    @torch.no_grad()
    def code(self, images: Tensor) -> Tensor:
        """The z of pictures, dequantised by noise of 0, which is the middle of q(u | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            ``float32`` (B, C·H·W); :meth:`render` takes it back to the very picture.
        """
        x = self._squeeze(images)
        logits, _ = self._dequantise(x, torch.zeros_like(x))
        for state, _ in self._towards_noise(logits):
            last = state
        return last.code()

    def expected(self, z: Tensor) -> Tensor:
        """The same as levels of ``float32``, where the weights are: a code decides its picture."""
        return self.render(z).to(self.device, torch.float32)

    @torch.no_grad()
    def render(self, z: Tensor) -> Tensor:
        """The pictures of codes.

        Args:
            z: ``float32`` (B, C·H·W), of the layout of :meth:`code`.

        Returns:
            ``uint8`` (B, C, H, W), on the CPU.

        Raises:
            ValueError: z is of the wrong shape or not finite.
        """
        for state in self._towards_data(z):
            last = state
        return self._picture(last)

    @property
    def dimensions(self) -> int:
        """Numbers D in a code: as many as a picture has values."""
        return self.config.image.values

    @property
    def _couplings(self) -> list[list[Bijection]]:
        """The layers of every scale, from the data's side."""
        return [list(cast(Iterable[Bijection], scale)) for scale in self.scales]

    @property
    def _frames(self) -> int:
        """Frames from noise to picture: one for each coupling, and where they start."""
        return sum(self.config.couplings) + 1

    def _squeeze(self, images: Tensor) -> Tensor:
        """Checked pictures, on the model's device, squeezed: (B, 4C, H/2, W/2) in ``float32``."""
        images = check_shape(images, self.config.image)
        return F.pixel_unshuffle(images.to(self.device).float(), 2)

    def _noise_for(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """Noise of the dequantisation, standard normal, of a squeezed picture's shape."""
        return draw_latents(len(x), self.dimensions, generator).to(x).view_as(x)

    def _dequantise(self, x: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits of squeezed pictures, and what they add to the bound, nats (B,), by name."""
        v, log_q = self.dequantisation(x, noise)
        logits, log_det = to_logits(x, torch.sigmoid(v), self.config.image.levels)
        return logits, {"dequantisation": -log_q, "logit": log_det}

    @torch.no_grad()
    def _stream(self, z: Tensor) -> Iterator[PictureFrame]:
        """How a code becomes a picture."""
        for index, state in enumerate(self._towards_data(z)):
            title = f"coupling {self._frames - index} undone" if index else "noise"
            noise = None if index else F.pixel_shuffle(state.values(), 2).cpu()
            yield PictureFrame(index, self._frames, self._picture(state), title, noise)

    def _towards_noise(self, logits: Tensor) -> Iterator[tuple[State, Tensor]]:
        """The flow's forward way, layer by layer.

        Args:
            logits: (B, 4C, H/2, W/2).

        Yields:
            The state after the standardisation and after every coupling, and the layer's log-determinant, (B,).
        """
        h, log_det = self.standardise(logits)
        state = State(h, ())
        yield state, log_det
        for index, scale in enumerate(self._couplings):
            if index:
                state = state.split()
            for coupling in scale:
                h, log_det = coupling(state.h)
                state = State(h, state.parts)
                yield state, log_det

    def _towards_data(self, z: Tensor) -> Iterator[State]:
        """The inverse of :meth:`_towards_noise`: the state of z, and that after every coupling undone."""
        image = self.config.image
        z = check_latent(z, self.dimensions)
        shape = 4 * image.channels, image.height // 2, image.width // 2
        state = State.of_code(z.to(self.device), shape, len(self.scales))
        yield state
        for index, scale in reversed(list(enumerate(self._couplings))):
            for place, coupling in reversed(list(enumerate(scale))):
                state = State(coupling.inverse(state.h), state.parts)
                if place == 0 and index:
                    state = state.join()
                yield state

    def _picture(self, state: State) -> Tensor:
        """What the values of a state would be as a picture, ``uint8`` (B, C, H, W) on the CPU."""
        logits = self.standardise.inverse(state.values())
        return F.pixel_shuffle(to_levels(logits, self.config.image.levels), 2).cpu()
