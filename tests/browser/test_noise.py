"""The Noise tab on one screen: the player, the controls, the way back by a link; with small models, soon drawn."""

import json
import re
from collections.abc import Iterator

import pytest
from gradio_client import Client
from gradio_client.exceptions import ValidationError
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems_in_both
from tests.browser.helpers import SIZES, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import DIFFUSION, LAYERS, NAMES, make_models
from tests.helpers import served

START = "?tab=noise&steps=12"
IN_SIGHT = (".now .stage", ".transport", ".strip")
BESIDE = (".later .stage", ".step-name", ".reads", ".score .number", ".estimate", ".idea", ".take")
SHOWN = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


@pytest.fixture(scope="module", autouse=True)
def full_speed(visit: Visit) -> None:
    """Drawings are shown as fast as they come."""
    visit.page.emulate_media(reduced_motion="reduce")


@pytest.fixture
def player(visit: Visit) -> Locator:
    page = visit(START, "#noise-player .picture")
    complete(page)
    return page.locator("#noise-player")


def complete(page: Page, words: str = "complete") -> None:
    expect(page.locator("#noise-player .status")).to_contain_text(words, timeout=30_000)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_one_screen(visit: Visit, player: Locator, size) -> None:
    page = visit(START, "#noise-player .picture", size)
    page.evaluate("scrollTo(0, 0)")
    is_phone = size["width"] < 900
    for part in (*IN_SIGHT, *(() if is_phone else BESIDE)):
        assert in_sight(player.locator(part).first), part
    assert in_sight(page.get_by_role("button", name="Draw", exact=True))
    assert in_sight(page.locator("#noise-model")) and in_sight(page.locator("#noise-class"))
    box = player.locator(".now .stage").bounding_box()
    assert box and box["width"] >= {1366: 320, 1920: 560, 390: 360}[size["width"]]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_played_by_keys_buttons_and_the_strip_and_a_reload_keeps_the_moment(
    visit: Visit, player: Locator
) -> None:
    page, name, picture = (
        visit(START, "#noise-player .picture"),
        player.locator(".step-name"),
        player.locator(".picture"),
    )
    expect(name).to_have_text("Step 12 of 12 · picture")
    whole = picture.evaluate(SHOWN)
    picture.press("Home")
    expect(name).to_have_text("Pure noise, before step 1 of 12")
    assert picture.evaluate(SHOWN) != whole
    picture.press("ArrowRight")
    expect(name).to_contain_text("Step 1 of 12")
    player.get_by_role("button", name="One step forward").click()
    expect(name).to_contain_text("Step 2 of 12")
    box = player.locator(".strip").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    expect(name).to_contain_text("Step 6 of 12")
    middle, url = picture.evaluate(SHOWN), re.compile("at=6")
    page.wait_for_url(url)
    page.reload()
    expect(name).to_contain_text("Step 6 of 12", timeout=30_000)
    assert picture.evaluate(SHOWN) == middle
    picture.press("End")
    complete(page)
    assert picture.evaluate(SHOWN) == whole
    with page.expect_download() as saved:
        player.get_by_role("button", name="GIF").click()
    assert re.fullmatch(r".*-any-seed\d+\.gif", saved.value.suggested_filename)
    with Image.open(saved.value.path()) as animation:
        assert animation.n_frames == 13
    picture.press("Space")  # from the beginning
    complete(page)
    page.wait_for_timeout(WRITTEN)
    assert "at=" not in page.url


def test_nothing_moves_from_model_to_model_and_each_says_what_it_can(visit: Visit, player: Locator) -> None:
    page = visit(START, "#noise-player .picture")

    def places() -> list[object]:
        parts = ["#noise-seed", "#noise-steps", ".noise-draw", ".now .stage", ".transport", ".strip"]
        return [page.locator(part).first.bounding_box() for part in parts]

    before = places()
    expect(player.locator(".density .number")).to_contain_text("≥ −")
    page.get_by_label("Model", exact=True).select_option("RealNVP")
    expect(player.locator(".later .none")).to_contain_text("makes no guess on the way")
    complete(page)
    expect(player.locator(".calls")).to_contain_text("4 layers, ")
    expect(page.get_by_label("range slider for Steps")).to_be_disabled()
    assert places() == before
    bars = player.locator(".chart g")
    expect(bars).to_have_count(5)  # the noise, and every layer
    expect(player.locator(".steps-say")).to_contain_text("This step adds")
    bars.first.click()
    expect(player.locator(".step-name")).to_contain_text("Pure noise")
    expect(player.locator(".steps-say")).to_contain_text("The noise itself")
    bars.nth(2).click()
    expect(player.locator(".step-name")).to_contain_text("Step 2 of 4")
    player.get_by_role("button", name="Estimate log p(x)").click()
    expect(player.locator(".estimated-kind")).to_contain_text("standard error (importance, 4 draws)", timeout=30_000)
    page.wait_for_url(re.compile(LAYERS))
    page.get_by_label("Model", exact=True).select_option("Flow matching")
    expect(player.locator(".what")).to_contain_text("takes some seconds", timeout=30_000)
    page.get_by_role("button", name="More").click()
    page.locator("#noise-pictures").get_by_label("4", exact=True).check()
    expect(player.locator(".reads")).to_have_text(re.compile(r"The classifier reads: \d \d \d \d"), timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.locator("#noise-pictures")).to_be_hidden()
    assert places() == before
    player.locator(".picture").click(position={"x": 20, "y": 20})
    expect(player.locator('[data-card="0"]')).to_have_attribute("aria-pressed", "true")
    player.get_by_role("button", name="Estimate log p(x)").click()
    expect(player.locator(".steps")).to_be_visible(timeout=30_000)
    expect(player.locator(".estimated-kind")).to_contain_text("Hutchinson, 4 draws", timeout=30_000)
    for part in (".steps", ".take"):
        assert in_sight(player.locator(part)), part


def test_what_is_chosen_is_drawn_at_once_and_a_wrong_seed_is_said(visit: Visit) -> None:
    page = visit(f"{START}&model={DIFFUSION}&class=3&guidance=2&seed=5", "#noise-player .picture")
    for words in ("class 3", "seed 5", "guidance 2"):
        complete(page, words)
    page.locator("#noise-class").get_by_label("8", exact=True).check()
    complete(page, "class 8")
    page.get_by_role("button", name="New seed").click()
    expect(page.locator("#noise-player .status")).not_to_contain_text(re.compile(r"seed 5\b"))
    page.get_by_label("range slider for Steps").press("ArrowLeft")
    expect(page.locator("#noise-player .step-name")).to_contain_text("Step 11 of 11")
    page.get_by_label("number input for Steps").fill("7")
    page.get_by_label("number input for Steps").press("Enter")
    expect(page.locator("#noise-player .step-name")).to_contain_text("Step 7 of 7")
    page.locator("#noise-seed input").fill("-1")
    expect(page.get_by_text("The seed must be")).to_have_count(1)


def test_a_program_gets_the_same_picture_and_one_sentence_for_what_is_wrong(app_url: str) -> None:
    client = Client(app_url, verbose=False)
    first, again = (json.loads(client.predict(label="3", steps=4, api_name="/noise")) for _ in range(2))
    assert first["frames"] == again["frames"] and [frame["step"] for frame in first["frames"]] == [0, 1, 2, 3, 4]
    with pytest.raises(ValidationError, match="The steps must be a whole number from 1 to 100: at most 250 calls"):
        client.predict(steps=10**9, api_name="/noise")


def test_axe_finds_nothing_serious(visit: Visit) -> None:
    page = visit(START, "#noise-player .picture")
    complete(page)
    found = problems_in_both(page)
    page.get_by_role("button", name="More").click()
    assert found + problems_in_both(page) == []


@pytest.mark.parametrize("model", [DIFFUSION, LAYERS])
def test_every_text_has_a_chinese_row(visit: Visit, model: str) -> None:
    page = visit(f"{START}&lang=zh&model={model}", "#noise-player .picture")
    complete(page, "完成")
    expect(page.locator("#noise-player .density-kind")).to_contain_text("下界")
    page.get_by_role("button", name="更多").click()
    assert untranslated(page, NAMES) == []
