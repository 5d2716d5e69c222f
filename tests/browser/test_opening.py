"""A part of the page is filled when it is first seen, and says so where it cannot be."""

import shutil
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from demo.base.tabs import Opening
from demo.draw import TAB as DRAW
from demo.draw.drawings import NAME
from demo.shared.models import Models
from gm_core.checkpoints import checkpoint_dir
from tests.browser.draw_helpers import choose_model
from tests.browser.helpers import Traffic
from tests.helpers import served


@pytest.fixture
def opened() -> list[str]:
    """The parts of the page that were opened, in turn."""
    return []


@pytest.fixture
def address(opened: list[str]) -> Iterator[str]:
    """The address of a page with two tabs, the second with two views."""

    def part(name: str) -> None:
        opening, box = Opening(), gr.HTML(elem_id=name)

        def fill() -> str:
            opened.append(name)
            return f"filled {opened.count(name)} times"

        opening.run(fill, None, box)

    with gr.Blocks(analytics_enabled=False) as app, gr.Tabs():
        with gr.Tab("first"):
            part("one")
        with gr.Tab("second"), gr.Tabs():
            with gr.Tab("near"):
                part("two")
            with gr.Tab("far"):
                part("three")
    with served(app) as url:
        yield url


def test_each_part_is_filled_at_its_first_opening_and_never_again(
    page: Page, traffic: Traffic, address: str, opened: list[str]
) -> None:
    page.goto(address)
    expect(page.locator("#one")).to_contain_text("filled 1 times")
    assert opened == ["one"]
    page.get_by_role("tab", name="second").click()
    expect(page.locator("#two")).to_contain_text("filled 1 times")
    page.get_by_role("tab", name="far").click()
    expect(page.locator("#three")).to_contain_text("filled 1 times")
    for name in ("first", "second", "near"):
        page.get_by_role("tab", name=name).click()
    expect(page.locator("#two")).to_contain_text("filled 1 times")
    traffic.settle()
    assert opened == ["one", "two", "three"]


def test_missing_weights_are_said_in_the_tab_with_the_remedy_and_another_model_draws(
    page: Page, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in checkpoint_dir().iterdir():
        if path.name != f"{NAME}.safetensors":
            (tmp_path / path.name).symlink_to(path.resolve())
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    with gr.Blocks(analytics_enabled=False) as app:
        DRAW.build(Models.on("cpu"))
    with served(app) as url:
        page.goto(url)
        notice = page.locator(".opening .message")
        expect(notice).to_contain_text(NAME, timeout=30_000)
        expect(notice).to_contain_text("restore it from the repository")
        choose_model(page, "Digits", "original PixelCNN")
        expect(page.locator("#draw-canvas .status")).to_contain_text("of 784 pixels", timeout=30_000)


def test_the_page_is_there_without_any_checkpoint(page: Page, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    with gr.Blocks(analytics_enabled=False) as app:
        DRAW.build(Models.on("cpu"))
    with served(app) as url:
        page.goto(url)
        # One line that names what is missing: the folder, and no model of it.
        expect(page.get_by_role("alert")).to_contain_text(f"There is no folder {tmp_path} to look for checkpoints in")


SLOW_LINE = """const own = window.fetch;
window.fetch = async (input, init) => {
    const response = await own(input, init);
    if (!String(input.url ?? input).includes("/queue/data")) return response;
    const late = new TransformStream({
        async transform(chunk, out) { await new Promise((go) => setTimeout(go, 300)); out.enqueue(chunk); },
    });
    return new Response(response.body.pipeThrough(late), { status: response.status, headers: response.headers });
};"""
"""Answers that reach the page a little later than what it is told at once."""


def test_on_a_slow_line_nothing_that_was_asked_stays_unanswered(page: Page, app_url: str) -> None:
    page.add_init_script(SLOW_LINE)
    page.goto(f"{app_url}?tab=walk&view=ways")
    page.locator("#walk-strip .draw").click()  # the tab asks for several things as it opens
    canvas = page.locator("#draw-canvas")
    expect(canvas.locator(".status")).to_contain_text("complete: ", timeout=30_000)
    for number in range(4):
        page.locator("#draw-class").get_by_label(str(number), exact=True).check()
        page.wait_for_timeout(150)
        page.locator("#draw-seed input").fill(str(100 + number))
        page.wait_for_timeout(200)
    expect(canvas.locator(".status")).to_contain_text("class 3, seed 103", timeout=30_000)
    expect(canvas.locator(".status")).to_contain_text("complete: ", timeout=30_000)
