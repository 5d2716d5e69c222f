"""The shell as a function, and small models that it finds."""

import sys
from dataclasses import replace

import pytest
import torch

import gm_core
from gm_core import checkpoints
from gm_core.cli.app import main
from gm_core.models import ImageShape
from gm_core.training import recipes
from tests.gm_core.cli.tiny import TINY
from tests.helpers import shipped


@pytest.fixture
def cli(monkeypatch, capsys):
    """Run the command line: exit status, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gm_core", *map(str, arguments)])
        monkeypatch.setattr(sys, "orig_argv", ["python", "-m", *sys.argv])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def untrained(tmp_path, monkeypatch):
    """A folder of small models of every kind that has a latent space or few levels; the shell looks there."""
    torch.manual_seed(0)
    small = {"width": 4, "hidden": 8, "latent": 2}
    models = {
        "mnist-vae": gm_core.VAE(gm_core.VAEConfig(mixture=2, **small)),
        "mnist-autoencoder": gm_core.Autoencoder(gm_core.AutoencoderConfig(**small)),
        "mnist-binary-vae": gm_core.VAE(gm_core.VAEConfig(image=ImageShape(levels=2), **small)),
        "four-pixelcnn": gm_core.GatedPixelCNN(
            gm_core.GatedPixelCNNConfig(image=ImageShape(height=8, width=8, levels=4), width=4, layers=1)
        ),
    }
    for name, model in models.items():
        card = shipped(model.eval(), name, tmp_path)
        checkpoints.save(replace(card, dataset="mnist"), model.state_dict(), tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def tiny_recipes(monkeypatch):
    """The tiny recipes are known by their names."""
    for recipe in TINY.values():
        monkeypatch.setitem(recipes.RECIPES, recipe.name, recipe)
