r"""Normalising flows: noise, bent into pictures by steps that can each be undone.

An invertible map f takes a picture's continuous values y to noise z of a known density. The change of variables gives
the density of y exactly,

.. math:: \log p(y) = \log p_Z(f(y)) + \log \left| \det \frac{\partial f}{\partial y} \right|,

and where f is a chain of layers, their log-determinants add up. So a layer must be easy to invert *and* have a
Jacobian whose determinant is cheap: a coupling's is triangular [1, 2], and so are the factors of a 1x1
convolution, which learns what the next coupling keeps [3]. In continuous time a layer may be anything smooth, and the
determinant becomes a trace [7]; so far it is here for points of few dimensions (:mod:`~gm_core.models.flow.ffjord`).

*What is exact:* log p(y) of continuous values. *What is a bound:* the probability of the discrete picture x. Its bytes
are made continuous by adding noise u, and log P(x) >= log p(x + u) - log q(u | x) on average over u; the better
q(u | x) is learned, the tighter the bound [4, 5]. *Sampling* takes one pass, as costly as the density.

1. Dinh, Krueger and Bengio (2015), "NICE: Non-linear Independent Components Estimation".
   https://arxiv.org/abs/1410.8516
2. Dinh, Sohl-Dickstein and Bengio (2017), "Density estimation using Real NVP". https://arxiv.org/abs/1605.08803
3. Kingma and Dhariwal (2018), "Glow: Generative Flow with Invertible 1x1 Convolutions".
   https://arxiv.org/abs/1807.03039
4. Theis, van den Oord and Bethge (2016), "A note on the evaluation of generative models", section 3.1, for
   uniform noise. https://arxiv.org/abs/1511.01844
5. Ho, Chen, Srinivas, Duan and Abbeel (2019), "Flow++", section 3.1, for learned noise.
   https://arxiv.org/abs/1902.00275
6. Papamakarios, Nalisnick, Rezende, Mohamed and Lakshminarayanan (2021), "Normalizing Flows for Probabilistic
   Modeling and Inference", a review. https://arxiv.org/abs/1912.02762
7. Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), "FFJORD". https://arxiv.org/abs/1810.01367
"""

from gm_core.models.flow.glow import Glow, GlowConfig
from gm_core.models.flow.nice import NICE, NICEConfig
from gm_core.models.flow.realnvp import RealNVP, RealNVPConfig

__all__ = ["NICE", "Glow", "GlowConfig", "NICEConfig", "RealNVP", "RealNVPConfig"]
