"""Variational autoencoder: a latent space, and a lower bound on log p(x)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal

from gm_core.distributions.discretized import ChannelMixture, LogisticMixture, PictureMixture
from gm_core.models.convolutional import check_size, decoder, encoder
from gm_core.models.inputs import check_images, check_resolution
from gm_core.models.vae.latents import check_latent, draw_latents


@dataclass(frozen=True)
class VAEConfig:
    """Shape of a :class:`VAE`.

    Attributes:
        height: Height of the pictures, a multiple of 4.
        width: Width of the pictures, a multiple of 4.
        latent: Latent dimensions D.
        channels: Width of the convolutions at full resolution's half; twice as many at a quarter.
        hidden: Width of the fully connected layer; 0 for none, where many latent dimensions are to be told apart.
        mixture: Logistics K that a pixel's distribution is a mixture of.
        levels: Levels of a channel; 2 for black and white, where the mixture is a Bernoulli distribution.
        picture_channels: Channels C of a picture, 1 or 3.
    """

    height: int = 28
    width: int = 28
    latent: int = 16
    channels: int = 32
    hidden: int = 256
    mixture: int = 1
    levels: int = 256
    picture_channels: int = 1

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        check_size(self.height, self.width, self.latent, self.channels, self.mixture, optional=self.hidden)
        if not isinstance(self.levels, int) or not 2 <= self.levels <= 256:
            raise ValueError(f"a pixel is a byte, so it cannot have {self.levels} levels")
        if self.picture_channels not in (1, 3):
            raise ValueError(f"the pictures of a VAE must have 1 or 3 channels, not {self.picture_channels}")


@dataclass(frozen=True)
class Elbo:
    """The evidence lower bound and its two terms, in nats.

    Attributes:
        reconstruction: E_q log p(x | z), estimated from samples of z, (B,).
        kl_per_dim: KL(q(z|x) || p(z)) of each latent dimension, exact, (B, D).
    """

    reconstruction: Tensor
    kl_per_dim: Tensor

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)), (B,)."""
        return self.kl_per_dim.sum(dim=-1)

    @property
    def value(self) -> Tensor:
        """The bound: reconstruction less KL, (B,)."""
        return self.reconstruction - self.kl


class VAE(nn.Module):
    r"""A convolutional VAE over grey or colour pictures.

    The prior is a standard normal, the posterior :math:`q(z \mid x)` a normal with diagonal covariance, and
    :math:`p(x \mid z)` a mixture of discretised logistics for every pixel: a probability of the same discrete values
    that PixelCNN's is of, so that its bound and PixelCNN's exact value share units. Given z, pixels are independent;
    the channels of a pixel are not: they share a component of the mixture, in which green follows red, and blue both.

    References:
        1. Kingma and Welling (2014), "Auto-Encoding Variational Bayes". https://arxiv.org/abs/1312.6114
        2. Burda et al. (2016), "Importance Weighted Autoencoders", for the tighter bound.
           https://arxiv.org/abs/1509.00519
        3. Salimans et al. (2017), "PixelCNN++", sections 2.1 and 2.2, for the mixtures.
           https://arxiv.org/abs/1701.05517
    """

    family = "vae"
    config_type = VAEConfig
    loss_unit: ClassVar[tuple[str, float]] = ("bits/dim", 1 / math.log(2))

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.channels = config.picture_channels
        shape = config.height, config.width, config.channels, config.hidden
        self.encoder = encoder(*shape, outputs=2 * config.latent, inputs=self.channels)
        # Of every component: locations, log-scales, slopes, and a weight, of which the first is fixed.
        c, k = self.channels, config.mixture
        self.parts = [c * k, c * k, c * (c - 1) // 2 * k, k - 1]
        self.decoder = decoder(*shape, inputs=config.latent, outputs=sum(self.parts))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def prior(self) -> Normal:
        """p(z), batch shape (D,)."""
        zero = torch.zeros(self.config.latent, device=self.device)
        return Normal(zero, zero + 1)

    def encode(self, images: Tensor) -> Normal:
        """The posterior q(z | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            Normal with ``mean`` and ``stddev`` of shape (B, D).

        Raises:
            ValueError: The images are of the wrong kind or size.
        """
        check_images(images, channels=self.channels, levels=self.config.levels)
        check_resolution(images, self.config.height, self.config.width)
        scaled = images.to(self.device).float() * (2 / (self.config.levels - 1)) - 1
        mean, log_std = self.encoder(scaled).float().chunk(2, dim=1)
        # Bounded so that no input, however strange, gives an infinite scale.
        return Normal(mean, torch.exp(log_std.clamp(-8, 4)), validate_args=False)

    def decode(self, z: Tensor) -> LogisticMixture | PictureMixture:
        """The pixel distribution p(x | z).

        Args:
            z: Latents, ``float32`` (B, D).

        Returns:
            Distribution over levels, batch shape (B, C, H, W), with ``mean`` and ``stddev`` in levels. The
            log-probabilities of a colour pixel's values are those given the channels before.

        Raises:
            ValueError: z is of the wrong shape or not finite.
        """
        check_latent(z, self.config.latent)
        k, half = self.config.mixture, (self.config.levels - 1) / 2
        outputs = self.decoder(z.to(self.device)).float().movedim(1, -1)
        *others, weight = outputs.split(self.parts, dim=-1)
        loc, log_scale, slope = (part.unflatten(-1, (part.shape[-1] // k, k)) for part in others)
        # Network outputs of order 1 mean: levels spread over the whole range, give or take a quarter of it.
        middles = (2 * torch.arange(k, device=self.device) + 1) / k - 1
        weight, loc = F.pad(weight, (1, 0)), half + half * (loc + middles)
        log_scale = (log_scale + 2).clamp(-4, 6) + math.log(half / 127.5)
        if self.channels > 1:
            return PictureMixture(ChannelMixture(weight, loc, log_scale, slope, self.config.levels))
        weight, loc, log_scale = weight.unsqueeze(1), loc.movedim(3, 1), log_scale.movedim(3, 1)
        return LogisticMixture(weight, loc, log_scale, self.config.levels)

    def log_likelihood(self, images: Tensor, z: Tensor) -> Tensor:
        """Log p(x | z) of pictures, each at points of its own.

        Args:
            images: ``uint8`` (B, C, H, W).
            z: Latents, ``float32`` (S, B, D): S points for each picture.

        Returns:
            Nats a picture, (S, B).
        """
        values = images.to(self.device).float().expand(len(z), -1, -1, -1, -1).flatten(0, 1)
        pixels = self.decode(z.flatten(0, 1))
        nats = pixels.pixel_log_prob(values) if isinstance(pixels, PictureMixture) else pixels.log_prob(values)
        return nats.flatten(1).sum(dim=1).view(z.shape[:2])

    def elbo(self, images: Tensor, samples: int = 1, generator: torch.Generator | None = None) -> Elbo:
        """The evidence lower bound on log p(x), its terms apart.

        Args:
            images: ``uint8`` (B, C, H, W).
            samples: Draws of z to average the reconstruction term over.
            generator: CPU source of randomness.

        Returns:
            Terms in nats; equation 3 of Kingma and Welling (2014), the KL in closed form (appendix B).
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        posterior = self.encode(images)
        z = self._draw(posterior, samples, generator)
        reconstruction = self.log_likelihood(images, z).mean(dim=0)
        mean, variance = posterior.mean, posterior.variance
        kl = 0.5 * (mean**2 + variance - 1 - torch.log(variance))
        return Elbo(reconstruction, kl)

    def log_prob(self, images: Tensor, samples: int = 100, generator: torch.Generator | None = None) -> Tensor:
        """Importance-weighted lower bound on log p(x); rises to it as ``samples`` grows.

        Args:
            images: ``uint8`` (B, C, H, W).
            samples: Number K of importance samples; 1 gives the ELBO, in expectation.
            generator: CPU source of randomness.

        Returns:
            Nats a picture, (B,); equation 8 of Burda et al. (2016).
        """
        weights = self.log_weights(images, samples, generator)
        return torch.logsumexp(weights, dim=0) - math.log(samples)

    def log_weights(self, images: Tensor, samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Logarithms of the importance weights p(x, z) / q(z | x), at draws z of q(z | x).

        Their mean is the ELBO in expectation; the logarithm of the mean weight of K draws is a bound that rises to
        log p(x) with K.

        Args:
            images: ``uint8`` (B, C, H, W).
            samples: Draws of z a picture.
            generator: CPU source of randomness.

        Returns:
            Nats, (samples, B).
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        posterior = self.encode(images)
        parts = []
        for begin in range(0, samples, 64):  # bounds the memory
            z = self._draw(posterior, min(64, samples - begin), generator)
            log_q = posterior.log_prob(z).sum(dim=-1)
            parts.append(self.log_likelihood(images, z) + self.prior.log_prob(z).sum(dim=-1) - log_q)
        return torch.cat(parts)

    def sample(
        self, n: int = 1, generator: torch.Generator | None = None, temperature: float = 1.0, *, noise: bool = False
    ) -> Tensor:
        """Draw z from the prior and decode it.

        Args:
            n: Number of pictures.
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of z.
            noise: Draw the pixels too; otherwise their means are given, which look cleaner.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        z = draw_latents(n, self.config.latent, generator, temperature)
        pixels = self.decode(z)
        return (pixels.sample(generator=generator) if noise else pixels.mean.round().to(torch.uint8)).cpu()

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Mean negative ELBO in nats a picture, for training.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Unused.
            generator: CPU source of randomness.
        """
        return -self.elbo(images, generator=generator).value.mean()

    def _draw(self, posterior: Normal, samples: int, generator: torch.Generator | None) -> Tensor:
        """Reparameterised draws of z, (samples, B, D)."""
        noise = torch.randn(samples, *posterior.mean.shape, generator=generator).to(self.device)
        return posterior.mean + posterior.stddev * noise


def interpolate(a: Tensor, b: Tensor, steps: int, *, spherical: bool = False) -> Tensor:
    """Points on the way from one latent to another.

    Args:
        a: Start, (D,).
        b: End, (D,).
        steps: Number of points, both ends included; at least 2.
        spherical: Along a great circle (with the length interpolated too) in place of a straight line. White (2016),
            "Sampling Generative Networks", section 2.1. https://arxiv.org/abs/1609.04468

    Returns:
        Latents, (steps, D).
    """
    if steps < 2:
        raise ValueError(f"steps must be at least 2, not {steps}")
    t = torch.linspace(0, 1, steps, device=a.device)[:, None]
    if not spherical:
        return a + t * (b - a)
    length_a, length_b = a.norm(), b.norm()
    cosine = torch.dot(a, b) / (length_a * length_b)
    angle = torch.acos(cosine.clamp(-1, 1))
    if not 1e-3 < angle < math.pi - 1e-3:  # no plane to turn in, no unique one, or (nan) an end without a direction
        return a + t * (b - a)
    direction = (torch.sin((1 - t) * angle) * a / length_a + torch.sin(t * angle) * b / length_b) / torch.sin(angle)
    return direction * (length_a + t * (length_b - length_a))
