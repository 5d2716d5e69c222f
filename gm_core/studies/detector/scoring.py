"""Judging many pictures: read ahead while the models compute, in batches, with results as soon as they are ready."""

import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from itertools import islice
from queue import Full, Queue
from typing import Any, TypeVar

import torch
from PIL import Image

from gm_core.data.catalog import form_of
from gm_core.data.pictures import PictureError
from gm_core.data.preparation import USUAL, Preparation, Prepared, prepare
from gm_core.studies.detector.detector import BATCH, Detector, Verdict
from gm_core.studies.detector.scores import SCORES

T = TypeVar("T")

SCORE_KEYS = ("path", "model", "log_prob", "bits_per_dim", "p_value", "outlier_score", "verdict", "error")
"""Keys of a picture in JSON, and first columns of a table."""

TABLE_KEYS = (*SCORE_KEYS, *(f"score_{name}" for name in SCORES))
"""Columns of a table; the prefix keeps scores apart from the keys."""


@dataclass(frozen=True, eq=False)
class Scored:
    """One of many pictures, judged or unreadable.

    Attributes:
        path: Its name.
        model: The detector's data set.
        prepared: What the detector saw; ``None`` when it could not be read.
        verdict: What the detector says; ``None`` when it could not be read.
        error: Why it could not be read.
    """

    path: str
    model: str
    prepared: Prepared | None = None
    verdict: Verdict | None = None
    error: str | None = None

    def row(self) -> dict[str, Any]:
        """The values of :data:`SCORE_KEYS`, ``None`` where one is missing."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: known[key] if key in ("path", "model", "error") else self._value(key) for key in SCORE_KEYS}

    def table_row(self) -> dict[str, Any]:
        """The values of :data:`TABLE_KEYS`: :meth:`row`, and every score alone."""
        scores = self.verdict.scores if self.verdict is not None else dict.fromkeys(SCORES)
        return {**self.row(), **{f"score_{name}": value for name, value in scores.items()}}

    def _value(self, key: str) -> Any:
        return None if self.verdict is None else getattr(self.verdict, key)


def score_pictures(
    detector: Detector,
    pictures: Iterable[tuple[str, Image.Image | PictureError]],
    preparation: Preparation = USUAL,
    alpha: float | None = None,
    batch: int = BATCH,
) -> Generator[Scored, None, None]:
    """Judge any number of pictures, in order.

    A separate thread reads and prepares them while the models compute, at most a batch ahead.

    Args:
        detector: The detector; its data set also determines the form that pictures are brought to.
        pictures: Names with pictures or errors, as returned by :func:`gm_core.data.folders.read_pictures`.
        preparation: Which steps to take.
        alpha: The accepted false-alarm rate; the detector's own when left out.
        batch: Pictures per batch.

    Yields:
        A result for each, as soon as its batch is done.
    """
    form, size = form_of(detector.dataset), detector.pixelcnn.config.image.height

    def prepare_each() -> Iterator[tuple[str, Prepared | PictureError]]:
        for name, picture in pictures:
            yield name, picture if isinstance(picture, PictureError) else prepare(picture, preparation, size, form)

    with closing(_ahead(prepare_each(), batch)) as ahead:
        while some := list(islice(ahead, batch)):
            good = [one for _, one in some if isinstance(one, Prepared)]
            verdicts = iter(detector.score(torch.cat([one.image for one in good]), alpha) if good else ())
            for name, one in some:
                if isinstance(one, PictureError):
                    yield Scored(name, detector.dataset, error=str(one))
                else:
                    yield Scored(name, detector.dataset, one, next(verdicts))


@dataclass(frozen=True)
class _End:
    """The end of the pictures, perhaps because of an error."""

    error: BaseException | None = None


def _ahead(source: Iterable[T], most: int) -> Generator[T, None, None]:
    """The items of an iterable, fetched by a thread ahead of time; closing it ends the thread."""
    queue: Queue[T | _End] = Queue(most)
    stopped = threading.Event()

    def put(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                queue.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def fetch() -> None:
        try:
            all(put(item) for item in source)  # until there are no more, or the reader is closed
            end = _End()
        except BaseException as error:  # raised again where the items are taken
            end = _End(error)
        put(end)

    thread = threading.Thread(target=fetch, name="reading ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()
