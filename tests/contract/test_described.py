"""That every family can be found, read about, trained, measured, and loaded from older cards."""

import json
import math
import re
import sys
from dataclasses import asdict

import pytest
import torch

import gm_core
from gm_core.checkpoints import Card, CheckpointError
from gm_core.data.datasets import Images
from gm_core.evaluation import MEASURES, bound, estimate, evaluate, labels
from gm_core.models import FAMILIES, ImageShape
from gm_core.models.autoregressive import (
    GatedPixelCNNConfig,
    MaskedPixelCNNConfig,
    PixelCNNPPConfig,
    ResidualPixelCNNConfig,
)
from gm_core.models.capabilities import CAPABILITIES, Classifies, Samples, has_capability
from gm_core.models.classifier import ClassifierConfig
from gm_core.models.vae import AutoencoderConfig, VAEConfig
from gm_core.training.recipes import RECIPES
from tests.contract.tiny import TINY, UNREACHED, able, classes, pictures

OLDER = (
    (
        "masked-pixelcnn",
        '{"height": 28, "width": 28, "levels": 256, "classes": 10, "embedding": 16, "channels": 64, "blocks": 8}',
        MaskedPixelCNNConfig(image=ImageShape(), classes=10, embedding=16, width=64, blocks=8),
    ),
    (
        "gated-pixelcnn",
        '{"height": 28, "width": 28, "levels": 256, "classes": 10, "channels": 32, "layers": 8, '
        '"dilations": [1, 2, 1, 4], "embedding": 16}',
        GatedPixelCNNConfig(image=ImageShape(), classes=10, width=32, layers=8, dilations=(1, 2, 1, 4), embedding=16),
    ),
    (
        "residual-pixelcnn",
        '{"height": 28, "width": 28, "levels": 2, "classes": 10, "embedding": 16, "vertical": 32, "horizontal": 96, '
        '"kernel_size": 5, "blocks": 8, "palette": true}',
        ResidualPixelCNNConfig(
            image=ImageShape(levels=2), embedding=16, vertical=32, horizontal=96, blocks=8, palette=True
        ),
    ),
    (
        "pixelcnnpp",
        '{"height": 32, "width": 32, "levels": 256, "classes": 10, "embedding": 0, "channels": 3, "vertical": [8, 6], '
        '"horizontal": [24, 4], "blocks": [4, 2], "kernel_size": 5, "mixture": 4, "dropout": 0.5}',
        PixelCNNPPConfig(
            image=ImageShape(channels=3, height=32, width=32),
            vertical=(8, 6),
            horizontal=(24, 4),
            blocks=(4, 2),
            mixture=4,
            dropout=0.5,
        ),
    ),
    (
        "vae",
        '{"height": 32, "width": 32, "latent": 256, "channels": 48, "hidden": 0, "mixture": 1, "levels": 256, '
        '"picture_channels": 3}',
        VAEConfig(image=ImageShape(channels=3, height=32, width=32), latent=256, width=48, hidden=0),
    ),
    (
        "autoencoder",
        '{"height": 28, "width": 28, "latent": 2, "channels": 48, "hidden": 256}',
        AutoencoderConfig(image=ImageShape(), latent=2, width=48, hidden=256),
    ),
    (
        "classifier",
        '{"height": 32, "width": 32, "classes": 10, "channels": 48, "hidden": 128, "dropout": 0.5, '
        '"picture_channels": 3}',
        ClassifierConfig(image=ImageShape(channels=3, height=32, width=32), width=48),
    ),
)
"""Configs as cards held them before pictures had a shape of their own, of the families that there were then."""

ALL = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


@ALL
def test_every_family_has_a_tiny_config(family):
    assert any(type(config) is family.Config for config in TINY), "add one to tests/contract/tiny.py"


def test_a_familys_config_is_its_own():
    assert len({family.Config for family in FAMILIES.values()}) == len(FAMILIES)
    assert UNREACHED.keys() <= FAMILIES.keys()
    assert {type(config) for config in TINY} <= {family.Config for family in FAMILIES.values()}


@able()
def test_every_model_says_what_it_is(model):
    assert model.title and "\n" not in model.title
    sentence = model.describe()
    assert len(sentence) > 20 and "\n" not in sentence and not sentence.endswith(".")


@ALL
def test_every_family_names_its_sources(family):
    own = family.__doc__ or ""
    assert re.search(r"References:\s+\S", own), f"{family} needs a part on references"
    assert re.search(r"https?://\S+", own.split("References:")[1])


@ALL
def test_every_chapter_begins_with_what_a_student_reads(family):
    """The idea, a formula, what is exact and what is not, papers."""
    chapter = ".".join(family.__module__.split(".")[:3])
    head = sys.modules[chapter].__doc__ or ""
    assert len(head.split()) >= 60, f"{chapter} needs a longer head"
    assert ":math:" in head or ".. math::" in head or re.search(r"\bp\(", head)
    assert re.search(r"\b(exact|bound|none)\b", head, flags=re.IGNORECASE)
    assert re.search(r"^\d+\. ", head, flags=re.MULTILINE) or "https://" in head


@ALL
def test_every_family_has_a_recipe(family):
    own = [recipe for recipe in RECIPES.values() if type(recipe.model) is family.Config]
    assert own, f"no recipe trains a {family.family!r}"
    chapter = ".".join(family.__module__.split(".")[:3])
    assert {recipe.name for recipe in own} <= {recipe.name for recipe in sys.modules[f"{chapter}.recipes"].RECIPES}


@able()
def test_what_a_family_can_do_is_known_without_a_model(model):
    for capability in CAPABILITIES:
        assert has_capability(type(model), capability) == isinstance(model, capability), capability


@able()
def test_every_model_is_measured_by_all_that_it_can_do(model, monkeypatch):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 20)
    assert any(isinstance(model, capability) for capability, _ in MEASURES.values()), (
        f"nothing measures a {model.family!r}"
    )
    metrics = evaluate(model, unseen(model), quiet=True)
    assert metrics and len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert torch.isfinite(torch.tensor(metric.value)) and metric.unit and metric.protocol


@able()
def test_a_single_picture_is_measured_without_nonsense(model, monkeypatch):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 20)
    for metric in evaluate(model, unseen(model, 1), quiet=True):
        assert math.isfinite(metric.value) and not re.search(r"\b(nan|inf)\b", metric.protocol), metric
        assert "standard error" not in metric.protocol or "without a standard error" in metric.protocol


@pytest.mark.parametrize(("family", "config", "today"), OLDER, ids=[entry[0] for entry in OLDER])
def test_older_cards_still_load(family, config, today):
    assert card_of(family, json.loads(config)).model_config == today
    again = json.loads(json.dumps(asdict(today)))  # as it is written now
    assert card_of(family, again).model_config == today


def test_an_unknown_family_is_a_clear_error():
    with pytest.raises(CheckpointError, match=r"holds a 'oracle', which is none of .*classifier"):
        assert card_of("oracle", {}).model_config
    with pytest.raises(CheckpointError, match="does not describe a 'vae'"):
        assert card_of("vae", {"colour": 1}).model_config


@pytest.mark.parametrize("card", [card for card in gm_core.available() if card.is_model], ids=lambda card: card.name)
def test_a_shipped_card_has_the_figures_of_all_that_its_model_can_do(card, monkeypatch):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 2)
    monkeypatch.setattr(estimate, "SAMPLES", (1,))
    monkeypatch.setattr(labels, "NOISE_IMAGES", 2)
    model = gm_core.load(card.name, "cpu")
    figures = {metric.name for metric in evaluate(model, unseen(model, 2), quiet=True)}
    missing = figures - {metric.name for metric in card.metrics}
    assert not missing, f"run: python -m gm_core evaluate {card.name}"


@pytest.mark.parametrize(
    "card", [card for card in gm_core.available() if card.has(Samples)], ids=lambda card: card.name
)
def test_a_shipped_card_says_how_good_the_drawn_pictures_are(card):
    """Where there is a classifier of its data set, whose features are compared."""
    image = card.model_config.image
    judges = [other for other in gm_core.available() if other.dataset == card.dataset and other.has(Classifies)]
    figures = {"frechet_distance", "frechet_distance_floor"} | (
        {"class_as_asked"} if card.model_config.classes else set()
    )
    if not any(judge.model_config.image == image for judge in judges):
        figures = set()
    assert figures == figures & {metric.name for metric in card.metrics}, (
        f"run: python -m gm_core evaluate {card.name} --write"
    )


def card_of(family: str, config: dict) -> Card:
    return Card(name="tiny", family=family, description="A test's own.", dataset="none", split="none", config=config)


def unseen(model, n: int = 4) -> Images:
    return Images(pictures(model.config, n), classes(model.config, n).clamp(min=0), tuple("0123456789"))
