"""The detector's tab by its links, and the pictures that come from other tabs and go there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import Traffic, arrive

CHAPTERS = {
    "likelihood": ("Where likelihood fails", "#judge-naive li.yours"),
    "classifier": ("Compared with a classifier", ".judge.density .bars"),
    "scores": ("Every score", ".scores table"),
    "accuracy": ("How accurate is it?", "#judge-measured table"),
    "many": ("Many pictures", "#many-provided"),
    "how": ("How it works", ".explanation.language-en"),
}
"""What each chapter is called, and what is there once it is open; the line-up has the judged picture, too."""

STROKE = "height: 28, width: 28, channels: 1, pixels: Array(784).fill(0).map((_, i) => (i % 28 >> 2 === 3 ? 255 : 0))"


def likelihood(page: Page) -> str:
    return page.locator(".verdict .likelihood").inner_text()


def is_judged(page: Page) -> None:
    expect(page.locator(".verdict .likelihood")).to_be_visible(timeout=30_000)


def draw_stroke(page: Page) -> None:
    box = page.locator("#judge-pad canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()


def test_every_chapter_has_a_link(page: Page, app_url: str) -> None:
    for view, (title, there) in CHAPTERS.items():
        page.goto(f"{app_url}?tab=judge&view={view}&example=5&alarms=9")
        expect(page.get_by_role("tab", name=title)).to_have_attribute("aria-selected", "true", timeout=30_000)
        expect(page.locator(there).first).to_be_visible(timeout=30_000)
        expect(page).to_have_url(f"{app_url}?tab=judge&view={view}&alarms=9&example=5")


def test_back_goes_through_chapters_and_examples_stay(tab: Page) -> None:
    tab.get_by_role("group", name="Examples to judge").get_by_text("circle").click()
    expect(tab).to_have_url(re.compile(r"\?tab=judge&example=5$"))
    for title in ("Every score", "How it works"):
        tab.get_by_role("tab", name=title).click()
    tab.go_back()
    expect(tab.get_by_role("tab", name="Every score")).to_have_attribute("aria-selected", "true")
    tab.go_back()
    expect(tab.get_by_role("tab", name="Judge", exact=True)).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#judge-examples [aria-pressed=true]")).to_have_text("circle")


def test_data_sets_have_links_and_back_leads_to_the_one_before(page: Page, app_url: str, traffic: Traffic) -> None:
    for dataset, one in (("fashion", "a piece of clothing"), ("cifar10", "a photograph")):
        page.goto(f"{app_url}?tab=judge&as={dataset}&example=1")
        expect(page.locator(".headline")).to_contain_text(f"as {one}", timeout=30_000)
        expect(page.locator(f"#judge-dataset input[value={dataset}]")).to_be_checked()
    traffic.settle()
    page.evaluate("shell.go({tab: 'judge', example: '2'})")
    expect(page.locator(".headline")).to_contain_text("as a digit", timeout=30_000)
    page.go_back()
    expect(page.locator(".headline")).to_contain_text("as a photograph", timeout=30_000)


def test_what_an_earlier_arrival_settles_does_not_change_where_a_later_one_goes(tab: Page, traffic: Traffic) -> None:
    traffic.settle()
    tab.evaluate("""() => {
        shell.go({tab: 'judge', as: 'cifar10', example: '1'});
        shell.settle('judge', {as: 'mnist', alarms: 5});  // the arrival before it, whose answer came just now
    }""")
    expect(tab.locator(".headline")).to_contain_text("as a photograph", timeout=30_000)
    traffic.settle()
    expect(tab).to_have_url(re.compile(r"\?tab=judge&as=cifar10&example=1$"))


def test_a_drawing_is_there_after_a_reload_in_any_chapter(tab: Page, traffic: Traffic) -> None:
    tab.get_by_role("button", name="Clear").click()
    draw_stroke(tab)
    is_judged(tab)
    expect(tab).to_have_url(re.compile("picture="))
    traffic.settle()
    drawn = likelihood(tab)
    tab.get_by_role("tab", name="Compared with a classifier").click()
    expect(tab).to_have_url(re.compile("view=classifier&picture="))
    tab.reload()
    expect(tab.locator(".judge.classifier .bars")).to_be_visible(timeout=30_000)
    tab.get_by_role("tab", name="Judge", exact=True).click()
    expect(tab.locator(".verdict .likelihood")).to_have_text(drawn, use_inner_text=True)


def test_a_cleared_pad_has_nothing_of_the_last_picture_in_any_chapter(tab: Page, traffic: Traffic) -> None:
    tab.reload()  # no chapter was open before
    is_judged(tab)
    traffic.settle()
    tab.get_by_role("button", name="Clear").click()
    expect(tab.locator(".verdict")).to_contain_text("pad is empty")
    traffic.settle()
    assert tab.locator(".judge-charts svg:visible, .prepared:visible, .judge-map .carry:visible").count() == 0
    for view, gone in (("classifier", ".judge.classifier"), ("scores", ".scores table"), ("likelihood", "li.yours")):
        tab.evaluate("view => shell.go({tab: 'judge', view})", view)
        traffic.settle()
        expect(tab.locator(gone)).to_have_count(0)


@pytest.mark.parametrize(
    ("made", "one"),
    [
        ("dataset: 'fashion'", "a piece of clothing"),
        ("model: 'fashion-vae'", "a piece of clothing"),
        ("model: 'mnist-vae'", "a digit"),
    ],
)
def test_a_picture_is_judged_as_what_it_was_made_for(page: Page, app_url: str, made: str, one: str) -> None:
    arrive(page, f"{app_url}?tab=judge&as=cifar10")
    expect(page.locator("#judge-dataset input[value=cifar10]")).to_be_checked()
    is_judged(page)
    page.evaluate(f"shell.carry('judge', {{{STROKE}, {made}}})")
    expect(page.locator(".headline")).to_contain_text(f"as {one}", timeout=30_000)


def test_the_judged_picture_goes_to_the_other_tabs(page: Page, app_url: str, traffic: Traffic) -> None:
    arrive(page, f"{app_url}?tab=judge&as=fashion&example=9")
    expect(page.locator("#judge-dataset input[value=fashion]")).to_be_checked()
    is_judged(page)
    traffic.settle()
    page.get_by_role("button", name="Walk from this").click()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("The picture from the other tab", timeout=30_000)
    expect(page.locator("#walk-model input[value=fashion-vae]")).to_be_checked()
    page.go_back()
    is_judged(page)
    traffic.settle()
    page.get_by_role("button", name="Draw on from this").click()
    expect(page.locator("#draw-canvas")).to_contain_text("complete: ", timeout=60_000)
    expect(page.locator("#draw-model .subject")).to_have_value(re.compile("^clothes", re.IGNORECASE))


def test_a_picture_of_the_other_tabs_is_judged(page: Page, app_url: str, traffic: Traffic) -> None:
    page.goto(f"{app_url}?tab=walk")  # the other tabs have what they begin with
    expect(page.locator("#walk-sliders .judge")).to_be_visible(timeout=30_000)
    page.locator("#walk-model").get_by_text("clothes, 32").click()
    expect(page.locator("#walk-figure")).to_contain_text("fashion-vae")
    traffic.settle()
    page.locator("#walk-sliders .judge").click()
    expect(page.locator(".headline")).to_contain_text("as a piece of clothing", timeout=30_000)
    expect(page).to_have_url(re.compile(r"tab=judge.*as=fashion"))
    page.get_by_role("tab", name="Draw: PixelCNN").click()
    expect(page.locator("#draw-canvas")).to_contain_text("complete: ", timeout=60_000)
    page.locator("#draw-canvas button.judge").click()
    expect(page.locator(".headline")).to_contain_text("as a digit", timeout=30_000)
