"""A small plane of codes with its fields, in a folder of its own."""

from dataclasses import replace
from pathlib import Path

import torch

from demo.shared.plane import MAP
from gm_core import VAE, VAEConfig
from gm_core.checkpoints import Metric, save
from gm_core.data.datasets import Images
from gm_core.models.flow.ffjord import FFJORD
from gm_core.studies.atlas.atlas import make_atlas
from gm_core.studies.field import FIELDS, FieldStudy, Mixture
from gm_core.studies.field.study import to_tensors
from tests.helpers import seeded, shipped


def make_plane(folder: Path) -> Path:
    """Save a VAE of two dimensions, its atlas and its fields to a folder.

    Returns:
        The folder.
    """
    torch.manual_seed(0)
    vae = VAE(VAEConfig(latent=2, width=4, hidden=8)).eval()
    save(replace(shipped(vae, MAP, folder), dataset="mnist"), vae.state_dict(), folder)
    images = torch.randint(256, (60, 1, 28, 28), generator=seeded(), dtype=torch.uint8)
    data = Images(images, torch.arange(60) % 10, tuple(map(str, range(10))))
    make_atlas(MAP, data, data, device=torch.device("cpu"), directory=folder, quiet=True)
    flow, means = FFJORD(2, 10, width=8, layers=1), torch.randn(60, 2, generator=seeded())
    torch.nn.init.normal_(flow.weights[-1].weight)
    mixture = Mixture(means, 0.2 + 0.1 * means.abs(), data.labels)
    FIELDS.save(
        MAP,
        to_tensors(FieldStudy(mixture, flow, data.class_names)),
        folder,
        description="A test's own.",
        split="none",
        metrics=[Metric(f"{name}_nats", -3.0, "nats", "made up") for name in ("ffjord", "prior", "mixture")],
        class_names=data.class_names,
        settings={"width": 8, "layers": 1},
        parameters=300,
    )
    return folder
