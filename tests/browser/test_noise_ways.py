"""The race of the Noise tab: all begin with one noise, arrive as they were measured, and a link brings it back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo import create_app
from demo.noise import TAB
from tests.browser.axe import problems
from tests.browser.helpers import LAPTOP, PHONE, PROJECTOR, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import NAMES, make_models
from tests.helpers import served

VIEW = "?tab=noise&view=ways&race_steps=3"
READY = "#noise-race .card"
PAINTED = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


@pytest.fixture(scope="module", autouse=True)
def full_speed(visit: Visit) -> None:
    """A race is over as soon as it is measured."""
    visit.page.emulate_media(reduced_motion="reduce")


def arrived(page: Page) -> None:
    expect(page.locator("#noise-race .play")).to_have_text("Replay", timeout=30_000)


def test_it_fits_the_screens_and_can_be_played_and_scrubbed(visit: Visit) -> None:
    page = visit(f"{VIEW}&race_class=3&race_seed=x", READY)
    expect(page.locator("#noise-race .problem")).to_contain_text("a race that is not here")
    arrived(page)
    expect(page.locator("#noise-race .classes [aria-pressed=true]")).to_have_text("3")
    rows = page.locator("#noise-race tbody tr")
    expect(rows).to_have_count(9)
    expect(rows.locator("td:first-child")).to_have_text([str(place) for place in range(1, 10)])
    expect(page.locator("#noise-race tbody")).to_contain_text("knows no classes")
    page.get_by_role("button", name="Race again").click()
    expect(page.locator("#noise-race .play")).to_be_disabled()
    arrived(page)
    expect(page.locator("#noise-race .problem")).to_be_hidden()
    for size in (LAPTOP, PROJECTOR):
        page.set_viewport_size(size)
        page.evaluate("scrollTo(0, 0)")
        for part in (".again", ".card.start", ".card:last-child", ".time", "tbody tr:last-child", ".same"):
            assert in_sight(page.locator(f"#noise-race {part}").first), (size, part)
    noise = page.locator("#noise-race .start canvas").evaluate(PAINTED)
    scrubber, canvases = page.get_by_label("Moment of the race"), page.locator("#noise-race .entrant canvas")
    scrubber.press("Home")
    assert canvases.evaluate_all("all => all.map(canvas => canvas.toDataURL())") == [noise] * 9
    expect(rows.first.locator("td").nth(1)).to_have_text(re.compile(r"^\s*$"))
    scrubber.press("End")
    assert noise not in canvases.evaluate_all("all => all.map(canvas => canvas.toDataURL())")
    page.get_by_role("button", name="New seed").click()
    expect(page.locator("#noise-race .start .numbers")).not_to_have_text("seed 7", timeout=30_000)
    arrived(page)
    page.wait_for_timeout(WRITTEN)
    seed = page.locator("#noise-race .seed").input_value()
    assert f"race_seed={seed}" in page.url and "race_class=3" in page.url and "race_steps=3" in page.url
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_link_keeps_the_moment_that_was_stopped_at(visit: Visit) -> None:
    page = visit(VIEW, READY)
    arrived(page)
    scrubber = page.get_by_label("Moment of the race")
    scrubber.press("End")
    page.wait_for_timeout(WRITTEN)
    assert "race_at" not in page.url
    scrubber.press("PageDown")
    place = scrubber.input_value()
    page.wait_for_url(re.compile(f"race_at={place}"))
    page.reload()
    expect(scrubber).to_have_value(place, timeout=30_000)
    expect(page.locator("#noise-race .play")).to_have_text("Play")
    expect(page.locator("#noise-race .flows")).to_contain_text("order their noise by scale")
    page.get_by_role("button", name="Race again").click()
    arrived(page)
    page.wait_for_timeout(WRITTEN)
    assert "race_at" not in page.url


def test_it_speaks_chinese_and_axe_finds_nothing_serious(visit: Visit) -> None:
    page = visit(f"{VIEW}&lang=zh&race_class=3&__theme=dark", READY)
    expect(page.locator("#noise-race .play")).to_have_text("重播", timeout=30_000)
    assert untranslated(page, NAMES) == []
    assert problems(page) == []
