"""How sure a classifier is, and what refusing the least sure of is worth."""

import pytest
import torch

from gm_core import accuracy_versus_coverage, calibration_error
from gm_core.evaluation.confidence import log_odds


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    generator = torch.Generator().manual_seed(0)
    probs = torch.rand(50_000, 3, generator=generator, dtype=torch.float64).pow(2).mul(4).softmax(dim=1)
    honest = torch.multinomial(probs, 1, generator=generator)[:, 0]
    assert calibration_error(probs, honest) < 0.01
    # Sure of everything and right half of the time.
    sure = torch.eye(2, dtype=torch.float64)[torch.zeros(100, dtype=torch.int64)]
    assert calibration_error(sure, torch.arange(100) % 2) == pytest.approx(0.5)
    # Two bins: 0.9 sure and always right, 0.6 sure and never.
    probs = torch.tensor([[0.9, 0.1], [0.6, 0.4]], dtype=torch.float64)
    assert calibration_error(probs, torch.tensor([0, 1])) == pytest.approx((0.1 + 0.6) / 2)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_refusing_the_least_confident_first():
    # Right, right, wrong, right, wrong, from the most to the least confident.
    probs = torch.tensor([[0.99, 0.01], [0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    labels = torch.tensor([0, 1, 1, 0, 0])
    coverage, accuracy = accuracy_versus_coverage(probs, labels, points=6)
    assert coverage.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert accuracy.tolist() == pytest.approx([1, 1, 1, 2 / 3, 3 / 4, 3 / 5])
    _, backwards = accuracy_versus_coverage(probs, labels, -probs.amax(dim=1), points=6)
    assert backwards.tolist() == pytest.approx([0, 0, 1 / 2, 1 / 3, 2 / 4, 3 / 5])
    shuffled = torch.tensor([3, 0, 4, 2, 1])
    assert torch.equal(accuracy_versus_coverage(probs[shuffled], labels[shuffled], points=6)[1], accuracy)


def test_equal_confidence_is_worth_nothing_and_no_class_is_always_wrong():
    probs, labels = torch.tensor([[0.9, 0.1]]).expand(10, 2), torch.tensor([0] * 7 + [1] * 3)
    assert accuracy_versus_coverage(probs, labels)[1].tolist() == pytest.approx([0.7] * 101)
    assert float(accuracy_versus_coverage(probs, torch.full((10,), -1))[1].max()) == 0
    for bad in (labels[:0], labels):
        confidence = torch.full((len(bad),), torch.nan)
        with pytest.raises(ValueError, match="at least one picture"):
            accuracy_versus_coverage(probs[: len(bad)], bad, confidence)


def test_log_odds_order_as_the_largest_probability_does_and_do_not_saturate():
    logits = 4 * random(50, 5)
    largest = logits.double().softmax(dim=1).amax(dim=1)
    torch.testing.assert_close(log_odds(logits), (largest / (1 - largest)).log())
    assert log_odds(torch.tensor([[0.0, -100.0], [0.0, -200.0]])).tolist() == pytest.approx([100, 200])
