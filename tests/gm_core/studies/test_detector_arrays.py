"""A detector takes what scikit-learn's outlier detectors do: tensors, arrays of any integers and layout, lists.

The properties are those that scikit-learn's ``check_estimator`` asks of a fitted outlier detector, as far as they make
sense of pictures: there is no ``fit``, and numbers that are no levels are refused.
"""

import math

import numpy as np
import pytest
import torch

from gm_core.studies.detector.refusal import evaluate_detector
from tests.contract.settings import SETTINGS

METHODS = ("score_samples", "decision_function", "predict")


def ways(images: torch.Tensor) -> dict[str, object]:
    """The same pictures, as people hand them over."""
    array = images.numpy()
    read_only = array.copy()
    read_only.flags.writeable = False
    return {
        "array": array,
        "list of arrays": list(array),
        "list of tensors": list(images),
        "nested lists": array.tolist(),
        "tuple": tuple(array),
        **{dtype: array.astype(dtype) for dtype in ("i2", "i4", "i8", "u2", "u4", "u8", ">i2", ">u4", ">i8")},
        **{str(kind): images.to(kind) for kind in (torch.int16, torch.int32, torch.int64, torch.uint16)},
        "columns first": np.asfortranarray(array),
        "mirrored twice": np.ascontiguousarray(array[::-1, :, ::-1, ::-1])[::-1, :, ::-1, ::-1],
        "every other": array.repeat(2, axis=0)[::2],
        "channels last": images.to(memory_format=torch.channels_last),
        "read-only": read_only,
        "masked array with nothing masked": np.ma.masked_array(array),
    }


def test_every_kind_of_array_gives_the_same(world):
    detector, unseen = world
    images = unseen[:3]
    expected = [getattr(detector, method)(images) for method in METHODS]
    verdicts = [(verdict.p_value, verdict.scores) for verdict in detector.score(images)]
    for name, given in ways(images).items():
        for method, wanted in zip(METHODS, expected, strict=True):
            assert torch.equal(getattr(detector, method)(given), wanted), f"{method} of {name}"
        assert [(verdict.p_value, verdict.scores) for verdict in detector.score(given)] == verdicts, name
    assert torch.equal(detector.evidence(images.numpy()).surprise, detector.evidence(images).surprise)


def test_what_are_no_pictures_is_one_clear_error(world):
    detector, unseen = world
    array = unseen[:2].numpy()
    hidden = np.ma.masked_array(array, mask=np.zeros(array.shape, bool))
    hidden[0, 0, 0, 0] = np.ma.masked
    levels = "pictures must be whole numbers from 0 to 255"
    for bad, message in (
        (array / 255, f"{levels}, not float64; multiply shares of white by 255 and round"),
        (array.astype(np.float16), f"{levels}, not float16"),
        (torch.zeros(2, 1, 8, 8), f"{levels}, not float32"),
        (np.full(array.shape, np.nan), f"{levels}, not float64"),
        (array.astype(bool), f"{levels}, not bool"),
        (array.astype(complex), f"{levels}, not complex128"),
        (array.astype(object), f"{levels}, not object"),
        (array.astype(int) + 250, f"{levels}, not from"),
        (array.astype(int) - 300, f"{levels}, not from"),
        (hidden, levels),
        ([["a"]], levels),
        ([[1, 2], [3]], levels),
        (None, levels),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8, device="meta"), levels),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8).to_sparse(), levels),
        (array[:, 0], r"of shape \(B, 1, H, W\)"),
        (array.reshape(2, 64), r"of shape \(B, 1, H, W\)"),
        (array[0, 0, 0], r"of shape \(B, 1, H, W\)"),
        (array[..., :7], "this model takes pictures of 8x8, not 8x7"),
        (array.repeat(3, axis=1), r"of shape \(B, 1, H, W\)"),
    ):
        for method in (*METHODS, "score"):
            with pytest.raises(ValueError, match=message):
                getattr(detector, method)(bad)


def test_it_keeps_what_scikit_learn_asks_of_a_fitted_outlier_detector(world):
    detector, unseen = world
    images = unseen[:40].numpy()
    before = images.copy()
    normal, decision, labels = (getattr(detector, method)(images) for method in METHODS)
    assert np.array_equal(images, before)
    for values, kind in ((normal, torch.float64), (decision, torch.float64), (labels, torch.int64)):
        assert values.shape == (40,) and values.dtype == kind and bool(values.isfinite().all())
    assert set(np.unique(labels)) <= {-1, 1}
    assert np.array_equal(np.where(np.asarray(decision) >= 0, 1, -1), labels)
    order = np.random.default_rng(0).permutation(40)
    for method, values in zip(METHODS, (normal, decision, labels), strict=True):
        shuffled = getattr(detector, method)(images[order])
        assert torch.allclose(shuffled.double(), values[order].double(), rtol=1e-4, atol=0.01)  # in other batches
        alone = torch.cat([getattr(detector, method)(image[None]) for image in images[:5]])
        assert torch.allclose(alone.double(), values[:5].double(), rtol=1e-4, atol=0.01)
    for method in METHODS:
        assert len(getattr(detector, method)(images[:0])) == len(getattr(detector, method)([])) == 0


def test_a_p_value_of_just_alpha_is_an_outliers(world):
    detector, unseen = world
    p_value = detector.score(unseen[:1])[0].p_value
    before, detector.alpha = detector.alpha, p_value
    try:
        assert detector.score(unseen[:1])[0].verdict == "unreasonable"
        assert float(detector.decision_function(unseen[:1])) < 0 and int(detector.predict(unseen[:1])) == -1
        detector.alpha = math.nextafter(p_value, 0)
        assert detector.score(unseen[:1])[0].verdict == "reasonable"
        assert float(detector.decision_function(unseen[:1])) >= 0 and int(detector.predict(unseen[:1])) == 1
    finally:
        detector.alpha = before


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_gives_the_same_verdicts(world, setting):
    detector, unseen = world
    images = unseen[:3]
    expected = detector.score(images)
    with setting():
        found = detector.score(images)
        threshold, usual = detector.threshold(0.05), detector.usual_range("peak", 0.05)
    for one, other in zip(found, expected, strict=True):
        assert (one.p_value, one.outlier_score, one.scores) == (other.p_value, other.outlier_score, other.scores)
        assert torch.equal(one.surprise, other.surprise)
    assert (threshold, usual) == (detector.threshold(0.05), detector.usual_range("peak", 0.05))


def test_a_single_picture_is_judged_and_measured_without_nonsense(world):
    detector, unseen = world
    (verdict,) = detector.score(unseen[:1])
    assert all(math.isfinite(value) for value in (*verdict.scores.values(), *verdict.p_values.values()))
    measured = evaluate_detector(detector, unseen[:1], {}, limit=1)
    assert all(math.isfinite(metric.value) and "nan" not in metric.protocol for metric in measured.metrics)
