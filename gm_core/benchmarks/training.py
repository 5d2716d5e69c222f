"""What each speed-up of training is worth: a plain loop, and one speed-up after the other added to it, in one run."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from gm_core.device import synchronize
from gm_core.models import Batch, Loss
from gm_core.numerics import isolate
from gm_core.training.loop import build_model, take_step
from gm_core.training.recipes import Recipe

SECONDS = 10.0
"""Time for each way, after its first steps."""

WARM_UP = 3
"""Steps before the clock runs: the first ones compile and allocate."""


@dataclass(frozen=True)
class Way:
    """A way to take a step.

    Attributes:
        name: What it adds to the one before it.
        fused: Whether the optimiser is one kernel for all weights.
        channels_last: Memory format of the weights.
        bf16: Whether convolutions and products are of bfloat16.
        compiled: Whether ``torch.compile`` comes first; only for families that the compiler can trace, as in training.
    """

    name: str
    fused: bool = False
    channels_last: bool = False
    bf16: bool = False
    compiled: bool = False


WAYS = (
    Way("plain"),
    Way("+ fused optimiser", fused=True),
    Way("+ channels last", fused=True, channels_last=True),
    Way("+ bfloat16", fused=True, channels_last=True, bf16=True),
    Way("+ compiled", fused=True, channels_last=True, bf16=True, compiled=True),
)


@isolate
def bench_training(recipe: Recipe, device: torch.device) -> dict[str, Any]:
    """Time a recipe's steps, on pictures of noise.

    Args:
        recipe: Its model and batch.
        device: Where to run.

    Returns:
        A JSON document: the recipe, the device, the threads, and a line for each of :data:`WAYS`.
    """
    compiles = build_model(recipe).compiles
    results = [_bench(recipe, way, device) for way in WAYS if not way.compiled or compiles]
    for line in results:
        line["speedup"] = line["images_per_second"] / results[0]["images_per_second"]
    return {
        "recipe": recipe.name,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "batch": recipe.batch,
        "results": results,
    }


def _bench(recipe: Recipe, way: Way, device: torch.device) -> dict[str, Any]:
    model = build_model(recipe).to(device).train()
    if way.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = {
        name: torch.optim.AdamW(list(group), lr=1e-4, foreach=False if not way.fused else None, fused=way.fused)
        for name, group in model.parameter_groups().items()
    }
    generator = torch.Generator().manual_seed(recipe.seed)
    image = recipe.model.image
    images = torch.randint(image.levels, (recipe.batch, *image.size), generator=generator, dtype=torch.uint8)
    batch = Batch(images.to(device), torch.zeros(recipe.batch, dtype=torch.int64, device=device))

    def losses(draws: torch.Generator) -> dict[str, Loss]:
        with torch.autocast(device.type, torch.bfloat16) if way.bf16 else nullcontext():
            return model.losses(batch, draws)

    losses_of = torch.compile(losses) if way.compiled else losses

    def step() -> None:
        take_step(losses_of(generator), optimizers)

    begin = time.perf_counter()
    for _ in range(WARM_UP):
        step()
    synchronize(device)
    ready, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - ready < SECONDS:
        step()
        synchronize(device)
        steps += 1
    seconds = time.perf_counter() - ready
    return {"way": way.name, "images_per_second": recipe.batch * steps / seconds, "first_steps_seconds": ready - begin}
