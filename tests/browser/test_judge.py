"""The detector's tab, used as a person would."""

import re
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw
from playwright.sync_api import Page, ViewportSize, expect

import gm_core
from demo.base.words import nats
from demo.shared.examples import examples
from demo.shared.models import Models
from gm_core.studies.detector import SCORES
from tests.browser.axe import problems_in_both
from tests.browser.helpers import DESKTOP, LAPTOP, PHONE, PROJECTOR, Visit, in_sight
from tests.browser.languages import untranslated


def stroke(page: Page, *points: tuple[float, float]) -> None:
    canvas = page.locator("#judge-pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    (x, y), *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def said(log_prob: float) -> re.Pattern[str]:
    return re.compile(re.escape(f"log p(x) = {nats(log_prob)} nats"))


def clear(page: Page) -> None:
    page.locator("#judge-pad").get_by_role("button", name="Clear").click()


def test_draw_undo_clear(tab: Page) -> None:
    verdict = tab.locator(".verdict")
    clear(tab)
    expect(verdict).to_contain_text("pad is empty")
    expect(tab.locator("#judge-brief")).to_have_text("")
    expect(tab.locator(".total")).to_have_text("")
    kept = verdict.inner_text()
    switch = tab.get_by_label("Centre by mass")
    switch.uncheck()  # nothing to prepare: nothing happens
    switch.check()
    stroke(tab, (0.3, 0.25), (0.7, 0.25), (0.45, 0.85))
    expect(verdict).to_contain_text("log p(x)")
    assert verdict.inner_text() != kept
    expect(tab.locator(".prepared li")).to_contain_text(["cropped", "fitted", "centred"])
    one_stroke = verdict.inner_text()
    stroke(tab, (0.3, 0.55), (0.7, 0.55))
    expect(verdict).not_to_have_text(one_stroke, use_inner_text=True)
    tab.locator("#judge-pad canvas").press("Control+z")
    expect(verdict).to_have_text(one_stroke, use_inner_text=True)


def test_an_example_shows_the_detectors_number(tab: Page) -> None:
    shown = examples(Models.on("cpu"))
    detector = gm_core.load_detector("mnist", "cpu")
    empty = detector.score(torch.zeros(1, 1, 28, 28, dtype=torch.uint8))[0]
    row = tab.get_by_role("group", name="Examples to judge").get_by_role("button")
    expect(row).to_have_count(len(shown))
    row.get_by_text("empty", exact=True).click()
    expect(tab.locator(".verdict")).to_contain_text(said(empty.log_prob))
    expect(tab.locator(".headline")).to_contain_text(empty.verdict, ignore_case=True)
    row.get_by_text("noise", exact=True).click()
    expect(tab.get_by_label("Crop, and fit")).not_to_be_checked()
    expect(tab.locator(".histogram .here").first).to_contain_text("this picture")
    tab.locator("#judge-pad canvas").press("Control+z")
    expect(tab.locator(".verdict")).to_contain_text(said(empty.log_prob))
    expect(tab.get_by_label("Crop, and fit")).to_be_checked()


def test_upload_then_a_bad_file(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    picture = Image.new("RGB", (200, 160), "white")
    ImageDraw.Draw(picture).line((60, 30, 140, 30, 90, 130), fill="black", width=16)
    picture.save(path)
    image = gm_core.prepare(gm_core.open_picture(path)).image
    verdict = gm_core.load_detector("mnist", "cpu").score(image)[0]
    tab.get_by_role("tab", name="Upload or photo").click()
    file = tab.locator("#judge-file input[type=file]")
    file.set_input_files(path)
    expect(tab.locator(".verdict")).to_contain_text(said(verdict.log_prob))
    bad = tmp_path / "text.png"
    bad.write_text("no picture")
    file.set_input_files(bad)
    expect(tab.locator(".message")).to_contain_text("text.png is not a picture")
    expect(tab.locator(".verdict")).to_contain_text(said(verdict.log_prob))
    tab.get_by_label("Invert if").uncheck()
    expect(tab.locator(".verdict")).not_to_contain_text(said(verdict.log_prob))


def test_slider_and_map_by_keyboard(tab: Page) -> None:
    likelihood = tab.locator(".verdict .likelihood")
    before, edges = likelihood.inner_text(), tab.locator(".histogram:visible").first.get_attribute("aria-label")
    slider = tab.get_by_role("slider", name="Accepted false-alarm rate")
    slider.focus()
    slider.press("ArrowRight")
    expect(tab.locator(".headline")).to_contain_text("6 %")
    assert likelihood.inner_text() == before
    assert tab.locator(".histogram:visible").first.get_attribute("aria-label") != edges
    surprise = tab.get_by_role("img", name="Surprise map")
    surprise.press("ArrowRight")
    reading = re.compile(r"Row 15, column 16: grey \d+, surprise [\d.]+ nats")
    expect(tab.locator(".judge-row .reading")).to_contain_text(reading)
    expect(tab.get_by_role("img", name="Predicted distribution")).to_be_visible()
    tab.get_by_role("button", name="against background").click()
    expect(tab.locator(".judge-row .total")).to_contain_text("Orange")


def test_every_score_follows_the_picture(tab: Page) -> None:
    tab.get_by_role("tab", name="Every score").click()
    table = tab.locator(".scores table")
    expect(table.locator("tbody tr")).to_have_count(len(SCORES) + 1)  # the second test comes last
    expect(table.locator("tbody tr").last).to_contain_text("second test")
    before = table.inner_text()
    tab.get_by_role("group", name="Examples to judge").get_by_role("button").get_by_text("empty", exact=True).click()
    expect(table).not_to_have_text(before, use_inner_text=True)
    expect(table.locator("tr.unusual").first).to_be_visible()


def test_phone(visit: Visit) -> None:
    tab = visit("?tab=judge", ".verdict", PHONE)
    expect(tab.locator("#judge-pad canvas")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    pad, verdict = tab.locator("#judge-pad").bounding_box(), tab.locator(".verdict").bounding_box()
    surprise = tab.locator("canvas.field").bounding_box()
    assert pad and verdict and verdict["y"] - (pad["y"] + pad["height"]) < 120, "the verdict follows the pad"
    assert surprise and verdict["y"] < surprise["y"], "and the map follows the verdict"
    for button in tab.locator("#judge-pad button").all():
        box = button.bounding_box()
        assert box and box["height"] >= 40


@pytest.mark.parametrize(("size", "least"), [(LAPTOP, 400), (PROJECTOR, 640)], ids=["laptop", "projector"])
def test_picture_verdict_and_map_are_on_one_screen(visit: Visit, size: ViewportSize, least: int) -> None:
    tab = visit("?tab=judge", ".verdict", size)
    box = tab.locator("#judge-pad canvas").bounding_box()
    assert box and box["width"] >= least - 1 and box["height"] >= least - 1
    for part in ("#judge-examples .row", "#judge-pad", ".verdict", "#judge-brief", ".judge-charts", "#judge-percent"):
        assert in_sight(tab.locator(part).first), part
    for part in ("canvas.field", ".judge-map .modes", ".total", ".judge-map .carry"):
        assert in_sight(tab.locator(part).first), part
    for part in ("#judge-dataset", "#judge-panels > .tab-wrapper"):
        assert in_sight(tab.locator(part).first), part
    if size is PROJECTOR:
        small = tab.locator(".verdict p, .brief, .total, .modes button, #judge-examples button span").evaluate_all(
            "nodes => nodes.map(node => parseFloat(getComputedStyle(node).fontSize)).filter(size => size < 18)"
        )
        assert not small


def test_in_a_lecture_picture_verdict_and_map_are_on_the_projectors_screen(page: Page, app_url: str) -> None:
    page.set_viewport_size(PROJECTOR)
    page.goto(f"{app_url}?tab=judge&lecture=1")
    expect(page.locator(".verdict .likelihood")).to_be_visible(timeout=30_000)
    for part in ("#judge-pad canvas", ".verdict", "#judge-brief", ".judge-charts", "#judge-percent", "canvas.field"):
        assert in_sight(page.locator(part).first), part
    small = (
        page.locator(".judge-row")
        .locator("p, button, span")
        .evaluate_all(
            "nodes => nodes.filter(node => node.checkVisibility() && parseFloat(getComputedStyle(node).fontSize) < 18)"
            ".map(node => node.outerHTML)"
        )
    )
    assert not small


def test_a_link_brings_back_the_example_the_data_set_and_the_rate(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}?tab=judge&as=fashion&alarms=9&example=9")
    expect(page.locator(".headline")).to_contain_text("Reasonable as a piece of clothing", timeout=30_000)
    expect(page.locator(".headline")).to_contain_text("above 9 %")
    expect(page.locator("#judge-examples [aria-pressed=true]")).to_have_text("sneaker")


def test_a_drawing_survives_a_reload_and_back_goes_back(tab: Page) -> None:
    clear(tab)
    stroke(tab, (0.3, 0.25), (0.7, 0.25), (0.45, 0.85))
    verdict = tab.locator(".verdict .likelihood")
    expect(verdict).to_be_visible()
    expect(tab).to_have_url(re.compile("picture="))
    drawn = verdict.inner_text()
    tab.reload()
    expect(verdict).to_have_text(drawn, use_inner_text=True, timeout=30_000)


def test_a_picture_of_another_tab_is_judged(tab: Page) -> None:
    tab.evaluate("shell.carry('judge', {pixels: Array(784).fill(0), height: 28, width: 28, channels: 1})")
    expect(tab.locator(".why")).to_contain_text("There is nothing on it")


VIEWS = ["", "likelihood", "classifier", "scores", "accuracy", "many", "how"]

NAMES = "Z|WebP|JPEG|CSV|zip|log|Serrà|[Eqi]"
"""What is written so in Chinese, too."""


def test_every_view_is_open_to_all(visit: Visit) -> None:
    page = visit("?tab=judge", ".verdict")
    for view in VIEWS:
        page.evaluate("view => shell.go({tab: 'judge', view})", view)
        visit.settle()
        found = [one for one in problems_in_both(page, ".judge-page") if "upload-container" not in one]  # Gradio's own
        assert not found, view


def test_every_view_is_in_chinese(visit: Visit) -> None:
    page = visit("?tab=judge&lang=zh", ".verdict")
    for dataset in ("mnist", "fashion", "cifar10"):
        for view in VIEWS:
            page.evaluate("place => shell.go({tab: 'judge', ...place})", {"view": view, "as": dataset})
            expect(page.locator(f"#judge-dataset input[value={dataset}]")).to_be_checked(timeout=30_000)
            visit.settle()
            if view == "many":
                page.locator("#many-provided").click()
                visit.settle()
                expect(page.locator("#many-table .summary")).not_to_be_empty(timeout=60_000)
            page.locator("details:visible").evaluate_all("all => all.forEach(one => { one.open = true; })")
            for way in page.locator("#judge-naive .ways input:visible").all()[1::2]:
                way.check()
            assert not untranslated(page, NAMES), (dataset, view)
    page.evaluate("shell.go({tab: 'judge', view: '', as: ''})")
    visit.settle()


@pytest.mark.parametrize("place", [4, 6, 8, 11], ids=["letter", "empty", "noise", "painting"])
def test_every_verdict_is_in_chinese(visit: Visit, place: int) -> None:
    page = visit("?tab=judge&lang=zh", ".verdict")
    for view in ("", "classifier"):
        page.evaluate("place => shell.go({tab: 'judge', ...place})", {"view": view, "example": str(place)})
        expect(page.locator("#judge-examples button").nth(place)).to_have_attribute("aria-pressed", "true")
        visit.settle()
        assert not untranslated(page, NAMES), view


def test_in_a_lecture_the_slider_is_in_sight_and_chapters_take_one_line(visit: Visit) -> None:
    page = visit("?tab=judge&lecture=1", ".verdict", LAPTOP)
    assert in_sight(page.locator("#judge-percent"))
    for size in (LAPTOP, DESKTOP):
        page.set_viewport_size(size)
        for key in range(2):
            chapters = page.locator(".judge-page > .views > .tab-wrapper").bounding_box()
            assert chapters and chapters["height"] < 40, (size, key)
            page.keyboard.press("l")
