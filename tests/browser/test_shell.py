"""The frame of the page: addresses, languages, the lesson, lecture mode, words, keys."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from demo.app import TABS
from demo.shell.glossary import GLOSSARY
from demo.shell.languages import table
from demo.shell.lesson import STEPS
from tests.browser.axe import problems_in_both
from tests.browser.draw_helpers import loaded, opened, wait_for
from tests.browser.helpers import LAPTOP, SIZES, Traffic, Visit, arrive
from tests.browser.languages import untranslated

SHELL = ".shell-title, .shell-tools, .shell-lesson, .tab-wrapper"


FIRST = "Draw: PixelCNN"


def is_open(page: Page, name: str) -> None:
    tab = page.get_by_role("tab", name=name, exact=True)
    expect(tab).to_have_attribute("aria-selected", "true", timeout=30_000)


def query(page: Page) -> str:
    return page.evaluate("location.search")


def test_tabs_and_views_have_addresses_and_back_goes_back(page: Page, app_url: str) -> None:
    page.goto(app_url)
    is_open(page, FIRST)
    assert query(page) == ""
    page.get_by_role("tab", name="Walk: VAE").click()
    expect(page).to_have_url(f"{app_url}?tab=walk")
    page.get_by_role("tab", name="Rebuild", exact=True).click()
    expect(page).to_have_url(f"{app_url}?tab=walk&view=rebuild")
    expect(page).to_have_title(re.compile(r"^Walk: VAE · "))
    page.go_back()
    is_open(page, "Walk")
    page.go_back()
    is_open(page, FIRST)
    expect(page).to_have_url(app_url)
    page.go_forward()
    page.go_forward()
    is_open(page, "Rebuild")


def test_a_link_opens_its_view_and_no_other(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}?tab=judge&view=likelihood&__theme=dark")
    is_open(page, "Where likelihood fails")
    assert page.locator("#draw-canvas").count() == 0
    assert query(page) == "?tab=judge&view=likelihood&__theme=dark"
    page.goto(f"{app_url}?tab=nowhere")
    expect(page.get_by_text('This page has no tab "nowhere".')).to_be_visible()
    is_open(page, FIRST)


def test_fields_are_in_the_address_and_come_back(page: Page, app_url: str) -> None:
    canvas = loaded(page, f"{app_url}?class=3&seed=42")
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 42")
    page.locator("#draw-seed input").fill("43")
    expect(page).to_have_url(f"{app_url}?class=3&seed=43")
    page.evaluate("shell.go({tab: 'draw', class: '7', seed: 5})")
    wait_for(canvas, "complete: 784 of 784 pixels · class 7, seed 5")
    expect(page).to_have_url(f"{app_url}?class=7&seed=5")
    page.go_back()
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 43")
    page.evaluate("document.activeElement.blur()")  # a field takes its own keys
    page.keyboard.press("r")
    wait_for(canvas, "complete: 784 of 784 pixels · any class, seed")
    expect(page).to_have_url(app_url)
    page.go_back()
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 43")
    assert page.url == f"{app_url}?class=3&seed=43"  # at any moment: a reload brings this back
    page.reload()
    wait_for(canvas, "784 pixels · class 3, seed 43")


def test_another_tab_keeps_its_fields(page: Page, app_url: str) -> None:
    canvas = opened(page, f"{app_url}?seed=8")
    wait_for(canvas, "seed 8")
    page.get_by_role("tab", name="Walk: VAE").click()
    expect(page).to_have_url(f"{app_url}?tab=walk")
    page.get_by_role("tab", name="Draw: PixelCNN").click()
    expect(page).to_have_url(f"{app_url}?seed=8")
    expect(page.locator("#draw-seed input")).to_have_value("8")


def test_a_picture_is_carried_to_a_tab_that_was_never_open(page: Page, app_url: str) -> None:
    page.goto(app_url)
    is_open(page, FIRST)
    page.evaluate("shell.carry('walk', {pixels: [1, 2], height: 1, width: 2, channels: 1})")
    is_open(page, "Walk: VAE")
    received = "new Promise((resolve) => shell.receivePicture('walk', resolve))"
    assert page.evaluate(received)["pixels"] == [1, 2]


def test_copy_link_copies_the_address(page: Page, app_url: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    page.locator("#draw-seed input").fill("9")
    wait_for(canvas, "seed 9")
    page.locator(".shell-link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{app_url}?seed=9"


def test_chinese_comes_and_goes_without_a_reload(page: Page, app_url: str, traffic: Traffic) -> None:
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    traffic.settle()
    page.evaluate("window.mark = true")
    english = page.locator("body").inner_text()
    page.get_by_role("button", name="中文").dispatch_event("click")  # the pointer stays where it is
    expect(page.get_by_role("tab", name="绘制：PixelCNN")).to_be_visible()
    assert query(page) == "?lang=zh" and page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.title().startswith("绘制：PixelCNN · ")
    page.get_by_role("button", name="English").dispatch_event("click")
    is_open(page, FIRST)
    assert page.locator("body").inner_text() == english
    assert query(page) == "" and page.evaluate("window.mark")


def test_the_browsers_language_and_the_last_choice_count(browser: Browser, app_url: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport=LAPTOP)
    page = context.new_page()
    page.goto(app_url)
    expect(page.get_by_role("tab", name="检测：这是数字吗？")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="English").click()
    page.goto(app_url)
    expect(page.get_by_role("tab", name="Detect: is it a digit?")).to_be_visible(timeout=30_000)
    context.close()


def test_sentences_templates_and_their_changes_are_translated(page: Page, app_url: str) -> None:
    entries = {
        "<b>Drag</b> a {what}": "拖动{what}：<b>试试</b>",
        "digit": "数字",
        "{n} of {n-of} pixels": "{n-of} 个像素中的 {n} 个",
    }
    page.route("**/shell/zh.json*", lambda route: route.fulfill(json=table() | entries))
    page.goto(app_url)
    is_open(page, FIRST)
    page.evaluate(
        "document.querySelector('.shell-title').insertAdjacentHTML('beforeend', "
        "'<p id=one title=digit><b>Drag</b> a digit</p><p id=two>3 of 784 pixels</p>')"
    )
    page.evaluate("window.bold = document.querySelector('#one b')")
    page.evaluate("shell.chooseLanguage('zh')")
    one, two = page.locator("#one"), page.locator("#two")
    expect(one).to_have_text("拖动数字：试试")
    expect(one).to_have_attribute("title", "数字")
    expect(two).to_have_text("784 个像素中的 3 个")
    page.evaluate("document.querySelector('#two').textContent = '4 of 784 pixels'")
    expect(two).to_have_text("784 个像素中的 4 个")
    page.evaluate("document.querySelector('#two').firstChild.data = '5 of 784 pixels'")
    expect(two).to_have_text("784 个像素中的 5 个")
    assert page.evaluate("document.querySelector('#one b') === window.bold")
    page.evaluate("shell.chooseLanguage('en')")
    expect(one).to_have_text("Drag a digit")
    expect(two).to_have_text("5 of 784 pixels")


def test_the_shell_is_all_chinese(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}?lang=zh&step=1")
    expect(page.locator(".shell-step")).to_have_text(STEPS[0].title_zh, timeout=30_000)
    page.locator(".shell-help").click()
    page.evaluate(f"document.querySelectorAll('.tabitem').forEach((tab) => tab.remove()); {json.dumps(SHELL)}")
    assert untranslated(page) == []


def test_the_lesson_goes_through_all_steps_and_is_a_link(page: Page, app_url: str) -> None:
    arrive(page, app_url)
    page.get_by_role("button", name="Lesson").click()
    top = page.locator(".shell-lesson").bounding_box()
    for number, step in enumerate(STEPS, 1):
        expect(page.locator(".shell-step")).to_have_text(step.title)
        tab = next(tab for tab in TABS if tab.id == step.tab)
        is_open(page, tab.title)
        asked = dict(pair.split("=") for pair in query(page)[1:].split("&"))
        assert asked["step"] == str(number) and asked.get("view", "") == step.view
        assert {name: asked.get(name) for name in step.fields} == dict(step.fields)
        assert page.locator(".shell-lesson").bounding_box() == top  # nothing moves
        page.locator(".shell-on").click() if number < len(STEPS) else None
    page.go_back()
    expect(page.locator(".shell-step")).to_have_text(STEPS[-2].title)
    page.get_by_role("button", name="Leave the lesson").click()
    expect(page.locator(".shell-lesson")).to_be_hidden()
    page.get_by_role("button", name="Lesson").click()
    expect(page.locator(".shell-step")).to_have_text(STEPS[-2].title)  # taken up where it was left


def test_the_lesson_ends_after_its_last_step_and_escape_leaves_it(page: Page, app_url: str) -> None:
    arrive(page, f"{app_url}?step={len(STEPS)}")
    expect(page.locator(".shell-step")).to_have_text(STEPS[-1].title)
    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".shell-lesson")).to_be_hidden()
    lesson = page.get_by_role("button", name="Lesson")
    expect(lesson).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".shell-step")).to_have_text(STEPS[0].title)  # anew
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.locator("#shell-keys")).to_be_hidden()
    expect(page.locator(".shell-lesson")).to_be_visible()  # one thing at a time
    page.keyboard.press("Escape")
    expect(page.locator(".shell-lesson")).to_be_hidden()
    assert "step" not in query(page)


def test_a_step_of_the_lesson_lays_the_eraser_down(page: Page, app_url: str) -> None:
    arrive(page, app_url)
    eraser = page.locator('#draw-canvas [data-tool="eraser"]')
    eraser.click()
    expect(eraser).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Lesson").click()
    expect(page.locator('#draw-canvas [data-tool="look"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")


def test_lecture_mode_enlarges_and_hides_explanations(page: Page, app_url: str) -> None:
    page.set_viewport_size(LAPTOP)
    page.goto(app_url)
    is_open(page, FIRST)
    page.evaluate("document.querySelector('.shell-title').insertAdjacentHTML('beforeend', '<p class=explain>why</p>')")
    size = "[parseFloat(getComputedStyle(document.documentElement).fontSize)]"
    before = page.evaluate(size)[0]
    page.keyboard.press("l")
    expect(page.get_by_text("why")).to_be_hidden()
    assert page.evaluate(size)[0] > 1.2 * before and query(page) == "?lecture=1"
    page.locator("#draw-seed input").press("l")  # a field takes its own keys
    expect(page.get_by_role("button", name="Lecture")).to_have_attribute("aria-pressed", "true")
    page.reload()
    is_open(page, FIRST)
    expect(page.get_by_role("button", name="Lecture")).to_have_attribute("aria-pressed", "true")


def test_a_word_is_explained_and_escape_closes_it(page: Page, app_url: str) -> None:
    arrive(page, app_url)
    is_open(page, FIRST)
    page.evaluate("document.querySelector('.shell-title').insertAdjacentHTML('beforeend', shell.word('nats'))")
    word = page.locator('.shell-title [data-word="nats"]')  # the tab has such words, too
    word.focus()
    tip = page.get_by_role("tooltip")
    expect(tip).to_have_text(GLOSSARY["nats"].english)
    expect(word).to_have_attribute("aria-describedby", "shell-word")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    word.hover()
    expect(tip).to_be_visible()


def test_arrow_keys_move_between_tabs_and_within_choices(page: Page, app_url: str) -> None:
    arrive(page, app_url)
    tabs = page.locator('[role="tablist"]').first.get_by_role("tab")
    tabs.first.focus()
    page.keyboard.press("End")
    is_open(page, "Detect: is it a digit?")
    expect(tabs.last).to_be_focused()
    page.keyboard.press("ArrowRight")
    is_open(page, FIRST)
    stops = "document.querySelectorAll('#draw-class input:not([tabindex=\"-1\"])').length"
    page.wait_for_function(f"{stops} === 1")
    page.locator("#draw-class input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#draw-class").get_by_label("0", exact=True)).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#draw-class").get_by_label("1", exact=True)).to_be_focused()


def test_axe_finds_nothing_serious_in_the_shell(visit: Visit) -> None:
    page = visit("?step=1", ".shell-step")
    for part in SHELL.split(", "):
        assert problems_in_both(page, part) == []


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_header_is_one_line(visit: Visit, size: ViewportSize) -> None:
    page = visit("", "#draw-canvas canvas", size)
    is_open(page, FIRST)
    page.evaluate("scrollTo(0, 0)")
    top = page.locator(".tabitem").first.bounding_box()
    assert top and top["y"] <= (48 if size["width"] > 900 else 92)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rem = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    least = {1366: 15, 1920: 18, 390: 16}[size["width"]]
    assert least <= rem < least + 1.1
