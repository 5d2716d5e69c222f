"""What the browser tests of the Draw tab look at and do."""

import io

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, Position, expect

from demo.draw.handlers import FIRST_SEED
from tests.browser.helpers import arrive, traffic_of

CELLS = """canvas => {
    const cell = 20, context = canvas.getContext("2d"), cells = [];
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    for (let y = cell / 2; y < canvas.height; y += cell)
        for (let x = cell / 2; x < canvas.width; x += cell) {
            const at = 4 * (y * canvas.width + x);
            cells.push(data[at + 3] ? data[at] : null);
        }
    return cells;
}"""
"""Grey level in the middle of every pixel, ``None`` where nothing is drawn."""
GAP = 8
SHEET = """(canvas, [columns, rows, cell, gap]) => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, pictures = [];
    const step = 28 * cell + gap;
    for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
            const picture = [];
            for (let y = 0; y < 28; y++)
                for (let x = 0; x < 28; x++) {
                    const left = column * step + x * cell + (cell >> 1), top = row * step + y * cell + (cell >> 1);
                    picture.push(data[4 * (top * canvas.width + left)]);
                }
            pictures.push(picture);
        }
    return pictures;
}"""
ROW, COLUMN = 14, 14
INDEX = ROW * 28 + COLUMN


def expected(model, seed=FIRST_SEED, label=None, temperature=1.0):
    labels = None if label is None else torch.tensor([label])
    return model.sample(1, labels, torch.Generator().manual_seed(seed), temperature)


def loaded(page: Page, url: str) -> Locator:
    """The canvas component of a page that was loaded at an address and draws without delay."""
    page.goto(url)
    canvas = page.locator("#draw-canvas")
    full_speed(canvas)
    return canvas


def opened(page: Page, url: str) -> Locator:
    """The canvas component, which draws without delay, after an arrival at an address as by a followed link."""
    canvas = page.locator("#draw-canvas")
    if page.locator("#draw-temperature").is_visible():
        more(page)  # the last test left it open
    if canvas.locator('.tools:visible [aria-pressed=true]:not([data-tool="look"])').count():
        tool(canvas, "look")
    arrive(page, url, settled=False)
    full_speed(canvas)
    traffic_of(page).settle()
    return canvas


def full_speed(canvas: Locator) -> None:
    canvas.get_by_label("Speed").select_option("fast")


def choose_model(page: Page, subject: str, title: str | None = None) -> None:
    """Choose what is drawn, and by which model."""
    page.get_by_label("What is drawn").select_option(subject)
    if title:
        page.get_by_label("Model", exact=True).select_option(title)


def more(page: Page) -> None:
    """Open what is seldom used, or close it."""
    inside = page.locator("#draw-temperature")
    is_open = inside.is_visible()
    page.get_by_role("button", name="Temperature and guidance").click()
    expect(inside).to_be_visible(visible=not is_open)  # a key is lost on what cannot have the focus yet


def start_over(canvas: Locator) -> None:
    """Take back the part of the picture that is given."""
    canvas.locator(".discard").click()


def wait_for(canvas: Locator, text: str) -> None:
    expect(canvas.locator(".status")).to_contain_text(text, timeout=15_000)


def cells(canvas: Locator) -> list[int | None]:
    return canvas.locator("canvas").evaluate(CELLS)


def saved(page: Page, canvas: Locator) -> tuple[str, np.ndarray]:
    with page.expect_download() as download:
        canvas.get_by_role("button", name="Download PNG").click()
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    return download.value.suggested_filename, np.asarray(picture)


def tool(canvas: Locator, name: str) -> None:
    canvas.get_by_role("button", name=name, exact=True).click()


def middle_of(canvas: Locator, row: int, column: int) -> Position:
    box = canvas.locator("canvas").bounding_box()
    assert box
    return {"x": (column + 0.5) / 28 * box["width"], "y": (row + 0.5) / 28 * box["height"]}


def sheet(canvas: Locator, columns: int, rows: int) -> list[list[int]]:
    return canvas.locator("canvas").evaluate(SHEET, [columns, rows, 20 // columns, GAP])
