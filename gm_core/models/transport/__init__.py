"""Models that carry noise to pictures through continuous time, and what can be done on that way besides drawing.

At every time the state is a x + b e, of a picture x with noise e over it: from all noise to none. So a way can be
followed from either end, and begun in between, with a picture that is there already.

*Noise on, noise off* [1]: noise is put over a picture and taken off by the model. The more of it there is, the more is
the model's and the less the picture's.

*A part kept, the rest made*, by replacement [2]: after every step what is kept is replaced by the given pixels with as
much noise as there is at that time. Its flaw: a step sees the given pixels only through that noise, so the rest is not
a draw from its distribution given what is kept [3, 4], and may not fit it. Taking every step several times, with new
noise in between [5], lets the two agree better; it is no exact draw either.

References:
    1. Meng, He, Song, Song, Wu, Zhu and Ermon (2022), "SDEdit", section 3. https://arxiv.org/abs/2108.01073
    2. Song et al. (2021), "Score-Based Generative Modeling through Stochastic Differential Equations", appendix I.2.
       https://arxiv.org/abs/2011.13456
    3. Ho, Salimans, Gritsenko, Chan, Norouzi and Fleet (2022), "Video Diffusion Models", section 3.1.
       https://arxiv.org/abs/2204.03458
    4. Trippe et al. (2023), "Diffusion Probabilistic Modeling of Protein Backbones in 3D for the motif-scaffolding
       problem", section 3.1. https://arxiv.org/abs/2206.04119
    5. Lugmayr, Danelljan, Romero, Yu, Timofte and Van Gool (2022), "RePaint", algorithm 1.
       https://arxiv.org/abs/2201.09865
"""

from gm_core.models.transport.config import TransportConfig
from gm_core.models.transport.path import Path
from gm_core.models.transport.transport import Transport

__all__ = ["Path", "Transport", "TransportConfig"]
