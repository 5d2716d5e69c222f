"""Small models that make pictures of noise, untrained, in a folder of their own beside the shipped classifier."""

import base64
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from demo.shared import examples
from gm_core import FAMILIES
from gm_core.checkpoints import Card, Metric, checkpoint_dir, save
from gm_core.models import ImageShape, ModelConfig
from gm_core.models.diffusion import Diffusion, DiffusionConfig
from gm_core.models.flow import RealNVPConfig
from gm_core.models.flow_matching import FlowMatchingConfig
from gm_core.studies.pace import GUIDANCES, Curve, PaceStudy, save_pace, stations

FLOW, DIFFUSION, LAYERS = "tiny-flow", "tiny-diffusion", "tiny-layers"
GREY = ImageShape(height=28, width=28)
CONFIGS: dict[str, ModelConfig] = {
    DIFFUSION: DiffusionConfig(image=GREY, classes=10, widths=(8, 32), blocks=1, likelihood_steps=4),
    FLOW: FlowMatchingConfig(image=GREY, classes=10, widths=(8, 32), blocks=1, likelihood_steps=4),
    LAYERS: RealNVPConfig(image=GREY, couplings=(2, 2), widths=(6, 8), blocks=1, noise_couplings=2, noise_width=4),
}

NAMES = (
    "RealNVP|DDPM|DDIM|Heun|Euler|Langevin|Runge–Kutta|Hutchinson|Home|End|made up|tiny|layers|diffusion"
    "|million parameters.*"
)
"""What stands on the page in English, in any language: names, and what is of these models."""

IMAGE = torch.arange(784).remainder(256).to(torch.uint8).view(1, 1, 28, 28)
"""A picture to ask about."""


def question(name: str) -> dict[str, Any]:
    """A widget's question about it to a model."""
    return {"model": name, "picture": base64.b64encode(bytes(IMAGE.flatten().tolist())).decode()}


def make_models(folder: Path) -> Path:
    """Save the models to a folder, with the classifier that reads them.

    Returns:
        The folder.
    """
    for drawn in (examples._make, examples._sample):  # by other checkpoints, which this process had before
        drawn.cache_clear()
    for path in checkpoint_dir().glob("mnist-classifier.*"):
        shutil.copy(path, folder)
    for name, config in CONFIGS.items():
        torch.manual_seed(0)
        family = next(family for family in FAMILIES.values() if family.Config is type(config))
        model = family(config)
        with torch.no_grad():
            for weights in model.parameters():  # a network whose last layer is nothing yet knows no class
                weights.add_(0.05 * torch.randn_like(weights))
        card = Card(
            name=name,
            family=model.family,
            description="A test's own.",
            dataset="mnist",
            split="none",
            config=asdict(config),
            metrics=[Metric("bound_bits_per_dim", 1.5, "bits/dim", "made up")],
            class_names=[str(digit) for digit in range(10)],
        )
        save(card, model.state_dict(), folder)
    return folder


def make_curves(folder: Path, name: str = DIFFUSION) -> None:
    """Save made-up curves of a model, of more right answers and less distance with more calls."""
    methods = {method: make_curve(stations(calls), calls) for method, calls in Diffusion.methods.items()}
    floors = {"class_as_asked": (0.99, 0.01), "frechet_distance": (150.0, 20.0), "coverage": (0.96, 0.02)}
    study = PaceStudy(methods, make_curve(GUIDANCES, 0), ("ddpm", 10), floors, 200)
    save_pace(name, study, folder, [str(digit) for digit in range(10)])


def make_curve(at: Sequence[float], calls: int) -> Curve:
    """A made-up curve over steps of so many calls, or over guidance of none."""
    work = torch.tensor([place * calls or 19 for place in at], dtype=torch.float64)
    values = {"class_as_asked": 1 - 0.8 / work, "frechet_distance": 400 + 4000 / work, "coverage": 0.8 - 0.5 / work}
    return Curve(
        at=torch.tensor(at, dtype=torch.float64),
        calls=work.long(),
        milliseconds=2 * work,
        figures={name: torch.stack((value, value / 20), dim=1) for name, value in values.items()},
    )
