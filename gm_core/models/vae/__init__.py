r"""Variational autoencoders: a latent space one can walk in, and the bound that makes training possible.

A picture is drawn in two steps: a code z from a simple prior, then the pixels given z. Its probability is an average
over all codes, :math:`p(x) = \int p(x \mid z) \, p(z) \, dz`, which cannot be computed. A second network q(z | x) names
the few codes that matter for x, and with it comes a lower bound (the ELBO):

.. math:: \log p(x) \ge E_{q(z \mid x)} \log p(x \mid z) - KL(q(z \mid x) \,\|\, p(z)).

The first term rewards rebuilding, the second keeps codes where the prior expects them, so that codes drawn at random
mean something. p(x) is never exact: the bound is a bound, and importance samples tighten it (reference 2).

:mod:`~gm_core.models.vae.vae` is the VAE; :mod:`~gm_core.models.vae.autoencoder` the same networks trained to rebuild
alone, which cannot generate: nothing says what lies between its codes.

1. Kingma and Welling (2014), "Auto-Encoding Variational Bayes". https://arxiv.org/abs/1312.6114
2. Burda et al. (2016), "Importance Weighted Autoencoders". https://arxiv.org/abs/1509.00519
3. Hinton and Salakhutdinov (2006), "Reducing the Dimensionality of Data with Neural Networks".
"""

from gm_core.models.latents import interpolate
from gm_core.models.vae.autoencoder import Autoencoder, AutoencoderConfig
from gm_core.models.vae.vae import VAE, VAEConfig

__all__ = ["VAE", "Autoencoder", "AutoencoderConfig", "VAEConfig", "interpolate"]
