"""Small models of the families that have cached samplers, with random weights."""

import torch

from gm_core import (
    MaskedPixelCNN,
    MaskedPixelCNNConfig,
    PixelCNNPP,
    PixelCNNPPConfig,
    ResidualPixelCNN,
    ResidualPixelCNNConfig,
)
from tests.helpers import flat

HEIGHT, WIDTH = 6, 9
SIZE = {"height": HEIGHT, "width": WIDTH, "classes": 3, "blocks": 3}


def masked(**changes) -> MaskedPixelCNN:
    torch.manual_seed(0)
    config = flat(MaskedPixelCNNConfig, **{**SIZE, "channels": 8, **changes})
    return MaskedPixelCNN(config).eval().requires_grad_(False)


def residual(**changes) -> ResidualPixelCNN:
    torch.manual_seed(0)
    config = flat(ResidualPixelCNNConfig, **{**SIZE, "vertical": 8, "horizontal": 12, "kernel_size": 3, **changes})
    return ResidualPixelCNN(config).eval().requires_grad_(False)


def strided(**changes) -> PixelCNNPP:
    torch.manual_seed(0)
    shape = {"vertical": (4, 6, 8), "horizontal": (6, 8, 10), "blocks": (1, 1, 1), "kernel_size": 3, "mixture": 3}
    model = PixelCNNPP(flat(PixelCNNPPConfig, **{**SIZE, **shape, **changes})).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            module.weight.mul_(10)  # untrained, the labels hardly matter
    return model
