"""``python -m gm_core bench``: how fast sampling, latent spaces and training are, here and now."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from gm_core.benchmarks.latency import bench_latency
from gm_core.benchmarks.sampling import bench_sampling
from gm_core.benchmarks.training import bench_training
from gm_core.checkpoints import load
from gm_core.cli.options import Device, Json, Threads, known_recipe
from gm_core.cli.printing import print_json, print_line, print_lines
from gm_core.device import pick_device
from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.capabilities import Latent


def bench(
    what: Annotated[str, typer.Argument(help="sampling, latency or training")],
    model: Annotated[
        str | None,
        typer.Option(help="a checkpoint's name, of training a recipe's; mnist-vae for latency, else mnist-pixelcnn"),
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Time the samplers beside the arithmetic limit; a VAE's answers to a slider; or training with each speed-up."""
    if what not in BENCHMARKS:
        raise typer.BadParameter(
            f"there is no benchmark {what!r}; there are: {', '.join(BENCHMARKS)}", param_hint="WHAT"
        )
    benchmark = BENCHMARKS[what]
    document = benchmark.run(model or benchmark.model, device)
    if as_json:
        print_json(document)
    else:
        benchmark.show(document)


def _sampling(name: str, device: str) -> dict[str, Any]:
    model = load(name, device)
    if not isinstance(model, Autoregressive):
        raise typer.BadParameter(f"{name} does not draw pixel by pixel", param_hint="--model")
    return bench_sampling(model, name)


def _latency(name: str, device: str) -> dict[str, Any]:
    model = load(name, device)
    if not isinstance(model, Latent):
        raise typer.BadParameter(f"{name} has no latent space", param_hint="--model")
    return bench_latency(model, name)


def _training(name: str, device: str) -> dict[str, Any]:
    return bench_training(known_recipe(name), pick_device(device))


def _agreement(line: dict[str, Any]) -> str:
    """Whether the samplers draw the same pictures, in words."""
    if line["identical"]:
        return "yes"
    return f"all but {line['differing']:,} of {line['values']:,} values, by {line['widest_margin']:.0e} at most"


def _print_sampling(document: dict[str, Any]) -> None:
    print_line(f"{document['model']} on {document['device']}, {document['threads']} threads; naive {document['naive']}")
    print_line("batch   size   cached s   naive s  speed-up  times limit  pictures/s  identical")
    for line in document["results"]:
        print_line(
            f"{line['batch']:5} {line['height']:3}x{line['width']:<3}  {line['cached_seconds']:8.4f} "
            f"{line['naive_seconds']:9.2f} {line['speedup']:8.0f}x {line['times_limit']:11.2f}x "
            f"{line['pictures_per_second']:11.1f}  {_agreement(line)}"
        )
    sessions = document["sessions"]
    print_lines(
        f"{sessions['count']} sessions at once: {sessions['pixels_per_second_of_all']:,.0f} pixels/s, "
        f"{sessions['times_one']:.2f} times one session's; the slowest gets "
        f"{sessions['slowest_share']:.2f} of its share\n"
        f"first pixel after {sessions['first_pixel_milliseconds']:.1f} ms, "
        f"CPU free {sessions['stop_milliseconds']:.1f} ms after a stop"
    )


def _print_latency(document: dict[str, Any]) -> None:
    print_line(f"{document['model']} on {document['device']}, {document['threads']} threads")
    print_line("task    pictures  median ms    p95 ms  runs")
    for line in document["results"]:
        print_line(
            f"{line['task']:8} {line['batch']:7} {line['median_milliseconds']:10.2f} {line['p95_milliseconds']:9.2f} "
            f"{line['runs']:5}" + (f"  {document['importance_samples']:,} samples" if line["task"] == "bound" else "")
        )


def _print_training(document: dict[str, Any]) -> None:
    print_line(
        f"{document['recipe']}, batches of {document['batch']}, on {document['device']}, {document['threads']} threads"
    )
    print_line("way                  images/s  speed-up  first steps s")
    for line in document["results"]:
        print_line(
            f"{line['way']:20} {line['images_per_second']:8.1f} {line['speedup']:8.2f}x "
            f"{line['first_steps_seconds']:14.1f}"
        )


class Benchmark(NamedTuple):
    """A benchmark: what it times when nothing is named, how it is run, and how its document is shown to people."""

    model: str
    run: Callable[[str, str], dict[str, Any]]
    show: Callable[[dict[str, Any]], None]


BENCHMARKS = {
    "sampling": Benchmark("mnist-pixelcnn", _sampling, _print_sampling),
    "latency": Benchmark("mnist-vae", _latency, _print_latency),
    "training": Benchmark("mnist-pixelcnn", _training, _print_training),
}
"""Every benchmark by its name."""
