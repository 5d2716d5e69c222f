"""Autoencoder: codes that pictures can be rebuilt from, and nothing that says where codes lie."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from gm_core.models.base import Batch, Loss, Model, ModelConfig, check_sizes, register
from gm_core.models.convolutional import check_quarters, decoder, encoder
from gm_core.models.inputs import check_shape
from gm_core.models.latents import check_latent, draw_latents


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(ModelConfig):
    """Shape of an :class:`Autoencoder`; the same as a VAE's.

    Attributes:
        image: The pictures: grey, of a height and a width that are multiples of 4.
        latent: Numbers D in a code.
        width: Width of the convolutions at half the resolution; twice as many channels at a quarter.
        hidden: Width of the fully connected layer.
    """

    latent: int = 2
    width: int = 32
    hidden: int = 256

    aliases: ClassVar = {"channels": "width"}

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "an autoencoder", optional=("classes",))
        check_quarters(self.image)


@register
class Autoencoder(Model):
    """A VAE's two networks without its probabilities: a code per picture, trained to rebuild it, and no prior.

    It reconstructs, but does not generate: nothing in its training says what a code drawn at random should mean.

    References:
        Hinton and Salakhutdinov (2006), "Reducing the Dimensionality of Data with Neural Networks", Science 313.
        https://doi.org/10.1126/science.1127647
    """

    family = "autoencoder"
    title = "autoencoder"
    Config = AutoencoderConfig
    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        shape = config.image.height, config.image.width, config.width, config.hidden
        self.encoder = encoder(*shape, outputs=config.latent, inputs=config.image.channels)
        self.decoder = decoder(*shape, inputs=config.latent, outputs=config.image.channels)

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        return "Convolutional autoencoder trained for squared error, the VAE's network without its probabilities"

    @property
    def dimensions(self) -> int:
        """Numbers D in a code."""
        return self.config.latent

    def code(self, images: Tensor) -> Tensor:
        """The codes of pictures.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            ``float32`` (B, D).

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        images = check_shape(images, self.config.image)
        codes: Tensor = self.encoder(images.to(self.device).float() / 127.5 - 1).float()
        return codes

    def decode(self, z: Tensor) -> Tensor:
        """The pictures of codes.

        Args:
            z: Codes, ``float32`` (B, D).

        Returns:
            Grey levels, ``float32`` (B, C, H, W), not bounded to 0..255.

        Raises:
            ValueError: z is of the wrong shape or not finite.
        """
        z = check_latent(z, self.config.latent)
        return 127.5 + 127.5 * self.decoder(z.to(self.device)).float()

    def expected(self, z: Tensor) -> Tensor:
        """The same: see :meth:`decode`."""
        return self.decode(z)

    def render(self, z: Tensor) -> Tensor:
        """The same as levels: ``uint8`` (B, C, H, W), on the CPU."""
        return self.decode(z).round().clamp(0, 255).to(torch.uint8).cpu()

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Decode draws from a standard normal, as one would of a VAE: what comes is no sample of anything.

        Args:
            n: Number of pictures.
            labels: Unused.
            generator: CPU source of randomness.
            temperature: Scales the codes.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        return self.render(draw_latents(n, self.config.latent, generator, temperature))

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The squared error per image, of values from -1 to 1."""
        rebuilt, images = self.decode(self.code(batch.images)), batch.images.to(self.device).float()
        error = F.mse_loss(rebuilt / 127.5, images / 127.5, reduction="sum") / len(images)
        return {"model": Loss(error, "squared error", 1 / self.config.image.values)}
