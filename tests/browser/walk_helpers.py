"""What the browser tests of the Walk tab look at and do."""

from collections.abc import Sequence

from playwright.sync_api import Page, expect

from tests.browser.helpers import arrive

PIXELS = """selector => {
    const canvas = document.querySelector(selector);
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(data).filter((_, i) => i % 4 === 0);
}"""
MAIN = "#walk-sliders .picture"


def shown(page: Page, selector: str = MAIN) -> list[int]:
    return page.evaluate(PIXELS, selector)


def wait_for(page: Page, expected: Sequence[int], selector: str = MAIN) -> None:
    page.wait_for_function(f"([s, e]) => JSON.stringify(({PIXELS})(s)) === JSON.stringify(e)", arg=[selector, expected])


def wait_for_nearly(page: Page, expected: Sequence[int], selector: str, within: int) -> None:
    """Wait until no pixel is further from its grey level than so many levels."""
    page.wait_for_function(
        f"([s, e, most]) => ({PIXELS})(s).every((level, i) => Math.abs(level - e[i]) <= most)",
        arg=[selector, expected, within],
    )


def wait_for_change(page: Page, before: Sequence[int], selector: str = MAIN) -> list[int]:
    page.wait_for_function(f"([s, b]) => JSON.stringify(({PIXELS})(s)) !== JSON.stringify(b)", arg=[selector, before])
    return shown(page, selector)


def wait_for_picture(page: Page, selector: str = MAIN) -> None:
    """Wait until there is a picture on a canvas, whichever."""
    expect(page.locator(selector)).to_be_visible(timeout=30_000)
    page.wait_for_function(f"selector => ({PIXELS})(selector).some(Boolean)", arg=selector)


def open_walk(page: Page, url: str) -> None:
    """The Walk tab as a link to it opens it, in a page that may have been elsewhere."""
    arrive(page, f"{url}?tab=walk")
    expect(page.locator(MAIN)).to_be_visible()
    wait_for_picture(page)
