"""How long a user waits for a latent space to answer, task by task in one run."""

import time
from collections.abc import Callable
from typing import Any

import torch

from gm_core.device import synchronize
from gm_core.models.capabilities import Estimated, Latent
from gm_core.numerics import isolate

LINE = 64
"""Pictures along a slider, decoded at once."""

SAMPLES = 1000
"""Importance samples of the bound."""

LEAST_RUNS, SECONDS = 20, 1.0
"""Least number of runs per task, and least time for all of them."""


@isolate
@torch.inference_mode()
def bench_latency(model: Latent, name: str) -> dict[str, Any]:
    """Time what the app asks of a model while a user moves a slider.

    A picture counts as decoded once its levels are on the CPU, from where it is shown.

    Args:
        model: The model.
        name: What to call it.

    Returns:
        A JSON document: the model, the device, the threads, and a line for each task with the median and the 95th
        percentile of its milliseconds; without a bound where the model has none.
    """
    generator = torch.Generator().manual_seed(0)
    shape = model.config.image
    image = torch.randint(shape.levels, (1, *shape.size), generator=generator, dtype=torch.uint8)
    line = torch.zeros(LINE, model.code(image).shape[1])
    line[:, 0] = torch.linspace(-3, 3, LINE)
    tasks: list[tuple[str, int, Callable[[], object]]] = [
        ("decode", 1, lambda: model.render(line[:1])),
        ("decode", LINE, lambda: model.render(line)),
        ("encode", 1, lambda: model.code(image)),
    ]
    if isinstance(model, Estimated):
        estimated = model
        tasks.append(("bound", 1, lambda: estimated.estimate(image, samples=SAMPLES)))
    return {
        "model": name,
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "importance_samples": SAMPLES,
        "results": [
            {"task": task, "batch": batch, **_milliseconds(function, model.device)} for task, batch, function in tasks
        ],
    }


def _milliseconds(function: Callable[[], object], device: torch.device) -> dict[str, float]:
    """Median and 95th percentile of many runs, after three to warm up."""
    for _ in range(3):
        function()
    times: list[float] = []
    while len(times) < LEAST_RUNS or sum(times) < 1000 * SECONDS:
        synchronize(device)
        begin = time.perf_counter()
        function()
        synchronize(device)
        times.append(1000 * (time.perf_counter() - begin))
    median, p95 = torch.tensor(times, dtype=torch.float64).quantile(torch.tensor([0.5, 0.95], dtype=torch.float64))
    return {"median_milliseconds": float(median), "p95_milliseconds": float(p95), "runs": len(times)}
