"""``python -m gm_core field``: the fields that lead from noise to a plane of codes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gm_core.checkpoints import read_card
from gm_core.cli.options import DataDir, Threads
from gm_core.cli.printing import print_changes, print_metrics
from gm_core.data.datasets import load_dataset
from gm_core.studies.field.study import make_field
from gm_core.studies.field.training import FieldRecipe


def train_field(
    model: Annotated[str, typer.Argument(help="a VAE of two latent dimensions in the folder, as mnist-vae2d")],
    data_dir: DataDir = None,
    steps: Annotated[int, typer.Option(min=2, max=1_000_000, help="steps of training")] = FieldRecipe.steps,
    threads: Threads = None,
    out: Annotated[Path, typer.Option(help="folder with the model; the fields go there too")] = Path("runs"),
) -> None:
    """Train FFJORD on a VAE's codes, and keep posteriors for the exact fields: what the view "The field" shows."""
    card = read_card(model, out)
    train, held_out = (load_dataset(card.dataset, split, data_dir) for split in ("train", "validation"))
    print_changes([card], train)
    recipe = replace(FieldRecipe(), steps=steps)
    print_metrics(make_field(model, train, held_out, recipe=recipe, directory=out).metrics)
