"""A folder of one's own pictures: every picture keeps its part, and what the pictures are is not read off a name."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from gm_core.checkpoints import Card
from gm_core.data import user_folder
from gm_core.data.catalog import CATALOG, dataset_of
from gm_core.data.datasets import DataError, describe_change, load_dataset
from gm_core.data.preparation import PHOTOGRAPHS
from gm_core.data.user_folder import LEAST, own_name, own_parts, own_pictures
from gm_core.training.recipes import RECIPES
from gm_core.training.run import recipe_for

SPLITS = ("train", "validation", "test")


def fill(folder, count: int, *classes: str, seed: int = 0):
    """A folder of small pictures, all different."""
    random = np.random.default_rng(seed)
    for number in range(count):
        place = folder / classes[number % len(classes)] if classes else folder
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(place / f"{number:04}.png")
    return folder


def parts_of(folder) -> dict[str, set[bytes]]:
    """The different pictures of each part."""
    own_pictures.cache_clear()
    loaded = {split: load_dataset(own_name(folder), split, folder).images for split in SPLITS}
    return {split: {image.numpy().tobytes() for image in images} for split, images in loaded.items()}


def test_a_picture_keeps_its_part_whatever_is_added(tmp_path):
    folder = fill(tmp_path / "d", 120)
    before = parts_of(folder)
    shutil.copy(folder / "0000.png", folder / "zzzz.png")
    assert parts_of(folder) == before
    fill(folder / "more", 45, seed=1)
    after = parts_of(folder)
    assert all(before[split] <= after[split] for split in SPLITS)
    assert sum(map(len, after.values())) == 165
    for path in sorted(folder.glob("*.png")):  # names and places decide nothing
        path.rename(path.with_name(f"x{path.stem[::-1]}.png"))
    assert parts_of(folder) == after


def ordered(images: torch.Tensor) -> torch.Tensor:
    """Pictures in the order of a folder's."""
    return images[sorted(range(len(images)), key=lambda index: user_folder._fingerprint(images[index]))]


def test_what_was_trained_on_is_never_held_out_later_however_few_there_are():
    """Also where no picture belongs to a part and another stands in, until one comes that does."""
    generator = torch.Generator().manual_seed(0)
    stood_in = 0
    for _ in range(30):
        pictures = ordered(torch.randint(256, (30, 3, 2, 2), generator=generator, dtype=torch.uint8))
        some = pictures[torch.rand(30, generator=generator) < 0.3]
        before, after = (
            {split: {image.numpy().tobytes() for image in images[where]} for split, where in own_parts(images).items()}
            for images in (some, pictures)
        )
        assert all(before.values()) and sum(map(len, before.values())) == len(some)
        assert len(before["validation"]) >= 2, "a detector needs two"
        assert not before["train"] & (after["validation"] | after["test"])
        assert not before["validation"] & after["test"]
        stood_in += bool(before["test"] - after["test"])
    assert stood_in > 3


def test_about_a_tenth_is_for_testing_and_a_tenth_is_held_out():
    images = torch.randint(256, (4000, 3, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    parts = own_parts(ordered(images))
    sizes = {split: len(range(4000)[where]) for split, where in parts.items()}
    assert sizes["test"] == pytest.approx(400, abs=60) and sizes["validation"] == pytest.approx(400, abs=60)


def test_copies_are_in_one_part_and_do_not_make_a_small_folder_large(tmp_path):
    folder = fill(tmp_path / "d", LEAST, "cat", "dog")
    for path in [*folder.glob("*/*.png")]:
        shutil.copy(path, folder / "dog" / f"copy of {path.name}")
    parts = parts_of(folder)
    assert sum(map(len, parts.values())) == LEAST
    assert (
        not parts["train"] & parts["test"] | parts["train"] & parts["validation"] | parts["validation"] & parts["test"]
    )
    few = fill(tmp_path / "few", LEAST - 1)
    for path in [*few.glob("*.png")]:
        shutil.copy(path, few / f"copy of {path.name}")
    own_pictures.cache_clear()
    with pytest.raises(DataError, match=f"only {LEAST - 1} different pictures; at least {LEAST} are needed"):
        load_dataset("few", "train", few)


def test_classes_that_a_part_lacks_and_pictures_outside_the_classes_are_named(tmp_path, capsys):
    folder = fill(tmp_path / "d", 60, "cat")
    fill(folder, 1, "rare", seed=1)
    parts_of(folder)
    err = capsys.readouterr().err
    assert err.count("rare") == 2 and "for testing of: " in err  # it is in one of three parts
    fill(folder, 1, seed=2)
    own_pictures.cache_clear()
    assert own_pictures(folder)[2] == ("picture",)
    assert "no classes: 1 of 62 pictures are in none of the folders" in capsys.readouterr().err


def test_a_class_folder_that_is_not_unicode_can_be_written_on_a_card(tmp_path):
    folder = fill(tmp_path / "d", 40, "cat", "dog")
    (folder / "dog").rename(folder / os.fsdecode(b"H\xfcnde"))
    own_pictures.cache_clear()
    assert own_pictures(folder)[2] == ("H\\xfcnde", "cat")


def test_changed_pictures_are_known_again(tmp_path):
    folder = fill(tmp_path / "d", 40, "cat", "dog")

    def record():
        own_pictures.cache_clear()
        loaded = [load_dataset("d", split, folder).provenance for split in SPLITS]
        assert loaded[0] == loaded[1] == loaded[2], "a folder is recorded as a whole"
        return loaded[0]

    first = record()
    assert (first["kind"], first["form"], first["pictures"]) == ("folder", "photographs", 40)
    assert describe_change(first, record()) == ""
    shutil.copy(folder / "cat" / "0000.png", folder / "dog" / "copy.png")
    assert describe_change(first, record()) == "the pictures are others now: 40 then, 41 now"
    (folder / "dog" / "copy.png").unlink()
    (folder / "dog" / "0001.png").rename(folder / "cat" / "0001.png")  # as many, with other labels
    assert describe_change(first, record()) == "the pictures are others now: 40 then, 40 now"
    assert "not recorded" in describe_change({}, first)


NAMES = [
    *(
        "mnist",
        "cifar10",
        "CIFAR10",
        "mnist_png",
        "omniglot",
        "emoji",
        "fashion shots",
        "mnist-binary",
        "own",
        "own mnist",
    ),
    *(
        "holiday",
        "写真",
        "фото",
        "фото 2020",
        "写真 2020",
        "2020",
        "🐱",
        "🐶",
        "!!!",
        "???",
        "café",
        "cafe",
        "a" * 200,
        "a" * 201,
    ),
]


def test_no_two_folders_are_called_alike_and_none_as_one_of_ours(tmp_path):
    found = {name: own_name(tmp_path / name) for name in NAMES if name not in ("CIFAR10",)}
    assert len(set(found.values())) == len(found), found
    assert (found["holiday"], found["cafe"], found["mnist_png"]) == ("holiday", "cafe", "own-mnist-png")
    for name in NAMES:
        known = own_name(tmp_path / name)
        assert Card(f"{known}-vae", "vae", "", known, "").record.form is PHOTOGRAPHS
        assert known.isascii() and len(known) < 60
        assert not any(known == ours or known.startswith(f"{ours}-") for ours in CATALOG)
    assert own_name(tmp_path / "cafe\u0301") == own_name(tmp_path / "café")  # as macOS writes it


@pytest.mark.parametrize("name", ["cifar10", "mnist", "写真"])
def test_a_folder_of_any_name_is_trained_on_under_the_names_that_its_detector_asks_for(tmp_path, name):
    folder = fill(tmp_path / name, 40, "a", "b")
    ours = [recipe for recipe in RECIPES.values() if recipe.dataset == "cifar10"]
    recipes = [recipe_for(recipe, folder) for recipe in ours]
    names = {recipe.name for recipe in recipes}
    assert {recipe.dataset for recipe in recipes} == {own_name(folder)}
    assert not names & set(RECIPES)
    record = dataset_of(own_name(folder))
    assert {*record.detector_parts.values(), record.pixelcnn, record.classifier, record.vae} <= names


def test_a_card_says_what_its_pictures_are_whatever_the_catalogue_has_of_that_name():
    card = Card("mnist-vae", "vae", "", "mnist", "")
    assert card.record is CATALOG["mnist"]
    mine = Card("mnist-vae", "vae", "", "mnist", "", data={"kind": "folder"})
    assert mine.record.form is PHOTOGRAPHS and mine.record.many == "pictures"


def test_too_few_pictures_of_ones_own_are_counted(tmp_path):
    folder = fill(tmp_path / "d", LEAST - 1)
    with pytest.raises(
        DataError, match=rf"CIFAR-10 is not in .*at least {LEAST} are needed, and there are {LEAST - 1}"
    ):
        recipe_for(RECIPES["cifar10-vae"], folder)
