"""The commands together, and what an expected error looks like."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import typer

from gm_core.cli.atlas import survey
from gm_core.cli.bayes import compare_judges
from gm_core.cli.bench import bench
from gm_core.cli.calibrate import calibrate_detector
from gm_core.cli.cards import print_cards
from gm_core.cli.evaluate import evaluate_checkpoint
from gm_core.cli.field import train_field
from gm_core.cli.list import list_checkpoints
from gm_core.cli.pace import measure_pace
from gm_core.cli.printing import print_remark
from gm_core.cli.sample import sample
from gm_core.cli.score import score
from gm_core.cli.to_noise import to_noise
from gm_core.cli.train import train
from gm_core.streams import drop_unwritten, prepare_streams
from gm_core.text import UserError

COMMANDS: dict[str, Callable[..., None]] = {
    "cards": print_cards,
    "list": list_checkpoints,
    "sample": sample,
    "to-noise": to_noise,
    "score": score,
    "evaluate": evaluate_checkpoint,
    "train": train,
    "calibrate": calibrate_detector,
    "atlas": survey,
    "field": train_field,
    "bayes": compare_judges,
    "pace": measure_pace,
    "bench": bench,
}
"""Every command by its name, in the order in which help lists them."""

app = typer.Typer(
    help="Generative image models: draw, score, measure, train.", no_args_is_help=True, add_completion=False
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Run; an expected error is one line on standard error and exit status 1."""
    prepare_streams()
    try:
        try:
            with _ending_at_once():
                app()
        finally:
            sys.stdout.flush()  # here, so that a full disk has its line too
    except BrokenPipeError:  # the reader has seen enough
        drop_unwritten()
        sys.exit(1)
    except (UserError, OSError) as error:
        drop_unwritten()
        print_remark(f"error: {error}")
        sys.exit(1)


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Let an interrupt end the program with status 130 there and then; while a model is trained, the loop sees to it.

    As an exception it would wait for threads that compute, and a library could take it for an error of its own.
    """

    def end(*_: object) -> None:
        with suppress(Exception):  # it may have interrupted just that
            sys.stdout.flush()
        os._exit(130)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
