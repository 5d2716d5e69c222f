"""``python -m gm_core pace``: steps against quality."""

from pathlib import Path
from typing import Annotated

import typer

from gm_core.checkpoints import read_card
from gm_core.cli.options import DataDir, Device, Threads
from gm_core.cli.printing import print_changes, print_metrics
from gm_core.data.datasets import load_dataset
from gm_core.device import pick_device
from gm_core.studies.pace import PICTURES, make_pace


def measure_pace(
    model: Annotated[str, typer.Argument(help="a model in the folder that takes any number of steps")],
    pictures: Annotated[int, typer.Option(min=20, max=10_000, help="drawn at each place")] = PICTURES,
    data_dir: DataDir = None,
    threads: Threads = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the model; the study goes there too")] = Path("runs"),
) -> None:
    """Steps against quality: draw the same pictures in few steps and many, and compare them with test images."""
    card = read_card(model, out)
    train, test = (load_dataset(card.dataset, split, data_dir) for split in ("train", "test"))
    print_changes([card], train)
    study = make_pace(model, train, test, device=pick_device(device), directory=out, pictures=pictures)
    print_metrics(study.metrics)
