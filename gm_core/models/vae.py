"""Variational autoencoder: a latent space, and a lower bound on log p(x)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from gm_core.models.inputs import check_images
from gm_core.nn.discretized import DiscretizedLogistic
from gm_core.sampling.stream import check_temperature


@dataclass(frozen=True)
class VAEConfig:
    """Shape of a :class:`VAE`.

    Attributes:
        height: Height of the pictures, a multiple of 4.
        width: Width of the pictures, a multiple of 4.
        latent: Latent dimensions D.
        channels: Width of the convolutions at full resolution's half; twice as many at a quarter.
        hidden: Width of the fully connected layer.
    """

    height: int = 28
    width: int = 28
    latent: int = 16
    channels: int = 32
    hidden: int = 256

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        sizes = (self.height, self.width, self.latent, self.channels, self.hidden)
        if not all(isinstance(size, int) for size in sizes) or min(sizes) < 1:
            raise ValueError(f"{self} is not a shape that a VAE can have")
        if self.height % 4 or self.width % 4:
            raise ValueError(f"height and width must be multiples of 4, not {self.height} and {self.width}")


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
    r"""A convolutional VAE over grey pictures with 256 levels.

    The prior is a standard normal, the posterior :math:`q(z \mid x)` a normal with diagonal covariance, and
    :math:`p(x \mid z)` a discretised logistic with a mean *and* a scale for every pixel: a probability of the same
    discrete values that PixelCNN's is of, so that its bound and PixelCNN's exact value share units.

    References:
        1. Kingma and Welling (2014), "Auto-Encoding Variational Bayes". https://arxiv.org/abs/1312.6114
        2. Burda et al. (2016), "Importance Weighted Autoencoders", for the tighter bound.
           https://arxiv.org/abs/1509.00519
    """

    family = "vae"
    config_type = VAEConfig

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        c, h, w = config.channels, config.height // 4, config.width // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(1, c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, 2 * c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * c * h * w, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, 2 * config.latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, 2 * c * h * w),
            nn.SiLU(),
            nn.Unflatten(1, (2 * c, h, w)),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(2 * c, c, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(c, c, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, 2, 3, padding=1),
        )

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
            images: ``uint8`` (B, 1, H, W) of the model's size.

        Returns:
            Normal with ``mean`` and ``stddev`` of shape (B, D).

        Raises:
            ValueError: The images are of the wrong kind or size.
        """
        check_images(images, channels=1)
        size = (self.config.height, self.config.width)
        if tuple(images.shape[2:]) != size:
            raise ValueError(
                f"this model takes pictures of {size[0]}x{size[1]}, not {images.shape[2]}x{images.shape[3]}"
            )
        mean, log_std = self.encoder(images.to(self.device).float() / 127.5 - 1).float().chunk(2, dim=1)
        # Bounded so that no input, however strange, gives an infinite scale.
        return Normal(mean, torch.exp(log_std.clamp(-8, 4)), validate_args=False)

    def decode(self, z: Tensor) -> DiscretizedLogistic:
        """The pixel distribution p(x | z).

        Args:
            z: Latents, ``float32`` (B, D).

        Returns:
            Distribution over levels, batch shape (B, 1, H, W), with ``mean`` and ``scale`` in levels 0..255.

        Raises:
            ValueError: z is of the wrong shape or not finite.
        """
        if z.ndim != 2 or z.shape[1] != self.config.latent:
            raise ValueError(f"z must have shape (B, {self.config.latent}), not {tuple(z.shape)}")
        if not torch.isfinite(z).all():
            raise ValueError("z must be finite")
        loc, log_scale = self.decoder(z.to(self.device)).float().chunk(2, dim=1)
        # Network outputs of order 1 mean: mid grey, give or take a few dozen levels.
        return DiscretizedLogistic(127.5 + 127.5 * loc, (log_scale + 2).clamp(-4, 6))

    def elbo(self, images: Tensor, samples: int = 1, generator: torch.Generator | None = None) -> Elbo:
        """The evidence lower bound on log p(x), its terms apart.

        Args:
            images: ``uint8`` (B, 1, H, W).
            samples: Draws of z to average the reconstruction term over.
            generator: CPU source of randomness.

        Returns:
            Terms in nats; equation 3 of Kingma and Welling (2014), the KL in closed form (appendix B).
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        posterior = self.encode(images)
        z = self._draw(posterior, samples, generator)
        reconstruction = self._log_likelihood(images, z).mean(dim=0)
        mean, variance = posterior.mean, posterior.variance
        kl = 0.5 * (mean**2 + variance - 1 - torch.log(variance))
        return Elbo(reconstruction, kl)

    def log_prob(self, images: Tensor, samples: int = 100, generator: torch.Generator | None = None) -> Tensor:
        """Importance-weighted lower bound on log p(x); rises to it as ``samples`` grows.

        Args:
            images: ``uint8`` (B, 1, H, W).
            samples: Number K of importance samples; 1 gives the ELBO, in expectation.
            generator: CPU source of randomness.

        Returns:
            Nats a picture, (B,); equation 8 of Burda et al. (2016).
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, not {samples}")
        posterior = self.encode(images)
        total = torch.full((len(images),), -math.inf, device=self.device)
        for begin in range(0, samples, 64):  # bounds the memory
            z = self._draw(posterior, min(64, samples - begin), generator)
            log_q = posterior.log_prob(z).sum(dim=-1)
            log_weight = self._log_likelihood(images, z) + self.prior.log_prob(z).sum(dim=-1) - log_q
            total = torch.logaddexp(total, torch.logsumexp(log_weight, dim=0))
        return total - math.log(samples)

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
            ``uint8`` (n, 1, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        if n < 1:
            raise ValueError(f"the number of pictures must be at least 1, not {n}")
        temperature = check_temperature(temperature)
        # Picture by picture, so that the first is the same however many follow.
        z = temperature * torch.stack([torch.randn(self.config.latent, generator=generator) for _ in range(n)])
        pixels = self.decode(z)
        return (pixels.sample(generator=generator) if noise else pixels.mean.round().to(torch.uint8)).cpu()

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Mean negative ELBO in nats a picture, for training.

        Args:
            images: ``uint8`` (B, 1, H, W).
            labels: Unused.
            generator: CPU source of randomness.
        """
        return -self.elbo(images, generator=generator).value.mean()

    def _draw(self, posterior: Normal, samples: int, generator: torch.Generator | None) -> Tensor:
        """Reparameterised draws of z, (samples, B, D)."""
        noise = torch.randn(samples, *posterior.mean.shape, generator=generator).to(self.device)
        return posterior.mean + posterior.stddev * noise

    def _log_likelihood(self, images: Tensor, z: Tensor) -> Tensor:
        """Log p(x | z) in nats for z of shape (samples, B, D): (samples, B)."""
        samples, batch, _ = z.shape
        pixels = self.decode(z.flatten(0, 1))
        values = images.to(self.device).float().expand(samples, -1, -1, -1, -1).flatten(0, 1)
        return pixels.log_prob(values).flatten(1).sum(dim=1).view(samples, batch)


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
