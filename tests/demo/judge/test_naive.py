"""The line-ups: every number is the model's own, and the pictures stand where these numbers put them."""

import math

import pytest
import torch

import gm_core
from demo.base.words import nats
from demo.judge import naive
from demo.judge.judgement import Judgement
from demo.judge.naive import ALPHA, NaivePanel, RankedImage, line_up
from demo.shared.models import Models
from gm_core import Prepared
from gm_core.checkpoints import CheckpointError


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.on("cpu")


@pytest.fixture(scope="module")
def digits(models: Models) -> tuple[RankedImage, ...]:
    return line_up(models, "mnist")


@pytest.fixture
def panel(models: Models) -> NaivePanel:
    return NaivePanel(models)


def judgement(image: torch.Tensor, alpha: float = ALPHA) -> Judgement:
    verdict = gm_core.load_detector("mnist", "cpu").score(image, alpha)[0]
    return Judgement("mnist", Prepared(image, ()), verdict)


def cross() -> torch.Tensor:
    image = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    image[..., 6:22, 13:15] = image[..., 13:15, 6:22] = 255
    return image


def by_name(lineup: dict, way: str) -> list[str]:
    """Names in the order in which they stand."""
    return [
        picture["name"] for picture in sorted(lineup["pictures"], key=lambda picture: picture["ways"][way]["place"])
    ]


def test_raw_likelihood_puts_the_plain_pictures_first(digits: tuple[RankedImage, ...]) -> None:
    """What the panel is there to show: black beats every digit, and the sum of scores puts that right."""
    raw = sorted(digits, key=lambda picture: -picture.log_prob)
    assert raw[0].name == "plain black"
    assert {picture.kind for picture in digits} == {"own", "other"}
    corrected = sorted(digits, key=lambda picture: picture.verdict.outlier_score if picture.verdict else math.inf)
    assert [picture.kind for picture in corrected[:2]] == ["own", "own"]
    assert all(picture.verdict and picture.verdict.p_value <= ALPHA for picture in corrected[2:])


def test_digits_are_more_likely_than_clothes_to_a_model_of_clothes(models: Models) -> None:
    clothes = line_up(models, "fashion")
    own = [picture.log_prob for picture in clothes if picture.kind == "own"]
    drawn = [picture.log_prob for picture in clothes if picture.name in ("a 3", "a 7")]
    assert len(own) == 3 and len(drawn) == 2
    assert min(drawn) > max(own)
    images = torch.cat([picture.image for picture in clothes])
    exact = models.autoregressive("fashion-pixelcnn").log_prob(images)
    assert torch.tensor([picture.log_prob for picture in clothes]).allclose(exact, rtol=1e-4)


def test_places_and_numbers_are_those_of_the_detector(panel: NaivePanel, digits: tuple[RankedImage, ...]) -> None:
    lineup = panel.show(None)["lineups"][0]
    detector = gm_core.load_detector("mnist", "cpu")
    verdicts = dict(
        zip(
            [shown.name for shown in digits],
            detector.score(torch.cat([shown.image for shown in digits])),
            strict=True,
        )
    )
    assert by_name(lineup, "raw") == sorted(verdicts, key=lambda name: -verdicts[name].log_prob)
    assert by_name(lineup, "corrected") == sorted(verdicts, key=lambda name: verdicts[name].outlier_score)
    for picture in lineup["pictures"]:
        verdict = verdicts[picture["name"]]
        assert picture["ways"]["raw"]["number"] == f"{nats(verdict.log_prob)} nats"
        assert picture["ways"]["corrected"]["number"] == f"p = {verdict.p_value:.4f}"
        assert picture["ways"]["corrected"]["verdict"] == verdict.verdict
    assert all(0 <= picture["ways"][way]["bar"] <= 1 for picture in lineup["pictures"] for way in lineup["ways"])
    assert "plain black" in lineup["ways"]["raw"]["says"]
    assert "the digits come first" in lineup["ways"]["corrected"]["says"]


def test_the_users_picture_stands_in_both_lines(panel: NaivePanel, models: Models) -> None:
    judged = judgement(cross())
    shown = panel.show(judged)
    yours = [next(p for p in lineup["pictures"] if p["kind"] == "yours") for lineup in shown["lineups"]]
    assert yours[0]["ways"]["raw"]["number"] == f"{nats(judged.verdict.log_prob)} nats"
    exact = float(models.autoregressive("fashion-pixelcnn").log_prob(cross()))
    assert yours[1]["ways"]["raw"]["number"] == f"{nats(exact)} nats"
    for lineup in shown["lineups"]:
        places = sorted(picture["ways"]["raw"]["place"] for picture in lineup["pictures"])
        assert places == list(range(len(places)))


def test_the_accepted_rate_is_the_users(panel: NaivePanel, digits: tuple[RankedImage, ...]) -> None:
    """Above the p-value of a drawn digit, that digit is refused, too, and the sentence says so."""
    p_value = max(picture.verdict.p_value for picture in digits if picture.kind == "own" and picture.verdict)
    lineup = panel.show(judgement(cross(), alpha=min(0.99, p_value + 0.01)))["lineups"][0]
    own = [picture for picture in lineup["pictures"] if picture["kind"] == "own"]
    assert {picture["ways"]["corrected"]["verdict"] for picture in own} == {"unreasonable"}
    assert "2 of 2 digits" in lineup["ways"]["corrected"]["says"]


def test_a_colour_photograph_is_left_out(panel: NaivePanel) -> None:
    photograph = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    judged = Judgement("cifar10", Prepared(photograph, ()), judgement(cross()).verdict)
    kinds = {picture["kind"] for lineup in panel.show(judged)["lineups"] for picture in lineup["pictures"]}
    assert kinds == {"own", "other"}


def test_without_a_detector_there_is_the_raw_half(
    panel: NaivePanel, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    naive._rank_images.cache_clear()
    monkeypatch.setattr(Models, "detector_of", lambda self, name: None)
    shown = panel.show(None)
    for lineup in shown["lineups"]:
        assert list(lineup["ways"]) == ["raw"]
        assert "none is calibrated" in lineup["about"]
    naive._rank_images.cache_clear()


def test_a_missing_model_is_one_clear_message(
    panel: NaivePanel, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise CheckpointError("there is no <checkpoint>")

    monkeypatch.setattr(naive, "line_up", missing)
    for lineup in panel.show(None)["lineups"]:
        assert not lineup["pictures"] and "no &lt;checkpoint&gt;" in lineup["about"]


def test_what_a_missing_model_would_draw_is_left_out(
    panel: NaivePanel, digits: tuple[RankedImage, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = naive._sample

    def without_clothes(models: Models, dataset: str) -> dict[str, torch.Tensor]:
        if dataset == "fashion":
            raise CheckpointError("there is no checkpoint 'fashion-pixelcnn'")
        return sample(models, dataset)

    monkeypatch.setattr(naive, "_sample", without_clothes)
    first, second = panel.show(None)["lineups"]
    assert {shown.name for shown in digits} - {picture["name"] for picture in first["pictures"]} == {"a sneaker"}
    assert "a sneaker" in first["about"] and not second["pictures"]
