"""The detector: two densities, a bound, their scores of a picture, and the same scores of held-out images.

Where the data set has a classifier, its features are a second test beside that.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.distributions import kl_divergence
from tqdm import tqdm

from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.capabilities import Variational
from gm_core.models.inputs import as_images
from gm_core.numerics import isolate
from gm_core.studies.detector.conformal import combine, shares_of, two_sided_p_value, usual_range
from gm_core.studies.detector.density import NeighbourDensity
from gm_core.studies.detector.features import FeatureTest
from gm_core.studies.detector.scores import SCORES, Evidence, all_scores

Pictures = Tensor | ArrayLike
"""What :func:`gm_core.models.inputs.as_images` makes images of."""

BATCH = 20
"""Pictures per batch: few fit a CPU's cache."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a detector says about one picture.

    Attributes:
        outlier_score: How far its scores lie from those of held-out images; higher is less reasonable.
        peers: How many held-out images are at least as unusual to the test that :attr:`decisive` names.
        p_value: Conformal p-value of all tests together; see :func:`gm_core.studies.detector.conformal.combine`.
        alpha: The false-alarm rate that was accepted.
        log_prob: Exact log p(x) under the PixelCNN, nats.
        bits_per_dim: The same in bits per value.
        scores: Every score by name.
        p_values: The two-sided conformal p-value of every score.
        surprise: -log p of each value given the earlier ones, nats, ``float32`` (C, H, W).
        expected: Expected surprise, nats, ``float32`` (C, H, W).
        ratio: Log-likelihood ratio of each value to the background model, nats, ``float32`` (C, H, W).
        tests: The p-value of every test by itself: ``"density"``, of the outlier score, and ``"features"``, of the
            feature distance, where the detector has it.
        feature_distance: How far it lies from the nearest training picture in a classifier's features, see
            :class:`gm_core.studies.detector.features.FeatureTest`; ``None`` where the detector has no such test.
    """

    outlier_score: float
    peers: int
    p_value: float
    alpha: float
    log_prob: float
    bits_per_dim: float
    scores: dict[str, float]
    p_values: dict[str, float]
    surprise: Tensor
    expected: Tensor
    ratio: Tensor
    tests: dict[str, float]
    feature_distance: float | None = None

    @property
    def verdict(self) -> Literal["reasonable", "unreasonable"]:
        """Reasonable when the p-value is above the accepted false-alarm rate."""
        return "reasonable" if self.p_value > self.alpha else "unreasonable"

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The tests that refuse the picture: those whose p-value is at most their share of alpha."""
        return tuple(name for name, p_value in self.weighted.items() if p_value <= self.alpha)

    @property
    def decisive(self) -> str:
        """The test that the p-value comes from."""
        return min(self.weighted, key=self.weighted.__getitem__)

    @property
    def weighted(self) -> dict[str, float]:
        """The p-value of every test, divided by its share: refused at alpha where it is at most that."""
        shares = shares_of(self.tests)
        return {name: p_value / shares[name] for name, p_value in self.tests.items()}


@dataclass(frozen=True, eq=False)
class Readings:
    """What a detector measures in pictures, before it compares them with held-out ones.

    Attributes:
        scores: As returned by :func:`gm_core.studies.detector.scores.all_scores`, ``float64`` (N, scores).
        feature_distance: As of :class:`Verdict`, ``float64`` (N,).
    """

    scores: Tensor
    feature_distance: Tensor | None


@dataclass(frozen=True, eq=False)
class Judged:
    """What a detector says of readings; attributes as of :class:`Verdict`, of every picture, (N,)."""

    outlier_score: Tensor
    peers: Tensor
    p_value: Tensor
    tests: dict[str, Tensor]


class Detector:
    """Judges pictures by what three models find unusual about them, and by how they look to a classifier.

    The scores of a picture (``SCORES``) are a point; the detector measures its distance from those of held-out images,
    in units of their spread and correlation. That is one test. Where there is a classifier, a second one measures how
    far the picture's features lie from those of training images. Each may raise its share of the false alarms.

    It also behaves like a fitted outlier detector of scikit-learn: :meth:`score_samples`, :meth:`decision_function` and
    :meth:`predict`, and with them :meth:`score`, take pictures from a tensor, an array or nested lists of integers, of
    any type and layout, (B, C, H, W) of levels from 0 to 255. There is no ``fit``: its models were trained, and
    :func:`gm_core.studies.detector.calibration.calibrate` makes another.

    Args:
        dataset: What it knows, for instance ``"mnist"``.
        pixelcnn: The density.
        background: The background density, which knows only the general look of the pictures.
        vae: The model with a lower bound on its density.
        center: Where the scores of training images lie, (scores,).
        whitening: Makes their covariance the identity, (scores, scores).
        held_out: The scores of the calibration images, (n, scores).
        alpha: The false-alarm rate that :meth:`predict` accepts.
        features: The second test, of the same calibration images, if there is one.
    """

    @isolate
    def __init__(
        self,
        dataset: str,
        pixelcnn: Autoregressive,
        background: Autoregressive,
        vae: Variational,
        center: Tensor,
        whitening: Tensor,
        held_out: Tensor,
        alpha: float = 0.05,
        features: FeatureTest | None = None,
    ) -> None:
        self.dataset, self.pixelcnn, self.background, self.vae = dataset, pixelcnn, background, vae
        self.center, self.whitening, self.alpha = center.double(), whitening.double(), check_alpha(alpha)
        self.held_out = {name: held_out[:, i].double().sort().values for i, name in enumerate(SCORES)}
        self.density = NeighbourDensity(self._point(held_out))
        self.outlier_scores = self.density.held_out.sort().values
        self.features = features
        self._shares = shares_of(["density", "features"] if features else ["density"])

    def __len__(self) -> int:
        """The number of calibration images."""
        return len(self.density)

    @property
    def least_p_value(self) -> float:
        """The smallest p-value there can be: below it no false-alarm rate calls anything unreasonable.

        It is 1 / (n + 1), divided by the largest share of a test.
        """
        return 1 / (len(self) + 1) / max(self._shares.values())

    def reach(self, alpha: float) -> str:
        """What to say of a false-alarm rate that is too small for so few calibration images; nothing of others."""
        if alpha >= self.least_p_value:
            return ""
        return (
            f"with only {len(self):,} held-out pictures to compare with, no p-value is below "
            f"{100 * self.least_p_value:.2g} %, so at {100 * alpha:g} % nothing is ever called unreasonable"
        )

    @isolate
    def evidence(self, images: Pictures) -> Evidence:
        """What the models say about some pictures, computed in one batch.

        Args:
            images: Levels (B, C, H, W) of the models' size, with B at least 1.

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        return gather_evidence(self.pixelcnn, self.background, self.vae, as_images(images))

    @isolate
    def score(self, images: Pictures, alpha: float | None = None) -> list[Verdict]:
        """Judge pictures.

        Args:
            images: Levels (B, C, H, W) of the models' size; none give no verdicts.
            alpha: Accepted false-alarm rate, in (0, 1): the share of reasonable pictures that may be called
                unreasonable; the detector's own when left out.

        Returns:
            A verdict for each.

        Raises:
            ValueError: The images are of the wrong type or shape, or alpha is out of range.
        """
        alpha, images = check_alpha(self.alpha if alpha is None else alpha), as_images(images)
        return [verdict for part in images.split(BATCH) for verdict in self._judge(part, alpha)] if len(images) else []

    @isolate
    def read(self, images: Tensor, title: str = "", quiet: bool = True) -> Readings:
        """What is measured in many pictures.

        Args:
            images: ``uint8`` (N, C, H, W), with N at least 1.
            title: Title of the progress bar.
            quiet: No progress bar.
        """
        scores = scores_of((self.pixelcnn, self.background, self.vae), images, title, quiet)
        return Readings(scores, self._feature_distance(images))

    @isolate
    def judge(self, readings: Readings) -> Judged:
        """Compare readings with those of the held-out images: outlier scores and conformal p-values."""
        outlier_score, of_density = self.density.outlier_score(self._point(readings.scores))
        peers = {"density": of_density}
        if self.features and readings.feature_distance is not None:
            peers["features"] = self.features.peers(readings.feature_distance)
        tests = {name: self.density.p_value(count) for name, count in peers.items()}
        p_value, place = combine(tests)
        decisive = torch.stack(list(peers.values())).gather(0, place[None])[0]
        return Judged(outlier_score, decisive, p_value, tests)

    @isolate
    def threshold(self, alpha: float) -> float:
        """The outlier score from which on the test of the scores calls a picture unreasonable.

        Approximate, because a new picture changes the scores of the held-out ones a little; no verdict uses it.
        """
        check_alpha(alpha)
        p_values = (1 + torch.arange(len(self))).double() / (len(self) + 1)
        refused = int((p_values / self._shares["density"] <= alpha).sum())
        return float(self.outlier_scores[-refused]) if refused else math.inf

    @isolate
    def usual_range(self, name: str, alpha: float) -> tuple[float, float]:
        """The range in which a score's own p-value is above alpha, ends included."""
        return usual_range(self.held_out[name], check_alpha(alpha))

    @isolate
    def share_below(self, name: str, value: float) -> float:
        """Share of the calibration images whose score is lower than a value, from 0 to 1."""
        return float((self.held_out[name] < value).double().mean())

    @isolate
    def share_nearer(self, verdict: Verdict) -> float:
        """Share of the calibration images that are nearer to a training picture in the classifier's features.

        Raises:
            ValueError: There is no test by features.
        """
        if not self.features or verdict.feature_distance is None:
            raise ValueError(f"the detector of {self.dataset} has no test by a classifier's features")
        return self.features.share_below(verdict.feature_distance)

    @isolate
    def score_samples(self, images: Pictures) -> Tensor:
        """How normal pictures are, in the sense of scikit-learn's outlier detectors: higher is more normal, (B,)."""
        return torch.tensor([-verdict.outlier_score for verdict in self.score(images)], dtype=torch.float64)

    @isolate
    def decision_function(self, images: Pictures) -> Tensor:
        """The p-value minus alpha, (B,): 0 or more for inliers, as in scikit-learn's outlier detectors.

        A p-value of just alpha is an outlier's; alpha is taken a last digit higher, so that its difference is below 0.
        """
        least = math.nextafter(self.alpha, 1)
        return torch.tensor([verdict.p_value - least for verdict in self.score(images)], dtype=torch.float64)

    @isolate
    def predict(self, images: Pictures) -> Tensor:
        """1 for pictures that are reasonable at the detector's alpha, -1 for others, ``int64`` (B,)."""
        return torch.where(self.decision_function(images) >= 0, 1, -1)

    def _judge(self, images: Tensor, alpha: float) -> list[Verdict]:
        evidence, distance = self.evidence(images), self._feature_distance(images)
        scores = all_scores(evidence)
        judged = self.judge(Readings(scores, distance))
        single = {name: two_sided_p_value(scores[:, i], self.held_out[name]) for i, name in enumerate(SCORES)}
        dims = evidence.surprise[0].numel() * math.log(2)
        log_prob = -evidence.surprise.flatten(1).sum(dim=1)
        return [
            Verdict(
                outlier_score=float(judged.outlier_score[i]),
                peers=int(judged.peers[i]),
                p_value=float(judged.p_value[i]),
                alpha=alpha,
                log_prob=float(log_prob[i]),
                bits_per_dim=-float(log_prob[i]) / dims,
                scores=dict(zip(SCORES, scores[i].tolist(), strict=True)),
                p_values={name: float(values[i]) for name, values in single.items()},
                surprise=evidence.surprise[i].cpu(),
                expected=evidence.expected[i].cpu(),
                ratio=evidence.ratio[i].cpu(),
                tests={name: float(values[i]) for name, values in judged.tests.items()},
                feature_distance=None if distance is None else float(distance[i]),
            )
            for i in range(len(images))
        ]

    def _feature_distance(self, images: Tensor) -> Tensor | None:
        return self.features.distance(images) if self.features else None

    def _point(self, scores: Tensor) -> Tensor:
        """Scores in units of their spread and correlation among training images."""
        return (scores.double() - self.center) @ self.whitening


@isolate
@torch.inference_mode()
def gather_evidence(pixelcnn: Autoregressive, background: Autoregressive, vae: Variational, images: Tensor) -> Evidence:
    """What three models say about some pictures.

    Args:
        pixelcnn: The density.
        background: The density of mutated pictures.
        vae: The bound; its noise is the same for every picture, so that the answer is repeatable.
        images: ``uint8`` (B, C, H, W) of the models' size.
    """
    surprise, expected, variance = pixelcnn.surprise(images)
    posterior = vae.encode(images)
    noise = torch.randn(1, posterior.mean.shape[1], generator=torch.Generator().manual_seed(0)).to(vae.device)
    # A draw and its reflection about the mean: their errors cancel to first order.
    z = torch.stack([posterior.mean + sign * posterior.stddev * noise for sign in (1, -1)])
    return Evidence(
        images=images,
        surprise=surprise,
        expected=expected,
        variance=variance,
        background=-background.pixel_log_prob(images),
        reconstruction=vae.log_likelihood(images, z).mean(dim=0),
        kl=kl_divergence(posterior, vae.prior).sum(dim=1),
    )


@isolate
def scores_of(
    models: tuple[Autoregressive, Autoregressive, Variational], images: Tensor, title: str = "", quiet: bool = True
) -> Tensor:
    """Every score of many pictures, ``float64`` (N, scores).

    Args:
        models: A detector's parts.
        images: ``uint8`` (N, C, H, W).
        title: Title of the progress bar.
        quiet: No progress bar.
    """
    parts = tqdm(images.split(BATCH), desc=title, unit="batch", disable=quiet)
    return torch.cat([all_scores(gather_evidence(*models, part)) for part in parts])


def check_alpha(alpha: float) -> float:
    """Return a false-alarm rate; ``ValueError`` unless it lies in (0, 1)."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha, the accepted false-alarm rate, must lie between 0 and 1, not {alpha!r}")
    return alpha
