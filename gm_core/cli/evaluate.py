"""``python -m gm_core evaluate``: the figures of a checkpoint's card, measured anew."""

from dataclasses import asdict
from typing import Annotated

import typer

from gm_core.checkpoints import load, read_card, write_metrics
from gm_core.cli.options import DataDir, Device, Json, Limit, Threads
from gm_core.cli.printing import print_changes, print_json, print_lines, print_metrics, print_missing
from gm_core.data.datasets import load_dataset
from gm_core.evaluation import MEASURES, evaluate
from gm_core.studies import STUDIES, Measurement


def evaluate_checkpoint(
    model: Annotated[str, typer.Argument(help="a checkpoint's name")],
    data_dir: DataDir = None,
    limit: Limit = None,
    as_json: Json = False,
    only: Annotated[list[str] | None, typer.Option(help=f"of a model, only some: {', '.join(MEASURES)}")] = None,
    write: Annotated[bool, typer.Option("--write", help="put the figures on the checkpoint's card")] = False,
    threads: Threads = None,
    device: Device = "auto",
) -> None:
    """Measure a checkpoint on the test set, an atlas on the held-out images: every figure of its card."""
    if write and limit is not None:
        raise typer.BadParameter("a card's figures are of all test images: leave out --limit", param_hint="--write")
    if unknown := set(only or ()) - MEASURES.keys():
        raise typer.BadParameter(
            f"there is no {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}", param_hint="--only"
        )
    card = read_card(model)
    study = STUDIES.get(card.family)
    if study is not None:
        if only:
            raise typer.BadParameter(f"{model!r} is no model: leave it out", param_hint="--only")
        measured = study.evaluate(study.subject(model), data_dir=data_dir, limit=limit, device=device)
    else:
        test = load_dataset(card.dataset, "test", data_dir).first(limit)
        print_changes([card], test)
        measured = Measurement(evaluate(load(model, device), test, only=only or MEASURES))
    print_missing(measured.missing)
    if write:
        write_metrics(model, measured.metrics)
    if as_json:
        print_json({"model": model, "metrics": [asdict(metric) for metric in measured.metrics], **measured.details})
        return
    if measured.text:
        print_lines(measured.text)
    print_metrics(measured.metrics)
