"""A small model of photographs, untrained: what it draws is noise, and every number about it is as true."""

from dataclasses import asdict
from pathlib import Path

import torch

from gm_core import Card, Metric, PixelCNNPP, PixelCNNPPConfig
from gm_core.checkpoints import checkpoint_dir, save
from gm_core.models import ImageShape

NAME = "cifar10-pixelcnnpp"
SIDE = 8
CLASSES = ["airplane", "automobile", "bird"]


def make_checkpoints(directory: Path) -> None:
    """A folder with this model, that of digits, and one of a background."""
    for name in ("mnist-pixelcnn", "mnist-pixelcnn-background"):
        for ending in (".json", ".safetensors"):
            (directory / (name + ending)).symlink_to((checkpoint_dir() / (name + ending)).resolve())
    config = PixelCNNPPConfig(
        image=ImageShape(channels=3, height=SIDE, width=SIDE),
        classes=len(CLASSES),
        vertical=(4, 4),
        horizontal=(8, 8),
        blocks=(1, 1),
        mixture=3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = PixelCNNPP(config)
    card = Card(
        name=NAME,
        family=PixelCNNPP.family,
        description="Untrained",
        dataset="cifar10",
        split="none",
        config=asdict(config),
        cost={"steps": 1234, "minutes": 150.0, "hardware": "one CPU thread"},
        metrics=[Metric("bits_per_dim", 3.21, "bits/dim", "not measured")],
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        class_names=CLASSES,
    )
    save(card, model.state_dict(), directory)
