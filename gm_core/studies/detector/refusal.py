"""How well a detector tells its own pictures from outliers: by each score alone, and by all of them together."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.catalog import form_of
from gm_core.data.preparation import DIGITS
from gm_core.numerics import isolate
from gm_core.studies.detector.conformal import SHARES, two_sided_p_value
from gm_core.studies.detector.detector import Detector, Readings
from gm_core.studies.detector.outliers import OUTLIERS, outlier_sets
from gm_core.studies.detector.photographs import PICTURES, measure_preparation
from gm_core.studies.detector.scores import SCORES

NAIVE = "-log p alone"
"""The naive detector: only an unlikely picture is an outlier."""

COMBINED = "combined"
"""The detector: a smaller p-value is more unusual, and of the same p-value, a higher outlier score."""

Judge = Callable[[Readings], tuple[Tensor, Tensor]]
"""From readings to a measure of how unusual pictures are, and to p-values, (N,) each."""

ALPHAS = (0.01, 0.05, 0.1)
"""Accepted false-alarm rates at which false alarms are counted."""

ALPHA = 0.05
"""Accepted false-alarm rate at which detections are counted."""


@dataclass(frozen=True)
class Refusal:
    """How one score fares against one set of outliers.

    Attributes:
        score: A name of ``SCORES``, unusual on either side; :data:`NAIVE`, a test's name, or :data:`COMBINED`.
        outliers: Name of the set.
        far: Whether every person would refuse its pictures.
        count: Pictures in it.
        auroc: Chance that a picture of the set scores as more unusual than a test image, ties counting half.
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


@dataclass(frozen=True)
class Measured:
    """A detector's figures.

    Attributes:
        metrics: The figures of its card: false-alarm rates; for every set of outliers the combined and the naive
            detector; and, for digits, how photographs and pictures without a digit fare once they are prepared.
        table: Every score, and every test where there are two, against every set.
    """

    metrics: list[Metric]
    table: list[Refusal]


@isolate
def evaluate_detector(
    detector: Detector, test: Tensor, others: dict[str, Tensor], limit: int = OUTLIERS, quiet: bool = False
) -> Measured:
    """Measure a detector and each of its scores alone: false alarms, and how many outliers are found.

    Args:
        detector: The detector.
        test: Test images that neither its models nor its calibration have seen, ``uint8`` (N, C, H, W).
        others: Images of other data sets, by name.
        limit: Most outliers per set.
        quiet: No progress bars.
    """
    readings, judges = detector.read(test, "test images", quiet), _judges(detector)
    usual = {name: judge(readings) for name, judge in judges.items()}
    table = []
    for outliers in outlier_sets(test, others, limit):
        theirs = detector.read(outliers.images, outliers.name, quiet)
        for name, judge in judges.items():
            (value, p_value), (own, own_p_value) = judge(theirs), usual[name]
            table.append(
                Refusal(
                    name,
                    outliers.name,
                    outliers.far,
                    len(outliers.images),
                    auroc(own, value),
                    float((p_value <= ALPHA).double().mean()),
                    float((own_p_value <= ALPHA).double().mean()),
                )
            )
    p_values = usual[COMBINED][1]
    metrics = [
        Metric(
            f"false_alarm_rate_at_{alpha}",
            float((p_values <= alpha).double().mean()),
            "share",
            f"share of the {len(test):,} test images with a p-value of at most {alpha}"
            + (f"; {reach}" if (reach := detector.reach(alpha)) else ""),
        )
        for alpha in ALPHAS
    ]
    metrics += [metric for line in table for metric in _figures(line, len(test))]
    if form_of(detector.dataset) is DIGITS:
        metrics += measure_preparation(detector, test, others, min(limit, PICTURES), quiet=quiet)
    return Measured(metrics, table)


def refusal_table(lines: Sequence[Refusal]) -> str:
    """The table for people, a block for each figure: a line per set of outliers, a column per score."""
    scores = list(dict.fromkeys(line.score for line in lines))
    rows = []
    for figure in ("auroc", "detection_rate"):
        rows.append(f"{figure:24}" + "".join(f"{score:>17}" for score in scores))
        for name, far in dict.fromkeys((line.outliers, line.far) for line in lines):
            values = [getattr(line, figure) for line in lines if line.outliers == name]
            rows.append(f"{name + ('' if far else ' (near)'):24}" + "".join(f"{value:17.4f}" for value in values))
    rates = {line.score: line.false_alarm_rate for line in lines}
    return "\n".join([*rows, f"{'false_alarm_rate':24}" + "".join(f"{rates[score]:17.4f}" for score in scores)])


def _figures(line: Refusal, tested: int) -> list[Metric]:
    """The figures of a line that belong on the card."""
    name = _slug(line.outliers)
    against = f"{line.count:,} outliers ({line.outliers}) against {tested:,} test images"
    if line.score == NAIVE:
        return [Metric(f"naive_auroc_{name}", line.auroc, "AUROC", f"{against}, by -log p(x) alone")]
    if line.score != COMBINED:
        return []
    return [
        Metric(f"auroc_{name}", line.auroc, "AUROC", against),
        Metric(
            f"detection_rate_{name}",
            line.detection_rate,
            "share",
            f"share of {line.count:,} outliers ({line.outliers}) with a p-value of at most {ALPHA}",
        ),
    ]


def _slug(name: str) -> str:
    return "_".join(re.findall("[a-z0-9]+", name.lower()))


def auroc(inliers: Tensor, outliers: Tensor) -> float:
    """Area under the ROC curve: the chance that an outlier scores higher than an inlier, ties counting half.

    Args:
        inliers: Scores of inliers, (n,).
        outliers: Scores of outliers, (m,); higher is more unusual.
    """
    inliers = inliers.double().sort().values
    outliers = outliers.double().contiguous()
    below, up_to = (torch.searchsorted(inliers, outliers, right=right).double() for right in (False, True))
    return float((below + up_to).mean() / (2 * len(inliers)))


def _judges(detector: Detector) -> dict[str, Judge]:
    """A judge for each score by itself, for each test where there are two, and for the detector."""

    def naive(readings: Readings) -> tuple[Tensor, Tensor]:
        held_out, values = detector.held_out["log_prob"], readings.scores[:, list(SCORES).index("log_prob")]
        at_most = torch.searchsorted(held_out, values.contiguous(), right=True)
        return -values, (1 + at_most).double() / (len(held_out) + 1)

    def single(index: int, name: str) -> Judge:
        def two_sided(readings: Readings) -> tuple[Tensor, Tensor]:
            p_value = two_sided_p_value(readings.scores[:, index], detector.held_out[name])
            return -p_value, p_value

        return two_sided

    def test(name: str) -> Judge:
        def one_test(readings: Readings) -> tuple[Tensor, Tensor]:
            p_value = detector.judge(readings).tests[name]
            return -p_value, p_value

        return one_test

    def combined(readings: Readings) -> tuple[Tensor, Tensor]:
        judged = detector.judge(readings)
        # The outlier score tells apart what has the same p-value: here it moves nothing past the next larger one.
        fraction = judged.outlier_score / (1 + judged.outlier_score)
        return fraction / (len(detector) + 1) - judged.p_value, judged.p_value

    return {
        NAIVE: naive,
        **{name: single(index, name) for index, name in enumerate(SCORES)},
        **({name: test(name) for name in SHARES} if detector.features else {}),
        COMBINED: combined,
    }
