r"""Diffusion: noise is put over a picture little by little, and a network learns to take it off again.

A noisy picture is :math:`z_t = \alpha_t x + \sigma_t \varepsilon`, with :math:`\alpha_t^2 + \sigma_t^2 = 1` and a ratio
:math:`\alpha_t^2 / \sigma_t^2`, whose logarithm is written :math:`\lambda`, that falls from all picture to all noise
[1]. Which way back? Given x it is a Gaussian in closed form; without it, a network's guess takes its place [2], and

.. math::

    \log P(x) \ge - \underbrace{\mathrm{KL}(q(z_1 \mid x) \,\|\, \mathcal{N}(0, I))}_{\text{prior}}
    + \underbrace{\mathbb{E} \log P(x \mid z_0)}_{\text{reconstruction}}
    - \underbrace{\tfrac12 \int \mathbb{E} \| \varepsilon - \hat\varepsilon(z_\lambda) \|^2 d\lambda}_{\text{diffusion}}

which depends on the schedule by its two ends alone [3]. The guess of the noise is a score, up to a factor:
:math:`\nabla \log q(z_t) = -\mathbb{E}[\varepsilon \mid z_t] / \sigma_t`, the slope of the log-density of noisy
pictures, which Langevin's dynamics climbs [4]; and the same pictures come from an ordinary differential equation, along
which log p(x) can be followed [5].

*What is a bound:* the three terms above. *What is an estimate with its error:* log P(x) along the differential
equation, with noise within the steps between levels, as for flows. *Sampling* takes as many calls of the network as one
likes: each is a step, and the fewer, the coarser.

1. Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli (2015), "Deep Unsupervised Learning using Nonequilibrium
   Thermodynamics". https://arxiv.org/abs/1503.03585
2. Ho, Jain and Abbeel (2020), "Denoising Diffusion Probabilistic Models". https://arxiv.org/abs/2006.11239
3. Kingma, Salimans, Poole and Ho (2021), "Variational Diffusion Models". https://arxiv.org/abs/2107.00630
4. Song and Ermon (2019), "Generative Modeling by Estimating Gradients of the Data Distribution".
   https://arxiv.org/abs/1907.05600
5. Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), "Score-Based Generative Modeling through Stochastic
   Differential Equations". https://arxiv.org/abs/2011.13456
6. Karras, Aittala, Aila and Laine (2022), "Elucidating the Design Space of Diffusion-Based Generative Models".
   https://arxiv.org/abs/2206.00364
"""

from gm_core.models.diffusion.diffusion import Diffusion, DiffusionConfig

__all__ = ["Diffusion", "DiffusionConfig"]
