"""The view "The field" on one screen: the plane, the time, the choices, the way back by a link; with a small plane."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems_in_both
from tests.browser.helpers import SIZES, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import make_models
from tests.demo.noise.plane import make_plane
from tests.helpers import served

START, PLANE = "?tab=noise&view=field", "#noise-plane .marks"
SHOWN = "canvas => canvas.toDataURL()"
NAMES = "FFJORD|Euler|Heun|Runge–Kutta|Home|End|div|log p|[tv]"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_plane(make_models(tmp_path_factory.mktemp("checkpoints")))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


@pytest.fixture(scope="module", autouse=True)
def full_speed(visit: Visit) -> None:
    """What moves is at its end at once."""
    visit.page.emulate_media(reduced_motion="reduce")


def ready(page: Page) -> Locator:
    """The view, once all points are there."""
    field = page.locator("#noise-plane")
    expect(field.locator(".marks")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    expect(field.locator(".log-p")).to_contain_text("log p", timeout=30_000)
    return field


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_one_screen(visit: Visit, size) -> None:
    page = visit(START, PLANE, size)
    field = ready(page)
    page.evaluate("scrollTo(0, 0)")
    is_phone = size["width"] < 900
    below = () if is_phone else (".kinds", ".labels", ".steps", ".distance", ".picture", ".curve", ".log-p", ".figures")
    for part in (".map", ".time", ".transport", *below):
        assert in_sight(field.locator(part)), part
    box = field.locator(".map").bounding_box()
    assert box and box["width"] >= {1366: 430, 1920: 800, 390: 340}[size["width"]]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_played_and_tried_with_other_steps_and_a_link_keeps_it(visit: Visit) -> None:
    page = visit(START, PLANE)
    field = ready(page)
    moment, plane, picture = (field.locator(part) for part in (".moment", ".marks", ".picture"))
    expect(moment).to_have_text("t = 1.00 · step 32 of 32")
    whole, digit = plane.evaluate(SHOWN), picture.evaluate(SHOWN)
    plane.press("Home")
    expect(moment).to_have_text("t = 0.00 · step 0 of 32")
    assert plane.evaluate(SHOWN) != whole
    field.get_by_role("button", name="One step forward").click()
    expect(moment).to_contain_text("step 1 of 32")
    field.locator(".time input").press("ArrowRight")
    expect(moment).to_contain_text("t = 0.04")
    plane.press("End")
    expect(moment).to_contain_text("step 32 of 32")
    assert picture.evaluate(SHOWN) == digit
    few, far = field.locator("[data-steps='2']"), field.locator(".distance")
    few.click()
    expect(moment).to_contain_text("of 2")
    expect(far).to_have_text(re.compile(r"Mean distance from the exact ends: 0\.\d{3}, with 2 calls of the field\."))
    expect(few.locator("small")).to_have_text(re.compile(r"0\.\d\d"))
    field.get_by_label("Solver", exact=True).select_option("Runge–Kutta")
    expect(far).to_contain_text("with 8 calls of the field")
    field.locator("[data-kinds='learned']").click()
    field.locator("[data-labels='3']").click()
    expect(field.locator(".idea")).to_contain_text("Learned: a network of 300 numbers")
    ready(page)
    expect(field.locator(".point")).to_have_text("Point 1 of 200 would end at a 3.")
    plane.press("ArrowRight")
    plane.press("Enter")
    expect(field.locator(".point")).not_to_have_text("Point 1 of 200 would end at a 3.")
    field.get_by_role("button", name="density").click()
    plane.press("Home")
    page.wait_for_timeout(WRITTEN)
    assert all(part in page.url for part in ("field=learned", "fieldclass=3", "fieldsolver=rk4", "fieldsteps=2"))
    assert "fieldat=0.000" in page.url and "fieldpoint=" in page.url
    point = field.locator(".point").text_content()
    page.reload()
    ready(page)
    expect(moment).to_have_text("t = 0.00 · step 0 of 2")
    expect(field.locator(".point")).to_have_text(str(point))
    box = plane.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    expect(field.locator(".place")).to_have_text(re.compile(r"z = \(−1\.\d\d, 1\.\d\d\)"))
    page.mouse.move(0, 0)
    plane.press("Escape")
    expect(field.locator(".point")).to_contain_text("Press a point")


def test_a_wrong_link_is_said(visit: Visit) -> None:
    page = visit(f"{START}&field=x&fieldsteps=3&fieldclass=4", PLANE)
    expect(page.get_by_text("Something of the field in this link is wrong")).to_be_visible()
    field = ready(page)
    expect(field.locator("[data-steps='32']")).to_have_attribute("aria-pressed", "true")
    expect(field.locator("[data-labels='4']")).to_have_attribute("aria-pressed", "true")


def test_axe_finds_nothing_serious_and_every_text_has_a_chinese_row(visit: Visit) -> None:
    page = visit(f"{START}&lang=zh", PLANE)
    ready(page)
    assert problems_in_both(page) == []
    assert untranslated(page, NAMES) == []
