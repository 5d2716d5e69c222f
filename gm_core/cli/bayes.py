"""``python -m gm_core bayes``: a density by Bayes' rule beside a classifier."""

from pathlib import Path
from typing import Annotated

import typer

from gm_core.checkpoints import read_card
from gm_core.cli.options import DataDir, Device, Limit, Threads
from gm_core.cli.printing import print_changes, print_metrics
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import load_dataset
from gm_core.device import pick_device
from gm_core.studies.bayes.study import make_bayes
from gm_core.studies.detector.outliers import outliers_named


def compare_judges(
    dataset: Annotated[str, typer.Argument(help="a data set whose -pixelcnn and -classifier are in the folder")],
    outliers: Annotated[
        str | None,
        typer.Option(help="pictures that belong to none of the classes: a data set, as fashion; or noise or textures"),
    ] = None,
    data_dir: DataDir = None,
    limit: Limit = None,
    threads: Threads = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the models; the study goes there too")] = Path("runs"),
) -> None:
    """Compare a PixelCNN by Bayes' rule with a classifier on the test set: accuracy, and what abstaining gains."""
    record = dataset_of(dataset)
    outliers = outliers or record.outliers
    train, held_out, test = (load_dataset(dataset, split, data_dir) for split in ("train", "validation", "test"))
    others = outliers_named(outliers, dataset, record.image, data_dir)
    print_changes((read_card(name, out) for name in (record.density, record.classifier)), train)
    card = make_bayes(
        dataset, train, held_out, test.first(limit), others, outliers, device=pick_device(device), directory=out
    )
    print_metrics(card.metrics)
