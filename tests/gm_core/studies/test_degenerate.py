"""Studies of next to nothing: scores that do not vary, a single code, classes without training pictures."""

import logging
import math

import pytest
import torch

from gm_core.checkpoints import Metric, known_figures
from gm_core.data.datasets import Images
from gm_core.models.vae import VAE, VAEConfig
from gm_core.studies.atlas.atlas import Atlas, evaluate_atlas, principal_steps
from gm_core.studies.bayes.study import class_shares
from gm_core.studies.detector.calibration import SHRINK, calibrate
from gm_core.studies.detector.calibration import _units as units_of
from tests.helpers import flat, seeded


@pytest.fixture(scope="module")
def vae() -> VAE:
    torch.manual_seed(0)
    return VAE(flat(VAEConfig, height=8, width=8, latent=3, channels=4, hidden=8)).eval()


def pictures(n: int, labels: list[int]) -> Images:
    images = torch.randint(256, (n, 1, 8, 8), generator=seeded(), dtype=torch.uint8)
    return Images(images, torch.tensor(labels), ("a", "b", "c"))


def test_scores_are_measured_in_units_of_their_spread_and_correlation() -> None:
    scores = (
        torch.randn(400, 5, generator=seeded(), dtype=torch.float64) @ torch.randn(5, 5, generator=seeded()).double()
    )
    covariance = scores.T.cov()
    expected = torch.linalg.inv(covariance + SHRINK * torch.diag(covariance.diag()))
    _, whitening = units_of(scores)
    torch.testing.assert_close(whitening @ whitening.T, expected)


def test_scores_that_do_not_vary_have_units_all_the_same() -> None:
    scores = torch.cat([torch.full((3, 2), -7000.0), torch.randn(3, 1, generator=seeded())], dim=1).double()
    center, whitening = units_of(scores)
    assert center[0] == -7000 and bool(whitening.isfinite().all())
    points = (scores - center) @ whitening
    assert bool((points[:, :2].abs() < 1e6).all()) and points[:, 2].std() > 0.5


def test_a_detector_says_that_it_needs_more_pictures(tmp_path) -> None:
    some = pictures(1, [0])
    with pytest.raises(RuntimeError, match="2 held-out ones at least, not 1 and 1; add pictures"):
        calibrate("own", some, some, lambda detector: [], device=torch.device("cpu"), directory=tmp_path)


def test_a_single_code_has_no_direction(vae: VAE) -> None:
    steps, gains = principal_steps(vae, torch.zeros(1, 3))
    assert not steps.any() and not gains.any()


def test_a_class_without_a_mean_is_nearest_to_nothing(vae: VAE) -> None:
    held_out = pictures(2, [0, 2])
    codes = vae.code(held_out.images).detach()
    class_codes = torch.stack([codes[0], torch.full((3,), math.nan), codes[1]])
    directions = {"brightness": torch.zeros(3)}
    atlas = Atlas(
        codes, held_out.labels, torch.zeros(3), class_codes, torch.zeros(3, 3), torch.zeros(3), directions,
        {"brightness": (0.0, 0.0)}, held_out.class_names,
    )  # fmt: skip
    figures = {metric.name: metric.value for metric in evaluate_atlas(vae, atlas, held_out, quiet=True)}
    assert figures["nearest_class_mean"] == 1 and all(map(math.isfinite, figures.values()))
    assert list(atlas.means) == [0, 2]
    counts, radius = atlas.neighbours(codes[0], 15)
    assert counts.tolist() == [1, 0, 1] and math.isfinite(radius)


def test_no_class_is_impossible() -> None:
    assert class_shares(pictures(4, [0, 0, 1, 2])).tolist() == [0.5, 0.25, 0.25]
    assert class_shares(pictures(3, [0, 0, 2])).tolist() == [0.5, pytest.approx(1 / 6), pytest.approx(1 / 3)]


def test_a_figure_that_comes_to_nothing_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    figures = [
        Metric("good", 1.0, "nats", "p"),
        Metric("bad", math.nan, "nats", "q"),
        Metric("huge", math.inf, "x", "r"),
    ]
    with caplog.at_level(logging.WARNING):
        assert [metric.name for metric in known_figures(figures)] == ["good"]
    assert "no bad" in caplog.text and "no huge" in caplog.text
