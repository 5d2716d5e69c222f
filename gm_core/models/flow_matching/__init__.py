r"""Flow matching: straight ways from noise to pictures, and the field that leads along them on average.

Draw noise :math:`x_0` and a picture :math:`x_1`, and go from one to the other in a straight line at constant speed:
:math:`x_t = (1 - t) x_0 + t x_1`. A network that is asked only for the speed of the line through a point,
:math:`x_1 - x_0`, and punished by the square of its error, learns the mean speed there,

.. math:: v(x, t) = \mathbb{E}[x_1 - x_0 \mid x_t = x],

and the flow :math:`dx/dt = v(x, t)` takes noise at t = 0 to pictures at t = 1: at every time it has the distribution
of the points of all lines [1, 2]. Training needs no solver; drawing takes as many calls of the network as one likes.

*What is exact:* nothing in bytes. *What is estimated:* along the flow,
:math:`\frac{d}{dt} \log p_t(x_t) = -\operatorname{div} v(x_t, t)` [3], so the density of continuous values is that of
the noise less an integral, whose divergence is estimated without bias by Hutchinson's random projections [4]; noise
within the steps between levels makes it a figure of the discrete picture, as for flows. *The way back* is the same
equation, solved backwards: exact but for the solver's error.

1. Lipman, Chen, Ben-Hamu, Nickel and Le (2023), "Flow Matching for Generative Modeling".
   https://arxiv.org/abs/2210.02747
2. Liu, Gong and Liu (2023), "Flow Straight and Fast", rectified flow. https://arxiv.org/abs/2209.03003
3. Chen, Rubanova, Bettencourt and Duvenaud (2018), "Neural Ordinary Differential Equations", theorem 1.
   https://arxiv.org/abs/1806.07366
4. Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), "FFJORD", section 3.1.
   https://arxiv.org/abs/1810.01367
"""

from gm_core.models.flow_matching.flow_matching import FlowMatching, FlowMatchingConfig

__all__ = ["FlowMatching", "FlowMatchingConfig"]
