"""``python -m gm_core sample``: pictures drawn by a model, as a PNG and as an animation."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import Image
from torch import Tensor

from gm_core.checkpoints import CheckpointError, load
from gm_core.cli.options import Device, Threads
from gm_core.cli.printing import print_written
from gm_core.files import write_atomically
from gm_core.models import Model
from gm_core.models.capabilities import Samples, Streams
from gm_core.models.inputs import check_temperature
from gm_core.rendering import gif, grid, png, visible

FRAMES = 28
"""Frames of an animation, if there are that many steps."""


def sample(
    model: Annotated[str, typer.Argument(help="a checkpoint's name")],
    n: Annotated[int, typer.Option("-n", min=1, max=1024, help="how many pictures")] = 16,
    label: Annotated[int | None, typer.Option(help="class to draw; any when left out")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="same seed, same pictures")] = 0,
    temperature: Annotated[float, typer.Option(help="below 1 favours the likeliest values, above 1 the others")] = 1.0,
    out: Annotated[Path, typer.Option(help="picture to write")] = Path("samples.png"),
    animation: Annotated[Path | None, typer.Option("--gif", help="also write an animation of the drawing")] = None,
    threads: Threads = None,
    device: Device = "auto",
) -> None:
    """Draw pictures into a PNG."""
    loaded = load(model, device)
    if not isinstance(loaded, Samples):
        raise CheckpointError(f"{model!r} is a {loaded.title}: it draws no pictures")
    labels = _labels(loaded, model, label, n)
    generator = torch.Generator().manual_seed(seed)
    try:
        check_temperature(temperature)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--temperature") from None
    loaded.warm_up(n)
    if animation is None:
        images = loaded.sample(n, labels, generator=generator, temperature=temperature)
    elif isinstance(loaded, Streams):
        images = _animate(loaded, animation, n, labels, generator, temperature)
    else:
        raise typer.BadParameter(f"{model} draws a picture in one step: there is nothing to watch", param_hint="--gif")
    write_atomically(out, png(grid(visible(images, loaded.config.image.levels))))
    print_written(f"{n} pictures in {out}" + (f", their drawing in {animation}" if animation else ""), out, animation)


def _labels(model: Model, name: str, label: int | None, n: int) -> Tensor | None:
    """The label for each of n pictures; a usage error for one that the model does not know."""
    classes = model.config.classes
    if label is None:
        return None
    if not classes:
        raise typer.BadParameter(f"{name} knows no classes", param_hint="--label")
    if not 0 <= label < classes:
        raise typer.BadParameter(f"must be from 0 to {classes - 1}, not {label}", param_hint="--label")
    return torch.full((n,), label)


def _animate(
    model: Streams, path: Path, n: int, labels: Tensor | None, generator: torch.Generator, temperature: float
) -> Tensor:
    """Draw pictures step by step into an animated GIF; the finished ones are returned."""
    frames: list[Image.Image] = []
    for frame in model.stream(n, labels, generator=generator, temperature=temperature):
        # About as many frames as are pleasant to watch, including the last.
        if (frame.total - 1 - frame.index) % max(1, frame.total // FRAMES) == 0:
            images = frame.images
            frames.append(grid(visible(images, model.config.image.levels)))
    write_atomically(path, gif(frames, milliseconds=80))
    return images
