"""Autoencoder: codes that pictures can be rebuilt from, and nothing that says where codes lie."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.convolutional import check_size, decoder, encoder
from gm_core.models.inputs import check_images, check_resolution
from gm_core.models.vae.latents import check_latent, draw_latents


@dataclass(frozen=True)
class AutoencoderConfig:
    """Shape of an :class:`Autoencoder`; the same as a VAE's.

    Attributes:
        height: Height of the pictures, a multiple of 4.
        width: Width of the pictures, a multiple of 4.
        latent: Numbers D in a code.
        channels: Width of the convolutions at full resolution's half; twice as many at a quarter.
        hidden: Width of the fully connected layer.
    """

    height: int = 28
    width: int = 28
    latent: int = 2
    channels: int = 32
    hidden: int = 256

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        check_size(self.height, self.width, self.latent, self.channels, self.hidden)


class Autoencoder(nn.Module):
    """A VAE's two networks without its probabilities: a code per picture, trained to rebuild it, and no prior.

    It reconstructs, but does not generate: nothing in its training says what a code drawn at random should mean.

    References:
        Hinton and Salakhutdinov (2006), "Reducing the Dimensionality of Data with Neural Networks", Science 313.
        https://doi.org/10.1126/science.1127647
    """

    family = "autoencoder"
    config_type = AutoencoderConfig
    loss_unit: ClassVar[tuple[str, float]] = ("squared error", 1.0)

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        shape = config.height, config.width, config.channels, config.hidden
        self.encoder = encoder(*shape, outputs=config.latent)
        self.decoder = decoder(*shape, inputs=config.latent, outputs=1)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def encode(self, images: Tensor) -> Tensor:
        """The codes of pictures.

        Args:
            images: ``uint8`` (B, 1, H, W) of the model's size.

        Returns:
            ``float32`` (B, D).

        Raises:
            ValueError: The images are of the wrong kind or size.
        """
        check_images(images, channels=1)
        check_resolution(images, self.config.height, self.config.width)
        codes: Tensor = self.encoder(images.to(self.device).float() / 127.5 - 1).float()
        return codes

    def decode(self, z: Tensor) -> Tensor:
        """The pictures of codes.

        Args:
            z: Codes, ``float32`` (B, D).

        Returns:
            Grey levels, ``float32`` (B, 1, H, W), not bounded to 0..255.

        Raises:
            ValueError: z is of the wrong shape or not finite.
        """
        check_latent(z, self.config.latent)
        return 127.5 + 127.5 * self.decoder(z.to(self.device)).float()

    def sample(self, n: int = 1, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """Decode draws from a standard normal, as one would of a VAE: what comes is no sample of anything.

        Args:
            n: Number of pictures.
            generator: CPU source of randomness.
            temperature: Scales the codes.

        Returns:
            ``uint8`` (n, 1, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        z = draw_latents(n, self.config.latent, generator, temperature)
        return self.decode(z).round().clamp(0, 255).to(torch.uint8).cpu()

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Squared error a picture, of values from -1 to 1, for training.

        Args:
            images: ``uint8`` (B, 1, H, W).
            labels: Unused.
            generator: Unused.
        """
        rebuilt = self.decode(self.encode(images))
        return F.mse_loss(rebuilt / 127.5, images.to(self.device).float() / 127.5, reduction="sum") / len(images)
