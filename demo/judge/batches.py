"""Pictures by the dozen: uploads and what the page provides, read one by one, and their results as rows of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from demo.shared.examples import examples
from demo.shared.models import Models
from demo.widgets.score_table.messages import ScoreRow
from demo.widgets.sketch_pad import encode
from gm_core import CheckpointError, PictureError
from gm_core.data import archives
from gm_core.data.catalog import CATALOG
from gm_core.data.folders import read_pictures
from gm_core.data.workers import Wanted
from gm_core.rendering import grid, png
from gm_core.studies.detector.scoring import TABLE_KEYS, Scored
from gm_core.text import csv_line, printable

MOST = 2000
"""Pictures per run, and files per archive: half a minute of one core."""

BATCH = 25
"""Pictures at once: two rows of results per second on one core, at the speed of larger batches."""

LONGEST = 300
"""Characters of a name, or of what is wrong with a picture, that are shown; an archive's names may be any length."""

SEED = 24

SAMPLED = [record for record in CATALOG.values() if record.asked]
"""The data sets whose models draw some of them."""

OUTLIERS = ("upside down", "letter R", "circle", "empty", "grey", "noise", "painting", "another one")
"""Names of the examples that go with them."""

Picture = tuple[str, Image.Image | PictureError]
"""A name, and the picture or what is wrong with it."""


def read_uploads(paths: Iterable[str], wanted: Wanted | None = None) -> Iterator[Picture]:
    """Uploaded pictures, by the names of their files, without where the server keeps them.

    Args:
        paths: Pictures and zip archives.
        wanted: Asked now and then whether they are still wanted.
    """
    for path in map(Path, paths):
        for name, picture in read_pictures([path], MOST, wanted):
            yield name.removeprefix(f"{path.parent}/"), picture


def count_pictures(path: str) -> int:
    """How many results a file will come to, for the progress; an archive that will be refused comes to one."""
    return archives.count_pictures(Path(path), MOST) if archives.is_zip(Path(path)) else 1


def limit_note(paths: Iterable[str]) -> str:
    """What to say when there were more pictures than are judged in one run."""
    count = sum(map(count_pictures, paths))
    return (
        f"These are {count:,} pictures; the first {MOST:,} were judged. Upload the others next." if count > MOST else ""
    )


def table_row(scored: Scored) -> ScoreRow:
    """A result as a row of the table, with its line of the CSV file."""
    scored = replace(scored, path=_short(printable(scored.path)), error=scored.error and _short(scored.error))
    known, place = scored.table_row(), TABLE_KEYS.index("verdict")
    fields = [known[key] for key in TABLE_KEYS]
    shown: ScoreRow = {
        "name": scored.path,
        "picture": encode(png(grid(scored.prepared.image, zoom=1))) if scored.prepared else None,
        "csv": [csv_line(fields[:place]), csv_line(fields[place + 1 :])],
    }
    if scored.error:
        return {**shown, "error": scored.error}
    return {
        **shown,
        "p_value": known["p_value"],
        "outlier_score": known["outlier_score"],
        "log_prob": known["log_prob"],
        "bits_per_dim": known["bits_per_dim"],
    }


def provided_pictures(models: Models) -> Iterator[Picture]:
    """Pictures that the models draw, and some that are nothing they know; the same at every call.

    What a missing or damaged model would draw is left out.

    Args:
        models: Their PixelCNNs draw digits and clothes.
    """
    for record in SAMPLED:
        try:
            yield from _sample(models, record.density, tuple(record.asked.items()))
        except CheckpointError:
            continue
    known = {example.name: example.picture for example in examples(models)}
    yield from ((name, known[name]) for name in OUTLIERS if name in known)


PROVIDED = sum(len(record.asked) for record in SAMPLED) + len(OUTLIERS)
"""How many :func:`provided_pictures` are."""


@lru_cache(maxsize=4)
def _sample(models: Models, name: str, classes: tuple[tuple[int, str], ...]) -> tuple[Picture, ...]:
    """One picture of each class that a model draws: pairs of a label and its name."""
    labels = torch.tensor([label for label, _ in classes])
    with torch.inference_mode():
        images = models.autoregressive(name).sample(len(classes), labels, generator=torch.Generator().manual_seed(SEED))
    return tuple(
        (f"{title}, drawn by {name}", Image.fromarray(image[0].cpu().numpy()))
        for (_, title), image in zip(classes, images, strict=True)
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
