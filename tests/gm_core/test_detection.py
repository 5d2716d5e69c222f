"""False alarms come at the rate that was asked for, and too likely is as strange as too unlikely."""

import pytest
import torch

import gm_core
from gm_core import VAE, CheckpointError, Detector, GatedPixelCNN, PixelCNNConfig, VAEConfig, load_detector
from gm_core.data.datasets import Images
from gm_core.detection import Typicality, conformal_p_value
from gm_core.detection.calibration import calibrate, false_alarm_rates
from gm_core.detection.detector import vae_bound


def test_conformal_p_values_count_the_calibration_scores_at_least_as_high():
    calibration = torch.tensor([1.0, 2.0, 2.0, 3.0]).double()
    scores = torch.tensor([0.0, 1.0, 2.0, 2.5, 3.0, 9.0])
    assert conformal_p_value(scores, calibration).tolist() == pytest.approx([1.0, 1.0, 0.8, 0.4, 0.4, 0.2])


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
def test_false_alarms_never_exceed_alpha_on_average_whatever_the_score(alpha):
    generator = torch.Generator().manual_seed(0)
    rates = []
    for _ in range(300):
        scores = torch.randn(60, generator=generator, dtype=torch.float64).exp()
        p_values = conformal_p_value(scores[:20], scores[20:].sort().values)
        rates.append((p_values <= alpha).double().mean())
    assert torch.stack(rates).mean() <= alpha + 0.01


def test_too_likely_is_as_strange_as_too_unlikely():
    typicality = Typicality.fit(-100 + 10 * torch.randn(20_000, generator=torch.Generator().manual_seed(0)))
    scores = typicality.outlier_score(torch.tensor([-100.0, -80.4, -119.6, 0.0, -200.0]).double())
    assert scores.tolist() == pytest.approx([0, 1, 1, 5.1, 5.1], abs=0.2)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A detector of pictures that a small PixelCNN draws, and more of them that nobody has calibrated on."""
    torch.manual_seed(0)
    pixelcnn = GatedPixelCNN(PixelCNNConfig(height=8, width=8, classes=2, channels=8, layers=2)).eval()
    vae = VAE(VAEConfig(height=8, width=8, latent=2, channels=4, hidden=8)).eval()
    images = pixelcnn.requires_grad_(False).sample(1200, generator=torch.Generator().manual_seed(1))
    statistics = {"log_prob": pixelcnn.log_prob(images), "bound": vae_bound(vae, images)}
    typicality = {name: Typicality.fit(values[:400]) for name, values in statistics.items()}
    held_out = {name: values[400:800] for name, values in statistics.items()}
    detector = Detector("drawn", pixelcnn, vae, typicality, held_out)
    return detector, images[800:]


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
    assert one.bits_per_dim == pytest.approx(-one.log_prob / (64 * 0.6931472), rel=1e-6)
    assert (one.verdict == "reasonable") == (one.p_value > one.alpha)
    alone = detector.score(unseen[1:2])[0]
    assert alone.log_prob == pytest.approx(two.log_prob, rel=1e-5)
    assert alone.bound == two.bound
    assert detector.share_less_likely(1e9) == 1
    assert detector.share_less_likely(-1e9) == 0


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 2, float("nan")])
def test_nonsense_alpha_is_refused(world, alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        world[0].score(world[1][:1], alpha)


def test_a_detector_is_calibrated_saved_and_loaded(world, tmp_path):
    from tests.gm_core.test_checkpoints import shipped

    detector, unseen = world
    shipped(detector.pixelcnn, "drawn-pixelcnn", tmp_path)
    shipped(detector.vae, "drawn-vae", tmp_path)
    parts = [Images(part, torch.zeros(len(part), dtype=torch.int64), ("a", "b")) for part in unseen.split(130)[:3]]
    card = calibrate("drawn", *parts, device=torch.device("cpu"), directory=tmp_path, quiet=True)
    assert 0 <= card.metric("false_alarm_rate_at_0.05").value < 0.2
    loaded = load_detector("drawn", "cpu", tmp_path)
    assert len(loaded.calibration) == 130
    assert false_alarm_rates(loaded, parts[2], quiet=True) == card.metrics
    assert loaded.score(unseen[:1])[0].log_prob == pytest.approx(detector.score(unseen[:1])[0].log_prob)
    card_file = tmp_path / "drawn-detector.json"
    whole = card_file.read_text()
    card_file.write_text(whole.replace('"typicality"', '"moods"'))
    with pytest.raises(CheckpointError, match="calibrate it again"):
        load_detector("drawn", "cpu", tmp_path)
    card_file.write_text(whole)
    # Weights trained anew make the calibration worthless, and that is said.
    shipped(GatedPixelCNN(detector.pixelcnn.config).eval(), "drawn-pixelcnn", tmp_path)
    with pytest.raises(CheckpointError, match="calibrated with other weights of 'drawn-pixelcnn'"):
        load_detector("drawn", "cpu", tmp_path)
    with pytest.raises(CheckpointError, match="there is no checkpoint 'cats-detector'"):
        load_detector("cats", "cpu", tmp_path)


def test_the_shipped_detector_accepts_digits_and_refuses_noise_and_emptiness():
    detector = gm_core.load_detector("mnist", "cpu")
    # The PixelCNN's drawings are no real digits, and the VAE notices: most pass, not 95 %.
    digits = detector.pixelcnn.sample(40, torch.arange(40) % 10, generator=torch.Generator().manual_seed(0))
    assert sum(verdict.verdict == "reasonable" for verdict in detector.score(digits)) >= 22
    noise = torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    empty = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    for verdict in detector.score(torch.cat([noise, empty, empty + 128, empty + 255])):
        assert verdict.verdict == "unreasonable"
    # The lesson of the tab: the empty picture is more likely than every digit held out.
    assert detector.share_less_likely(detector.score(empty)[0].log_prob) == 1
