"""A real Chromium, for what only a browser can show."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import gm_core
from demo.draw.drawings import NAME
from tests.browser.helpers import DESKTOP, Traffic, Visit, arrive, traffic_of

# The shell first: it has no window, whose toolbar is a page to be drawn as well (the same pages: 28 s, not 37).
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)

# All pages in one process, which has their scripts compiled from the second on.
ARGUMENTS = ["--no-sandbox", "--renderer-process-limit=1"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; a reasoned skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install one (Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What pages share unless they need one of their own: files that were fetched once (a load: 3.3 s, not 4.5)."""
    context = browser.new_context(viewport=DESKTOP)
    yield context
    context.close()


@contextmanager
def guarded_page(context: BrowserContext) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what fails its tests: the errors that it logs and what it asks for from elsewhere."""
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
    traffic_of(page)  # from the first request on
    yield page, problems
    forget(page)
    page.close()
    assert not problems, problems


def forget(page: Page) -> None:
    """Take away what the app keeps in the browser, as the language."""
    if page.url.startswith("http"):
        page.evaluate("localStorage.clear()")


class Shared:
    """The page that the tests of a file share, one after another; a new one after a test that failed."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._open = ExitStack()
        self._guarded: tuple[Page, list[str]] | None = None

    def __call__(self) -> tuple[Page, list[str]]:
        """The page as it was left, and its problems."""
        if not self._guarded:
            self._guarded = self._open.enter_context(guarded_page(self._context))
        return self._guarded

    def close(self) -> None:
        """Close the page."""
        self._guarded = None
        self._open.close()


@pytest.fixture(scope="module")
def shared(context: BrowserContext) -> Iterator[Shared]:
    """The shared page of a file."""
    shared = Shared(context)
    yield shared
    shared.close()


@pytest.fixture
def page(shared: Shared, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The shared page, of desktop size; what the last test left in it is there until the test goes somewhere."""
    page, problems = shared()
    problems.clear()
    page.set_viewport_size(DESKTOP)
    page.mouse.move(0, 0)
    forget(page)
    failed = request.session.testsfailed
    yield page
    found = problems[:]
    problems.clear()
    page.unroute_all()
    page.emulate_media(reduced_motion="no-preference")
    page.context.clear_permissions()
    if found or request.session.testsfailed != failed:
        shared.close()
    assert not found, found


@pytest.fixture
def own_page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own, for a clock or what else cannot be taken back."""
    context = browser.new_context(viewport=DESKTOP)
    with guarded_page(context) as (page, _):
        yield page
    context.close()


@pytest.fixture(scope="module")
def visit(context: BrowserContext, app_url: str) -> Iterator[Visit]:
    """Opens an address in a page of its own that the tests of a file share; loaded anew only where it must be."""
    with guarded_page(context) as (page, _):
        yield Visit(page, app_url)


@pytest.fixture
def traffic(page: Page) -> Traffic:
    """What the page asks of the server."""
    return traffic_of(page)


@pytest.fixture(scope="module")
def model() -> gm_core.Autoregressive:
    """The model that the Draw tab opens with."""
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.Autoregressive)
    return model


@pytest.fixture
def tab(page: Page, app_url: str) -> Page:
    """A page at the detector's tab, with its first verdict."""
    arrive(page, f"{app_url}?tab=judge")
    expect(page.locator(".verdict")).to_be_visible(timeout=30_000)
    return page
