"""``python -m gm_core calibrate``: make a detector."""

from pathlib import Path
from typing import Annotated

import typer

from gm_core.checkpoints import read_card
from gm_core.cli.options import DataDir, Device, Threads
from gm_core.cli.printing import print_changes, print_metrics, print_missing
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import load_dataset
from gm_core.device import pick_device
from gm_core.studies.detector.calibration import calibrate
from gm_core.studies.detector.outliers import other_images
from gm_core.studies.detector.refusal import evaluate_detector


def calibrate_detector(
    dataset: Annotated[str, typer.Argument(help="a data set whose -pixelcnn and -vae are in the folder, as mnist")],
    data_dir: DataDir = None,
    threads: Threads = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the models; the detector goes there too")] = Path("runs"),
) -> None:
    """Calibrate a detector on held-out images, and measure it on others."""
    train, held_out, test = (load_dataset(dataset, split, data_dir) for split in ("train", "validation", "test"))
    print_changes((read_card(name, out) for name in dataset_of(dataset).detector_parts.values()), train)
    others, missing = other_images(dataset, data_dir)
    print_missing(missing)
    card = calibrate(
        dataset,
        train,
        held_out,
        lambda detector: evaluate_detector(detector, test.images, others).metrics,
        device=pick_device(device),
        directory=out,
    )
    print_metrics(card.metrics)
