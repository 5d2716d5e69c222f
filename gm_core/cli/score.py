"""``python -m gm_core score``: judge pictures, as lines for people, one JSON document or a table."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from gm_core.cli.options import Device, Json, Threads
from gm_core.cli.printing import print_json, print_line, print_remark
from gm_core.data.folders import read_pictures
from gm_core.data.preparation import AS_IT_IS, Preparation
from gm_core.streams import open_output
from gm_core.studies.detector import load_detector
from gm_core.studies.detector.detector import check_alpha
from gm_core.studies.detector.scoring import TABLE_KEYS, Scored, score_pictures
from gm_core.text import csv_line


def score(
    paths: Annotated[list[Path], typer.Argument(help="pictures, folders of pictures, or zip archives of pictures")],
    model: Annotated[str, typer.Option(help="the data set that the detector knows, for instance mnist")] = "mnist",
    alpha: Annotated[
        float, typer.Option(help="accepted share of reasonable pictures that are called unreasonable")
    ] = 0.05,
    as_json: Json = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="write a table to this file")] = None,
    raw: Annotated[bool, typer.Option(help="only shrink: no cropping, inverting or centring")] = False,
    threads: Threads = None,
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
    if words := detector.reach(alpha):
        print_remark(f"note: {words}")
    preparation = AS_IT_IS if raw else Preparation()
    with closing(score_pictures(detector, read_pictures(paths), preparation, alpha)) as results:
        shown = tqdm(results, desc="judged", unit="picture", disable=None if csv_file or as_json else True)
        if write_scores(shown, as_json, csv_file):
            raise typer.Exit(1)


def write_scores(results: Iterable[Scored], as_json: bool = False, csv_file: Path | None = None) -> bool:
    """Write results as soon as they are ready: one JSON document, a table, or lines for people.

    At any moment, also when the program is interrupted, the table is complete down to the last batch.

    Args:
        results: As returned by :func:`~gm_core.studies.detector.scoring.score_pictures`.
        as_json: A JSON list on standard output.
        csv_file: A table in this file.

    Returns:
        Whether any picture could not be judged.
    """
    if as_json:
        rows = [result.row() for result in results]
        print_json(rows)
        return any(row["error"] for row in rows)
    failed = False
    if csv_file is not None:
        with open_output(csv_file, "w", newline="", encoding="utf-8") as file:
            file.write(f"{csv_line(TABLE_KEYS)}\r\n")
            for result in results:
                row = result.table_row()
                file.write(f"{csv_line(row[key] for key in TABLE_KEYS)}\r\n")
                file.flush()
                failed |= result.error is not None
        return failed
    for result in results:
        verdict = result.verdict
        if verdict is None:
            failed = True
            print_remark(f"error: {result.path}: {result.error}")
            continue
        print_line(
            f"{verdict.verdict:12} p = {verdict.p_value:.4f}  log p(x) = {verdict.log_prob:9.2f} nats  "
            f"{verdict.bits_per_dim:.4f} bits/dim  {result.path}"
        )
    return failed
