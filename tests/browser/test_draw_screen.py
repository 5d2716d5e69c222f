"""The Draw tab on one screen: what the first lesson needs is in sight, and the first two minutes work."""

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from demo.draw.drawings import NAME
from tests.browser.axe import problems_in_both
from tests.browser.draw_helpers import cells, choose_model, more, opened, tool, wait_for
from tests.browser.helpers import LAPTOP, SIZES, Visit, in_sight
from tests.browser.languages import untranslated

VIEWS = ("", "surprise", "entropy", "depends")
IN_SIGHT = (".stage", ".transport", ".curve", ".tools", ".view", ".score", ".pixel .histogram", ".take")
ON_A_PHONE = (".stage", ".tools", ".transport", ".curve")


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def at_size(request, visit: Visit) -> tuple[Page, Locator]:
    """The page in each size, with its first drawing."""
    return drawn(visit, request.param)


def drawn(visit: Visit, size: ViewportSize) -> tuple[Page, Locator]:
    if visit.page.url == "about:blank":
        opened(visit.page, visit.url)
    page = visit("", "#draw-canvas canvas", size)
    canvas = page.locator("#draw-canvas")
    wait_for(canvas, "complete: ")
    return page, canvas


def side(canvas: Locator) -> float:
    box = canvas.locator(".stage").bounding_box()
    assert box
    return box["width"]


def test_one_screen(at_size):
    page, canvas = at_size
    page.evaluate("scrollTo(0, 0)")
    width = page.viewport_size["width"]
    assert side(canvas) >= {1366: 400, 1920: 640, 390: 360}[width]
    for part in ON_A_PHONE if width < 900 else IN_SIGHT:
        assert in_sight(canvas.locator(part)), f"{part} is out of sight"
    if width >= 900:
        assert in_sight(page.get_by_role("button", name="Draw", exact=True))
        assert in_sight(page.locator("#draw-class")) and in_sight(page.locator("#draw-model"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sizes = page.eval_on_selector_all(
        "#draw-canvas :is(p, button, select, label), .draw-controls :is(label, button, select)",
        """nodes => nodes.filter((node) => node.checkVisibility() &&
            [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()))
            .map((node) => [parseFloat(getComputedStyle(node).fontSize), node.textContent.trim()])""",
    )
    least = {1366: 14, 1920: 18, 390: 15}[width]
    assert [text for size, text in sizes if size < least] == []


def test_nothing_moves_from_one_picture_to_many(at_size):
    page, canvas = at_size

    def places() -> list[object]:
        parts = [".transport", ".curve", ".view", ".tools"]
        return [canvas.locator(part).evaluate("node => [node.offsetTop, node.offsetHeight]") for part in parts]

    before = places()
    for name in ("16", "one of each class", "1"):
        page.locator("#draw-pictures").get_by_label(name, exact=True).check()
        wait_for(canvas, {"1": "any class, seed", "16": "16 pictures"}.get(name, name))
        wait_for(canvas, "complete: ")
        assert places() == before


@pytest.mark.parametrize("at_size", [SIZES["phone"]], ids=["phone"], indirect=True)
def test_the_picture_stays_in_sight_while_a_phone_scrolls_to_the_classes(at_size):
    page, canvas = at_size
    page.locator("#draw-class").get_by_label("4", exact=True).scroll_into_view_if_needed()
    page.mouse.wheel(0, 300)
    assert in_sight(canvas.locator("canvas"))
    page.evaluate("scrollTo(0, 0)")


@pytest.fixture
def laptop(visit: Visit) -> tuple[Page, Locator]:
    return drawn(visit, LAPTOP)


def test_every_class_of_the_first_seed_is_read_as_asked(laptop):
    page, canvas = laptop
    page.locator("#draw-pictures").get_by_label("one of each class").check()
    wait_for(canvas, "complete: 784 of 784 pixels · one of each class")
    expect(canvas.locator(".reads")).to_have_text("The classifier reads 10 of 10 as asked.")
    page.locator("#draw-class").get_by_label("8", exact=True).check()
    wait_for(canvas, "complete: 784 of 784 pixels · class 8")
    expect(canvas.locator(".reads")).to_have_text(re.compile(r"^The classifier reads it as 8 \("))


def test_the_pen_has_a_blank_canvas_and_a_way_back(laptop):
    _, canvas = laptop
    before = cells(canvas)
    tool(canvas, "pen")
    wait_for(canvas, "blank canvas: ")
    tool(canvas, "look")
    assert cells(canvas) == before, "nothing was drawn: the picture is back"
    tool(canvas, "pen")
    tool(canvas, "Draw on the finished picture instead")
    assert cells(canvas) == before
    tool(canvas, "look")


def test_depends_on_says_why_it_shows_nothing_and_a_link_brings_the_view(laptop, app_url):
    page, canvas = laptop
    page.locator("#draw-pictures").get_by_label("4", exact=True).check()
    wait_for(canvas, "4 pictures")
    wait_for(canvas, "complete: ")
    canvas.get_by_role("button", name="depends on").click()
    expect(canvas.locator(".reach")).to_contain_text("Choose one of the pictures")
    page.wait_for_url(re.compile("look=depends"))
    canvas.get_by_role("button", name="picture", exact=True).click()
    page.locator("#draw-pictures").get_by_label("1", exact=True).check()
    wait_for(canvas, "complete: ")


def test_the_blind_spot_has_a_link(page: Page, app_url):
    query = "?model=mnist-pixelcnn-original&look=depends&beside=mnist-pixelcnn-gated&pixel=402"
    canvas = opened(page, app_url + query)
    expect(canvas.locator(".reach")).to_contain_text("in the blind spot of", timeout=30_000)
    expect(canvas.locator(".title")).to_contain_text("row 15, column 11")


def test_the_likeliest_picture_is_shown_and_a_wrong_temperature_is_said_once(laptop):
    page, canvas = laptop
    page.locator("#draw-class").get_by_label("any", exact=True).check()
    wait_for(canvas, "any class")
    more(page)
    page.get_by_role("button", name="The likeliest picture is no digit").click()
    wait_for(canvas, "temperature 0.1")
    page.get_by_label("number input for Temperature").fill("0")
    expect(page.get_by_text("The temperature must be")).to_have_count(1)
    page.get_by_label("number input for Temperature").fill("1")
    wait_for(canvas, "temperature 1")
    page.get_by_label("number input for Guidance").fill("2")
    wait_for(canvas, "guidance needs a class")
    page.locator("#draw-class").get_by_label("8", exact=True).check()
    wait_for(canvas, "guidance 2")
    page.get_by_label("number input for Guidance").fill("1")
    wait_for(canvas, "complete: ")
    more(page)


def test_two_presses_of_new_seed_keep_field_and_picture_together(laptop):
    page, canvas = laptop
    page.get_by_role("button", name="New seed").dblclick()
    page.wait_for_function(
        "() => document.querySelector('#draw-canvas .status').textContent"
        ".includes(`seed ${document.querySelector('#draw-seed input').value},`)"
    )
    wait_for(canvas, "complete: ")
    seed = page.locator("#draw-seed input").input_value()
    expect(canvas.locator(".status")).to_contain_text(f"seed {seed},")


def test_a_model_is_chosen_in_the_sentence_and_has_its_own_classes(laptop):
    page, _ = laptop
    choose_model(page, "Clothes")
    expect(page.locator("#draw-class").get_by_label("Sandal")).to_be_visible(timeout=30_000)
    assert in_sight(page.get_by_role("button", name="Draw", exact=True))
    choose_model(page, "Digits")
    expect(page.locator("#draw-class").get_by_label("9", exact=True)).to_be_visible(timeout=30_000)
    page.wait_for_url(re.compile(f"(?!.*{NAME})"))


def test_axe_finds_nothing_serious(visit: Visit):
    page = visit("", "#draw-canvas canvas")
    canvas = page.locator("#draw-canvas")
    wait_for(canvas, "complete: ")
    found = []
    for view in VIEWS:
        canvas.locator(f'[data-view="{view or "picture"}"]').click()
        found += problems_in_both(page)
    more(page)
    found += problems_in_both(page)
    more(page)
    assert found == []


def test_every_text_has_a_chinese_row(visit: Visit):
    visit.page.emulate_media(reduced_motion="reduce")
    page = visit("?lang=zh&class=3", "#draw-canvas canvas")
    page.wait_for_function("/完成/.test(document.querySelector('#draw-canvas .status')?.textContent)", timeout=60_000)
    page.get_by_role("button", name="温度与引导").click()
    expect(page.locator("#draw-canvas .pixel .entropy")).to_contain_text("熵")
    for view in VIEWS:
        page.locator(f'#draw-canvas [data-view="{view or "picture"}"]').click()
        visit.settle()
        assert untranslated(page, "Home|End|log|Z") == [], view
