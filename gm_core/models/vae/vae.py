"""Variational autoencoder: a latent space, and a lower bound on log p(x)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from gm_core.distributions.channels import ChannelMixture, PictureMixture
from gm_core.distributions.logistic import LogisticMixture
from gm_core.models.base import Batch, Loss, Model, ModelConfig, check_sizes, register
from gm_core.models.capabilities import Elbo, Estimate
from gm_core.models.convolutional import check_quarters, decoder, encoder
from gm_core.models.importance import importance_estimate
from gm_core.models.inputs import check_shape
from gm_core.models.latents import check_latent, draw_latents


@dataclass(frozen=True, kw_only=True)
class VAEConfig(ModelConfig):
    """Shape of a :class:`VAE`.

    Attributes:
        image: The pictures, of a height and a width that are multiples of 4; with 2 levels the mixture is a Bernoulli
            distribution.
        latent: Latent dimensions D.
        width: Width of the convolutions at half the resolution; twice as many channels at a quarter.
        hidden: Width of the fully connected layer; 0 for none, where many latent dimensions are to be told apart.
        mixture: Logistics K that a pixel's distribution is a mixture of.
    """

    latent: int = 16
    width: int = 32
    hidden: int = 256
    mixture: int = 1

    aliases: ClassVar = {"channels": "width", "picture_channels": "image.channels"}

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a VAE", optional=("classes", "hidden"))
        check_quarters(self.image)


@register
class VAE(Model):
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
    title = "VAE"
    Config = VAEConfig
    config: VAEConfig

    def __init__(self, config: VAEConfig) -> None:
        super().__init__(config)
        shape = config.image.height, config.image.width, config.width, config.hidden
        self.encoder = encoder(*shape, outputs=2 * config.latent, inputs=config.image.channels)
        # Of every component: locations, log-scales, slopes, and a weight, of which the first is fixed.
        c, k = config.image.channels, config.mixture
        self.parts = [c * k, c * k, c * (c - 1) // 2 * k, k - 1]
        self.decoder = decoder(*shape, inputs=config.latent, outputs=sum(self.parts))

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        grey = "a mixture of discretised logistics" if self.config.mixture > 1 else "a discretised logistic"
        pixel = "black or white" if self.config.image.levels == 2 else grey
        return f"Convolutional VAE; a pixel is {pixel}"

    @property
    def prior(self) -> Normal:
        """p(z), batch shape (D,)."""
        zero = torch.zeros(self.config.latent, device=self.device, dtype=torch.float32)
        return Normal(zero, zero + 1, validate_args=False)

    def encode(self, images: Tensor) -> Normal:
        """The posterior q(z | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            Normal with ``mean`` and ``stddev`` of shape (B, D).

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        images = check_shape(images, self.config.image)
        scaled = images.to(self.device).float() * (2 / (self.config.image.levels - 1)) - 1
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
        z = check_latent(z, self.config.latent)
        k, half = self.config.mixture, (self.config.image.levels - 1) / 2
        outputs = self.decoder(z.to(self.device)).float().movedim(1, -1)
        *others, weight = outputs.split(self.parts, dim=-1)
        loc, log_scale, slope = (part.unflatten(-1, (part.shape[-1] // k, k)) for part in others)
        # Network outputs of order 1 mean: levels spread over the whole range, give or take a quarter of it.
        middles = (2 * torch.arange(k, device=self.device).float() + 1) / k - 1
        weight, loc = F.pad(weight, (1, 0)), half + half * (loc + middles)
        log_scale = (log_scale + 2).clamp(-4, 6) + math.log(half / 127.5)
        if self.config.image.channels > 1:
            return PictureMixture(ChannelMixture(weight, loc, log_scale, slope, self.config.image.levels))
        weight, loc, log_scale = weight.unsqueeze(1), loc.movedim(3, 1), log_scale.movedim(3, 1)
        return LogisticMixture(weight, loc, log_scale, self.config.image.levels)

    def log_likelihood(self, images: Tensor, z: Tensor) -> Tensor:
        """Log p(x | z) of pictures, each at points of its own.

        Args:
            images: ``uint8`` (B, C, H, W).
            z: Latents, ``float32`` (S, B, D): S points for each picture.

        Returns:
            Nats per image, (S, B).
        """
        values = (
            check_shape(images, self.config.image).to(self.device).float().expand(len(z), -1, -1, -1, -1).flatten(0, 1)
        )
        pixels = self.decode(z.flatten(0, 1))
        nats = pixels.pixel_log_prob(values) if isinstance(pixels, PictureMixture) else pixels.log_prob(values)
        return nats.flatten(1).sum(dim=1).view(z.shape[:2])

    @property
    def dimensions(self) -> int:
        """Latent dimensions D."""
        return self.config.latent

    def code(self, images: Tensor) -> Tensor:
        """Codes of pictures: the means of their posteriors, ``float32`` (B, D)."""
        return self.encode(images).mean

    def expected(self, z: Tensor) -> Tensor:
        """The mean pictures of codes, in levels: ``float32`` (B, C, H, W)."""
        return self.decode(z).mean

    def render(self, z: Tensor) -> Tensor:
        """The same rounded: ``uint8`` (B, C, H, W), on the CPU."""
        return self.expected(z).round().to(torch.uint8).cpu()

    def bound(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Elbo:
        """The evidence lower bound on log p(x), its terms apart.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Unused: this model knows no classes.
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
        kl = kl_divergence(posterior, self.prior)
        return Elbo({"reconstruction": reconstruction, "-kl": -kl.sum(dim=-1)}, kl)

    def estimate(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 100,
        generator: torch.Generator | None = None,
    ) -> Estimate:
        """Log p(x) from importance samples: a lower bound in expectation, which rises to it as ``samples`` grows.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Unused: this model knows no classes.
            samples: Number K of importance samples; 1 gives the ELBO, in expectation.
            generator: CPU source of randomness.

        Returns:
            The estimate of equation 8 of Burda et al. (2016); its error is that of the mean weight, to first order.
        """
        return importance_estimate(self.log_weights(images, samples, generator))

    def log_weights(self, images: Tensor, samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Logarithms of the importance weights p(x, z) / q(z | x), at draws z of q(z | x).

        Their mean is the ELBO in expectation; the logarithm of the mean weight of K draws is a bound that rises to
        log p(x) with K.

        Args:
            images: ``uint8`` (B, C, H, W).
            samples: Draws of z per image.
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
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        *,
        noise: bool = False,
    ) -> Tensor:
        """Draw z from the prior and decode it.

        Args:
            n: Number of pictures.
            labels: Unused: this model knows no classes.
            generator: CPU source of randomness.
            temperature: Scales the standard deviation of z.
            noise: Draw the pixels too; otherwise their means are given, which look cleaner.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.

        Raises:
            ValueError: n or the temperature is out of range.
        """
        z = draw_latents(n, self.config.latent, generator, temperature)
        return self.decode(z).sample(generator=generator).cpu() if noise else self.render(z)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean negative ELBO."""
        return {"model": self.loss_in_bits(-self.bound(batch.images, generator=generator).value.mean())}

    def _draw(self, posterior: Normal, samples: int, generator: torch.Generator | None) -> Tensor:
        """Reparameterised draws of z, (samples, B, D)."""
        noise = torch.randn(samples, *posterior.mean.shape, generator=generator).to(self.device)
        return posterior.mean + posterior.stddev * noise
