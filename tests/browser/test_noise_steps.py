"""The view "Steps against quality" on one screen: sheets by themselves and on request, curves, keys, links, Chinese."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems_in_both
from tests.browser.helpers import SIZES, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import DIFFUSION, FLOW, make_curves, make_models
from tests.helpers import served

START = "?tab=noise&view=steps"
READY = "#noise-quality .stations button"
IN_SIGHT = (".stage", ".methods", ".status", ".chart >> nth=3", ".steps", ".guidance", ".stations button >> nth=-1")
SHOWN = "canvas => canvas.toDataURL()"
NAMES = f"DDPM|DDIM|Heun|Euler|Langevin|Runge–Kutta|python -m gm_core.*|{DIFFUSION}|{FLOW}"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone; of one model there are curves."""
    with pytest.MonkeyPatch.context() as patch:
        folder = make_models(tmp_path_factory.mktemp("checkpoints"))
        make_curves(folder)
        patch.setenv("GM_CHECKPOINTS", str(folder))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_one_screen(visit: Visit, size) -> None:
    page = visit(START, READY, size)
    page.evaluate("scrollTo(0, 0)")
    view = page.locator("#noise-quality")
    for part in IN_SIGHT[: 2 if size["width"] < 900 else None]:
        assert in_sight(view.locator(part).first), part
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size["width"] > 900:
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_short_sheets_come_by_themselves_and_long_ones_when_asked_for(visit: Visit) -> None:
    page = visit(START, READY)
    view, heading = page.locator("#noise-quality"), page.locator("#noise-quality .heading")
    stations, status = view.locator(".stations button"), view.locator(".status")
    expect(heading).to_have_text("8 steps, DDPM")
    page.evaluate("scrollTo(0, 0)")
    expect(status).to_contain_text(re.compile(r"\d+ of 16 read as asked8 network calls"))
    expect(view.locator(".chart .number").first).to_have_text("90.0 % ± 4.5")
    before = [view.locator(part).first.bounding_box() for part in (".stage", ".stations", ".steps")]
    view.locator(".steps").press("ArrowRight")
    expect(heading).to_have_text("16 steps, DDPM")
    expect(status).to_contain_text("16 network calls", timeout=30_000)
    stations.nth(7).click()
    expect(heading).to_have_text("128 steps, DDPM")
    expect(status).to_have_text("not drawn yet")
    view.locator(".draw").click()
    expect(view.locator(".draw")).to_have_text("Stop")
    expect(status).to_contain_text(re.compile("drawing[48] of 16"), timeout=60_000)
    view.locator(".draw").click()
    expect(view.locator(".draw")).to_have_text("Draw on")
    assert [view.locator(part).first.bounding_box() for part in (".stage", ".stations", ".steps")] == before
    view.locator(".guidance").press("Home")
    view.locator(".methods").get_by_role("button", name="DDIM").click()
    view.get_by_role("button", name="Coverage").click()
    expect(view.locator(".chart .title b").nth(2)).to_have_text("Coverage")
    page.wait_for_url(re.compile(r"sheet-method=ddim&sheet-steps=128&sheet-guidance=0"))
    view.get_by_role("button", name="New seed").click()
    view.locator(".seed input").fill("-1")
    view.locator(".seed input").press("Enter")
    expect(page.get_by_text("The seed must be a whole number from 0 to 999,999.")).to_be_visible()


def test_a_link_brings_the_same_pictures_and_what_is_wrong_in_it_is_said(visit: Visit, app_url: str) -> None:
    link = f"{START}&sheet-method=ddim&sheet-steps=2&sheet-guidance=3.5&sheet-seed=5"
    page = visit(link, READY)
    first = page.locator("#noise-quality .sheet canvas").nth(3)
    expect(page.locator("#noise-quality .heading")).to_have_text("2 steps, DDIM")
    expect(page.locator("#noise-quality .over-guidance .name")).to_have_text("Guidance 3.5")
    pictures = first.evaluate(SHOWN)
    page.reload()
    page.wait_for_selector("#noise-quality .mark:not(:empty)")
    assert first.evaluate(SHOWN) == pictures
    page.goto(f"{app_url}{START}&sheet-model={FLOW}&sheet-method=heun&sheet-steps=3&sheet-seed=x", wait_until="commit")
    expect(page.get_by_text("Something in this link is wrong: steps, seed.")).to_be_visible()
    expect(page.locator("#noise-quality .heading")).to_have_text("8 steps, Heun")
    expect(page.locator("#noise-quality .note")).to_contain_text(f"python -m gm_core pace {FLOW}")


def test_axe_finds_nothing_serious(visit: Visit) -> None:
    assert problems_in_both(visit(START, READY)) == []


def test_every_text_has_a_chinese_row(visit: Visit) -> None:
    page = visit(f"{START}&lang=zh&sheet-method=ddim&sheet-steps=250", READY)
    expect(page.locator("#noise-quality .draw")).to_contain_text("画出这些")
    expect(page.locator("#noise-quality .note")).to_contain_text("标准误差")
    assert untranslated(page, NAMES) == []
