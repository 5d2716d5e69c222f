"""How fast sampling is: naive, cached and the arithmetic limit, side by side in one run."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gm_core.device import synchronize
from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.autoregressive.sampling import draw_noise, rebuild, warm_up
from gm_core.models.autoregressive.sampling.stream import inverse_cdf
from gm_core.numerics import isolate

CASES = ((1, 28, 28), (16, 28, 28), (64, 28, 28), (1, 14, 14), (1, 56, 56))
"""Batch, height and width of each line of the benchmark."""

SESSIONS, SESSION_SECONDS = 16, 1.0
"""Streams that are drawn at the same time, each in a thread, and for how long."""

NAIVE_SECONDS = 3.0
"""Time for the naive sampler per line of the benchmark; the remaining pixels are extrapolated."""


@isolate
def bench_sampling(model: Autoregressive, name: str) -> dict[str, Any]:
    """Time the samplers against each other.

    The naive sampler does the same work for every pixel, so it is timed on as many as fit its share of time and scaled.
    Whether its pictures would be the cached sampler's is checked on every value all the same: the full network is
    shown the finished picture, and must draw each value from those before it. If all are drawn so, the pictures are
    identical. A value that is not has its random number near an edge between two levels: the samplers add in other
    orders, and their probabilities differ in the last digits.

    Args:
        model: The model.
        name: What to call it.

    Returns:
        A JSON document: the model, the device, the threads, a line for each of :data:`CASES`, and the speed of
        several sessions at the same time.
    """
    if model.device.type == "cpu":
        warm_up()
    threads = torch.get_num_threads()
    rate = _multiplications_per_second(model.device)
    return {
        "model": name,
        "device": str(model.device),
        "threads": threads,
        "multiplications_per_second": rate,
        "naive": f"timed for up to {NAIVE_SECONDS:g} s and scaled to all pixels",
        "results": [_bench_case(model, *case, rate) for case in CASES],
        "sessions": _bench_sessions(model),
    }


def _bench_case(model: Autoregressive, batch: int, height: int, width: int, rate: float) -> dict[str, Any]:
    def draw(naive: bool) -> Any:
        generator = torch.Generator().manual_seed(0)
        chunk = 1 if naive else width
        return model.stream(batch, generator=generator, size=(height, width), chunk=chunk, naive=naive)

    cached = _fastest(lambda: list(draw(naive=False)), model.device)
    pixels, begin = 0, time.perf_counter()
    for _ in draw(naive=True):
        pixels += 1
        synchronize(model.device)
        if time.perf_counter() - begin > NAIVE_SECONDS:
            break
    naive = (time.perf_counter() - begin) * height * width / pixels
    images, _ = rebuild(draw(naive=False), height, width)
    limit = batch * height * width * _multiplications_per_pixel(model) / rate
    return {
        "batch": batch,
        "height": height,
        "width": width,
        "cached_seconds": cached,
        "naive_seconds": naive,
        "speedup": naive / cached,
        "limit_seconds": limit,
        "times_limit": cached / limit,
        "pictures_per_second": batch / cached,
        **_compare_with_network(model, images),
    }


def _bench_sessions(model: Autoregressive) -> dict[str, Any]:
    """Sixteen streams against one, a row per event as in the app, and how soon a stream begins and ends."""
    (one,), all_at_once = (_pixels_per_second(model, count) for count in (1, SESSIONS))
    return {
        "count": SESSIONS,
        "pixels_per_second_of_one": one,
        "pixels_per_second_of_all": sum(all_at_once),
        "times_one": sum(all_at_once) / one,
        "slowest_share": min(all_at_once) * SESSIONS / sum(all_at_once),
        "first_pixel_milliseconds": 1000 * _fastest(lambda: next(iter(model.stream())), model.device),
        "stop_milliseconds": 1000 * max(_seconds_to_stop(model) for _ in range(5)),
    }


def _pixels_per_second(model: Autoregressive, sessions: int) -> list[float]:
    """Pixels per second of each of several streams of rows, for :data:`SESSION_SECONDS` and until each has begun."""
    drawn = [0] * sessions
    begin = time.perf_counter()

    def session(index: int) -> None:
        while True:
            for event in model.stream(chunk=model.config.image.width, generator=torch.Generator().manual_seed(index)):
                drawn[index] += event.values.shape[1]
                if time.perf_counter() - begin > SESSION_SECONDS:
                    return

    threads = [threading.Thread(target=session, args=(index,)) for index in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    return [count / seconds for count in drawn]


def _seconds_to_stop(model: Autoregressive) -> float:
    """Seconds from the request to stop sixteen pictures until nothing computes any more."""
    request = threading.Event()

    def session() -> None:
        for _ in model.stream(16, chunk=model.config.image.width):
            if request.is_set():
                return

    thread = threading.Thread(target=session)
    thread.start()
    time.sleep(0.03)
    begin = time.perf_counter()
    request.set()
    thread.join()
    return time.perf_counter() - begin


@torch.inference_mode()
def _compare_with_network(model: Autoregressive, images: Tensor) -> dict[str, Any]:
    """How many values of these pictures the full network draws otherwise from the benchmark's random numbers.

    Returns:
        Entries of a JSON document: whether the pictures are ``identical``, the number of ``values``, how many of them
        are ``differing``, and the ``widest_margin``, the furthest that the random number of one of these is from an
        edge, in probability, between the two levels that were drawn: 0 where none differs, and tiny where rounding
        alone is the reason.
    """
    n, channels, height, width = images.shape
    noise = draw_noise(n, height, width, torch.Generator().manual_seed(0), channels).view(n, height, width, channels)
    differing, margin = 0, 0.0
    for image, uniform in zip(images.split(1), noise, strict=True):
        logits = model.distribution(image).logits[0].movedim(0, 2).cpu()
        drawn, network = image[0].movedim(0, 2).long(), inverse_cdf(logits, uniform, 1.0)
        other = drawn != network
        if not bool(other.any()):
            continue
        cdf = logits[other].double().softmax(dim=-1).cumsum(dim=-1)
        low, high = (pick(drawn[other], network[other]) for pick in (torch.minimum, torch.maximum))
        edges = torch.stack([low, high - 1], dim=-1)  # the first and the last between the two levels
        distance = (cdf.gather(-1, edges) - uniform[other].unsqueeze(-1)).abs()
        differing, margin = differing + int(other.sum()), max(margin, float(distance.max()))
    return {"identical": not differing, "values": images.numel(), "differing": differing, "widest_margin": margin}


def _fastest(function: Callable[[], object], device: torch.device, seconds: float = 0.5) -> float:
    """Seconds of the fastest of several runs, after one to warm up: what the undisturbed machine can do."""
    times: list[float] = []
    while len(times) < 4 or sum(times) < seconds:
        synchronize(device)
        begin = time.perf_counter()
        function()
        synchronize(device)
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def _multiplications_per_pixel(model: Autoregressive) -> int:
    """Multiplications that one pixel of one picture needs at least: each weight of a convolution once per cell."""
    return round(
        sum(
            module.weight.numel() / 4 ** _halvings(name)
            for name, module in model.named_modules()
            if isinstance(module, nn.Conv2d)
        )
    )


def _halvings(name: str) -> int:
    """How often the resolution was halved before a layer of the strided stacks; each time four pixels become a cell."""
    found = re.search(r"\.(down|up|halvings|doublings)\.(\d+)\.", name)
    return int(found[2]) + (found[1] in ("halvings", "doublings")) if found else 0


def _multiplications_per_second(device: torch.device, size: int = 768) -> float:
    """Speed of a large float32 matrix product here, with the current number of threads."""
    a, b = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    return size**3 / _fastest(lambda: a @ b, device)
