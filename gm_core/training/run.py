"""From a recipe to a checkpoint: train, measure on the test set, write weights and card."""

import platform
from dataclasses import asdict, replace
from pathlib import Path

import torch

from gm_core.checkpoints import Card, save
from gm_core.data.datasets import DataError, load_dataset
from gm_core.data.preparation import PHOTOGRAPHS, form_of
from gm_core.data.user_folder import holds_pictures, own_name
from gm_core.evaluation.likelihood import evaluate
from gm_core.models.autoregressive.base import PictureConfig
from gm_core.models.classifier.classifier import ClassifierConfig
from gm_core.training.loop import Model, train
from gm_core.training.processes import is_main
from gm_core.training.recipes import Recipe

DESCRIPTIONS = {
    "gated-pixelcnn": "Gated PixelCNN over {levels} grey levels, with or without a class",
    "masked-pixelcnn": "The original PixelCNN of masked convolutions, with a blind spot, over {levels} grey levels",
    "residual-pixelcnn": "PixelCNN of residual blocks in two stacks over {levels} grey levels, with or without a class",
    "pixelcnnpp": "PixelCNN++ at several resolutions; a pixel's channels are a mixture of discretised logistics",
    "vae": "Convolutional VAE; a pixel is {pixel}",
    "classifier": "Convolutional classifier p(y|x), which must name a class whatever it is shown",
    "autoencoder": "Convolutional autoencoder trained for squared error, the VAE's network without its probabilities",
}


def description(model: Model) -> str:
    """What a model is, in a line for its card."""
    levels = getattr(model.config, "levels", 256)
    several = getattr(model.config, "mixture", 1) > 1
    grey = "a mixture of discretised logistics" if several else "a discretised logistic"
    pixel = "black or white" if levels == 2 else grey
    return DESCRIPTIONS[model.family].format(levels=levels, pixel=pixel)


def recipe_for(recipe: Recipe, data_dir: Path | None) -> Recipe:
    """A recipe for the data in a folder: for somebody's own pictures, where it holds no data set but pictures.

    Args:
        recipe: The recipe as it is known.
        data_dir: Where the data lies.

    Returns:
        The recipe itself; or of the same model and training, but for the folder's pictures and their classes, and
        called after the folder.

    Raises:
        DataError: The folder holds neither, or the recipe is not for photographs.
    """
    try:
        load_dataset(recipe.dataset, "test", data_dir)
    except DataError:
        if data_dir is None or not holds_pictures(data_dir):
            raise
    else:
        return recipe
    if form_of(recipe.dataset) is not PHOTOGRAPHS:
        raise DataError(
            f"{data_dir} holds no {recipe.dataset}, but pictures, and the recipe {recipe.name!r} is not for those; "
            "take one for photographs, as cifar10-pixelcnnpp"
        )
    dataset = own_name(data_dir)
    model = recipe.model
    if isinstance(model, PictureConfig | ClassifierConfig):
        model = replace(model, classes=len(load_dataset(dataset, "test", data_dir).class_names))
    return replace(recipe, name=f"{dataset}-{recipe.name.partition('-')[2]}", dataset=dataset, model=model)


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
        recipe: What to do.
        directory: Checkpoints go here, the state of the run into a folder of the recipe's name.
        data_dir: Where the data set lies.
        device: Where to run.
        steps: Train for another number of steps than the recipe's.
        resume: Take up the run where it stopped.
        max_minutes: Stop after so long.
        compile_model: Compile the loss.
        quiet: No progress bars.

    Returns:
        The card, or ``None`` when the run stopped before its last step, or this process is not the one that writes.
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
        description=description(model),
        dataset=recipe.dataset,
        split=(
            f"trained on the first {len(data):,} training images; the last {len(held_out):,} held out; "
            f"measured on {test.part or 'test'}"
        ),
        config=entries.pop("model"),
        recipe=entries,
        cost={
            "steps": trained.steps,
            "images_seen": trained.steps * recipe.batch,
            "minutes": round(trained.seconds / 60, 1),
            "hardware": hardware,
        },
        metrics=metrics,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        class_names=list(data.class_names),
    )
    return save(card, model.state_dict(), directory)
