"""What a model makes of a scribble on the Noise tab, with small models."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems
from tests.browser.helpers import LAPTOP, PHONE, PROJECTOR, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import FLOW, NAMES, make_models
from tests.helpers import served

VIEW = "?tab=noise&view=finish&finish_steps=5"
READY = ".results button[aria-pressed=true]"
SHOWN = "canvas => canvas.toDataURL()"
PARTS = (".start canvas", ".results", ".strength", ".modes", ".take", ".status")


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


def results(page: Page) -> list[str]:
    return [canvas.evaluate(SHOWN) for canvas in page.locator("#noise-finisher .results canvas").all()]


def test_noise_goes_on_and_off_and_a_part_is_kept(visit: Visit) -> None:
    page = visit(VIEW, READY)
    finisher = page.locator("#noise-finisher")
    start, status = finisher.locator(".start canvas"), finisher.locator(".status")
    expect(status).to_contain_text("5 network calls")
    for size in (LAPTOP, PROJECTOR):
        page.set_viewport_size(size)
        page.evaluate("scrollTo(0, 0)")
        for part in PARTS:
            assert in_sight(finisher.locator(part)), (size, part)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(LAPTOP)
    assert len(set(results(page))) == 4
    expect(finisher.locator(".results .caption").first).to_have_text(re.compile(r"\d \(.*%\)"))
    # Without noise the picture comes back, four times.
    slider = finisher.get_by_label("How much noise")
    slider.press("Home")
    expect(status).to_contain_text("0 network calls")
    assert {*results(page)} == {start.evaluate(SHOWN)}
    # The pen is followed while it draws.
    box = page.locator("#finish-pad canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    page.mouse.down()
    for y in (60, 90, 120):
        page.mouse.move(box["x"] + 60, box["y"] + y, steps=4)
        page.wait_for_timeout(100)
    expect(page.locator("#finish-source")).to_contain_text("Your drawing", timeout=30_000)
    live = start.evaluate(SHOWN)
    page.mouse.move(box["x"] + 140, box["y"] + 120, steps=4)
    page.mouse.up()
    expect(page.locator("#finish-pad .undo")).to_be_enabled()
    page.wait_for_url(re.compile("finish_picture="))
    visit.settle()
    assert start.evaluate(SHOWN) != live and {*results(page)} == {start.evaluate(SHOWN)}
    # A half is kept, and then all but what is erased by hand, with the keys.
    finisher.get_by_role("button", name="Keep a part").click()
    expect(finisher.locator(".heading")).to_have_text("What is kept")
    finisher.get_by_label("Each step").select_option("2")
    visit.settle()
    first = results(page)
    finisher.get_by_role("button", name="Erase by hand").click()
    for key in ("ArrowLeft", "ArrowUp", "Space"):
        start.press(key)
    visit.settle()
    assert results(page) != first
    finisher.locator(".results button").nth(2).click()
    page.wait_for_timeout(WRITTEN)
    for part in ("finish_mode=part", "finish_keep=paint", "finish_erased=", "finish_repeats=2"):
        assert part in page.url
    before = results(page)
    page.reload()
    expect(page.locator(READY).first).to_be_visible(timeout=30_000)
    visit.settle()
    assert results(page) == before
    expect(finisher.get_by_role("button", name="Erase by hand")).to_have_attribute("aria-pressed", "true")


def test_it_speaks_chinese_and_axe_finds_nothing_serious(visit: Visit) -> None:
    page = visit(f"{VIEW}&lang=zh&__theme=dark&finish_model={FLOW}&finish_mode=part&finish_repeats=3", READY)
    expect(page.locator(".shell-notice")).to_contain_text("链接里有错")
    assert untranslated(page, f"{NAMES}|Z|SDEdit|RePaint") == []
    page.get_by_role("button", name="加噪声，去噪声").click()
    visit.settle()
    assert untranslated(page, f"{NAMES}|Z|SDEdit|RePaint") == []
    assert problems(page) == []
