"""The tab "Reasonable?", asked by a program: the numbers are the detector's own, and bad input gets a clear answer."""

import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

import gm_core
from demo import wording
from demo.detector_tab import judge
from demo.histogram import histogram
from demo.widgets.sketch_pad import MAX_CHARACTERS, PREFIX, decode, encode
from gm_core import Detector, PictureError, Preparation, Verdict


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


def ask(client: Client, path: Path, alpha: float = 5, steps: tuple[bool, bool, bool] = (True, True, True)) -> dict:
    return client.predict(handle_file(path), alpha, *steps, api_name="/judge")


@pytest.mark.parametrize("steps", [(True, True, True), (False, False, False), (True, False, True)])
def test_numbers_are_the_detectors(
    client: Client, detector: Detector, tmp_path: Path, steps: tuple[bool, bool, bool]
) -> None:
    path = saved(tmp_path / "seven.png", seven())
    answer = ask(client, path, 10, steps)
    prepared = gm_core.prepare(gm_core.open_picture(path), Preparation(*steps))
    verdict = detector.score(prepared.image, 0.1)[0]
    for name in ("log_prob", "bits_per_dim", "bound", "outlier_score", "p_value", "alpha", "verdict"):
        assert answer[name] == getattr(verdict, name), name
    assert answer["pixels"] == prepared.image[0, 0].tolist()
    assert answer["steps"] == list(prepared.steps)
    assert answer["surprise"] == verdict.surprise.tolist()
    assert math.isclose(sum(map(sum, answer["surprise"])), -answer["log_prob"], rel_tol=1e-5)


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
        "film": saved(folder / "film.gif", ink, save_all=True, append_images=[ink.rotate(90)]),
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
            assert str(tmp_path) not in str(refused.value), "the server's folders are nobody's business"
        else:
            assert math.isfinite(ask(client, path)["log_prob"]), name


def test_without_a_picture_it_says_so(client: Client) -> None:
    with pytest.raises(AppError, match="no picture"):
        client.predict(None, 5, True, True, True, api_name="/judge")


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
def test_the_shaded_range_is_what_the_p_value_refuses(detector: Detector, alpha: float) -> None:
    ranges = {name: detector.reasonable_range(alpha, name) for name in ("log_prob", "bound")}
    first, second = (
        torch.linspace(2 * low - high, 2 * high - low, 152, dtype=torch.float64) for low, high in ranges.values()
    )
    values = dict(zip(ranges, torch.cartesian_prod(first, second).unbind(dim=1), strict=True))
    refused = gm_core.detection.conformal_p_value(detector.outlier_score(values), detector.calibration) <= alpha
    shaded = torch.zeros_like(refused)
    for name, (low, high) in ranges.items():
        shaded |= (values[name] < low) | (values[name] > high)
    assert refused.equal(shaded)


def test_the_sentence_counts_held_out_digits(detector: Detector) -> None:
    held_out = len(detector.calibration)
    for peers in (0, 1, held_out // 2, held_out):
        verdict = Verdict(-1.0, 0.1, -2.0, 0.0, (peers + 1) / (held_out + 1), 0.05, torch.zeros(1, 1))
        said = wording.sentence(verdict, held_out)
        assert said.startswith("not one of" if peers == 0 else f"only {peers}" if peers == 1 else f"{peers:,} of")


@pytest.mark.parametrize(("here", "arrow"), [(-1e5, "← this picture"), (1e5, "this picture: 100,000.0 →")])
def test_far_outside_is_marked_at_the_edge(detector: Detector, here: float, arrow: str) -> None:
    drawn = histogram(detector.held_out["log_prob"], here, detector.reasonable_range(0.05))
    assert arrow in drawn
    places = [float(x) for x in re.findall(r' x[12]?="(-?[\d.]+)"', drawn)]
    assert places and all(0 <= x <= 480 for x in places), "nothing is drawn outside the picture"


def test_a_pads_value_is_checked() -> None:
    png = io.BytesIO()
    seven().save(png, "PNG")
    assert decode(encode(png.getvalue())) == png.getvalue()
    assert decode("") is None and decode(None) is None
    for bad in ("hello", "data:image/svg+xml,<svg/>", PREFIX + "not base64!", PREFIX + "A" * MAX_CHARACTERS, 7, ["x"]):
        with pytest.raises(PictureError):
            decode(bad)  # type: ignore[arg-type]
    with pytest.raises(PictureError):
        gm_core.open_picture(decode(PREFIX + "AAAA") or b"")
