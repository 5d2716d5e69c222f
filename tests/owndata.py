"""Folders of pictures of one's own, and tiny models trained on them by the shell, as a user would."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gm_core.cli import calibrate
from gm_core.cli.app import main
from gm_core.evaluation import bound, labels
from gm_core.studies.detector import outliers
from gm_core.training import recipes

LATENT = 40
"""Dimensions of the tiny VAE: so many that no slider by itself says much."""

SMALL: dict[str, dict[str, Any]] = {
    "cifar10-pixelcnnpp": {"vertical": (4, 4), "horizontal": (6, 6), "blocks": (1, 1), "mixture": 2},
    "cifar10-pixelcnn-background": {"vertical": (4,), "horizontal": (4,), "blocks": (1,), "mixture": 2},
    "cifar10-vae": {"width": 4, "latent": LATENT},
    "cifar10-classifier": {"width": 4, "hidden": 8},
}
"""What is smaller of the models of photographs than in their recipes."""

SCRIPTS = ("猫", "кошка", "γάτα", "قطة", "बिल्ली", "an 'n <b>\"&", "any", "7", "قط\u200fة", "café")
"""Names of classes that a page may stumble over."""


@dataclass(frozen=True)
class OwnData:
    """A folder of pictures.

    Attributes:
        name: Of the folder, and so of its data set.
        classes: Names of its subfolders; none where all pictures lie in the folder itself.
        count: Pictures in all, the classes in turn.
        plain: Whether each is of one colour throughout.
    """

    name: str
    classes: tuple[str, ...] = ()
    count: int = 30
    plain: bool = False

    def write(self, parent: Path) -> Path:
        """Make the folder."""
        random = np.random.default_rng(0)
        for i in range(self.count):
            folder = parent / self.name / (self.classes[i % len(self.classes)] if self.classes else "")
            folder.mkdir(parents=True, exist_ok=True)
            pixels = np.full((34, 40, 3), random.integers(0, 256, 3), np.uint8)
            if not self.plain:
                pixels[8:20, i % 20 : i % 20 + 12] = random.integers(0, 256, 3)
            Image.fromarray(pixels).save(folder / f"{i:03}.png")
        return parent / self.name


CASES = (
    OwnData("two", ("cat", "dog")),
    OwnData("unsorted"),
    OwnData("single", ("only",)),
    # One picture of each: nearly every class lies in one part alone.
    OwnData("many", SCRIPTS + tuple(f"kind {i}" for i in range(30)), count=40),
    OwnData("plain", ("left", "right"), plain=True),
)
"""What people may train on."""


@dataclass(frozen=True)
class Trained:
    """What became of a folder.

    Attributes:
        data: The folder.
        pictures: Where it lies.
        checkpoints: Where its models and studies lie.
        said: What every command printed, by its words.
    """

    data: OwnData
    pictures: Path
    checkpoints: Path
    said: dict[str, str]


@contextmanager
def small() -> Iterator[pytest.MonkeyPatch]:
    """The recipes for photographs are tiny, and measured on few pictures."""
    with pytest.MonkeyPatch.context() as patch:
        for name, sizes in SMALL.items():
            recipe = recipes.RECIPES[name]
            patch.setitem(recipes.RECIPES, name, replace(recipe, batch=4, model=replace(recipe.model, **sizes)))
        patch.setattr(bound, "IMPORTANCE_SAMPLES", 20)
        patch.setattr(labels, "NOISE_IMAGES", 10)
        patch.setattr(outliers, "OUTLIERS", 2)
        patch.setattr(calibrate, "evaluate_detector", partial(calibrate.evaluate_detector, limit=2, quiet=True))
        yield patch


def shell(patch: pytest.MonkeyPatch, *words: object) -> tuple[int, str]:
    """Run a command of the shell: its exit status, and all that it printed."""
    patch.setattr(sys, "argv", ["gm_core", *map(str, words)])
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            main()
            status: Any = 0
        except SystemExit as end:
            status = end.code or 0
    return status, printed.getvalue()


def train_all(data: OwnData, directory: Path) -> Trained:
    """Train every recipe for photographs on a folder, and make every study."""
    pictures, out = data.write(directory), directory / "checkpoints"
    said = {}
    with small() as patch:
        where = ("--data-dir", pictures, "--out", out)
        for words in (
            *(("train", recipe, "--steps", 2, *where) for recipe in SMALL),
            ("calibrate", data.name, *where),
            ("bayes", data.name, *where),
            ("atlas", f"{data.name}-vae", *where),
        ):
            status, said[" ".join(map(str, words[:2]))] = shell(patch, *words)
            assert status == 0, said
    return Trained(data, pictures, out, said)
