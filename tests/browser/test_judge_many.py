"""The panel "Many pictures" in a browser: it fills, sorts, follows the slider, downloads, and shows names as text."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from demo.base.fields import StrictRadio, StrictSlider
from demo.judge.batches import MOST
from demo.judge.many import ManyPanel
from demo.shared.models import Models
from gm_core.studies.detector.scoring import TABLE_KEYS
from tests.browser.helpers import PHONE
from tests.helpers import served

EVIL = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def panel_url() -> Iterator[str]:
    """The address of the panel, beside nothing but what it is wired to."""
    with gr.Blocks(analytics_enabled=False) as app:
        dataset = StrictRadio([("Digits", "mnist")], value="mnist", label="The models know")
        percent = StrictSlider(1, 20, value=5, step=1, label="Accepted false-alarm rate (%)", buttons=[])
        ManyPanel(Models.on("cpu")).wire(dataset, percent)
    with served(app) as url:
        yield url


@pytest.fixture
def tab(page: Page, panel_url: str) -> Page:
    page.goto(panel_url)
    page.get_by_role("button", name="Try 24").click()
    expect(page.locator(".summary")).to_contain_text("reasonable", timeout=60_000)
    return page


def column(page: Page, place: int) -> list[str]:
    return page.locator(f"#many-table tbody td:nth-child({place})").all_inner_texts()


def test_sorts_by_mouse_and_keyboard(tab: Page) -> None:
    assert len(column(tab, 2)) == 24
    head = tab.get_by_role("button", name="outlier score")
    head.click()
    scores = [float(text.replace(",", "")) for text in column(tab, 5)]
    assert scores == sorted(scores)
    expect(tab.get_by_role("columnheader", name="outlier score")).to_have_attribute("aria-sort", "ascending")
    head.press("Enter")
    assert [float(text.replace(",", "")) for text in column(tab, 5)] == scores[::-1]
    expect(tab.get_by_role("columnheader", name="outlier score")).to_have_attribute("aria-sort", "descending")
    tab.get_by_role("button", name="name", exact=True).click()
    expect(tab.get_by_role("columnheader", name="outlier score")).to_have_attribute("aria-sort", "none")
    assert next(name for name in column(tab, 2) if name.startswith("digit")).startswith("digit 0")


def test_the_slider_says_the_verdicts_anew(tab: Page) -> None:
    p_values = [float(text) for text in column(tab, 4)]
    slider = tab.get_by_role("slider", name="Accepted false-alarm rate")
    slider.focus()
    for _ in range(15):
        slider.press("ArrowRight")
    expect(tab.locator(".count")).to_contain_text("20 % false alarms")
    words = ["reasonable" if p > 0.2 else "unreasonable" for p in p_values]
    assert [text.strip() for text in column(tab, 3)] == words
    expect(tab.locator(".summary")).to_have_text(
        f"{words.count('reasonable')} reasonable, {words.count('unreasonable')} unreasonable"
    )


def test_files_and_the_download(tab: Page, tmp_path: Path) -> None:
    picture, buffer = Image.new("RGB", (200, 160), "white"), io.BytesIO()
    ImageDraw.Draw(picture).line((60, 30, 140, 30, 90, 130), fill="black", width=16)
    picture.save(buffer, "PNG")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr(EVIL, buffer.getvalue())
    (tmp_path / "bad.png").write_text("no picture")
    tab.locator("#many-files input[type=file]").set_input_files([tmp_path / "many.zip", tmp_path / "bad.png"])
    expect(tab.locator(".summary")).to_contain_text("1 could not be read", timeout=30_000)
    assert column(tab, 2) == [f"many.zip/{EVIL}", "bad.png"]
    expect(tab.locator("#many-table .unread")).to_contain_text("bad.png is not a picture")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode(), newline="")))
    assert tuple(rows[0]) == TABLE_KEYS
    assert [row["path"] for row in rows] == [f"many.zip/{EVIL}", "bad.png"]
    assert rows[0]["verdict"] == column(tab, 3)[0].strip()
    assert rows[1]["verdict"] == ""


def test_stop_keeps_what_is_there(tab: Page, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((80, 80), 90).save(buffer, "PNG")
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as archive:
        for index in range(MOST):  # long enough for a slow browser to press the button in time
            archive.writestr(f"{index}.png", buffer.getvalue())
    tab.locator("#many-files input[type=file]").set_input_files(tmp_path / "large.zip")
    expect(tab.locator(".count")).to_have_text(re.compile(rf"\d+ of {MOST} judged: "), timeout=30_000)
    tab.get_by_role("button", name="Stop").click()
    expect(tab.locator(".summary")).to_have_text(re.compile(rf"Stopped after \d+ of {MOST}\. "), timeout=30_000)
    assert 0 < len(column(tab, 2)) < MOST


def test_phone(tab: Page) -> None:
    tab.set_viewport_size(PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for button in tab.locator("#many-table button:visible, #many-provided").all():
        box = button.bounding_box()
        assert box and box["height"] >= 40
