"""The way of a picture to its noise and back on the Noise tab, with small models."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems
from tests.browser.helpers import LAPTOP, PHONE, PROJECTOR, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import DIFFUSION, LAYERS, NAMES, make_models
from tests.helpers import served

VIEW = "?tab=noise&view=back"
SHOWN = "canvas => canvas.toDataURL()"
PARTS = (".now canvas", ".noise", ".returned", ".transport", ".strip", ".norm-chart svg", ".values-chart svg", ".exact")


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


@pytest.fixture(scope="module", autouse=True)
def full_speed(visit: Visit) -> None:
    """The way is shown at full speed."""
    visit.page.emulate_media(reduced_motion="reduce")


def travelled(page: Page, words: str = "Comes back exactly, all 784 values.") -> None:
    expect(page.locator("#noise-travel .exact")).to_have_text(words, timeout=30_000)


def test_a_picture_travels_layer_by_layer_and_a_link_brings_the_moment_back(visit: Visit) -> None:
    page = visit(f"{VIEW}&back_model={LAYERS}", "#noise-travel .chart svg")
    travel = page.locator("#noise-travel")
    name, picture, layer = (travel.locator(part) for part in (".step-name", ".picture", ".layer"))
    travelled(page)
    expect(name).to_have_text("The picture again")
    expect(travel.locator(".sum")).to_have_text(re.compile(r"^log p\(x\) ≥ −[\d,.]+ nats, layer by layer$"))
    expect(travel.locator(".layers-chart g")).to_have_count(7)
    assert picture.evaluate(SHOWN) == travel.locator(".returned").evaluate(SHOWN)
    for size in (LAPTOP, PROJECTOR):
        page.set_viewport_size(size)
        page.evaluate("scrollTo(0, 0)")
        for part in (*PARTS, ".layers-chart svg"):
            assert in_sight(travel.locator(part)), (size, part)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(LAPTOP)
    picture.press("Home")
    expect(layer).to_have_text(re.compile(r"−log q\(u \| x\), place within levels: .*logits, scaled: "))
    picture.press("ArrowRight")
    expect(name).to_have_text("Step 1 of 4 to the noise · coupling 1")
    expect(layer).to_have_text(re.compile(r"^coupling 1: [+−]?[\d,.]+$"))
    travel.locator(".layers-chart g").nth(4).locator(".back").click()
    expect(name).to_contain_text("Step 3 of 4")
    moment = picture.evaluate(SHOWN)
    page.wait_for_url(re.compile("back_at=3"))
    page.reload()
    expect(name).to_contain_text("Step 3 of 4", timeout=30_000)
    assert picture.evaluate(SHOWN) == moment
    # Another seed is other noise; a wrong one is said, and changes nothing.
    noise = travel.locator(".noise").evaluate(SHOWN)
    travel.get_by_label("Seed").fill("7")
    travel.get_by_label("Seed").press("Enter")
    expect(name).to_have_text("The picture again")
    travelled(page)
    assert travel.locator(".noise").evaluate(SHOWN) != noise
    travel.get_by_label("Seed").fill("-1")
    travel.get_by_label("Seed").press("Enter")
    expect(page.get_by_text("The seed must be a whole number from 0 to 9999.")).to_be_visible()
    expect(travel.get_by_label("Seed")).to_have_value("7")
    # What is drawn takes the example's place, and travels.
    box = page.locator("#back-pad canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 130, steps=3)
    page.mouse.up()
    expect(page.locator("#back-source")).to_contain_text("Your drawing", timeout=30_000)
    page.wait_for_url(re.compile("back_picture="))
    page.wait_for_timeout(WRITTEN)
    assert "back_seed=7" in page.url and f"back_model={LAYERS}" in page.url and "back_at" not in page.url


def test_it_speaks_chinese_and_axe_finds_nothing_serious(visit: Visit) -> None:
    page = visit(f"{VIEW}&lang=zh&__theme=dark&back_seed=x", "#noise-travel .chart svg")
    expect(page.locator(".shell-notice")).to_contain_text("链接里有错")
    expect(page.locator("#noise-travel .exact")).to_have_text(re.compile(r"精确地回来了|个不同"), timeout=30_000)
    assert page.locator("#noise-travel .model").input_value() == DIFFUSION
    assert untranslated(page, f"{NAMES}|[Zuq]") == []
    assert problems(page) == []
