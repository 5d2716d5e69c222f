"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from gm_core.training.recipes import RECIPES, Recipe

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="where the data sets lie; else $GM_DATA_DIR, else a cache that is filled by download"),
]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output, and nothing else there")]
Limit = Annotated[int | None, typer.Option(min=1, help="measure on the first so many test images")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores when left out")]


def known_recipe(name: str) -> Recipe:
    """A recipe by its name; a usage error for any other name."""
    if name not in RECIPES:
        raise typer.BadParameter(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}", param_hint="RECIPE")
    return RECIPES[name]
