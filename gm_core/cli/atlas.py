"""``python -m gm_core atlas``: survey a latent space."""

from pathlib import Path
from typing import Annotated

import typer

from gm_core.checkpoints import read_card
from gm_core.cli.options import DataDir, Device, Threads
from gm_core.cli.printing import print_changes, print_metrics
from gm_core.data.datasets import load_dataset
from gm_core.device import pick_device
from gm_core.studies.atlas.atlas import make_atlas


def survey(
    model: Annotated[str, typer.Argument(help="a VAE or an autoencoder in the folder, as mnist-vae")],
    data_dir: DataDir = None,
    threads: Threads = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the model; the atlas goes there too")] = Path("runs"),
) -> None:
    """Survey a latent space: codes of held-out images, class means, directions with a meaning."""
    card = read_card(model, out)
    train, held_out = (load_dataset(card.dataset, split, data_dir) for split in ("train", "validation"))
    print_changes([card], train)
    print_metrics(make_atlas(model, train, held_out, device=pick_device(device), directory=out).metrics)
