"""The panel "Many pictures": files and archives judged one after the other, in a table that fills meanwhile."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from gradio.data_classes import ListFiles

from demo.base.errors import InputError, sentence, show_errors
from demo.base.events import LIVE, QUIET
from demo.base.serving.lanes import MANY
from demo.base.serving.waiting import waiting
from demo.base.sessions import Session
from demo.judge.batches import (
    BATCH,
    MOST,
    PROVIDED,
    count_pictures,
    limit_note,
    provided_pictures,
    read_uploads,
    table_row,
)
from demo.shared.models import Models
from demo.widgets.score_table import ScoreTable
from demo.widgets.score_table.messages import ScoreMessage, ScoreRow
from gm_core import CheckpointError
from gm_core.data.catalog import dataset_of
from gm_core.device import cpu_count
from gm_core.studies.detector.scoring import TABLE_KEYS, score_pictures
from gm_core.text import csv_line

STYLE = (Path(__file__).parent / "many.css").read_text()

MOST_SECONDS = 180
"""Of one run's own turns: many times what :data:`MOST` usual pictures need."""

_TURNS = threading.BoundedSemaphore(max(1, cpu_count() // 2))
"""Runs take turns, batch by batch: each keeps a core busy, and half of the cores are left to everything else."""

INVITATION = f"""<p class="many-words"><b>Whole folders at once</b>: drop pictures or zip archives here, up to {MOST:,},
and see which are reasonable. Or try it first:</p>"""


TOO_SLOW = (
    f"These pictures take long: after {MOST_SECONDS // 60} minutes, {{:,}} of them were judged. Upload the others next."
)


class TurnClock:
    """How long a run has been computing; entered at each of its turns."""

    def __init__(self) -> None:
        self._before, self._begun = 0.0, math.inf

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._before, self._begun = self.seconds(), math.inf

    def seconds(self) -> float:
        """Of all turns until now."""
        return self._before + max(0.0, time.monotonic() - self._begun)


@dataclass(frozen=True)
class BatchRequest:
    """Pictures that a user wants judged.

    Attributes:
        run: Its number; a newer one puts an end to it.
        dataset: The data set whose detector is to judge.
        paths: Where the uploads lie; ``None`` for the pictures that the page provides.
    """

    run: int
    dataset: str
    paths: tuple[str, ...] | None


class JudgingSession(Session):
    """What one user is having judged.

    Attributes:
        waiting: The newest request, until its turn has come.
        last: The newest request, to be judged again by another detector.
        stopped: Whether the user stopped it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: BatchRequest | None = None
        self.last: BatchRequest | None = None
        self.stopped = False

    def request(self, dataset: str, paths: tuple[str, ...] | None) -> BatchRequest:
        """Take a request; what was being judged before ends."""
        self.waiting = self.last = BatchRequest(self.begin(), dataset, paths)
        self.stopped = False
        return self.last

    def wants(self, request: BatchRequest) -> bool:
        """Whether the user still waits for more of it."""
        return self.is_current(request.run) and not self.stopped


class PictureFiles(gr.File):
    """An upload of several files that hands over their paths and nothing else.

    ``gr.File`` refuses all for the name of one, and leaves an empty file behind for each.
    """

    is_template = True  # for Gradio: shown as its parent is

    def preprocess(self, payload: ListFiles | None) -> tuple[str, ...]:
        """The paths of the uploaded files, which Gradio has checked to be uploads; folders of them are not handed out.

        Raises:
            gr.Error: One of them is no file.
        """
        paths = tuple(file.path for file in payload) if payload else ()
        if not all(Path(path).is_file() for path in paths):
            raise gr.Error("One of these files is not here any more; choose them again.", print_exception=False)
        return paths


class ManyPanel:
    """Many pictures at once.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.session = gr.State(JudgingSession())
        with gr.Row(equal_height=True, elem_classes="many-input"):
            self.files = PictureFiles(
                file_count="multiple", label="Pictures and zip archives", height=132, scale=3, elem_id="many-files"
            )
            with gr.Column(scale=2, min_width=260):
                gr.HTML(f"{INVITATION}<style>{STYLE}</style>", apply_default_css=False)
                self.provided = gr.Button(f"Try {PROVIDED} examples", elem_id="many-provided")
                self.again = gr.Button("", visible=False, elem_id="many-again")
        self.table = ScoreTable(columns=csv_line(TABLE_KEYS), elem_id="many-table")

    def wire(self, dataset: gr.Radio, percent: gr.Slider) -> None:
        """Connect the components.

        Args:
            dataset: The tab's choice of what the models know.
            percent: The tab's accepted false-alarm rate, in percent.
        """
        inputs, outputs = [dataset, percent, self.session], [self.table, self.again]
        for begin in (
            self.files.upload(show_errors(self.on_files), [self.files, *inputs], [*outputs, self.files], **QUIET),
            self.provided.click(self.on_provided, inputs, outputs, **QUIET),
            self.again.click(show_errors(self.on_again), inputs, outputs, **QUIET),
        ):
            begin.success(self.on_begin, [self.session], [self.table], **QUIET, concurrency_id=MANY)
        self.table.stop(self.on_stop, [self.session], None, **QUIET)
        dataset.change(self.on_dataset, [dataset, self.session], [self.again], **QUIET)
        percent.change(self.on_percent, [percent], [self.table], **LIVE)

    def on_files(
        self, paths: tuple[str, ...], dataset: str, percent: float, session: JudgingSession
    ) -> tuple[Any, ...]:
        """Files were dropped or chosen; the drop area is free again for others.

        Raises:
            InputError: There are none.
        """
        if not paths:
            raise InputError("There are no files yet; choose some.")
        return *self._wait(session.request(dataset, paths), percent), None

    def on_provided(self, dataset: str, percent: float, session: JudgingSession) -> tuple[ScoreTable, gr.Button]:
        """The pictures that the page provides are to be judged."""
        return self._wait(session.request(dataset, None), percent)

    def on_again(self, dataset: str, percent: float, session: JudgingSession) -> tuple[ScoreTable, gr.Button]:
        """The same pictures, judged by models that know something else.

        Raises:
            InputError: There were none.
        """
        if session.last is None:
            raise InputError("There are no pictures yet; choose some.")
        return self._wait(session.request(dataset, session.last.paths), percent)

    def on_stop(self, session: JudgingSession) -> None:
        """The user has seen enough; what is judged stays."""
        session.stopped = True

    def on_dataset(self, dataset: str, session: JudgingSession) -> gr.Button:
        """Offer to judge the same pictures by the detector that was chosen."""
        return gr.Button(
            f"Judge the same pictures as {dataset_of(dataset).label}",
            visible=session.last is not None and session.last.dataset != dataset,
        )

    def on_percent(self, percent: float) -> ScoreTable:
        """Another false-alarm rate: the browser reads the same p-values again."""
        return ScoreTable(alpha=percent / 100)

    def on_begin(self, session: JudgingSession) -> Iterator[ScoreMessage]:
        """Judge what was requested, as messages for the table; the last holds every row.

        Args:
            session: The user's; a newer request there, or a stop, ends this within a batch.
        """
        request, session.waiting = session.waiting, None
        if request is None:
            return
        clock, waits = TurnClock(), waiting()

        def goes_on() -> bool:
            return session.wants(request) and waits() and clock.seconds() < MOST_SECONDS

        rows: list[ScoreRow] = []
        total = PROVIDED if request.paths is None else min(MOST, sum(map(count_pictures, request.paths)))
        many = dataset_of(request.dataset).many
        about: ScoreMessage = {"run": request.run, "state": "running", "as": many, "total": total}
        yield about
        try:
            detector = self.models.detector(request.dataset)
            pictures = provided_pictures(self.models) if request.paths is None else read_uploads(request.paths, goes_on)
            wanted = takewhile(lambda _: goes_on(), islice(pictures, MOST))
            with closing(score_pictures(detector, wanted, batch=BATCH)) as results:
                while goes_on():
                    with _TURNS, clock, torch.inference_mode():  # not across a yield: a generator moves between threads
                        some = [table_row(one) for one in islice(results, BATCH)]
                    if not some:
                        break
                    rows += some
                    yield {**about, "start": len(rows) - len(some), "rows": some}
        except CheckpointError as error:
            yield {**about, "state": "failed", "note": sentence(error)}
            return
        if not session.is_current(request.run) or not waits():
            return
        all_rows: ScoreMessage = {**about, "start": 0, "rows": rows}
        if session.stopped:
            yield {**all_rows, "state": "stopped", "note": "" if rows else "Stopped before the first picture."}
        elif clock.seconds() >= MOST_SECONDS:
            yield {**all_rows, "state": "stopped", "note": TOO_SLOW.format(len(rows))}
        else:
            yield {**all_rows, "state": "done", "total": len(rows), "note": limit_note(request.paths or ())}

    def _wait(self, request: BatchRequest, percent: float) -> tuple[ScoreTable, gr.Button]:
        value: ScoreMessage = {"run": request.run, "state": "waiting", "as": dataset_of(request.dataset).many}
        return ScoreTable(value, alpha=percent / 100), gr.Button(visible=False)
