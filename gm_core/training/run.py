"""From a recipe to a checkpoint: train, measure on the test set, write weights and card."""

import platform
from dataclasses import asdict, replace
from pathlib import Path

import torch

from gm_core.checkpoints import Card, save
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import DataError, load_dataset, split_words
from gm_core.data.user_folder import LEAST, count_pictures, own_name
from gm_core.evaluation import evaluate
from gm_core.training.loop import train
from gm_core.training.processes import is_main
from gm_core.training.recipes import RECIPES, Recipe


def recipe_for(recipe: Recipe, data_dir: Path | None, dataset: str | None = None) -> Recipe:
    """A recipe for other data: for another data set, or for a folder of pictures.

    Args:
        recipe: The recipe.
        data_dir: Where the data lies.
        dataset: The data set to train on; by default the recipe's own, if it is in ``data_dir``.

    Returns:
        The recipe itself, or one with the same model and training for the other pictures and their classes, named after
        them.

    Raises:
        DataError: There is no such data, or the recipe's model is for pictures of another shape.
    """
    if dataset is None:
        try:
            load_dataset(recipe.dataset, "test", data_dir)
        except DataError as error:
            found = 0 if data_dir is None else count_pictures(data_dir)
            if data_dir is None or not found:
                raise
            if found < LEAST:
                raise DataError(
                    f"{error}; to train on pictures of your own at least {LEAST} are needed, and there are {found}"
                ) from None
            dataset = own_name(data_dir)
    if dataset in (None, recipe.dataset):
        return recipe
    classes = load_dataset(dataset, "test", data_dir).class_names
    if _shape(recipe.dataset) != _shape(dataset):
        fitting = [known.name for known in RECIPES.values() if _shape(known.dataset) == _shape(dataset)]
        raise DataError(
            f"the recipe {recipe.name!r} is not for pictures such as those of {dataset}; take one of "
            f"{', '.join(fitting)}"
        )
    model = recipe.model.with_classes(len(classes))
    variant = recipe.name.removeprefix(f"{recipe.dataset}-")
    return replace(recipe, name=f"{dataset}-{variant}", dataset=dataset, model=model)


def _shape(dataset: str) -> tuple[int, ...]:
    """Channels, height, width and levels of a data set's pictures."""
    record = dataset_of(dataset)
    return *record.image, record.levels


def run_recipe(
    recipe: Recipe,
    *,
    directory: Path,
    data_dir: Path | None,
    device: torch.device,
    steps: int | None = None,
    resume: bool = False,
    max_minutes: float | None = None,
    compile_model: bool = False,
    quiet: bool = False,
) -> Card | None:
    """Train by a recipe; once its last step is reached, write the checkpoint with its measured card.

    Args:
        recipe: The recipe.
        directory: Checkpoints go here, the state of the run into a folder of the recipe's name.
        data_dir: Where the data set lies.
        device: Where to run.
        steps: Train for another number of steps than the recipe's.
        resume: Continue the run where it stopped.
        max_minutes: Stop after so long.
        compile_model: Compile the loss.
        quiet: No progress bars.

    Returns:
        The card, or ``None`` when the run stopped before its last step, or this process does not write the files.
    """
    if steps is not None:
        recipe = replace(recipe, steps=steps)
    data, held_out = (load_dataset(recipe.dataset, split, data_dir) for split in ("train", "validation"))
    trained = train(
        recipe,
        data,
        held_out,
        directory=directory / recipe.name,
        device=device,
        resume=resume,
        max_minutes=max_minutes,
        compile_model=compile_model,
        quiet=quiet,
    )
    if not (trained.finished and is_main()):
        return None
    model = trained.model.to(device)
    test = load_dataset(recipe.dataset, "test", data_dir)
    metrics = evaluate(model, test, quiet=quiet)
    hardware = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{torch.get_num_threads()} CPU thread(s), {platform.machine()}"
    )
    entries = asdict(recipe)
    card = Card(
        name=recipe.name,
        family=model.family,
        description=model.describe(),
        dataset=recipe.dataset,
        split=split_words(recipe.dataset, data, held_out, test),
        config=entries.pop("model"),
        recipe=entries,
        history=trained.history,
        cost={
            "steps": trained.steps,
            "images_seen": trained.steps * recipe.batch,
            "minutes": round(trained.seconds / 60, 1),
            "hardware": hardware,
        },
        metrics=metrics,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        class_names=list(data.class_names),
        data=data.provenance,
    )
    return save(card, model.state_dict(), directory)
