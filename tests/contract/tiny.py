"""A tiny instance of every family: all that a new family adds to run under the contract is one line here."""

import pytest
import torch
from torch import Tensor

from gm_core.models import FAMILIES, ImageShape, ModelConfig
from gm_core.models.autoregressive import (
    GatedPixelCNNConfig,
    MaskedPixelCNNConfig,
    PixelCNNPPConfig,
    ResidualPixelCNNConfig,
)
from gm_core.models.capabilities import has_capability
from gm_core.models.classifier import ClassifierConfig
from gm_core.models.diffusion import DiffusionConfig
from gm_core.models.flow import GlowConfig, NICEConfig, RealNVPConfig
from gm_core.models.flow_matching import FlowMatchingConfig
from gm_core.models.vae import AutoencoderConfig, VAEConfig

GREY = ImageShape(height=8, width=8)
COLOUR = ImageShape(channels=3, height=8, width=8)
BINARY = ImageShape(height=8, width=8, levels=2)

TINY: tuple[ModelConfig, ...] = (
    MaskedPixelCNNConfig(image=GREY, classes=3, embedding=4, width=4, blocks=2),
    GatedPixelCNNConfig(image=GREY, classes=3, embedding=4, width=4, layers=2, dilations=(1, 2)),
    ResidualPixelCNNConfig(image=GREY, classes=3, vertical=4, horizontal=8, blocks=2, palette=True, stretch=True),
    ResidualPixelCNNConfig(image=BINARY, classes=3, embedding=0, vertical=4, horizontal=8, blocks=2, dropout=0.1),
    PixelCNNPPConfig(image=COLOUR, classes=3, vertical=(4, 6), horizontal=(6, 4), blocks=(1, 1), mixture=2),
    RealNVPConfig(image=GREY, couplings=(2, 2), widths=(6, 8), blocks=1, noise_couplings=2, noise_width=4),
    NICEConfig(image=GREY, couplings=(2,), widths=(6,), blocks=1),
    GlowConfig(image=GREY, couplings=(2, 2), widths=(6, 8), blocks=1, noise_couplings=2, noise_width=4),
    FlowMatchingConfig(image=GREY, classes=3, widths=(8, 32), blocks=1, likelihood_steps=2),
    DiffusionConfig(image=COLOUR, classes=3, widths=(8, 32), blocks=1, likelihood_steps=2),
    VAEConfig(image=GREY, latent=3, width=4, hidden=8, mixture=2),
    VAEConfig(image=COLOUR, latent=4, width=4, hidden=0),
    VAEConfig(image=BINARY, latent=2, width=4, hidden=8),
    AutoencoderConfig(image=GREY, latent=3, width=4, hidden=8),
    ClassifierConfig(image=GREY, classes=3, width=4, hidden=8),
)
"""One config at least of every family, whose own it is by its class."""

UNREACHED: dict[str, dict[str, str]] = {}
"""By family, parameters that no loss depends on, each with the reason why it is there all the same."""


def able(*capabilities: type) -> pytest.MarkDecorator:
    """Run a test with the ``model`` of every tiny config whose family has these capabilities; of all, when none."""
    entries = []
    for family in FAMILIES.values():
        own = [config for config in TINY if type(config) is family.Config]
        if all(has_capability(family, capability) for capability in capabilities):
            for number, config in enumerate(own, 1):
                name = family.family if len(own) == 1 else f"{family.family}-{number}"
                entries.append(pytest.param((family, config), id=name))
    return pytest.mark.parametrize("model", entries, indirect=True)


def pictures(config: ModelConfig, n: int = 4, seed: int = 0) -> Tensor:
    """Pictures of noise that a model of this config takes, ``uint8`` (n, C, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(config.image.levels, (n, *config.image.size), dtype=torch.uint8, generator=generator)


def classes(config: ModelConfig, n: int = 4) -> Tensor:
    """Labels of such pictures: each class in turn, or "any class" where the model knows none."""
    return torch.arange(n) % config.classes if config.classes else torch.full((n,), -1)
