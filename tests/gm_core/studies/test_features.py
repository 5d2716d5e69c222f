"""The second test, by a classifier's features: its distance, its p-value, and one p-value of both tests."""

import math
import shutil
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import gm_core
from gm_core import Classifier, ClassifierConfig, Detector
from gm_core.checkpoints import checkpoint_dir, read_card, read_tensors, save
from gm_core.data.catalog import CATALOG
from gm_core.models import ImageShape
from gm_core.studies.detector.conformal import SHARES, combine, shares_of
from gm_core.studies.detector.features import FeatureTest, directions, distances
from gm_core.studies.detector.refusal import COMBINED, evaluate_detector
from tests.helpers import seeded

SHAPE = ImageShape(height=8, width=8)


@pytest.fixture(scope="module")
def both(pieces):
    """The small world's detector with a second test, of a small untrained classifier; and its pictures for testing."""
    parts, images = pieces
    torch.manual_seed(0)
    classifier = Classifier(ClassifierConfig(image=SHAPE, classes=2, width=4, hidden=8)).eval().requires_grad_(False)
    references = directions(classifier, images[:400])
    features = FeatureTest(classifier, references, distances(classifier, references, images[400:800]))
    return Detector("drawn", **parts, features=features), images[800:]


def test_the_shares_of_the_tests_there_are_add_up_to_one():
    assert sum(SHARES.values()) == 1
    assert shares_of(SHARES) == SHARES
    assert shares_of(["density"]) == {"density": 1}


def test_the_joint_p_value_is_the_smallest_by_share():
    density = torch.tensor([0.3, 0.03, 0.9, 0.5]).double()
    features = torch.tensor([0.5, 0.5, 0.001, 0.9]).double()
    p_value, place = combine({"density": density, "features": features})
    assert p_value.tolist() == pytest.approx([0.4, 0.04, 0.004, 0.5 / 0.75])
    assert place.tolist() == [0, 0, 1, 0]
    assert combine({"density": torch.ones(1), "features": torch.ones(1)})[0].tolist() == [1]
    assert torch.equal(combine({"density": density})[0], density)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("kind", ["independent", "the same", "opposite"])
def test_the_joint_p_value_keeps_the_guarantee_however_the_tests_depend(kind, alpha):
    n = 40_000
    density = torch.rand(n, generator=seeded()).double()
    other = {"independent": torch.rand(n, generator=seeded(1)).double(), "the same": density, "opposite": 1 - density}
    p_value, _ = combine({"density": density, "features": other[kind]})
    rate = float((p_value <= alpha).double().mean())
    assert rate <= alpha + 4 * math.sqrt(alpha * (1 - alpha) / n)


def test_the_distance_is_one_less_the_largest_cosine(both):
    features, unseen = both[0].features, both[1]
    vectors, others = features.classifier.features(unseen[:5]).double(), features.references.double()
    expected = [1 - max(float(F.cosine_similarity(one, other, dim=0)) for other in others) for one in vectors]
    assert features.distance(unseen[:5]).tolist() == pytest.approx(expected, abs=1e-3)  # stored in half precision
    torch.testing.assert_close(others.norm(dim=1), torch.ones(400).double(), atol=1e-3, rtol=0)
    own = directions(features.classifier, unseen[:3])
    assert distances(features.classifier, own, unseen[:3]).abs().max() < 1e-3


def test_its_p_value_counts_the_held_out_pictures_at_least_as_far_out(both):
    held_out = torch.tensor([0.3, 0.1, 0.2, 0.2]).double()
    features = FeatureTest(both[0].features.classifier, both[0].features.references, held_out)
    assert features.peers(torch.tensor([0.05, 0.2, 0.25, 0.4])).tolist() == [4, 3, 1, 0]
    assert [features.share_below(value) for value in (0.05, 0.25, 0.4)] == [0, 0.75, 1]


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_false_alarm_rate_of_both_tests_on_unseen_reasonable_pictures(both, alpha):
    detector, unseen = both
    rate = sum(verdict.verdict == "unreasonable" for verdict in detector.score(unseen, alpha)) / len(unseen)
    deviation = (alpha * (1 - alpha) * (1 / 400 + 1 / 400)) ** 0.5
    assert rate < alpha + 3 * deviation


def test_a_verdict_says_what_each_test_says(both):
    detector, unseen = both
    altered = torch.cat([unseen[:30], 255 - unseen[:30]])
    for verdict in detector.score(altered, 0.1):
        density, features = verdict.tests["density"], verdict.tests["features"]
        assert verdict.p_value == min(1, density / 0.75, features / 0.25)
        assert verdict.refused_by == tuple(
            name for name, p, share in (("density", density, 0.75), ("features", features, 0.25)) if p / share <= 0.1
        )
        assert bool(verdict.refused_by) == (verdict.verdict == "unreasonable")
        assert verdict.decisive == ("features" if features / 0.25 < density / 0.75 else "density")
        assert verdict.tests[verdict.decisive] == (1 + verdict.peers) / (len(detector) + 1)
        assert features == (1 + int(detector.features.peers(torch.tensor([verdict.feature_distance])))) / 401
        strict = replace(verdict, alpha=verdict.p_value / 2)
        assert (strict.verdict, strict.refused_by) == ("reasonable", ())


def test_without_features_there_is_one_test_as_before(world, both):
    detector, unseen = world
    for one, two in zip(detector.score(unseen[:20]), both[0].score(unseen[:20]), strict=True):
        assert one.tests == {"density": one.p_value} and one.feature_distance is None and one.decisive == "density"
        assert one.refused_by == (("density",) if one.verdict == "unreasonable" else ())
        assert (one.outlier_score, one.tests["density"]) == (two.outlier_score, two.tests["density"])
    assert detector.least_p_value == 1 / 401 and both[0].least_p_value == pytest.approx(1 / 401 / 0.75)
    assert "nothing is ever called unreasonable" in both[0].reach(0.003) and not detector.reach(0.003)


def test_the_threshold_is_that_of_the_scores_share(world, both):
    assert both[0].threshold(0.2) == world[0].threshold(0.2 * 0.75)


def test_both_tests_are_measured_beside_the_scores(both):
    detector, unseen = both
    measured = evaluate_detector(detector, unseen[:60], {}, limit=20, quiet=True)
    lines = {line.score: line for line in measured.table if line.outliers == "noise"}
    assert {"density", "features", COMBINED} <= set(lines)
    refused = [verdict.refused_by for verdict in detector.score(unseen[:60])]
    assert lines[COMBINED].false_alarm_rate == pytest.approx(sum(map(bool, refused)) / 60, abs=0.04)


@pytest.fixture
def older(tmp_path):
    """A folder with a detector of digits from before there was a second test, and without any classifier."""
    for name in ("mnist-pixelcnn-gated", "mnist-pixelcnn-background", "mnist-vae"):
        for path in checkpoint_dir().glob(f"{name}.*"):
            shutil.copy(path, tmp_path)
    card, tensors = read_card("mnist-detector"), dict(read_tensors(read_card("mnist-detector")))
    config = {key: value for key, value in card.config.items() if key != "classifier"}
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("feature_")}
    save(replace(card, config=config), kept, tmp_path)
    return tmp_path


def test_an_older_detector_has_one_test(older):
    images = gm_core.load("mnist-pixelcnn", "cpu").sample(3, generator=seeded())
    for one, two in zip(
        gm_core.load_detector("mnist", "cpu", older).score(images),
        gm_core.load_detector("mnist", "cpu").score(images),
        strict=True,
    ):
        assert one.tests == {"density": one.p_value}
        assert one.p_value == two.tests["density"]


@pytest.mark.parametrize("dataset", [name for name, record in CATALOG.items() if record.feature_test])
def test_the_cards_of_two_tests_keep_the_accepted_rate_and_fill_most_of_it(dataset):
    card = read_card(f"{dataset}-detector")
    for alpha in (0.01, 0.05, 0.1):
        figure = card.metric(f"false_alarm_rate_at_{alpha}")
        count = int(figure.protocol.split("the ")[1].split()[0].replace(",", ""))
        # Of the test images, and of the held-out ones that it was calibrated on.
        deviation = math.sqrt(alpha * (1 - alpha) * (1 / count + 1 / 5000))
        assert alpha / 2 < figure.value < alpha + 3 * deviation


def test_most_letters_are_refused_as_digits_and_digits_are_not():
    """Nothing was fitted on letters: the figure is of Omniglot, enlarged and prepared as a user's pictures are."""
    card = read_card("mnist-detector")
    assert card.metric("reasonable_omniglot").value < 0.3
    assert card.metric("reasonable_test_images").value > 0.93
    assert card.metric("reasonable_photographed").value > 0.93
