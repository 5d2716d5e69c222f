"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from gm_core.device import cpu_count
from gm_core.training.processes import count_on_machine
from gm_core.training.recipes import RECIPES, Recipe


def _use_threads(threads: int | None) -> int | None:
    """Compute with so many CPU threads; with this process's share of the cores when left out."""
    torch.set_num_threads(threads or cpu_count(count_on_machine()))
    return threads


Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="where the data sets lie; else $GM_DATA_DIR, else a cache that is filled by download"),
]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output, and nothing else there")]
Limit = Annotated[int | None, typer.Option(min=1, help="measure on the first so many test images")]
Threads = Annotated[
    int | None,
    typer.Option(min=1, callback=_use_threads, help="CPU threads; else $OMP_NUM_THREADS, at most the cores there are"),
]
"""Takes effect by being an option of a command."""


def known_recipe(name: str) -> Recipe:
    """A recipe by its name; a usage error for any other name."""
    if name not in RECIPES:
        raise typer.BadParameter(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}", param_hint="RECIPE")
    return RECIPES[name]
