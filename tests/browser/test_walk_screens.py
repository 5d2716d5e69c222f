"""The Walk tab at a glance: what is in sight at three sizes, in Chinese, for those who do not see it, and by a link."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.axe import problems_in_both
from tests.browser.draw_helpers import full_speed
from tests.browser.helpers import LAPTOP, PHONE, PROJECTOR, WRITTEN, Traffic, Visit, arrive, in_sight, leave
from tests.browser.languages import untranslated
from tests.browser.walk_helpers import MAIN, shown, wait_for_change, wait_for_picture

VIEWS = ("walk", "map", "ways", "rebuild", "edit", "compare")

HEROES = {
    "walk": MAIN,
    "map": "#walk-map .picture",
    "ways": "#walk-strip .large",
    "rebuild": "#walk-mean canvas",
    "edit": "#edit-sliders .picture",
}
"""What each view is about; the view with two models side by side is about 24 pictures each."""

NEEDED = {
    "walk": (
        "#walk-sliders .random",
        "#walk-sliders .row:nth-child(16)",
        "#walk-sliders .judge",
        "#walk-sliders .draw",
        "#walk-sliders .reading p",
    ),
    "map": ("#walk-map .map", "#walk-map .tools", "#walk-map .legend", "#walk-map .reading"),
    "ways": ("#walk-strip .play", "#walk-strip .strip:nth-child(3)", "#walk-what-A", "#walk-what-B"),
    "rebuild": ("#walk-seen canvas", "#walk-pad canvas", "#walk-shown", "#walk-bound .total"),
    "edit": ("#edit-sliders .reset", "#edit-sliders .row:nth-child(11)", "#edit-sliders .judge"),
    "compare": (
        "#compare-again",
        "#compare-mnist-autoencoder .draws .pictures",
        "#compare-mnist-autoencoder .missing",
        "#compare-mnist-vae2d .missing",
    ),
}
"""What of each view is in sight without scrolling."""

CUT = """() => [...document.querySelectorAll("button, canvas, label, input, p, b, em, span, svg text, summary")]
    .filter((one) => one.closest(".walk-views"))
    .filter((one) => one.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.right > innerWidth + 1 || box.left < -1))
    .map(([html]) => html)"""
"""What lies beyond the edges of the window, out of reach of scrolling."""

NAMES = r"Z|Home|mnist-[\w-]+|z\d+|p\d+"


UPPER_HALF = """([given, canvas]) => {
    const side = Math.sqrt(2 * given.length), cell = canvas.width / side;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const middle = (place) => Math.floor((place + 0.5) * cell);
    const at = (i) => 4 * (middle(Math.floor(i / side)) * canvas.width + middle(i % side));
    return given.every((level, i) => data[at(i)] === level);
}"""
"""Whether a canvas with an enlarged picture shows some levels, of grey or red, in its upper half."""


def query(view: str, extra: str = "") -> str:
    return f"?tab=walk{extra}" + (f"&view={view}" if view != "walk" else "")


def open_view(page: Page, url: str, view: str, traffic: Traffic, extra: str = "") -> None:
    arrive(page, url + query(view, extra))
    expect(page.locator(NEEDED[view][0])).to_be_visible()
    traffic.settle()


@pytest.fixture(scope="module", params=VIEWS)
def view(request: pytest.FixtureRequest) -> str:
    """Each view in turn: what is looked at in it shares a page."""
    return request.param


@pytest.mark.parametrize(
    ("size", "least", "rem"), [(LAPTOP, 400, 15), (PROJECTOR, 640, 18)], ids=["laptop", "projector"]
)
def test_each_view_is_on_one_screen(visit: Visit, view: str, size: ViewportSize, least: int, rem: int) -> None:
    page = visit(query(view), NEEDED[view][0], size)
    page.evaluate("scrollTo(0, 0)")
    for needed in NEEDED[view]:
        assert in_sight(page.locator(needed).first), needed
    if view in HEROES:
        box = page.locator(HEROES[view]).bounding_box()
        assert box and min(box["width"], box["height"]) >= least - 1, box
        assert in_sight(page.locator(HEROES[view]))
    assert page.evaluate(CUT) == []
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= rem


def test_a_view_that_nothing_was_changed_in_says_nothing_in_the_address(visit: Visit, view: str) -> None:
    visit.leave()
    page = visit(query(view), NEEDED[view][0])
    page.wait_for_timeout(WRITTEN)
    assert page.evaluate("location.search") == query(view)


def test_axe_finds_nothing_serious(visit: Visit, view: str) -> None:
    assert problems_in_both(visit(query(view), NEEDED[view][0])) == []


def test_a_phone_shows_all_of_a_view_and_keeps_the_picture_in_sight(visit: Visit, view: str) -> None:
    page = visit(query(view), NEEDED[view][0], PHONE)
    assert page.evaluate(CUT) == []
    below = {"walk": ".random", "map": ".tools", "ways": ".play", "edit": ".reset"}
    last = {"walk": ".row:nth-child(16)", "map": ".legend", "ways": ".strip:nth-child(3)", "edit": ".row:nth-child(11)"}
    if view in below:
        page.evaluate("scrollTo(0, 0)")
        root = HEROES[view].split(" ")[0]
        picture = page.locator(HEROES[view])
        control = page.locator(f"{root} {below[view]}").bounding_box()
        box = picture.bounding_box()
        assert box and control and 0 <= control["y"] - (box["y"] + box["height"]) < 40
        page.locator(f"{root} {last[view]}").first.scroll_into_view_if_needed()
        assert in_sight(picture)


def test_every_view_is_all_chinese(visit: Visit, view: str) -> None:
    page = visit(query(view), NEEDED[view][0])
    page.evaluate("shell.chooseLanguage('zh')")
    expect(page.get_by_role("tab", name="绘制：PixelCNN")).to_be_visible()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    found = untranslated(page, NAMES)
    page.evaluate("shell.chooseLanguage('en')")
    assert found == []


def test_a_link_brings_back_space_and_seeds(page: Page, app_url: str, traffic: Traffic) -> None:
    leave(page)
    open_view(page, app_url, "ways", traffic, "&space=mnist-vae2d&a=3&b=4")
    expect(page.locator("#walk-what-A")).to_contain_text("seed 3")
    expect(page.locator("#walk-what-B")).to_contain_text("seed 4")
    expect(page.locator("#walk-model input[value=mnist-vae2d]")).to_be_checked()
    open_view(page, app_url, "compare", traffic, "&seed=5&from=range")
    expect(page.locator("#compare-seed input")).to_have_value("5")
    expect(page.locator("#compare-mnist-autoencoder .draws .words")).to_contain_text("range of its codes")
    page.goto(f"{app_url}?tab=walk&space=nowhere")
    expect(page.get_by_text("The address asks for what is not there (space)")).to_be_visible()


def test_a_picture_from_another_tab_is_where_the_walk_begins(page: Page, app_url: str, traffic: Traffic) -> None:
    open_view(page, app_url, "walk", traffic)
    wait_for_picture(page)
    before = shown(page)
    page.evaluate(
        "shell.carry('walk', {pixels: Array.from({length: 784}, (_, i) => (i % 28 > 12 && i % 28 < 16 ? 255 : 0)),"
        " height: 28, width: 28, channels: 1})"
    )
    wait_for_change(page, before)
    expect(page.locator("#walk-sliders .reading")).to_contain_text("The picture from the other tab")


@pytest.mark.parametrize(
    ("view", "extra", "root", "model"),
    [
        ("walk", "&space=fashion-vae", "#walk-sliders", "fashion-pixelcnn"),
        ("walk", "&space=cifar10-vae", "#walk-sliders", "cifar10-pixelcnnpp"),
        ("map", "", "#walk-map", "mnist-pixelcnn"),
        ("ways", "", "#walk-strip", "mnist-pixelcnn"),
    ],
)
def test_draw_goes_on_from_a_picture_of_walk(
    page: Page, app_url: str, traffic: Traffic, view: str, extra: str, root: str, model: str
) -> None:
    leave(page)  # the Draw tab was never open
    open_view(page, app_url, view, traffic, extra)
    wait_for_picture(page, HEROES[view])
    traffic.settle()
    red = shown(page, HEROES[view])  # or grey
    half = red[: len(red) // 2]
    page.locator(f"{root} .draw").click()
    expect(page.locator("#draw-model select").last).to_have_value(model)
    drawing = page.locator("#draw-canvas")
    full_speed(drawing)
    expect(drawing.locator(".discard")).to_contain_text("Starts from")
    page.wait_for_function(UPPER_HALF, arg=[half, drawing.locator("canvas").first.element_handle()], timeout=60_000)


def test_a_picture_of_clothes_is_judged_as_clothes(page: Page, app_url: str, traffic: Traffic) -> None:
    open_view(page, app_url, "walk", traffic, "&space=fashion-vae")
    wait_for_picture(page)
    traffic.settle()
    page.locator("#walk-sliders .judge").click()
    expect(page.locator("#judge-dataset input[value=fashion]")).to_be_checked(timeout=30_000)
