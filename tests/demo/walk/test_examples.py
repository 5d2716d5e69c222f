"""What is there before a user has done anything: pictures that come out of every latent space as what they are."""

import pytest
import torch

from demo.shared.models import Models
from demo.shared.picture_input import read_carried
from demo.shared.plane import MAP, means
from demo.walk import latent
from demo.walk.ends import FIRST_SEEDS
from demo.walk.map import AUTOENCODER
from gm_core import PictureError
from gm_core.data.catalog import FIRST
from gm_core.data.preparation import CLOTHES, DIGITS, PHOTOGRAPHS

SPACES = (FIRST.vae, MAP, AUTOENCODER)


@torch.inference_mode()
def read_as(models: Models, pictures: torch.Tensor) -> list[int]:
    """The classes that a classifier is nearly certain of; -1 where it is not."""
    best = models.classifier(FIRST.classifier).posterior(pictures).probs.max(dim=1)
    return [label if p > 0.9 else -1 for p, label in zip(best.values.tolist(), best.indices.tolist(), strict=True)]


def surviving(models: Models, seeds: tuple[int, ...]) -> list[int]:
    """Which seeds' pictures are read as the same class before and after every latent space."""
    with torch.inference_mode():
        draw = models.samples(FIRST.pixelcnn).sample
        images = torch.cat([draw(generator=torch.Generator().manual_seed(seed)).cpu() for seed in seeds])
        rebuilt = [means(models.latent(name), models.latent(name).code(images).cpu()) for name in SPACES]
    answers = zip(read_as(models, images), *(read_as(models, pictures) for pictures in rebuilt), strict=True)
    return [seed for seed, labels in zip(seeds, answers, strict=True) if len(set(labels)) == 1 and -1 not in labels]


def test_the_class_of_every_example_survives() -> None:
    seeds = FIRST.seeds.rebuilt
    assert surviving(Models.on("cpu"), seeds) == list(seeds)
    assert FIRST.example_seed(0) == seeds[0]
    assert len({FIRST.example_seed(nth) for nth in range(len(seeds))}) == len(seeds)


def test_the_first_points_are_digits() -> None:
    models = Models.on("cpu")
    vae = models.variational(FIRST.vae)
    seeds = (FIRST.seeds.point, *FIRST_SEEDS.values())
    labels = read_as(models, means(vae, torch.tensor([latent.sample_prior(vae, seed) for seed in seeds])))
    assert -1 not in labels and labels[1] != labels[2]  # from A to B leads from one digit to another


def test_a_carried_picture_is_taken_as_it_is() -> None:
    pixels = list(range(256)) * 3 + [0] * 16
    sent = {"pixels": pixels, "height": 28, "width": 28, "channels": 1}
    forms = read_carried(sent, (DIGITS, CLOTHES, PHOTOGRAPHS)).forms
    assert forms[DIGITS].image.flatten().tolist() == forms[CLOTHES].image.flatten().tolist() == pixels
    assert forms[PHOTOGRAPHS].image.shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    "wrong",
    [None, {}, {"pixels": [1]}, {"pixels": [256] * 784}, {"width": 27}, {"height": float("nan")}],
)
def test_what_is_no_picture_is_refused(wrong: object) -> None:
    usual = {"pixels": [0] * 784, "height": 28, "width": 28, "channels": 1}
    with pytest.raises(PictureError, match="cannot be taken over"):
        read_carried(usual | wrong if wrong else wrong)


@pytest.mark.parametrize("dimensions", [2, 16, 256])
def test_the_distance_within_which_a_share_lies(dimensions: int) -> None:
    lengths = torch.randn(4000, dimensions, generator=torch.Generator().manual_seed(0)).norm(dim=1)
    for share in (0.05, 0.5, 0.95):
        assert float((lengths < latent.distance_within(dimensions, share)).float().mean()) == pytest.approx(
            share, abs=0.02
        )
