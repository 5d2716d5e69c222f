"""``python -m gm_core``: list, cards, sample, score, evaluate, train, calibrate, atlas, bayes, bench."""

import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from PIL import Image
from tqdm import tqdm

from gm_core.benchmarks.latency import bench_latency
from gm_core.benchmarks.sampling import bench_sampling
from gm_core.benchmarks.training import bench_training
from gm_core.checkpoints import CheckpointError, available, load, read_card
from gm_core.cli.cards import print_cards
from gm_core.cli.to_noise import to_noise
from gm_core.data.catalog import CATALOG, dataset_of
from gm_core.data.datasets import DataError, load_dataset
from gm_core.data.folders import read_pictures
from gm_core.data.pictures import PictureError
from gm_core.data.preparation import AS_IT_IS, Preparation
from gm_core.device import DeviceError, cpu_count, pick_device
from gm_core.evaluation import evaluate
from gm_core.files import write_atomically
from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.autoregressive.sampling import warm_up
from gm_core.models.capabilities import Latent, Samples, Streams
from gm_core.models.inputs import check_temperature
from gm_core.rendering import gif, grid, png, visible
from gm_core.studies.atlas.atlas import evaluate_atlas, load_atlas, make_atlas
from gm_core.studies.bayes.study import evaluate_bayes, load_bayes, load_judges, make_bayes
from gm_core.studies.detector.calibration import calibrate
from gm_core.studies.detector.detector import check_alpha, load_detector
from gm_core.studies.detector.outliers import OUTLIERS, other_images
from gm_core.studies.detector.refusal import evaluate_detector
from gm_core.studies.detector.scoring import score_pictures, write_scores
from gm_core.training.processes import is_main, on_this_machine
from gm_core.training.recipes import RECIPES, Recipe
from gm_core.training.run import recipe_for, run_recipe
from gm_core.training.state import StateError

app = typer.Typer(help="Generative image models with an explicit density.", no_args_is_help=True, add_completion=False)

app.command("cards")(print_cards)
app.command("to-noise")(to_noise)

FRAMES = 28
"""Of an animation, where there are so many steps."""

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="where the data sets lie; else $GM_DATA_DIR, else a cache that is filled by download"),
]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output, and nothing else there")]


def main() -> None:
    """Run; an expected error is one line on standard error and exit status 1."""
    torch.set_num_threads(cpu_count())
    try:
        app()
    except (CheckpointError, DataError, DeviceError, PictureError, StateError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """The checkpoints there are."""
    cards = available()
    if as_json:
        _print_json([asdict(card) for card in cards])
        return
    for card in cards:
        figure = next((f"{metric.value:.4g} {metric.unit}" for metric in card.metrics), "")
        print(f"{card.name:24} {figure:18} {card.description}")


@app.command()
def sample(
    model: Annotated[str, typer.Argument(help="a checkpoint's name")],
    n: Annotated[int, typer.Option("-n", min=1, max=1024, help="how many pictures")] = 16,
    label: Annotated[int | None, typer.Option(help="class to draw; any when left out")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="same seed, same pictures")] = 0,
    temperature: Annotated[float, typer.Option(help="below 1 safer, above 1 wilder")] = 1.0,
    out: Annotated[Path, typer.Option(help="picture to write")] = Path("samples.png"),
    animation: Annotated[Path | None, typer.Option("--gif", help="also write an animation of the drawing")] = None,
    device: Device = "auto",
) -> None:
    """Draw pictures into a PNG."""
    loaded = load(model, device)
    if not isinstance(loaded, Samples):
        raise CheckpointError(f"{model!r} is a {loaded.title}: it draws no pictures")
    generator, classes = torch.Generator().manual_seed(seed), loaded.config.classes
    try:
        check_temperature(temperature)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--temperature") from None
    if label is not None and not classes:
        raise typer.BadParameter(f"{model} knows no classes", param_hint="--label")
    if label is not None and not 0 <= label < classes:
        raise typer.BadParameter(f"must be from 0 to {classes - 1}, not {label}", param_hint="--label")
    labels = None if label is None else torch.full((n,), label)
    if loaded.device.type == "cpu":
        warm_up()  # as the app does, so that a seed gives the same picture here and there
    frames: list[Image.Image] = []
    if animation is None:
        images = loaded.sample(n, labels, generator=generator, temperature=temperature)
    elif isinstance(loaded, Streams):
        for frame in loaded.stream(n, labels, generator=generator, temperature=temperature):
            # As many frames as a person likes to watch, the last among them.
            if (frame.total - 1 - frame.index) % max(1, frame.total // FRAMES) == 0:
                images = frame.images
                frames.append(grid(visible(images, loaded.config.image.levels)))
        write_atomically(animation, gif(frames, milliseconds=80))
    else:
        raise typer.BadParameter(f"{model} draws a picture in one step: there is nothing to watch", param_hint="--gif")
    images = visible(images, loaded.config.image.levels)
    write_atomically(out, png(grid(images)))
    print(f"{n} pictures in {out}" + (f", their drawing in {animation}" if animation else ""))


@app.command()
def score(
    paths: Annotated[list[Path], typer.Argument(help="pictures, folders of pictures, or zip archives of pictures")],
    model: Annotated[str, typer.Option(help="what the detector knows, for instance mnist")] = "mnist",
    alpha: Annotated[float, typer.Option(help="share of reasonable pictures one accepts to call unreasonable")] = 0.05,
    as_json: Json = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="write a table to this file")] = None,
    raw: Annotated[bool, typer.Option(help="only shrink: no cropping, inverting or centring")] = False,
    device: Device = "auto",
) -> None:
    """Judge pictures: reasonable or not, with the likelihood and a p-value."""
    try:
        check_alpha(alpha)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--alpha") from None
    if as_json and csv_file is not None:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    detector = load_detector(model, device)
    preparation = AS_IT_IS if raw else Preparation()
    with closing(score_pictures(detector, read_pictures(paths), preparation, alpha)) as results:
        shown = tqdm(results, desc="judged", unit="picture", disable=None if csv_file or as_json else True)
        if write_scores(shown, as_json, csv_file):
            raise typer.Exit(1)


@app.command("evaluate")
def evaluate_model(
    model: Annotated[str, typer.Argument(help="a checkpoint's name")],
    data_dir: DataDir = None,
    limit: Annotated[int | None, typer.Option(min=1, help="measure on the first so many test images")] = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Measure a checkpoint on the test set, an atlas on the held-out images: every figure of its card."""
    card = read_card(model)
    table: list[dict[str, Any]] = []
    missing: list[str] = []
    test = load_dataset(card.dataset, "validation" if card.family == "atlas" else "test", data_dir).first(limit)
    if card.family == "detector":
        detector = load_detector(model.removesuffix("-detector"), device)
        others, missing = other_images(card.dataset, data_dir)
        measured = evaluate_detector(detector, test.images, others, min(limit or OUTLIERS, OUTLIERS))
        metrics, table = measured.metrics, [asdict(line) for line in measured.table]
    elif card.family == "atlas":
        name = model.removesuffix("-atlas")
        metrics = evaluate_atlas(load(name, device, what=Latent), load_atlas(name, device), test)
    elif card.family == "bayes":
        dataset = model.removesuffix("-bayes")
        study, outliers = load_bayes(dataset), load_dataset(card.config["outliers"], "test", data_dir).first(limit)
        test = test if limit else test.first(card.config["test_images"])
        judges = load_judges(dataset, device)
        metrics, _ = evaluate_bayes(*judges, study.prior, study.usual_log_prob, test, outliers, study.outliers)
    else:
        metrics = evaluate(load(model, device), test)
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    if as_json:
        document = {"model": model, "metrics": [asdict(metric) for metric in metrics]}
        _print_json(document | ({"refusals": table} if table else {}))
        return
    if table:
        _print_refusals(table)
    for metric in metrics:
        print(f"{metric.name:34} {metric.value:12.4f} {metric.unit:10} {metric.protocol}")


def known_recipe(name: str) -> Recipe:
    """A recipe by its name; called wrongly where there is none."""
    if name not in RECIPES:
        raise typer.BadParameter(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}", param_hint="RECIPE")
    return RECIPES[name]


@app.command("train")
def train_model(
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
    resume: Annotated[bool, typer.Option("--resume", help="go on where the run stopped")] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, help="train for another number of steps than the recipe's")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="stop after so long, with the state saved")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores when left out")] = None,
    compile_model: Annotated[bool, typer.Option("--compile", help="compile first; needs a C++ compiler")] = False,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder for the checkpoint and the run's state")] = Path("runs"),
) -> None:
    """Train by a recipe and write the checkpoint with its measured card.

    With another data set the checkpoint is called after that. With a folder of your own pictures and a recipe for
    photographs, it is called after the folder. Where all pictures lie in folders within it, these are their classes.
    """
    if (recipe is None) == (recipe_option is None):
        raise typer.BadParameter("name one recipe", param_hint="RECIPE")
    name = str(recipe or recipe_option)
    chosen = recipe_for(known_recipe(name), data_dir, dataset)
    torch.set_num_threads(threads or max(1, torch.get_num_threads() // on_this_machine()))
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
        given = {"--dataset": dataset, "--data-dir": data_dir, "--out": out}
        options = "".join(f" {option} {value}" for option, value in given.items() if value is not None)
        print(f"stopped before the end; go on with: python -m gm_core train {name} --resume{options}")
        return
    print(f"{out / card.name}.safetensors: {card.metrics[0].value:.4f} {card.metrics[0].unit}")


@app.command("calibrate")
def calibrate_detector(
    dataset: Annotated[str, typer.Argument(help="a data set whose -pixelcnn and -vae are in the folder, as mnist")],
    data_dir: DataDir = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the models; the detector goes there too")] = Path("runs"),
) -> None:
    """Calibrate a detector on held-out images, and measure it on others."""
    train, held_out, test = (load_dataset(dataset, split, data_dir) for split in ("train", "validation", "test"))
    others, missing = other_images(dataset, data_dir)
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    card = calibrate(
        dataset,
        train,
        held_out,
        lambda detector: evaluate_detector(detector, test.images, others).metrics,
        device=pick_device(device),
        directory=out,
    )
    for metric in card.metrics:
        print(f"{metric.name:34} {metric.value:8.4f}  {metric.protocol}")


@app.command("atlas")
def survey(
    model: Annotated[str, typer.Argument(help="a VAE or an autoencoder in the folder, as mnist-vae")],
    data_dir: DataDir = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the model; the atlas goes there too")] = Path("runs"),
) -> None:
    """Survey a latent space: codes of held-out images, class means, directions with a meaning."""
    dataset = read_card(model, out).dataset
    train, held_out = (load_dataset(dataset, split, data_dir) for split in ("train", "validation"))
    card = make_atlas(model, train, held_out, device=pick_device(device), directory=out)
    for metric in card.metrics:
        print(f"{metric.name:34} {metric.value:12.4f} {metric.unit:10} {metric.protocol}")


@app.command("bayes")
def compare_judges(
    dataset: Annotated[str, typer.Argument(help="a data set whose -pixelcnn and -classifier are in the folder")],
    outliers: Annotated[
        str | None, typer.Option(help="data set of pictures that are of none of the classes; fashion or mnist")
    ] = None,
    data_dir: DataDir = None,
    limit: Annotated[int | None, typer.Option(min=1, help="measure on the first so many test images")] = None,
    device: Device = "auto",
    out: Annotated[Path, typer.Option(help="folder with the models; the study goes there too")] = Path("runs"),
) -> None:
    """Compare a PixelCNN by Bayes' rule with a classifier on the test set: accuracy, and what refusing gains."""
    outliers = outliers or dataset_of(dataset).outliers
    train, held_out, test = (load_dataset(dataset, split, data_dir) for split in ("train", "validation", "test"))
    others = load_dataset(outliers, "test", data_dir)
    card = make_bayes(
        dataset, train, held_out, test.first(limit), others, outliers, device=pick_device(device), directory=out
    )
    for metric in card.metrics:
        print(f"{metric.name:42} {metric.value:12.4f} {metric.unit:10} {metric.protocol}")


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="sampling, latency or training")],
    model: Annotated[
        str | None,
        typer.Option(help="a checkpoint's name, of training a recipe's; mnist-vae for latency, else mnist-pixelcnn"),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores when left out")] = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Time the samplers beside the arithmetic limit; a VAE's answers to a slider; or training with each speed-up."""
    if what not in ("sampling", "latency", "training"):
        raise typer.BadParameter(
            f"there is no benchmark {what!r}; there are: sampling, latency, training", param_hint="WHAT"
        )
    model = model or {"latency": "mnist-vae"}.get(what, "mnist-pixelcnn")
    torch.set_num_threads(threads or torch.get_num_threads())
    if what == "training":
        document, show = bench_training(known_recipe(model), pick_device(device)), _print_training
        if as_json:
            _print_json(document)
        else:
            show(document)
        return
    loaded = load(model, device)
    if what == "sampling":
        if not isinstance(loaded, Autoregressive):
            raise typer.BadParameter(f"{model} does not draw pixel by pixel", param_hint="--model")
        document, show = bench_sampling(loaded, model), _print_sampling
    else:
        if not isinstance(loaded, Latent):
            raise typer.BadParameter(f"{model} has no latent space", param_hint="--model")
        document, show = bench_latency(loaded, model), _print_latency
    if as_json:
        _print_json(document)
    else:
        show(document)


def _print_sampling(document: dict[str, Any]) -> None:
    print(f"{document['model']} on {document['device']}, {document['threads']} threads; naive {document['naive']}")
    print("batch   size   cached s   naive s  speed-up  times limit  pictures/s  identical")
    for line in document["results"]:
        print(
            f"{line['batch']:5} {line['height']:3}x{line['width']:<3}  {line['cached_seconds']:8.4f} "
            f"{line['naive_seconds']:9.2f} {line['speedup']:8.0f}x {line['times_limit']:11.2f}x "
            f"{line['pictures_per_second']:11.1f}  {'yes' if line['identical'] else 'NO'}"
        )
    sessions = document["sessions"]
    print(
        f"{sessions['count']} sessions at once: {sessions['pixels_per_second_of_all']:,.0f} pixels/s, "
        f"{sessions['times_one']:.2f} times one session's; the slowest gets "
        f"{sessions['slowest_share']:.2f} of its share\n"
        f"first pixel after {sessions['first_pixel_milliseconds']:.1f} ms, "
        f"CPU free {sessions['stop_milliseconds']:.1f} ms after a stop"
    )


def _print_training(document: dict[str, Any]) -> None:
    print(
        f"{document['recipe']}, batches of {document['batch']}, on {document['device']}, {document['threads']} threads"
    )
    print("way                  images/s  speed-up  first steps s")
    for line in document["results"]:
        print(
            f"{line['way']:20} {line['images_per_second']:8.1f} {line['speedup']:8.2f}x "
            f"{line['first_steps_seconds']:14.1f}"
        )


def _print_refusals(table: list[dict[str, Any]]) -> None:
    """A block for each figure: scores down, sets of outliers across would be too wide, so the other way round."""
    scores = list(dict.fromkeys(line["score"] for line in table))
    for figure in ("auroc", "detection_rate"):
        print(f"{figure:24}" + "".join(f"{score:>17}" for score in scores))
        for name, far in dict.fromkeys((line["outliers"], line["far"]) for line in table):
            values = [line[figure] for line in table if line["outliers"] == name]
            print(f"{name + ('' if far else ' (near)'):24}" + "".join(f"{value:17.4f}" for value in values))
    rates = {line["score"]: line["false_alarm_rate"] for line in table}
    print(f"{'false_alarm_rate':24}" + "".join(f"{rates[score]:17.4f}" for score in scores))


def _print_latency(document: dict[str, Any]) -> None:
    print(f"{document['model']} on {document['device']}, {document['threads']} threads")
    print("task    pictures  median ms    p95 ms  runs")
    for line in document["results"]:
        print(
            f"{line['task']:8} {line['batch']:7} {line['median_milliseconds']:10.2f} {line['p95_milliseconds']:9.2f} "
            f"{line['runs']:5}" + (f"  {document['importance_samples']:,} samples" if line["task"] == "bound" else "")
        )


def _print_json(document: object) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))
