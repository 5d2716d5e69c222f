"""How well a detector tells its own pictures from others: by every score, and by all of them together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from gm_core.detection.calibration import scores_of
from gm_core.detection.conformal import two_sided_p_value
from gm_core.detection.detector import Detector
from gm_core.detection.scores import SCORES
from gm_core.evaluation.outliers import OutlierSet

NAIVE = "-log p alone"
"""The naive detector, that takes only what is unlikely for strange."""

COMBINED = "combined"


@dataclass(frozen=True)
class Refusal:
    """How one score fares against one set of outliers.

    Attributes:
        score: A name of :data:`gm_core.detection.scores.SCORES`, taken as unusual on either side; :data:`NAIVE` or
            :data:`COMBINED`.
        outliers: Name of the set.
        far: Whether anybody would refuse its pictures.
        count: Pictures in it.
        auroc: Chance that a picture of the set is stranger than a test image, ties counting half.
        detection_rate: Share of the set with a p-value of at most alpha.
        false_alarm_rate: Share of the test images with such a p-value.
    """

    score: str
    outliers: str
    far: bool
    count: int
    auroc: float
    detection_rate: float
    false_alarm_rate: float


def refusals(
    detector: Detector, test: Tensor, sets: Iterable[OutlierSet], alpha: float = 0.05, quiet: bool = True
) -> list[Refusal]:
    """Measure a detector and each of its scores alone against sets of outliers.

    Args:
        detector: The detector.
        test: Scores of the test images, as of :func:`gm_core.detection.calibration.scores_of`, (N, scores).
        sets: The outliers.
        alpha: The accepted false-alarm rate.
        quiet: No progress bars.

    Returns:
        A line for every score and set, set by set.
    """
    models = detector.pixelcnn, detector.background, detector.vae
    usual = {name: strangeness(test) for name, strangeness in _strangeness(detector).items()}
    lines = []
    for outliers in sets:
        scores = scores_of(models, outliers.images, outliers.name, quiet)
        for name, strangeness in _strangeness(detector).items():
            (value, p_value), (own, own_p_value) = strangeness(scores), usual[name]
            lines.append(
                Refusal(
                    name,
                    outliers.name,
                    outliers.far,
                    len(scores),
                    auroc(own, value),
                    float((p_value <= alpha).double().mean()),
                    float((own_p_value <= alpha).double().mean()),
                )
            )
    return lines


def auroc(inliers: Tensor, outliers: Tensor) -> float:
    """Area under the ROC curve: the chance that an outlier scores higher than an inlier, ties counting half.

    Args:
        inliers: Their scores, (n,).
        outliers: Theirs, higher is stranger, (m,).
    """
    inliers = inliers.double().sort().values
    outliers = outliers.double().contiguous()
    below, up_to = (torch.searchsorted(inliers, outliers, right=right).double() for right in (False, True))
    return float((below + up_to).mean() / (2 * len(inliers)))


def _strangeness(detector: Detector) -> dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """Of each score, what turns scores into how strange pictures are, and into p-values."""

    def naive(scores: Tensor) -> tuple[Tensor, Tensor]:
        held_out, values = detector.held_out["log_prob"], scores[:, list(SCORES).index("log_prob")]
        at_most = torch.searchsorted(held_out, values.contiguous(), right=True)
        return -values, (1 + at_most).double() / (len(held_out) + 1)

    def alone(index: int, name: str) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        def two_sided(scores: Tensor) -> tuple[Tensor, Tensor]:
            p_value = two_sided_p_value(scores[:, index], detector.held_out[name])
            return -p_value, p_value

        return two_sided

    return {
        NAIVE: naive,
        **{name: alone(index, name) for index, name in enumerate(SCORES)},
        COMBINED: detector.judge_scores,
    }
