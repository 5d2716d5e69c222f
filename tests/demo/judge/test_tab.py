"""The detector's tab, asked by a program: the numbers are the detector's own, and bad input gets a clear answer."""

import io
import math
import re
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

import gm_core
from demo.base.errors import answer_errors
from demo.judge import words as wording
from demo.judge.judgement import judge
from demo.judge.surprise import predict_pixel
from demo.shared.models import Models
from gm_core import Detector, Preparation, Verdict
from gm_core.data.catalog import CATALOG
from gm_core.data.preparation import AS_IT_IS, USUAL
from gm_core.studies.detector import SCORES
from gm_core.studies.detector.conformal import SHARES
from gm_core.studies.detector.features import REFERENCES


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return gm_core.load_detector("mnist", "cpu")


def seven() -> Image.Image:
    picture = Image.new("RGB", (200, 160), "white")
    ImageDraw.Draw(picture).line((60, 30, 140, 30, 90, 130), fill="black", width=16)
    return picture


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


def ask(
    client: Client, path: Path, alpha: float = 5, preparation: Preparation = USUAL, model: str = "mnist"
) -> dict[str, Any]:
    return client.predict(handle_file(path), alpha, *astuple(preparation), model, api_name="/judge")


@pytest.mark.parametrize("preparation", [USUAL, AS_IT_IS, Preparation(crop=False)])
@pytest.mark.parametrize("model", Models.on("cpu").datasets())
def test_numbers_are_the_detectors(client: Client, tmp_path: Path, preparation: Preparation, model: str) -> None:
    path = saved(tmp_path / "seven.png", seven())
    answer = ask(client, path, 10, preparation, model)
    prepared = gm_core.prepare(gm_core.open_picture(path), preparation, form=gm_core.form_of(model))
    verdict = gm_core.load_detector(model, "cpu").score(prepared.image, 0.1)[0]
    for name in (
        "log_prob",
        "bits_per_dim",
        "outlier_score",
        "p_value",
        "alpha",
        "verdict",
        "scores",
        "p_values",
        "tests",
    ):
        assert answer[name] == getattr(verdict, name), name
    assert answer["pixels"] == prepared.image[0].tolist()
    assert answer["steps"] == list(prepared.steps)
    assert answer["surprise"] == verdict.surprise.tolist()
    assert math.isclose(float(np.sum(answer["surprise"])), -answer["log_prob"], rel_tol=1e-5)


def files(folder: Path) -> dict[str, Path]:
    """What people really upload; those called bad_* cannot be read."""
    ink = seven()
    clear = Image.new("RGBA", (120, 120))
    ImageDraw.Draw(clear).line((30, 20, 90, 20, 50, 100), fill=(0, 0, 0, 255), width=14)
    deep = Image.fromarray(np.asarray(ink.convert("L")).astype(np.uint16) * 257)
    noisy = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(noisy, "JPEG")
    paths = {
        "cmyk": saved(folder / "cmyk.jpg", ink.convert("CMYK")),
        "transparent": saved(folder / "transparent.png", clear),
        "deep": saved(folder / "deep.png", deep),
        "animated": saved(folder / "animated.gif", ink, save_all=True, append_images=[ink.rotate(90)]),
        "one_pixel": saved(folder / "one.png", Image.new("L", (1, 1), 200)),
        "bad_huge": saved(folder / "huge.png", Image.new("1", (20_000, 3_000))),
    }
    for name, content in (
        ("bad_cut.jpg", noisy.getvalue()[:4000]),
        ("bad_text.png", b"no picture"),
        ("bad_empty.png", b""),
    ):
        paths[name] = folder / name
        paths[name].write_bytes(content)
    return paths


def test_every_file_is_judged_or_refused_in_words(client: Client, tmp_path: Path) -> None:
    for name, path in files(tmp_path).items():
        if name.startswith("bad_"):
            with pytest.raises(AppError, match=re.escape(path.name)) as refused:
                ask(client, path)
            assert str(tmp_path) not in str(refused.value), "the server's folders are private"
        else:
            assert math.isfinite(ask(client, path)["log_prob"]), name


def test_without_a_picture_it_says_so(client: Client) -> None:
    with pytest.raises(AppError, match="no picture"):
        client.predict(None, 5, *astuple(USUAL), "mnist", api_name="/judge")


def test_a_model_that_is_not_there_is_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="choose one of mnist"):
        ask(client, saved(tmp_path / "seven.png", seven()), model="cats" * 1000)


@pytest.mark.parametrize("percent", [0, 21, 100])
def test_false_alarm_rates_are_bounded(client: Client, tmp_path: Path, percent: float) -> None:
    with pytest.raises(AppError):
        ask(client, saved(tmp_path / "seven.png", seven()), percent)


def test_only_judging_is_public(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert "/judge" in endpoints
    assert not [name for name in endpoints if name.startswith("/on_")]


def test_another_false_alarm_rate_is_another_verdict_on_the_same_number(detector: Detector) -> None:
    """A drawn digit between the 1 % and the 20 % most unusual: refused at 20 %, not at 1 %, its log p(x) unchanged."""
    drawn = detector.pixelcnn.sample(48, generator=torch.Generator().manual_seed(1))
    verdicts = detector.score(drawn)
    unusual = next(image for image, verdict in zip(drawn, verdicts, strict=True) if 0.01 < verdict.p_value <= 0.2)
    picture = Image.fromarray(unusual[0].numpy())
    low, high = (judge(detector, picture, Preparation(), percent).verdict for percent in (1, 20))
    assert (low.log_prob, low.p_value, low.outlier_score) == (high.log_prob, high.p_value, high.outlier_score)
    assert (low.verdict, high.verdict) == ("reasonable", "unreasonable")


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_where_the_histogram_turns_orange_is_where_the_verdict_turns(detector: Detector, alpha: float) -> None:
    """The held-out digits themselves lie on the right side of the edge, all but those within a hair of it."""
    edge = detector.threshold(alpha)
    share = SHARES["density"]
    assert float((detector.outlier_scores >= edge).double().mean()) == pytest.approx(
        share * alpha, abs=1 / len(detector)
    )
    drawn = detector.pixelcnn.sample(24, generator=torch.Generator().manual_seed(1))
    for verdict in detector.score(drawn, alpha):
        if abs(verdict.outlier_score - edge) > 0.01:
            assert ("density" in verdict.refused_by) == (verdict.outlier_score > edge)


def verdict_with(peers: int, held_out: int) -> Verdict:
    none = torch.zeros(1, 1, 1)
    p_value = (peers + 1) / (held_out + 1)
    return Verdict(0.0, peers, p_value, 0.05, -1.0, 0.1, {}, {}, none, none, none, {"density": p_value})


def test_the_sentence_counts_held_out_digits() -> None:
    digits = CATALOG["mnist"]
    assert "all 5,000 digits" in wording.sentence(verdict_with(0, 5000), 5000, digits)
    assert "only 1 in 500 real digits" in wording.sentence(verdict_with(9, 5000), 5000, digits)
    assert "62 of 100 real digits" in wording.sentence(verdict_with(3099, 5000), 5000, digits)
    assert "most real digits" in wording.sentence(verdict_with(5000, 5000), 5000, digits)


def test_every_score_has_its_words_and_its_row(detector: Detector) -> None:
    judgement = judge(detector, Image.fromarray(np.full((28, 28), 128, np.uint8)), AS_IT_IS, 5)
    assert set(wording.SCORE_WORDS) == set(SCORES)
    table = wording.scores_html(judgement, detector)
    for name, words in wording.SCORE_WORDS.items():
        assert words.title in table
        assert f"{judgement.verdict.p_values[name]:.4f}" in table
    assert wording.FEATURE_WORDS.title in table and f"{judgement.verdict.tests['features']:.4f}" in table
    assert table.count("<tr") == len(SCORES) + 2
    assert f"{REFERENCES:,} training digits" in table and SHARES["features"] == 1 / 4  # a quarter, as it says


def test_the_reason_names_what_is_unusual(detector: Detector) -> None:
    """Speckles around a digit, and nothing for a good one; see also ``test_cases.py``."""

    def why(picture: Image.Image) -> str:
        return wording.why(judge(detector, picture, AS_IT_IS, 5), detector)

    drawn = detector.pixelcnn.sample(8, torch.arange(8), generator=torch.Generator().manual_seed(8))
    verdicts = detector.score(drawn)
    fine = [i for i, one in enumerate(verdicts) if one.p_value > 0.2 and min(one.p_values.values()) > 0.05]
    assert fine
    speckled = drawn[fine[0], 0].numpy().copy()
    assert "Nothing about it stands out" in why(Image.fromarray(speckled))
    speckled[1:4, ::3] = 48  # too faint for strokes
    assert "around the strokes" in why(Image.fromarray(speckled))


def test_the_map_shows_what_the_model_expected(detector: Detector) -> None:
    models = Models.on("cpu")
    image = detector.pixelcnn.sample(1, generator=torch.Generator().manual_seed(0))
    asked = {"dataset": "mnist", "pixels": image.flatten().tolist(), "index": 400}
    predict = answer_errors(partial(predict_pixel, models))
    p = predict(asked)["p"]
    expected = detector.pixelcnn.distribution(image).probs[0, 0].flatten(0, 1)[400]
    assert p == pytest.approx(expected.tolist(), abs=1e-5)
    for wrong in (
        None,
        "x",
        {},
        {**asked, "dataset": "cats"},
        {**asked, "index": 784},
        {**asked, "index": True},
        {**asked, "pixels": [0] * 783},
        {**asked, "pixels": [256] * 784},
        {**asked, "pixels": "0" * 784},
    ):
        assert "error" in predict(wrong)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.0, "more likely than all 5,000 held-out"),
        (0.9998, "more likely than all but 1 of 5,000 held-out"),
        (0.996, "more likely than 99.6 % of"),
        (0.42, "more likely than 42 % of"),
        (0.0004, "more likely than only 2 of 5,000 held-out"),
        (0.0, "less likely than all 5,000 held-out"),
    ],
)
def test_a_rank_is_never_rounded_to_all_or_to_none(share, said):
    detector = MagicMock(spec=Detector, share_below=lambda name, value: share)
    detector.__len__.return_value = 5000
    assert wording.rank(-1.0, detector, CATALOG["mnist"]).startswith(said)
