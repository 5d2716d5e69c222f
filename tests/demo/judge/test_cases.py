"""What the page says of known pictures: the verdict, and the sentence that says why, graded by p and true."""

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from demo.judge import words
from demo.judge.judgement import Judgement, judge
from demo.shared.examples import examples
from demo.shared.models import Models
from gm_core import Detector
from gm_core.data.preparation import AS_IT_IS
from gm_core.studies.detector.photographs import photograph


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Models.on("cpu").detector("mnist")


def picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def grey(level: int) -> Image.Image:
    return picture(np.full((28, 28), level))


RANDOM = np.random.default_rng(3)
NOISE = "It is noise: neighbouring pixels have nothing to do with each other. Very unusual: "
OTHER_GREY = " all over. Very unusual: "

MADE = {
    "noise of a bell curve": (picture(128 + 40 * RANDOM.standard_normal((28, 28))), NOISE),
    "faint noise": (picture(128 + 10 * RANDOM.standard_normal((28, 28))), NOISE),
    "black and white noise": (picture(255 * (RANDOM.random((28, 28)) > 0.5)), NOISE),
    "sparse noise": (picture(255 * (RANDOM.random((28, 28)) > 0.9)), NOISE),
    "black": (grey(0), "There is nothing on it: it is black" + OTHER_GREY),
    "nearly black": (grey(8), "There is nothing on it: it is grey (level 8)" + OTHER_GREY),
    "dark grey": (grey(40), "There is nothing on it: it is grey (level 40)" + OTHER_GREY),
    "grey": (grey(128), "There is nothing on it: it is grey (level 128)" + OTHER_GREY),
    "white": (grey(255), "There is nothing on it: it is white" + OTHER_GREY),
    "a gradient": (picture(np.tile(np.linspace(0, 255, 28), (28, 1))), "Very unusual: nearly all of its pixels"),
}
"""Pictures of a known fault, judged as they are, and how their sentence begins."""


@pytest.mark.parametrize("name", MADE)
def test_a_known_fault_is_named(detector: Detector, name: str) -> None:
    made, begins = MADE[name]
    judgement = judge(detector, made, AS_IT_IS, 5)
    assert judgement.verdict.verdict == "unreasonable"
    assert words.why(judgement, detector).startswith(begins)


EXAMPLES = {
    "a digit": ("reasonable", "Nothing about it stands out: none of its 11 scores is unusual."),
    "another": ("reasonable", "Nothing about it stands out: none of its 11 scores is unusual."),
    "negative": ("reasonable", "Nothing about it stands out: none of its 11 scores is unusual."),
    "circle": ("reasonable", "A little unusual: its code in the VAE lies farther out than those of"),
    "upside down": ("unreasonable", "Unusual: a background model, trained on corrupted digits, comes closer to it"),
    "letter R": (
        "unreasonable",
        "Unusual: to the classifier it looks less like any training digit than 99.4 % of digits. Its 11 scores alone",
    ),
    "empty": ("unreasonable", "There is nothing on it: it is black all over. Very unusual: "),
    "grey": ("unreasonable", "There is nothing on it: it is grey (level 128) all over. Very unusual: "),
    "noise": ("unreasonable", NOISE + "nearly all of its pixels surprise the model."),
    "sneaker": ("unreasonable", "Very unusual: the VAE reconstructs it worse than all 5,000 digits."),
    "bag": (
        "unreasonable",
        "Very unusual: its surprising pixels form a patch, more than in all 5,000 digits: one part",
    ),
    "painting": ("unreasonable", "Its background is grey (level 208), where digits have black. Very unusual: "),
    "another one": ("unreasonable", "Its background is grey (level 208), where digits have black. Very unusual: "),
}


def test_the_examples_have_their_verdicts_and_sentences(detector: Detector) -> None:
    said = {}
    for example in examples(Models.on("cpu")):
        judgement = judge(detector, example.picture, example.preparation, 5)
        said[example.name] = judgement.verdict.verdict, words.why(judgement, detector)
    assert said.keys() == EXAMPLES.keys()
    for name, (verdict, begins) in EXAMPLES.items():
        assert said[name][0] == verdict and said[name][1].startswith(begins), (name, said[name])


@pytest.fixture(scope="module")
def digits(detector: Detector) -> list[Judgement]:
    """Clean digits of every p-value, from ordinary to very unusual."""
    labels = torch.arange(64) % 10
    drawn = detector.pixelcnn.sample(64, labels, generator=torch.Generator().manual_seed(5))
    p_values = [verdict.p_value for verdict in detector.score(drawn)]
    wanted = (0.9, 0.5, 0.29, 0.17, 0.08, 0.038, 0.014, 0.002)
    nearest = [min(range(64), key=lambda i: abs(p_values[i] - p)) for p in wanted]
    return [judge(detector, picture(drawn[i, 0].numpy()), AS_IT_IS, 5) for i in nearest]


@pytest.mark.parametrize("percent", [1, 5, 20])
def test_clean_digits_are_graded_by_p(detector: Detector, digits: list[Judgement], percent: int) -> None:
    for judgement in (one.accepting(percent) for one in digits):
        p, said = judgement.verdict.p_value, words.why(judgement, detector)
        grade = next((name for limit, name in words.GRADES if p <= limit), None)
        stands_out = min(judgement.verdict.p_values.values()) <= 0.05
        if grade:
            assert f"{grade}: " in said and "Nothing" not in said
        else:
            assert said.startswith("All in all it is ordinary, although " if stands_out else "Nothing about it")
        assert ("accept so few" in said) == (percent / 100 < p <= 0.05)
        assert ("accept so many" in said) == (0.05 < p <= percent / 100)
        assert "stands out" not in said or p > 0.2


def test_what_is_compared_is_true(detector: Detector, digits: list[Judgement]) -> None:
    """The share of digits that a reason names is the share on that side of the picture."""
    for judgement in digits:
        name = words.most_unusual(judgement.verdict, detector)
        below = detector.share_below(name, judgement.verdict.scores[name])
        reason = words._reason(name, judgement, detector)
        beyond = max(below, 1 - below)
        assert ("all 5,000 digits" if beyond == 1 else f"{words._percent(beyond)} of digits") in reason
        assert "100 %" not in reason and "100.0" not in reason


def test_a_photographed_digit_is_reasonable(detector: Detector) -> None:
    digit = examples(Models.on("cpu"))[0].picture
    shot = gm_core.open_picture(photograph(np.asarray(digit), np.random.default_rng(0)), "the photograph")
    judgement = judge(detector, shot, gm_core.Preparation(), 5)
    assert judgement.verdict.verdict == "reasonable"


def test_an_inverted_digit_has_a_white_background(detector: Detector) -> None:
    digit = np.asarray(examples(Models.on("cpu"))[0].picture).astype(int)
    judgement = judge(detector, picture(255 - digit), AS_IT_IS, 5)
    assert judgement.verdict.verdict == "unreasonable"
    assert words.why(judgement, detector).startswith("Its background is white, where digits have black.")


def test_the_line_says_which_bits_are_compared(detector: Detector) -> None:
    judgement = judge(detector, grey(128), AS_IT_IS, 5)
    average = -detector.held_out["log_prob"].double().mean() / (784 * np.log(2))
    html = words.verdict_html(judgement, detector)
    assert f"(held-out digits: {average:.2f} on average)" in html and "less likely than all 5,000" in html
