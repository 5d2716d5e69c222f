"""A real Chromium, for what only a browser can show."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

import gm_core
from demo.draw.drawings import NAME
from tests.browser.helpers import DESKTOP, Traffic, Visit

# The shell first: it has no window, whose toolbar is a page to be drawn as well (the same pages: 28 s, not 37).
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; a reasoned skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install one (Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def guarded_page(browser: Browser, size: ViewportSize = DESKTOP) -> Iterator[Page]:
    """A page that fails its tests when it logs an error or asks for anything from elsewhere."""
    context = browser.new_context(viewport=size)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))
            else problems.append(f"external request: {request.url}")
        ),
    )
    yield page
    context.close()
    assert not problems, problems


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A guarded page of desktop size, for one test."""
    with guarded_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def visit(browser: Browser, app_url: str) -> Iterator[Visit]:
    """Opens an address in a page that the tests of a file share; which is opened anew only for another address."""
    with guarded_page(browser) as page:
        yield Visit(page, app_url)


@pytest.fixture
def traffic(page: Page) -> Traffic:
    """What the page asks of the server."""
    return Traffic(page)


@pytest.fixture(scope="module")
def model() -> gm_core.Autoregressive:
    """The model that the Draw tab opens with."""
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.Autoregressive)
    return model


@pytest.fixture
def tab(page: Page, app_url: str) -> Page:
    """A page at the detector's tab, with its first verdict."""
    page.goto(f"{app_url}?tab=judge")
    expect(page.locator(".verdict")).to_be_visible(timeout=30_000)
    return page
