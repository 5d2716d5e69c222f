"""The Walk tab, used as a person would."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import gm_core
from demo import latent, vae_tab

from .conftest import DESKTOP, PHONE

NAME = vae_tab.NAMES[0]
PIXELS = """selector => {
    const canvas = document.querySelector(selector);
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(data).filter((_, i) => i % 4 === 0);
}"""
MAIN = "#walk-picture canvas"


@pytest.fixture(scope="module")
def vae() -> gm_core.VAE:
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.VAE)
    return model


def shown(page: Page, selector: str = MAIN) -> list[int]:
    return page.evaluate(PIXELS, selector)


def wait_for(page: Page, expected: Sequence[int], selector: str = MAIN) -> None:
    page.wait_for_function(f"([s, e]) => JSON.stringify(({PIXELS})(s)) === JSON.stringify(e)", arg=[selector, expected])


def wait_for_change(page: Page, before: Sequence[int], selector: str = MAIN) -> list[int]:
    page.wait_for_function(f"([s, b]) => JSON.stringify(({PIXELS})(s)) !== JSON.stringify(b)", arg=[selector, before])
    return shown(page, selector)


def mean(vae: gm_core.VAE, z: Sequence[float]) -> list[int]:
    return latent.picture(vae, torch.tensor(z), "mean").flatten().tolist()


def open_walk(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name="Walk: VAE").click()
    expect(page.locator(MAIN)).to_be_visible()


def middle(slider: Locator) -> tuple[float, float]:
    box = slider.bounding_box()
    assert box is not None
    share = (float(slider.input_value()) + latent.LIMIT) / (2 * latent.LIMIT)
    return box["x"] + 9 + share * (box["width"] - 18), box["y"] + box["height"] / 2


def test_the_picture_follows_the_slider(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    first = mean(vae, latent.drawn(vae, vae_tab.FIRST_SEED))
    wait_for(page, first)  # alive on arrival
    slider = page.locator("#walk-sliders input[type=range]").first
    x, y = middle(slider)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=3)
    halfway = wait_for_change(page, first)  # before the button is let go
    page.mouse.move(x - 120, y, steps=3)
    wait_for_change(page, halfway)
    page.mouse.up()
    page.locator("#walk-sliders .undo").click()
    wait_for(page, first)

    page.locator("#walk-sliders .random").click()
    wait_for_change(page, first)
    page.locator("#walk-sliders .undo").click()
    wait_for(page, first)

    page.locator("#walk-sliders .reset").click()
    wait_for(page, mean(vae, [0.0] * vae.config.latent))
    expect(page.locator("#walk-reading")).to_contain_text("|z| = 0.00")

    number = page.locator("#walk-sliders input[type=number]").first
    number.fill("99")
    number.press("Enter")
    expect(number).to_have_value("3.00")
    slider.dblclick()
    expect(number).to_have_value("0.00")


def test_each_latent_space_keeps_its_place(page: Page, app_url: str) -> None:
    open_walk(page, app_url)
    first = shown(page)
    page.locator("#walk-sliders .random").click()
    left = wait_for_change(page, first)
    page.locator("#walk-model input").last.check()
    rows = page.locator("#walk-sliders .row")
    expect(rows).to_have_count(2)
    wait_for_change(page, left)
    page.locator("#walk-model input").first.check()
    wait_for(page, left)


def test_the_strip_runs_from_a_to_b(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    page.get_by_role("tab", name="From A to B").click()
    scrubber = page.locator("#walk-strip .scrub input")
    ends = {seed: np.array(mean(vae, latent.drawn(vae, seed))) for seed in vae_tab.FIRST_ENDS.values()}
    for key, seed in (("Home", vae_tab.FIRST_ENDS["A"]), ("End", vae_tab.FIRST_ENDS["B"])):
        scrubber.press(key)
        for which in ("latent", "pixels"):
            pixels = np.array(shown(page, f"#walk-strip .{which} canvas"))
            assert np.abs(pixels - ends[seed]).max() <= 1
    film = page.locator("#walk-strip .film").nth(1)
    film.scroll_into_view_if_needed()
    film.click(position={"x": 5, "y": 10})
    expect(page.locator("#walk-strip .reading")).to_contain_text("0 % of the way")
    expect(page.locator("#walk-strip .latent figcaption")).to_contain_text("around the sphere")
    with page.expect_download() as download:
        page.locator("#walk-strip .save").click()
    with Image.open(download.value.path()) as sheet:
        top_left = np.asarray(sheet.convert("L"))[2:112:4, 2:112:4].flatten().astype(int)
    assert np.abs(top_left - ends[vae_tab.FIRST_ENDS["A"]]).max() <= 1


def test_an_uploaded_picture_is_rebuilt(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    page.get_by_role("tab", name="Rebuild").click()
    expect(page.locator("#walk-source")).to_contain_text("drawn by the PixelCNN")  # alive on arrival
    pixels = np.zeros((56, 56), np.uint8)
    pixels[6:50, 26:32] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    upload = page.locator("#walk-upload input[type=file]")
    upload.set_input_files({"name": "one.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    expect(page.locator("#walk-source")).to_contain_text("Your picture")
    image = gm_core.prepare(gm_core.open_picture(buffer.getvalue())).image
    rebuilt = latent.rebuild(vae, image)
    wait_for(page, image.flatten().tolist(), "#walk-seen canvas")
    expect(page.locator("#walk-bound .total")).to_contain_text(f"{rebuilt.bound:,.1f}".replace("-", "−"))
    page.get_by_role("button", name="Walk from here").click()
    wait_for(page, mean(vae, latent.bounded(rebuilt.point)))


def test_one_column_on_a_phone(page: Page, app_url: str) -> None:
    page.set_viewport_size(PHONE)
    open_walk(page, app_url)
    views = page.get_by_role("tab")
    for name in ("Walk", "From A to B", "Rebuild"):
        views.filter(has_text=name).last.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    views.filter(has_text="Walk").last.click()
    last = page.locator("#walk-sliders .row").last
    last.scroll_into_view_if_needed()
    box, picture = last.bounding_box(), page.locator(MAIN).bounding_box()
    assert box is not None and picture is not None
    assert box["height"] >= 40
    assert picture["y"] >= -1  # still in sight beside the last slider
    assert picture["y"] + picture["height"] < box["y"]
    page.set_viewport_size(DESKTOP)
