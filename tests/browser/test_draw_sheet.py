"""The Draw tab with several pictures, and with another model."""

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

import gm_core
from demo.draw.drawings import NAME
from demo.draw.handlers import FIRST_SEED
from gm_core.data.catalog import FIRST
from tests.browser.draw_helpers import cells, choose_model, expected, loaded, middle_of, opened, saved, sheet, wait_for
from tests.browser.helpers import DESKTOP, PHONE


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_sixteen_pictures_and_one_of_them_closer(page, app_url, model, size):
    page.set_viewport_size(size)
    canvas = opened(page, app_url)
    page.locator("#draw-pictures").get_by_label("16", exact=True).check()
    wait_for(canvas, f"complete: 784 of 784 pixels · any class, 16 pictures, seed {FIRST_SEED}")
    images = model.sample(16, None, torch.Generator().manual_seed(FIRST_SEED)).flatten(1).tolist()
    assert sheet(canvas, 4, 4) == images
    with torch.inference_mode():
        nats = model.log_prob(torch.tensor(images, dtype=torch.uint8).view(16, 1, 28, 28))
    lowest, highest = (f"{float(value):,.0f}".replace("-", "−") for value in (nats.min(), nats.max()))
    expect(canvas.locator(".number")).to_have_text(f"{lowest} to {highest}")
    expect(canvas.locator(".plot .seen polyline")).to_have_count(16)
    expect(canvas.locator(".pixel")).to_be_hidden()

    box = canvas.locator("canvas").bounding_box()
    assert box
    canvas.locator("canvas").click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.6})
    assert cells(canvas) == images[2 * 4 + 1]
    expect(canvas.locator(".number")).to_have_text(f"{nats[9]:,.1f} nats".replace("-", "−"))
    expect(canvas.locator(".pixel")).to_be_visible()
    name, pixels = saved(page, canvas)
    assert name == f"{NAME}-any-seed{FIRST_SEED}-t1-no10.png"
    assert pixels[5::10, 5::10, 0].flatten().tolist() == images[9]
    canvas.get_by_role("button", name="To the start").click()
    canvas.get_by_role("button", name="3", exact=True).click()
    canvas.get_by_role("button", name="To the end").click()
    assert cells(canvas) == images[2]
    canvas.locator("canvas").press("Escape")
    assert sheet(canvas, 4, 4) == images
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    name, pixels = saved(page, canvas)
    assert name == f"{NAME}-any-seed{FIRST_SEED}-t1-16.png" and pixels.shape[0] == pixels.shape[1]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    canvas = loaded(page, page.evaluate("navigator.clipboard.readText()"))
    wait_for(canvas, "complete: 784 of 784 pixels · any class, 16 pictures")
    assert sheet(canvas, 4, 4) == images


def test_one_of_each_class_until_a_class_is_picked(page, app_url, model):
    canvas = opened(page, app_url)
    page.locator("#draw-pictures").get_by_label("one of each class").check()
    wait_for(canvas, f"complete: 784 of 784 pixels · one of each class, seed {FIRST_SEED}")
    images = [expected(model, label=label).flatten().tolist() for label in range(10)]
    assert sheet(canvas, 4, 3)[:10] == images
    canvas.get_by_role("button", name="7", exact=True).click()
    assert cells(canvas) == images[7]
    expect(canvas.locator(".what")).to_have_text("log p(x | 7)")

    page.locator("#draw-class").get_by_label("2", exact=True).check()
    wait_for(canvas, f"complete: 784 of 784 pixels · class 2, seed {FIRST_SEED}")
    assert cells(canvas) == images[2]
    expect(page.locator("#draw-pictures").get_by_label("1", exact=True)).to_be_checked()


def test_the_original_shows_its_blind_spot_beside_the_gated_one(page, app_url):
    canvas = opened(page, app_url)
    choose_model(page, "Digits", "original PixelCNN")
    original = gm_core.load("mnist-pixelcnn-original", "cpu")
    assert isinstance(original, gm_core.Autoregressive)
    seed = FIRST.seeds.drawings["mnist-pixelcnn-original"]  # each model begins with its own
    image = original.sample(1, None, torch.Generator().manual_seed(seed))
    page.get_by_role("button", name="How does this work?").first.click()
    expect(page.get_by_text("Model: mnist-pixelcnn-original")).to_be_visible(timeout=30_000)
    wait_for(canvas, "complete: ")
    usual = gm_core.read_card("mnist-pixelcnn-original").metric("bits_per_dim").value
    expect(canvas.locator(".meaning")).to_contain_text(f"Real digits take {usual:.2f} bits per value on average")
    assert cells(canvas) == image.flatten().tolist()

    canvas.get_by_role("button", name="depends on").click()
    canvas.locator("canvas").click(position=middle_of(canvas, 14, 10))
    canvas.get_by_label("Show the blind spot: compare with").select_option("mnist-pixelcnn-gated")
    index = 14 * 28 + 10
    gated = gm_core.load("mnist-pixelcnn-gated", "cpu")
    assert isinstance(gated, gm_core.Autoregressive)
    seen, also = ((gm_core.influence(model, image, index) > 0).numpy() for model in (original, gated))
    rows, columns = np.mgrid[:28, :28]
    near = (14 - rows <= 11) & (abs(columns - 10) <= 11)
    blind = int((also & ~seen & near).sum())
    assert blind > 20
    expect(canvas.locator(".reach")).to_contain_text(f"sees {int(seen.sum())} of the {index} before it")
    expect(canvas.locator(".reach")).to_contain_text(f"also sees {blind} in the blind spot of")
