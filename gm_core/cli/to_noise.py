"""``python -m gm_core to-noise``: a picture, step by step, back to the noise that a model would make it of."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from gm_core.checkpoints import load, read_card
from gm_core.cli.options import Device, Threads
from gm_core.cli.printing import print_written
from gm_core.data.pictures import open_picture
from gm_core.data.preparation import prepare
from gm_core.files import write_atomically
from gm_core.models.capabilities import Inverts
from gm_core.rendering import gif, grid, visible


def to_noise(
    model: Annotated[str, typer.Argument(help="a checkpoint's name, as mnist-realnvp")],
    picture: Annotated[Path, typer.Argument(help="a picture of yours; it is prepared as for score")],
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="of what is added to whole levels first")] = 0,
    out: Annotated[Path, typer.Option(help="animation to write")] = Path("noise.gif"),
    threads: Threads = None,
    device: Device = "auto",
) -> None:
    """Turn a picture into noise, step by step, and write the way as a GIF."""
    inverts = load(model, device, what=Inverts)
    image = inverts.config.image
    form = replace(read_card(model).record.form, size=image.height)
    prepared = prepare(open_picture(picture, name=picture.name), form=form)
    # Drawn, and not left at its middle as for a code: only a typical value within each level comes out as noise.
    way = inverts.to_noise(prepared.image, generator=torch.Generator().manual_seed(seed))
    frames = [grid(visible(frame.images, image.levels)) for frame in way]
    write_atomically(out, gif(frames, milliseconds=200))
    print_written(f"{len(frames)} steps from {picture} to noise in {out}", out)
