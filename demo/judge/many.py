"""The panel "Many pictures": files and archives judged one after the other, in a table that fills meanwhile."""

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from gradio.data_classes import ListFiles
from PIL import Image

from demo.base.events import LIVE, QUIET
from demo.base.sessions import Session
from demo.judge.examples import examples
from demo.shared.models import Models
from demo.widgets.score_table import ScoreTable
from demo.widgets.score_table.messages import ScoreMessage, ScoreRow
from demo.widgets.sketch_pad import encode
from gm_core import CheckpointError, PictureError
from gm_core.data.catalog import CATALOG, dataset_of
from gm_core.data.folders import ARCHIVES, REFUSED, read_pictures
from gm_core.data.pictures import ENDINGS
from gm_core.device import cpu_count
from gm_core.rendering import grid, png
from gm_core.studies.detector.scores import SCORES
from gm_core.studies.detector.scoring import SCORE_KEYS, Scored, score_pictures

STYLE = (Path(__file__).parent / "many.css").read_text()

MOST = 2000
"""Pictures a run, and files in an archive: half a minute of one core."""

BATCH = 25
"""Pictures at once: two rows of results a second on one core, at the speed of larger batches."""

LANES = max(1, cpu_count() // 2)
"""Runs at once; each keeps a core busy, and half of them are left to everybody else."""

LONGEST = 300
"""Characters of a name, or of what is wrong with a picture, that are shown; an archive's names may be any length."""

COLUMNS = (*SCORE_KEYS, *(f"score_{name}" for name in SCORES))
"""Of the CSV file, as ``python -m gm_core score --csv`` writes it."""

SEED = 24

ASKED = [record for record in CATALOG.values() if record.asked]
"""The data sets of whose pictures some are drawn."""

STRANGE = ("upside down", "letter A", "circle", "empty", "grey", "noise", "painting", "another one")
"""Names of the examples that go with them."""

INVITATION = f"""<p class="many-words"><b>Whole folders at once</b>: drop pictures or zip archives here, up to {MOST:,},
and see which are reasonable. Or watch it done first:</p>"""

Picture = tuple[str, Image.Image | PictureError]
"""A name, and the picture or what is wrong with it."""

"""For :class:`demo.widgets.score_table.ScoreTable`."""


@dataclass(frozen=True)
class BatchRequest:
    """Pictures that somebody wants judged.

    Attributes:
        run: Its number; a newer one puts an end to it.
        dataset: Whose detector is to judge.
        paths: Where they lie; ``None`` for the models' own.
    """

    run: int
    dataset: str
    paths: tuple[str, ...] | None


class JudgingSession(Session):
    """What one visitor is having judged.

    Attributes:
        waiting: That order, until its turn has come.
        last: That order, to be judged again by another detector.
        stopped: Whether the visitor has seen enough of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: BatchRequest | None = None
        self.last: BatchRequest | None = None
        self.stopped = False

    def order(self, dataset: str, paths: tuple[str, ...] | None) -> BatchRequest:
        """Take an order; what was being judged before ends."""
        self.waiting = self.last = BatchRequest(self.begin(), dataset, paths)
        self.stopped = False
        return self.last

    def wants(self, order: BatchRequest) -> bool:
        """Whether anybody still waits for more of it."""
        return self.run == order.run and not self.stopped


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
        with gr.Row(equal_height=True, elem_classes="many-given"):
            self.files = PictureFiles(
                file_count="multiple", label="Pictures and zip archives", height=132, scale=3, elem_id="many-files"
            )
            with gr.Column(scale=2, min_width=260):
                gr.HTML(f"{INVITATION}<style>{STYLE}</style>", apply_default_css=False)
                self.own = gr.Button("Try with 24 of the models' own", elem_id="many-own")
                self.again = gr.Button(visible=False, elem_id="many-again")
        self.table = ScoreTable(columns=csv_line(COLUMNS), elem_id="many-table")

    def wire(self, dataset: gr.Radio, percent: gr.Slider) -> None:
        """Let things happen.

        Args:
            dataset: The tab's choice of what the models know.
            percent: The tab's accepted false-alarm rate, in percent.
        """
        after: dict[str, Any] = {**QUIET, "concurrency_limit": LANES, "concurrency_id": "many"}
        given, begun = [dataset, percent, self.session], [self.table, self.again]
        for begin in (
            self.files.upload(self.on_files, [self.files, *given], [*begun, self.files], **QUIET),
            self.own.click(self.on_own, given, begun, **QUIET),
            self.again.click(self.on_again, given, begun, **QUIET),
        ):
            begin.success(self.judge, [self.session], [self.table], **after)
        self.table.stop(self.on_stop, [self.session], None, **QUIET)
        dataset.change(self.on_dataset, [dataset, self.session], [self.again], **QUIET)
        percent.change(self.on_percent, [percent], [self.table], **LIVE)

    def on_files(
        self, paths: tuple[str, ...], dataset: str, percent: float, session: JudgingSession
    ) -> tuple[Any, ...]:
        """Files were dropped or chosen; the drop area is free again for others."""
        if not paths:
            raise gr.Error("There are no files yet; choose some.", print_exception=False)
        return *self._begin(session.order(dataset, paths), percent), None

    def on_own(self, dataset: str, percent: float, session: JudgingSession) -> tuple[Any, ...]:
        """Somebody wants to see it done."""
        return self._begin(session.order(dataset, None), percent)

    def on_again(self, dataset: str, percent: float, session: JudgingSession) -> tuple[Any, ...]:
        """The same pictures, before models that know something else."""
        if session.last is None:
            raise gr.Error("There are no pictures yet; choose some.", print_exception=False)
        return self._begin(session.order(dataset, session.last.paths), percent)

    def on_stop(self, session: JudgingSession) -> None:
        """Somebody has seen enough; what is judged stays."""
        session.stopped = True

    def on_dataset(self, dataset: str, session: JudgingSession) -> gr.Button:
        """Offer to judge the same pictures by the detector that was chosen."""
        return gr.Button(
            f"Judge the same as {dataset_of(dataset).many}",
            visible=session.last is not None and session.last.dataset != dataset,
        )

    def on_percent(self, percent: float) -> ScoreTable:
        """Another false-alarm rate: the browser reads the same p-values again."""
        return ScoreTable(alpha=percent / 100)

    def judge(self, session: JudgingSession) -> Iterator[ScoreMessage]:
        """Judge what was ordered, as messages for the table; the last holds every row.

        Args:
            session: The visitor's; a newer order there, or a stop, ends this within a batch.
        """
        order, session.waiting = session.waiting, None
        if order is None:
            return
        rows: list[ScoreRow] = []
        total = OWN if order.paths is None else min(MOST, sum(map(holds, order.paths)))
        many = dataset_of(order.dataset).many
        about: ScoreMessage = {"run": order.run, "state": "running", "as": many, "total": total}
        yield about
        try:
            detector = self.models.detector(order.dataset)
            pictures = own_pictures(self.models) if order.paths is None else read(order.paths)
            wanted = (picture for picture in islice(pictures, MOST) if session.wants(order))
            with closing(score_pictures(detector, wanted, batch=BATCH)) as results:
                while session.wants(order):
                    with torch.inference_mode():  # not across a yield: a generator moves between threads
                        some = [row(one) for one in islice(results, BATCH)]
                    if not some:
                        break
                    rows += some
                    yield {**about, "start": len(rows) - len(some), "rows": some}
        except CheckpointError as error:
            yield {**about, "state": "failed", "note": str(error)}
            return
        if session.run != order.run:
            return
        all_rows: ScoreMessage = {**about, "start": 0, "rows": rows}
        if session.stopped:
            yield {**all_rows, "state": "stopped", "note": "" if rows else "Stopped before the first picture."}
        else:
            yield {**all_rows, "state": "done", "total": len(rows), "note": left_out(order.paths or ())}

    def _begin(self, order: BatchRequest, percent: float) -> tuple[ScoreTable, gr.Button]:
        value: ScoreMessage = {"run": order.run, "state": "waiting", "as": dataset_of(order.dataset).many}
        return ScoreTable(value, alpha=percent / 100), gr.Button(visible=False)


def read(paths: Iterable[str]) -> Iterator[Picture]:
    """Uploaded pictures, called as their files are, without where the server keeps them.

    Args:
        paths: Pictures and zip archives.
    """
    for path in map(Path, paths):
        for name, picture in read_pictures([path], MOST):
            yield name.removeprefix(f"{path.parent}/"), picture


def holds(path: str) -> int:
    """How many results a file will come to, for the progress; an archive that will be refused comes to one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return 1
    pictures = sum(Path(name).suffix.lower() in ENDINGS | REFUSED | ARCHIVES for name in names)
    return pictures if 0 < len(names) <= MOST and pictures else 1


def left_out(paths: Iterable[str]) -> str:
    """What to say when there were more pictures than are judged in one run."""
    count = sum(map(holds, paths))
    return (
        f"These are {count:,} pictures; the first {MOST:,} were judged. Bring the others next." if count > MOST else ""
    )


def row(scored: Scored) -> ScoreRow:
    """A result as a row of the table, with its line of the CSV file."""
    scored = replace(scored, path=_short(scored.path), error=scored.error and _short(scored.error))
    known = scored.table_row()
    fields, place = ["" if known[key] is None else known[key] for key in COLUMNS], COLUMNS.index("verdict")
    shown: ScoreRow = {
        "name": scored.path,
        "picture": encode(png(grid(scored.prepared.image, zoom=1))) if scored.prepared else None,
        "csv": [csv_line(fields[:place]), csv_line(fields[place + 1 :])],
    }
    if scored.error:
        return {**shown, "error": scored.error}
    return {
        **shown,
        "p_value": _finite(known["p_value"]),
        "outlier_score": _finite(known["outlier_score"]),
        "log_prob": _finite(known["log_prob"]),
        "bits_per_dim": _finite(known["bits_per_dim"]),
    }


def csv_line(fields: Iterable[Any]) -> str:
    """Fields as a line of a CSV file, without its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


@lru_cache(maxsize=2)
def own_pictures(models: Models) -> tuple[tuple[str, Image.Image], ...]:
    """Pictures of the models' own making, and some that are nothing they know; the same at every call.

    Args:
        models: Whose PixelCNNs draw digits and clothes.
    """
    drawn = {example.name: example.picture for example in examples(models)}
    return (
        *(picture for record in ASKED for picture in _drawn(models, record.density, record.asked)),
        *((name, drawn[name]) for name in STRANGE),
    )


OWN = sum(len(record.asked) for record in ASKED) + len(STRANGE)
"""How many :func:`own_pictures` are."""


def _drawn(models: Models, name: str, classes: Mapping[int, str]) -> list[tuple[str, Image.Image]]:
    with torch.inference_mode():
        images = models.autoregressive(name).sample(
            len(classes), torch.tensor(list(classes)), generator=torch.Generator().manual_seed(SEED)
        )
    return [
        (f"{title}, drawn by {name}", Image.fromarray(image[0].cpu().numpy()))
        for title, image in zip(classes.values(), images, strict=True)
    ]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _finite(value: float | None) -> float | None:
    """JSON knows no infinity."""
    return value if value is not None and math.isfinite(value) else None
