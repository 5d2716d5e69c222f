"""What the browser tests of more than one tab need."""

import time
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

from playwright.sync_api import Locator, Page, Request, ViewportSize, expect

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

LAPTOP: ViewportSize = {"width": 1366, "height": 625}
"""A screen of 768 lines, less what the browser takes."""
PROJECTOR: ViewportSize = {"width": 1920, "height": 1080}
SIZES = {"laptop": LAPTOP, "projector": PROJECTOR, "phone": PHONE}
"""What every tab is looked at in: ``@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)``."""

WRITTEN = 400
"""Milliseconds after which a change is in the address."""

FRAME = "() => new Promise(requestAnimationFrame).then(() => Boolean(window.shell?.isWaiting()))"
"""Waits for a frame, and says whether the page waits for an answer."""

QUIET_FRAMES = 3
"""As many painted frames without a request end a wait: a handler that follows another asks within the first."""


class Traffic:
    """A page's questions to the server: those sent and those not yet answered to the last byte.

    The answers of Gradio's queue come in one stream, which the server closes after the last of them; the heartbeat,
    which ends with the page, does not count.

    Args:
        page: A page that has opened nothing yet.
    """

    def __init__(self, page: Page) -> None:
        self.sent = 0
        self._page = page
        self._open: set[Request] = set()
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        if "/heartbeat/" not in urlsplit(request.url).path:
            self.sent += 1
            self._open.add(request)

    def _end(self, request: Request) -> None:
        self._open.discard(request)

    def settle(self, timeout: float = 60) -> None:
        """Return once the server has answered all that the page asks, and what follows from the answers.

        Raises:
            AssertionError: It has not after ``timeout`` seconds.
        """
        end, quiet = time.monotonic() + timeout, 0
        while quiet < QUIET_FRAMES:
            assert time.monotonic() < end, f"not answered: {[request.url for request in self._open]}"
            # What has arrived may wait for its turn in the page.
            waits = self._page.evaluate(FRAME)
            quiet = 0 if self._open or waits else quiet + 1


TRAFFIC: WeakKeyDictionary[Page, Traffic] = WeakKeyDictionary()


def traffic_of(page: Page) -> Traffic:
    """What a page asks of the server: listened to once, from the first time on that this is called."""
    if page not in TRAFFIC:
        TRAFFIC[page] = Traffic(page)
    return TRAFFIC[page]


GO = """({tab, view, lang, ...fields}) => {
    shell.chooseLanguage(lang ?? "en");
    shell.go({tab: tab ?? shell_config.tabs[0].id, view: view ?? "", ...fields}, {exact: true, always: true});
}"""

AT_LOADING = ("__theme", "lecture", "step")
"""What of an address a page reads only as it is loaded."""


def arrive(page: Page, address: str, settled: bool = True) -> None:
    """Come to an address as by a followed link; the page is loaded only where the app is not open in it.

    Args:
        page: What was to be answered in it is, before it goes.
        address: With its query, of the app or another.
        settled: Whether to return once all is answered that the page asks on arrival.
    """
    base, _, query = address.partition("?")
    was, _, before = page.url.partition("?")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    is_open = was.rstrip("/") == base.rstrip("/") and not any(name in fields or name in before for name in AT_LOADING)
    traffic = traffic_of(page)
    if is_open and page.evaluate("Boolean(window.shell && window.shell_config)"):
        traffic.settle()
        page.evaluate(GO, fields)
    else:
        page.goto(address)
        page.wait_for_selector('[role="tablist"]', timeout=30_000)
    if settled:
        traffic.settle()


def leave(page: Page) -> None:
    """Leave the app, so that the next arrival loads it: for tests of a first opening."""
    page.goto("about:blank")


class Visit:
    """A page that is only looked at, in one size after another, by one test after another: loading takes time.

    Args:
        page: A page that has opened nothing yet.
        url: The app's address.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.settle = traffic_of(page).settle
        self._query: str | None = None

    def leave(self) -> None:
        """Leave the app, so that it is loaded for the next address."""
        self._query = None
        leave(self.page)

    def __call__(self, query: str, ready: str, size: ViewportSize = LAPTOP) -> Page:
        """The page at an address, in a size, with all that it asks answered.

        Args:
            query: The address from its question mark on.
            ready: Selector of what is there once the page is.
            size: Of the window.
        """
        self.page.set_viewport_size(size)
        if query != self._query:
            self._query = None  # until it is there
            arrive(self.page, self.url + query)
            expect(self.page.locator(ready).first).to_be_visible(timeout=30_000)
            self._query = query
        self.settle()
        return self.page


def in_sight(locator: Locator) -> bool:
    """Whether an element lies within the window, all of it, without scrolling."""
    box = locator.bounding_box()
    size = locator.page.viewport_size
    assert size
    return bool(
        box
        and box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"] + 1
        and box["y"] + box["height"] <= size["height"] + 1
    )
