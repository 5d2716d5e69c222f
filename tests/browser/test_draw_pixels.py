"""The Draw tab's canvas as a player, and what it tells of a pixel."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Request, expect

import gm_core
from demo.base.theme import VIRIDIS
from tests.browser.draw_helpers import COLUMN, INDEX, ROW, cells, expected, loaded, middle_of, opened, wait_for
from tests.browser.helpers import PHONE

BARS = 32


def histogram(canvas: Locator, part: str) -> np.ndarray:
    """The probabilities that the bars of eight greys show: their heights are square roots."""
    steps = re.findall(r"V(-?[\d.e-]+)H(\d+)", canvas.locator(f".histogram .{part}").get_attribute("d") or "")
    p = np.zeros(BARS)
    for height, end in steps:
        p[int(end) * BARS // 256 - 1] = float(height) ** 2
    return p


def binned(p: np.ndarray) -> np.ndarray:
    return p.reshape(BARS, -1).sum(axis=1)


def place(canvas: Locator) -> int:
    return int(canvas.locator(".plot").get_attribute("aria-valuenow") or -1)


def test_steps_scrubs_and_keys_go_anywhere_without_asking_the_model_again(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    image = expected(model).flatten().tolist()
    drawings: list[str] = []

    def watch(request: Request) -> None:
        """Other tabs may still be filling; what asks for a drawing names a model."""
        if "queue/join" in request.url and "mnist-pixelcnn" in (request.post_data or ""):
            drawings.append(request.url)

    page.on("request", watch)

    def is_at(count: int) -> None:
        wait_for(canvas, f"{count} of 784 pixels")
        assert cells(canvas) == [*image[:count], *[None] * (784 - count)]
        assert place(canvas) == count

    canvas.get_by_role("button", name="One pixel back").click()
    wait_for(canvas, "paused: ")
    is_at(783)
    canvas.get_by_role("button", name="To the start").click()
    is_at(0)
    canvas.get_by_role("button", name="One pixel back").click()
    canvas.get_by_role("button", name="One pixel forward").click()
    is_at(1)
    picture = canvas.locator("canvas")
    for key, count in [("ArrowRight", 2), ("PageDown", 30), ("PageUp", 2), ("ArrowLeft", 1), ("End", 784), ("Home", 0)]:
        picture.press(key)
        is_at(count)

    box = canvas.locator(".plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    page.mouse.down()
    is_at(392)
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40)
    is_at(196)
    page.mouse.move(box["x"] - 50, box["y"] + 40)
    is_at(0)
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"])
    page.mouse.up()
    page.mouse.move(box["x"], box["y"])
    is_at(588)
    log_prob = model.pixel_log_prob(expected(model)).flatten()[:588].sum().item()
    expect(canvas.locator(".number")).to_have_text(f"{log_prob:,.1f} nats".replace("-", "−"))
    canvas.locator(".plot").press("Space")
    wait_for(canvas, "complete: ")
    assert drawings == []


def test_pausing_and_a_pixel_a_second_do_not_hold_the_model_up(page, app_url):
    page.goto(app_url)
    canvas = page.locator("#draw-canvas")
    canvas.get_by_label("Speed").select_option("single")
    wait_for(canvas, "drawing: ")
    canvas.locator("canvas").press("Space")
    wait_for(canvas, "paused: ")
    paused = place(canvas)
    expect(canvas.locator(".time")).to_contain_text("Drawn in", timeout=15_000)
    assert place(canvas) == paused < 700
    canvas.get_by_role("button", name="To the end").click()
    wait_for(canvas, "complete: 784 of 784 pixels")


@pytest.mark.parametrize("touch", [False, True], ids=["hover", "tap"])
def test_a_pixel_shows_the_distribution_that_it_was_drawn_from(page, app_url, model, touch):
    if touch:
        page.set_viewport_size(PHONE)
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    picture, pixel = canvas.locator("canvas"), middle_of(canvas, ROW, COLUMN)
    if touch:
        picture.click(position=pixel)
        page.mouse.move(0, 0)
    else:
        picture.hover(position=pixel)
    expect(canvas.locator(".pixel .title")).to_contain_text(f"row {ROW + 1}, column {COLUMN + 1}")
    image = expected(model)
    with torch.inference_mode():
        exact = model.distribution(image).probs.flatten(0, -2)[INDEX].numpy()
        other = model.distribution(image, torch.tensor([5])).probs.flatten(0, -2)[INDEX].numpy()
    value = int(image.flatten()[INDEX])
    shown = histogram(canvas, "own")
    assert shown.sum() == pytest.approx(1, abs=2e-4)
    np.testing.assert_allclose(shown, binned(exact), atol=2e-5, rtol=1e-4)
    mark = histogram(canvas, "mark")
    at = value * BARS // 256
    assert mark.nonzero()[0].tolist() == [at] and mark[at] == pytest.approx(shown[at], abs=2e-6, rel=1e-4)
    scale = canvas.locator(".histogram").get_attribute("viewBox")
    entropy = -(exact * np.log(exact)).sum()
    expect(canvas.locator(".pixel .entropy")).to_contain_text(f"Entropy {entropy:.2f} nats")
    expect(canvas.locator(".caption")).to_contain_text(f"row {ROW + 1}, column {COLUMN + 1} · value {value}")
    surprise = -np.log(exact[value])
    expect(canvas.locator(".caption")).to_contain_text(f"surprise {surprise:.2f}, entropy {entropy:.2f} nats")

    if touch:  # what was tapped stays
        canvas.get_by_label(re.compile("^compare with")).select_option("5")
        expect(canvas.locator(".answer")).to_contain_text("As class 5 instead of any class, this grey would ")
        np.testing.assert_allclose(histogram(canvas, "other"), binned(other), atol=2e-5, rtol=1e-4)
        assert canvas.locator(".histogram").get_attribute("viewBox") == scale, "the scale stays"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_overlays_are_the_models_entropy_and_influences_on_their_scales(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    canvas.get_by_role("button", name="entropy").click()
    expect(canvas.locator(".legend .scale")).to_contain_text("entropy before each pixel, in nats")
    expect(canvas.locator(".legend .most")).to_have_text("5.5")  # log 256
    with torch.inference_mode():
        entropy = model.distribution(expected(model)).entropy().flatten().numpy()
    reds = [int(color[1:3], 16) for color in VIRIDIS]
    colors = np.interp(entropy / np.log(256), np.linspace(0, 1, len(reds)), reds)
    assert np.abs(np.array(cells(canvas)) - colors).max() <= 1

    canvas.get_by_role("button", name="depends on").click()
    canvas.locator("canvas").hover(position=middle_of(canvas, ROW, COLUMN))
    strength = gm_core.influence(model, expected(model), INDEX).flatten()
    row, column = divmod(int(strength.argmax()), 28)
    expect(canvas.locator(".reach")).to_have_text(
        f"The framed pixel sees {int((strength > 0).sum())} of the {INDEX} before it, "
        f"most of all row {row + 1}, column {column + 1}."
    )
    expect(canvas.locator(".legend .most")).to_have_text(re.compile(f"^{strength.max().item():.2g}0?$"))
    red = np.array(cells(canvas))
    dimmed = np.round(0.6 * expected(model).flatten().numpy())
    assert np.abs(red - dimmed)[INDEX + 1 :].max() <= 1  # no later pixel is tinted
    assert red[strength.argmax()] == 34  # the mark's own red


def test_a_link_draws_the_same_picture_again(page, app_url, model):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas = loaded(page, app_url + "?class=3&seed=42&temperature=0.7")
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 42, temperature 0.7")
    image = expected(model, 42, 3, 0.7)
    assert cells(canvas) == image.flatten().tolist()
    expect(page.locator("#draw-seed input")).to_have_value("42")
    expect(page.locator("#draw-class").get_by_label("3", exact=True)).to_be_checked()
    expect(page.get_by_label("number input for Temperature")).to_have_value("0.7")

    page.get_by_role("button", name="Back to the model itself").click()
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 42, temperature 1")
    page.get_by_label("number input for Temperature").fill("0.8")
    page.locator("#draw-seed input").fill("43")
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 43, temperature 0.8")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == app_url + "?class=3&seed=43&temperature=0.8"
    canvas = loaded(page, link)
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 43, temperature 0.8")
    assert cells(canvas) == expected(model, 43, 3, 0.8).flatten().tolist()

    with page.expect_download() as download:
        canvas.get_by_role("button", name="Animation (GIF)").click()
    assert download.value.suggested_filename == "mnist-pixelcnn-3-seed43-t0.8.gif"
    assert Image.open(io.BytesIO(download.value.path().read_bytes())).n_frames > 20


def test_a_wrong_link_says_what_is_wrong_and_draws_the_usual(page, app_url):
    canvas = loaded(page, app_url + "?class=frog&seed=8")
    wait_for(canvas, "complete: 784 of 784 pixels · any class, seed 8, temperature 1")
    expect(page.get_by_text("Something in this link is wrong: Choose a class: any, 0, 1")).to_be_visible()


def test_a_finished_picture_explains_its_most_surprising_pixel(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    surprising = int(model.pixel_log_prob(expected(model)).flatten().argmin())
    row, column = surprising // 28 + 1, surprising % 28 + 1
    expect(canvas.locator(".title")).to_contain_text(f"row {row}, column {column} ")
    expect(canvas.locator(".caption")).to_contain_text(f"row {row}, column {column} ")
