"""The outliers are what their names say, and the figures against them are what they claim."""

import numpy as np
import pytest
import torch

from gm_core import load_detector
from gm_core.data.datasets import DataError, load_dataset
from gm_core.studies.detector import SCORES
from gm_core.studies.detector.outliers import ALTERED, PLAIN, fit, other_images, outlier_sets
from gm_core.studies.detector.photographs import measure_preparation
from gm_core.studies.detector.refusal import COMBINED, NAIVE, auroc, evaluate_detector
from tests.helpers import seeded


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    inliers, outliers = torch.randint(9, (40,), generator=seeded()), torch.randint(2, 11, (30,), generator=seeded(1))
    above = (outliers[:, None] > inliers).double() + 0.5 * (outliers[:, None] == inliers).double()
    assert auroc(inliers, outliers) == pytest.approx(float(above.mean()))
    assert auroc(torch.arange(5), torch.arange(5, 9)) == 1
    assert auroc(torch.zeros(5), torch.zeros(5)) == 0.5


@pytest.mark.parametrize("channels", [1, 3])
def test_every_set_has_the_detectors_form_and_is_the_same_every_time(channels):
    images = torch.randint(256, (30, channels, 16, 16), generator=seeded(), dtype=torch.uint8)
    others = {"photographs": torch.randint(256, (9, 3, 32, 32), generator=seeded(), dtype=torch.uint8)}
    sets = {made.name: made for made in outlier_sets(images, others, limit=20)}
    again = {made.name: made for made in outlier_sets(images, others, limit=20)}
    assert list(sets) == ["photographs", *PLAIN, *ALTERED]
    for name, made in sets.items():
        assert made.images.dtype == torch.uint8, name
        assert made.images.shape[1:] == images.shape[1:], name
        assert 0 < len(made.images) <= 20, name
        assert torch.equal(made.images, again[name].images), name


def test_outliers_are_what_their_names_say():
    images = torch.randint(256, (8, 3, 16, 16), generator=seeded(), dtype=torch.uint8)
    sets = {made.name: made.images for made in outlier_sets(images, {}, limit=500)}
    assert sets["constants"][:, 0, 0, 0].tolist() == list(range(256))
    assert (sets["constants"].flatten(1).amin(1) == sets["constants"].flatten(1).amax(1)).all()
    assert torch.equal(sets["inverted"], 255 - images)
    for name in ("pixels shuffled", "patches shuffled"):
        assert not torch.equal(sets[name], images)
        colors = [part.flatten(2).permute(0, 2, 1).tolist() for part in (sets[name], images)]
        assert [sorted(picture) for picture in colors[0]] == [sorted(picture) for picture in colors[1]]
    assert torch.equal(sets["flipped left to right"].flip(3), images)
    assert torch.equal(sets["flipped upside down"].flip(2), images)
    assert (sets["two overlaid"] >= images).all()
    assert sets["blurred"].float().std() < 0.5 * images.float().std()
    assert all(len(board.flatten(1).T.unique(dim=0)) <= 2 for board in sets["checkerboards"][:9])
    steps = sets["gradients"].float().diff(dim=3).flatten(1)
    assert (steps.amax(1) - steps.amin(1)).max() <= 2 * 3 * 16  # along a row every step is the same, per channel


def test_other_pictures_are_brought_to_the_detectors_form():
    colors = torch.tensor([200, 100, 50], dtype=torch.uint8)[None, :, None, None].expand(2, 3, 20, 30)
    assert fit(colors, 1, (8, 8)).unique().tolist() == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]
    grey = torch.randint(256, (2, 1, 8, 8), generator=seeded(), dtype=torch.uint8)
    assert torch.equal(fit(grey, 3, (8, 8)), grey.expand(-1, 3, -1, -1))


def test_the_figures_of_a_detector(world):
    detector, unseen = world
    measured = evaluate_detector(detector, unseen[:100], {"noisy": 255 - unseen[:30]}, limit=30, quiet=True)
    names = [metric.name for metric in measured.metrics]
    assert names[:3] == [f"false_alarm_rate_at_{alpha}" for alpha in (0.01, 0.05, 0.1)]
    assert {"naive_auroc_noisy", "auroc_noisy", "detection_rate_noisy", "auroc_rotated_by_90"} <= set(names)
    assert len(names) == len(set(names))
    lines = {(line.score, line.outliers): line for line in measured.table}
    assert {score for score, _ in lines} == {NAIVE, COMBINED, *SCORES}
    combined = lines[COMBINED, "noisy"]
    verdicts = [detector.score(images) for images in (unseen[:100], 255 - unseen[:30])]
    alarms, found = ([verdict.verdict == "unreasonable" for verdict in group] for group in verdicts)
    assert combined.false_alarm_rate == pytest.approx(sum(alarms) / 100, abs=0.02)
    assert combined.detection_rate == pytest.approx(sum(found) / 30, abs=0.04)
    naive = auroc(-detector.pixelcnn.log_prob(unseen[:100]), -detector.pixelcnn.log_prob(255 - unseen[:30]))
    assert lines[NAIVE, "noisy"].auroc == pytest.approx(naive, abs=0.01)


def test_preparation_makes_nothing_reasonable_that_is_not():
    detector = load_detector("mnist", "cpu")
    digits = detector.pixelcnn.sample(2, torch.tensor([3, 7]), generator=seeded(8))
    clothes = {"clothes": torch.full((9, 3, 32, 32), 90, dtype=torch.uint8)}
    metrics = measure_preparation(detector, digits, clothes, count=2, quiet=True)
    shares = {metric.name.removeprefix("reasonable_"): metric.value for metric in metrics}
    assert {"test_images", "photographed", "drawn_on_pad", "blank_paper", "constants", "noise", "noise_28"} <= set(
        shares
    )
    assert shares["test_images"] == 1
    assert not any(shares[name] for name in ("blank_paper", "constants", "noise", "noise_28", "textures", "clothes"))
    assert all("of 2 pictures" in metric.protocol for metric in metrics if "constants" not in metric.name)


def test_omniglot_is_read_mixed_and_for_testing_only(tmp_path):
    (tmp_path / "omniglot").mkdir()
    images = np.arange(40, dtype=np.uint8)[:, None, None] + np.zeros((1, 28, 28), dtype=np.uint8)
    np.savez(
        tmp_path / "omniglot" / "small.npz",
        images=images,
        labels=np.repeat(np.arange(2), 20),
        class_names=np.array(["a", "b"]),
    )
    data = load_dataset("omniglot", "test", tmp_path)
    assert sorted(data.images[:, 0, 0, 0].tolist()) == list(range(40))
    assert 3 < int(data.labels[:20].sum()) < 17
    with pytest.raises(DataError, match="for testing only"):
        load_dataset("omniglot", "train", tmp_path)
    found, missing = other_images("mnist", tmp_path)
    assert list(found) == ["omniglot"]
    assert any("Fashion-MNIST is not in" in line for line in missing)
    (tmp_path / "omniglot" / "small.npz").write_bytes(b"broken")
    assert any("Omniglot" in line for line in other_images("mnist", tmp_path)[1])
