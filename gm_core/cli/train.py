"""``python -m gm_core train``: from a recipe to a checkpoint."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gm_core.cli.again import command_again
from gm_core.cli.options import Device, Threads, known_recipe
from gm_core.cli.printing import print_line
from gm_core.data.catalog import CATALOG
from gm_core.device import pick_device
from gm_core.training.processes import is_main
from gm_core.training.recipes import RECIPES
from gm_core.training.run import recipe_for, run_recipe


def train(
    context: typer.Context,
    recipe: Annotated[str | None, typer.Argument(help=f"one of {', '.join(RECIPES)}")] = None,
    recipe_option: Annotated[str | None, typer.Option("--recipe", help="the same, as an option")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="where the data sets lie, as for evaluate; or a folder of your own pictures"),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help=f"train on another data set of pictures of the same shape; one of {', '.join(CATALOG)}"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue where the run stopped")] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, help="train for another number of steps than the recipe's")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="stop after so long, with the state saved")] = None,
    threads: Threads = None,
    compile_model: Annotated[bool, typer.Option("--compile", help="compile first; needs a C++ compiler")] = False,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder for the checkpoint and the run's state")] = Path("runs"),
) -> None:
    """Train by a recipe and write the checkpoint with its measured card.

    With another data set the checkpoint is named after that data set. With a folder of your own pictures and a recipe
    for photographs, it is named after the folder. If all pictures lie in subfolders, these are their classes.
    """
    if (recipe is None) == (recipe_option is None):
        raise typer.BadParameter("name one recipe", param_hint="RECIPE")
    name = str(recipe or recipe_option)
    chosen = recipe_for(known_recipe(name), data_dir, dataset)
    card = run_recipe(
        chosen,
        directory=out,
        data_dir=data_dir,
        device=pick_device(device),
        steps=steps,
        resume=resume,
        max_minutes=max_minutes,
        compile_model=compile_model,
    )
    if not is_main():
        return
    if card is None:
        also = [] if data_dir or not os.environ.get("GM_DATA_DIR") else ["--data-dir", os.environ["GM_DATA_DIR"]]
        command = command_again(context, without={"resume", "max_minutes"}, also=[*also, "--resume"])
        print_line(f"stopped before the end; continue with: {command}")
        return
    figure = next((f": {metric.value:.4f} {metric.unit}" for metric in card.metrics), "")  # not every model has one
    print_line(f"{out / card.name}.safetensors{figure}")
