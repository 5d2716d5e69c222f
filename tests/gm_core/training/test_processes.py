"""Two processes that share a batch end where one would have, and stop and save together."""

import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from safetensors.torch import load_file, save_file

from gm_core.data.datasets import Images
from gm_core.models import FAMILIES, ImageShape, Model, register
from gm_core.models.autoregressive.gated import GatedPixelCNNConfig
from gm_core.training import loop
from gm_core.training.loop import Trained, build_model, train
from gm_core.training.processes import Processes, is_main, join
from gm_core.training.recipes import Recipe
from gm_core.training.state import StateError
from tests.gm_core.training.duel import RECIPE as TINY_DUEL
from tests.gm_core.training.duel import Duel

RECIPE = Recipe(
    "tiny-pixelcnn",
    "none",
    GatedPixelCNNConfig(image=ImageShape(height=6, width=6), width=8, layers=2),
    12,
    8,
    5e-3,
    4,
    any_class=0.3,
)

DUEL = replace(TINY_DUEL, batch=8, model=replace(TINY_DUEL.model, noise=False))
"""Two losses that are functions of the images alone, as those of two processes together can be."""


def data() -> Images:
    """Pictures of noise, each in its own half of the greys."""
    images = torch.randint(128, (40, 1, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    labels = torch.arange(40) % 2
    return Images(images + 128 * labels[:, None, None, None].to(torch.uint8), labels, ("dark", "light"))


def run(directory: Path, recipe: Recipe = RECIPE, **options: Any) -> Trained:
    """Train in single precision, in which the order of sums hardly matters."""
    with patch.object(torch, "autocast", lambda *_: nullcontext()):
        return train(recipe, data(), data(), directory=directory, device=torch.device("cpu"), quiet=True, **options)


def work(directory: Path) -> None:
    """What each of the processes does.

    First, time is up for the first before the first step, then all go on to the end. Then a family of several losses,
    of which each keeps the buffers that it ends with.
    """
    torch.set_num_threads(1)
    register(Duel)
    with join(torch.device("cpu")) as both, patch.object(loop, "join", lambda _: nullcontext(both)):
        stopped = run(directory / "one loss", max_minutes=0.0 if is_main() else None)
        assert stopped.steps == 0
        assert run(directory / "one loss", resume=True).steps == RECIPE.steps
        model = run(directory / "duel", DUEL).model
        save_file(dict(model.named_buffers()), directory / "duel" / f"buffers-{both.rank}.safetensors")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have trained both."""
    directory = tmp_path_factory.mktemp("together")
    job = directory / "job.py"
    job.write_text(
        f"from pathlib import Path\nfrom tests.gm_core.training.test_processes import work\n"
        f"work(Path({str(directory)!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", job],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONFAULTHANDLER": "1"},
    )
    assert done.returncode == 0, done.stderr
    return directory


def check_together(directory: Path, alone: Model, recipe: Recipe) -> None:
    """The averaged weights of a state are those of a single process, by far nearer than to where they started."""
    (path,) = directory.glob("state-*")
    together, untrained = load_file(path), build_model(recipe).state_dict()
    for name, parameter in alone.named_parameters():
        moved = float((parameter - untrained[name]).abs().max())
        assert moved > 1e-4, name
        assert float((together[f"average.{name}"] - parameter).abs().max()) <= 0.01 * moved, name


def test_two_processes_end_where_one_does(together, tmp_path):
    check_together(together / "one loss", run(tmp_path).model, RECIPE)


def test_two_processes_average_the_gradients_of_every_loss_and_keep_the_chains_of_the_first(
    together, tmp_path, monkeypatch
):
    monkeypatch.setitem(FAMILIES, Duel.family, Duel)
    alone = run(tmp_path, DUEL).model
    check_together(together / "duel", alone, DUEL)
    first, second = (load_file(together / "duel" / f"buffers-{rank}.safetensors") for rank in (0, 1))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert torch.allclose(first["chain"], alone.chain, atol=1e-4)
    assert not torch.allclose(first["seen"], alone.seen)  # of half of a batch, which the other half's cannot equal


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "join", lambda device: nullcontext(Processes(0, 3, device)))
    with pytest.raises(StateError, match="batch of 8 cannot be shared equally among 3"):
        train(RECIPE, data(), data(), directory=tmp_path, device=torch.device("cpu"), quiet=True)
