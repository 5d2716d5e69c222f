"""The mean of many endings beside single ones."""

import base64
import io
import json
import re

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Route, expect

from demo.draw.mean import MOST_OF_MEAN, PART
from tests.browser.axe import problems_in_both
from tests.browser.draw_helpers import cells, loaded, middle_of, opened, start_over, tool, wait_for
from tests.browser.helpers import LAPTOP, PHONE, Traffic, in_sight
from tests.browser.languages import untranslated


def mean_of(page: Page) -> np.ndarray:
    address = page.locator("#draw-canvas .mean img").get_attribute("src") or ""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("L")).astype(int)


def test_endings_add_up_while_one_looks_on_a_laptop_and_on_a_phone(page: Page, app_url: str) -> None:
    page.set_viewport_size(LAPTOP)
    canvas = opened(page, f"{app_url}?class=3")
    wait_for(canvas, "complete: ")
    before = np.array(cells(canvas)).reshape(28, 28)
    tool(canvas, "Erase the bottom half")
    wait_for(canvas, "complete: ")
    expect(canvas.locator(".pixel")).to_be_visible()
    tool(canvas, "mean")
    expect(canvas.locator(".so-far")).to_have_text(re.compile(r"^Mean of [1-9]\d*0 of 1,000 endings$"), timeout=30_000)
    expect(canvas.locator(".pixel")).to_be_hidden()
    expect(page).to_have_url(re.compile("look=mean"))
    assert in_sight(canvas.locator(".mean")) and in_sight(canvas.get_by_role("button", name="Judge this"))
    mean = mean_of(page)
    assert np.abs(mean[:14] - before[:14]).max() == 0
    assert ((mean[14:] > 20) & (mean[14:] < 235)).sum() > 50  # the endings differ

    # Another start has a mean of its own, which a phone shows too; away from the view nothing is drawn for it.
    page.set_viewport_size(PHONE)
    start_over(canvas)
    expect(canvas.locator(".so-far")).to_have_text(re.compile(r"^Mean of [1-9]\d*0 of 1,000 pictures$"), timeout=30_000)
    assert mean_of(page)[:4].max() < 60 < mean_of(page).max()
    assert problems_in_both(page) == []
    page.get_by_role("button", name="中文").click()
    expect(canvas.locator(".so-far")).to_contain_text("张图片中")
    assert untranslated(page, "Home|End|log|Z") == []
    tool(canvas, "图片")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if "server" in request.url else None)
    page.get_by_role("button", name="换个种子").click()
    wait_for(canvas, "完成")
    assert not [data for data in sent if '"mean"' in data]
    tool(canvas, "均值")
    expect(canvas.locator(".mean")).to_be_visible()
    tool(canvas, "空白画布")
    expect(canvas.locator(".mean")).to_be_hidden()


def test_none_counts_twice_while_the_pointer_moves(page: Page, app_url: str, traffic: Traffic) -> None:
    asked: list[int] = []
    held: list[Route] = []

    def answer(route: Route) -> None:
        if '"fn_name":"mean"' not in (route.request.post_data or ""):
            return route.continue_()
        asked.append(json.loads(route.request.post_data or "")["data"]["count"])
        return held.append(route)

    page.route(re.compile("component_server"), answer)
    canvas = loaded(page, f"{app_url}?look=mean")
    picture = canvas.locator("canvas")
    for part in range(MOST_OF_MEAN // PART):
        while not held:
            picture.hover(position=middle_of(canvas, 9, part))
        picture.hover(position=middle_of(canvas, 20, part))  # another pixel is shown, and the mean with it
        held.pop().fulfill(json={"sums": [0] * 784, "count": PART})
        expect(canvas.locator(".so-far")).to_contain_text(f"Mean of {PART * (part + 1):,} of")
    picture.hover(position=middle_of(canvas, 1, 1))
    traffic.settle()
    assert asked == [*range(0, MOST_OF_MEAN, PART)]
    expect(canvas.locator(".so-far")).to_contain_text("Mean of 1,000 of 1,000")


def test_photographs_which_take_long_have_none(page: Page, app_url: str) -> None:
    canvas = loaded(page, f"{app_url}?model=cifar10-pixelcnnpp&look=mean")
    expect(canvas.locator(".status")).to_contain_text("of 1024 pixels", timeout=60_000)
    expect(canvas.get_by_role("button", name="mean", exact=True)).to_be_hidden()
    expect(canvas.locator(".mean")).to_be_hidden()
