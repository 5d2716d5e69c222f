"""False alarms come at the rate that was asked for, each score means what it says, and the parts fit together."""

import math

import pytest
import torch

import gm_core
from gm_core import CheckpointError, GatedPixelCNN, load_detector
from gm_core.data.datasets import Images
from gm_core.studies.detector import SCORES, Evidence, NeighbourDensity, scores, two_sided_p_value
from gm_core.studies.detector.calibration import calibrate
from gm_core.studies.detector.conformal import usual_range
from gm_core.studies.detector.density import NEIGHBOURS
from gm_core.studies.detector.detector import scores_of
from tests.helpers import seeded


def test_two_sided_p_values_count_the_calibration_values_at_least_as_far_out():
    calibration = torch.tensor([1.0, 2.0, 2.0, 3.0, 4.0]).double()
    values = torch.tensor([0.0, 1.0, 2.0, 3.5, 9.0])
    assert two_sided_p_value(values, calibration).tolist() == pytest.approx([1 / 3, 2 / 3, 1, 2 / 3, 1 / 3])


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("n", [19, 200])
def test_the_usual_range_is_where_the_p_value_is_above_alpha(alpha, n):
    calibration = torch.randn(n, generator=seeded(), dtype=torch.float64).sort().values
    low, high = usual_range(calibration, alpha)
    values = torch.cat([calibration, torch.linspace(-4, 4, 400, dtype=torch.float64)])
    inside = (values >= low) & (values <= high)
    assert torch.equal(two_sided_p_value(values, calibration) > alpha, inside)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
def test_p_values_are_at_most_alpha_no_more_often_than_alpha(alpha):
    """The guarantee, for few and skewed calibration values, on average over draws of them."""
    generator = seeded()
    single, joint = [], []
    for _ in range(200):
        points = torch.randn(60, 2, generator=generator, dtype=torch.float64).exp()
        single.append(two_sided_p_value(points[:20, 0], points[20:, 0].sort().values) <= alpha)
        density = NeighbourDensity(points[20:])
        joint.append(density.p_value(density.outlier_score(points[:20])[1]) <= alpha)
    for found in (single, joint):
        assert torch.stack(found).double().mean() <= alpha + 0.01


def test_the_joint_p_value_is_that_of_scoring_all_points_anew_with_the_new_one_among_them():
    generator = seeded()
    held_out, new = torch.randn(40, 3, generator=generator).double(), torch.randn(6, 3, generator=generator).double()
    density = NeighbourDensity(held_out)
    score, peers = density.outlier_score(torch.cat([new, held_out[:1] + 1e-9]))
    for i, point in enumerate(torch.cat([new, held_out[:1] + 1e-9])):
        everyone = torch.cat([held_out, point[None]])
        distances = torch.cdist(everyone, everyone).topk(NEIGHBOURS + 1, largest=False).values[:, 1:].mean(dim=1)
        assert float(score[i]) == pytest.approx(float(distances[-1]), abs=1e-6)
        assert int(peers[i]) == int((distances[:-1] >= distances[-1] - 1e-12).sum())
    assert density.outlier_score(new[:0])[0].shape == (0,)
    with pytest.raises(ValueError, match="at least 2 points"):
        NeighbourDensity(held_out[:1])


@pytest.mark.parametrize("count", [2, 3, 6])
def test_few_held_out_points_promise_what_they_can(count):
    points = torch.randn(2000 * (count + 1), 2, generator=seeded()).double().view(2000, count + 1, 2)
    p_values = [
        density.p_value(density.outlier_score(new[None])[1])
        for *held_out, new in points
        for density in [NeighbourDensity(torch.stack(held_out))]
    ]
    p_values = torch.cat(p_values)
    assert float(p_values.min()) == pytest.approx(1 / (count + 1))
    for alpha in (0.2, 0.5):
        assert float((p_values <= alpha).double().mean()) <= alpha + 0.03


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_false_alarm_rate_on_unseen_reasonable_pictures(world, alpha):
    detector, unseen = world
    rate = sum(verdict.verdict == "unreasonable" for verdict in detector.score(unseen, alpha)) / len(unseen)
    deviation = (alpha * (1 - alpha) * (1 / 400 + 1 / 400)) ** 0.5
    assert abs(rate - alpha) < 3 * deviation


def test_a_verdict_is_made_of_the_models_own_numbers(world):
    detector, unseen = world
    one, two = detector.score(unseen[:2])
    assert one.log_prob == pytest.approx(float(detector.pixelcnn.log_prob(unseen[:1])), rel=1e-6)
    assert float(one.surprise.sum()) == pytest.approx(-one.log_prob, rel=1e-6)
    assert one.bits_per_dim == pytest.approx(-one.log_prob / (64 * math.log(2)), rel=1e-6)
    background = float(detector.background.log_prob(unseen[:1]))
    assert one.scores["likelihood_ratio"] == pytest.approx(one.log_prob - background, rel=1e-4)
    assert float(one.ratio.sum()) == pytest.approx(one.log_prob - background, rel=1e-4)
    assert (one.verdict == "reasonable") == (one.p_value > one.alpha)
    assert one.p_value == (1 + one.peers) / (len(detector) + 1)
    assert tuple(one.scores) == tuple(one.p_values) == tuple(SCORES)
    for name, value in one.scores.items():
        low, high = detector.usual_range(name, 0.1)
        assert (one.p_values[name] > 0.1) == (low <= value <= high)
    # Alone or among others, a picture is judged the same.
    alone = detector.score(unseen[1:2])[0]
    assert alone.scores == pytest.approx(two.scores, rel=1e-4)
    assert alone.p_value == pytest.approx(two.p_value, abs=0.01)
    assert detector.share_below("log_prob", 1e9) == 1
    assert detector.share_below("log_prob", -1e9) == 0
    assert detector.score(unseen[:0]) == []


def test_it_behaves_like_an_outlier_detector_of_scikit_learn(world):
    detector, unseen = world
    verdicts = detector.score(unseen[:60], 0.05)
    normal, decision, labels = (
        f(unseen[:60]) for f in (detector.score_samples, detector.decision_function, detector.predict)
    )
    assert normal.tolist() == [-verdict.outlier_score for verdict in verdicts]
    assert set(labels.tolist()) <= {1, -1}
    assert torch.equal(labels == 1, decision > 0)
    assert labels.tolist() == [1 if verdict.verdict == "reasonable" else -1 for verdict in verdicts]


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 2, float("nan")])
def test_nonsense_alpha_is_refused(world, alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        world[0].score(world[1][:1], alpha)


def test_surprise_has_the_mean_and_the_variance_that_were_expected_of_it(world):
    """Over all values a pixel might have had, weighted by their probability."""
    model, images = world[0].pixelcnn, world[1][:2]
    surprise, expected, variance = model.surprise(images)
    p = model.distribution(images).probs
    cost = -p.log()
    torch.testing.assert_close(surprise, -model.pixel_log_prob(images))
    torch.testing.assert_close(expected, (p * cost).sum(-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(variance, (p * (cost - expected[..., None]) ** 2).sum(-1), rtol=1e-3, atol=1e-4)


def test_a_picture_the_model_drew_has_no_excess_surprise_and_no_clusters(world):
    detector, unseen = world
    mine = scores_of((detector.pixelcnn, detector.background, detector.vae), unseen)
    for name in ("excess", "clustering"):
        values = mine[:, list(SCORES).index(name)]
        assert abs(float(values.mean())) < 4 * float(values.std()) / len(values) ** 0.5
    assert float(mine[:, list(SCORES).index("excess")].std()) == pytest.approx(1, abs=0.12)


def evidence(surprise, **others):
    zeros = torch.zeros_like(surprise)
    parts = {"expected": zeros, "variance": zeros, "background": zeros, "images": zeros.to(torch.uint8)}
    sums = {"reconstruction": torch.zeros(len(surprise)), "kl": torch.zeros(len(surprise))}
    return Evidence(**{"surprise": surprise, **parts, **sums, **others})


def test_scores_of_made_up_evidence():
    surprise = torch.zeros(1, 1, 10, 10)
    surprise[..., 0, :4] = 5.0
    given = evidence(surprise, expected=torch.full_like(surprise, 0.1), variance=torch.full_like(surprise, 0.25))
    assert float(scores.log_prob(given)) == -20
    assert float(scores.entropy(given)) == pytest.approx(10)
    assert float(scores.excess(given)) == pytest.approx((20 - 10) / 25**0.5)
    assert float(scores.peak(given)) == pytest.approx(20 / scores.PEAK)
    assert float(scores.spread(given)) == pytest.approx(float(surprise.std()))
    assert float(scores.clustering(given)) > 1
    assert float(scores.likelihood_ratio(given)) == -20
    apart = torch.zeros(1, 1, 10, 10)
    apart[..., ::3, ::5] = 5.0
    assert float(scores.clustering(evidence(apart))) == 0
    assert float(scores.kl(evidence(surprise, kl=torch.tensor([3.0])))) == 3


@pytest.mark.parametrize("channels", [1, 3])
def test_complexity_counts_the_bits_of_a_real_file(channels):
    """What a coder can shorten costs less: emptiness next to nothing, noise about eight bits per value."""
    noise = torch.randint(256, (1, channels, 28, 28), dtype=torch.uint8, generator=seeded())
    images = torch.cat([torch.zeros_like(noise), noise])
    given = evidence(torch.zeros(images.shape), images=images)
    for score in (scores.complexity_png, scores.complexity_webp):
        empty, full = (-score(given)).tolist()
        assert empty < 1000
        assert full > 0.95 * 8 * noise.numel()


def test_a_detector_is_calibrated_saved_and_loaded(world, tmp_path):
    from tests.helpers import shipped

    detector, unseen = world
    shipped(detector.pixelcnn, "drawn-pixelcnnpp", tmp_path)
    shipped(detector.background, "drawn-pixelcnn-background", tmp_path)
    shipped(detector.vae, "drawn-vae", tmp_path)
    train, held_out = (
        Images(part, torch.zeros(len(part), dtype=torch.int64), ("a", "b")) for part in unseen.split(200)[:2]
    )
    seen = []
    card = calibrate(
        "drawn",
        train,
        held_out,
        lambda made: seen.append(made) or [],
        device=torch.device("cpu"),
        directory=tmp_path,
        quiet=True,
    )
    assert len(seen) == 1
    assert card.config["scores"] == list(SCORES)
    loaded = load_detector("drawn", "cpu", tmp_path)
    assert loaded is load_detector("drawn", "cpu", tmp_path)
    assert len(loaded) == 200
    before, after = seen[0].score(unseen[:5]), loaded.score(unseen[:5])
    assert [v.p_value for v in before] == [v.p_value for v in after]
    # In the detector's units no direction of the training images' scores is wider than one; those that others
    # determine all but fully are narrower, so that rounding is not taken for news.
    scored = scores_of((loaded.pixelcnn, loaded.background, loaded.vae), train.images)
    variances = torch.linalg.eigvalsh(((scored - loaded.center) @ loaded.whitening).T.cov())
    assert float(variances.max()) == pytest.approx(1, abs=0.02)
    assert float(variances.min()) > 0

    card_file = tmp_path / "drawn-detector.json"
    whole = card_file.read_text()
    card_file.write_text(whole.replace('"scores"', '"moods"'))
    with pytest.raises(
        CheckpointError, match=r"not one of this version.*make it with: python -m gm_core calibrate drawn"
    ):
        load_detector("drawn", "cpu", tmp_path)
    card_file.write_text(whole)
    # Weights trained anew make the calibration worthless, and that is said.
    shipped(GatedPixelCNN(detector.pixelcnn.config).eval(), "drawn-pixelcnnpp", tmp_path)
    with pytest.raises(CheckpointError, match=r"made with other weights of 'drawn-pixelcnnpp';.*calibrate drawn"):
        load_detector("drawn", "cpu", tmp_path)
    with pytest.raises(CheckpointError, match="there is no checkpoint 'cats-detector'"):
        load_detector("cats", "cpu", tmp_path)


def test_the_shipped_detector_accepts_digits_and_refuses_noise_and_emptiness():
    detector = gm_core.load_detector("mnist", "cpu")
    noise = torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8, generator=seeded())
    empty = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    for verdict in detector.score(torch.cat([noise, empty, empty + 128, empty + 255])):
        assert verdict.verdict == "unreasonable"
    # The lesson of the tab: the empty picture is more likely than every digit held out.
    assert detector.share_below("log_prob", detector.score(empty)[0].log_prob) == 1
