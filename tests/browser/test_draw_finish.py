"""The Draw tab as a partner: a user begins, erases, changes a pixel, and the model finishes."""

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from demo.draw.drawings import LAST_SEED
from demo.draw.handlers import FIRST_SEED
from gm_core import draw_noise, rebuild
from tests.browser.draw_helpers import (
    INDEX,
    cells,
    expected,
    loaded,
    middle_of,
    more,
    opened,
    sheet,
    start_over,
    tool,
    wait_for,
)
from tests.browser.helpers import DESKTOP, PHONE


def finished(model, values, keep, *, n=1, same=False, dice=0):
    """What the model makes of given pixels with the first seed's noise, after so many throws of new dice; with the same
    for all pictures if asked."""
    start, given = (torch.as_tensor(np.array(part)).view(-1, 1, 28, 28) for part in (values, keep))
    noise = draw_noise(1 if same else n, 28, 28, torch.Generator().manual_seed(FIRST_SEED + dice * (LAST_SEED + 1)))
    events = model.stream(n, start=start.to(torch.uint8), keep=given.bool(), noise=noise, chunk=28)
    return rebuild(events, 28, 28)[0].flatten(1).tolist()


def wait_for_answer(canvas: Locator) -> None:
    """Until the drawing that knows the end of the stroke is there."""
    expect(canvas.locator("canvas")).to_have_attribute("aria-busy", "false", timeout=15_000)
    wait_for(canvas, "complete: 784 of 784 pixels")


def drag(page: Page, canvas: Locator, *places: tuple[float, float]) -> None:
    """Over the picture with the pointer, from row and column to row and column."""
    box = canvas.locator("canvas").bounding_box()
    assert box
    for step, (row, column) in enumerate(places):
        page.mouse.move(box["x"] + column / 28 * box["width"], box["y"] + row / 28 * box["height"], steps=4)
        if not step:
            page.mouse.down()
    page.mouse.up()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_half_erased_has_several_endings_and_undo_brings_the_whole_back(page, app_url, model, size):
    page.set_viewport_size(size)
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    image = cells(canvas)
    tool(canvas, "Erase the bottom half")
    top = np.arange(784) < 392
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.")
    ending = finished(model, image, top, dice=1)[0]
    wait_for(canvas, "complete: ")
    assert cells(canvas) == ending != image, "new dice for what is erased"
    tool(canvas, "Erase the bottom half")
    again = finished(model, image, top, dice=2)[0]
    expect(canvas.locator(".number")).to_have_text(log_prob_text(model, again))
    assert cells(canvas) == again != ending, "and for every further press"

    tool(canvas, "4 endings")
    wait_for(canvas, "complete: 784 of 784 pixels · any class, 4 pictures")
    expect(page.locator("#draw-pictures").get_by_label("4", exact=True)).to_be_checked()
    endings = finished(model, image, top, n=4, dice=2)
    assert sheet(canvas, 2, 2) == endings and len({tuple(ending) for ending in endings}) == 4
    expect(canvas.locator(".meaning")).to_have_text("One start, 4 endings.")
    tool(canvas, "Erase the left half")
    left = np.arange(784) % 28 < 14
    endings = finished(model, again, top & ~left, n=4, dice=3)
    expect(canvas.locator(".number")).to_have_text(lowest_to_highest(model, endings))
    wait_for(canvas, "complete: ")
    assert sheet(canvas, 2, 2) == endings
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    for _ in range(4):
        tool(canvas, "Undo")
    expect(canvas.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    whole = model.sample(4, None, torch.Generator().manual_seed(FIRST_SEED)).flatten(1).tolist()
    expect(canvas.locator(".number")).to_have_text(lowest_to_highest(model, whole))
    wait_for(canvas, "complete: ")
    assert sheet(canvas, 2, 2) == whole


def log_prob_text(model, picture) -> str:
    with torch.inference_mode():
        nats = model.log_prob(torch.tensor(picture, dtype=torch.uint8).view(1, 1, 28, 28)).item()
    return f"{nats:,.1f} nats".replace("-", "−")


def lowest_to_highest(model, pictures) -> str:
    with torch.inference_mode():
        nats = model.log_prob(torch.tensor(pictures, dtype=torch.uint8).view(-1, 1, 28, 28))
    return f"{nats.min():,.0f} to {nats.max():,.0f}".replace("-", "−")


def test_the_pen_begins_and_the_model_finishes_under_it(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    tool(canvas, "pen")
    wait_for(canvas, "blank canvas: 0 of 784")
    expect(canvas.locator(".discard")).to_be_hidden()
    assert cells(canvas) == [None] * 784
    drag(page, canvas, (6, 9), (6, 19), (10, 16))
    wait_for_answer(canvas)
    expect(canvas.locator(".discard")).to_contain_text("Starts from your drawing")
    drawn = np.array(cells(canvas))
    ink = drawn.reshape(28, 28)[:10]
    assert ink[5:7, 10:18].min() == 255, "the stroke is white in its middle"
    assert (ink[:4] == 0).all() and (ink[:, :6] == 0).all(), "what was not inked is black"
    # The given part ends with the last pixel that was inked; the rest is the model's answer to it, to the last pixel.
    ends = np.arange(9 * 28 + 14, 13 * 28)
    answers = finished(model, drawn, np.arange(784) <= ends[:, None], same=True, n=len(ends))
    assert drawn.tolist() in answers, "what follows is not what the model draws"

    tool(canvas, "Undo")
    wait_for(canvas, "blank canvas: ")
    tool(canvas, "Undo")
    wait_for(canvas, "complete: 784 of 784")
    assert cells(canvas) == expected(model).flatten().tolist()


def test_a_finger_draws_and_the_page_stays_where_it_is(browser: Browser, app_url, model):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    before = cells(canvas)
    tool(canvas, "pen")
    page.evaluate("scrollTo(0, 0)")
    touch, box = context.new_cdp_session(page), canvas.locator("canvas").bounding_box()
    assert box

    def finger(kind: str, *place: float) -> None:
        points = [
            {"x": box["x"] + x / 28 * box["width"], "y": box["y"] + y / 28 * box["height"]}
            for y, x in ([place] if place else [])
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", 3, 4)
    for step in range(8):
        finger("touchMove", 3 + step / 2, 4 + step)
    finger("touchEnd")
    expect(canvas.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
    wait_for_answer(canvas)
    after = np.array(cells(canvas)).reshape(28, 28)
    assert after[3, 4] == 255 and after[6, 10] == 255
    assert after.flatten().tolist() != before and page.evaluate("scrollY") == 0
    context.close()


def test_what_is_erased_is_drawn_again_and_the_rest_stays(page, app_url, model):
    canvas = opened(page, app_url)
    page.locator("#draw-class").get_by_label("8", exact=True).check()
    wait_for(canvas, "complete: 784 of 784 pixels · class 8")
    before = np.array(cells(canvas))
    tool(canvas, "eraser")
    box = canvas.locator("canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    hole = np.array([cell is None for cell in cells(canvas)])
    assert 9 <= hole.sum() <= 30 and hole.reshape(28, 28)[13:15, 13:15].all()
    page.mouse.up()
    page.locator("#draw-seed input").fill("11")
    wait_for(canvas, "complete: 784 of 784 pixels · class 8, seed 11")
    after = np.array(cells(canvas))
    assert (after == before)[~hole].all() and not (after == before)[hole].all()


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_pixel_changed_by_hand_and_the_rest_answers(page, app_url, model, by):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    image = expected(model).flatten().tolist()
    canvas.locator("canvas").click(position=middle_of(canvas, 14, 14))
    expect(canvas.locator(".pixel .title")).to_contain_text("row 15, column 15")
    if by == "keyboard":
        canvas.get_by_label("Set this pixel to").fill("77")
        canvas.get_by_label("Set this pixel to").press("Enter")
        value = 77
    else:
        box = canvas.locator(".histogram").bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40, steps=5)
        page.mouse.up()
        value = int(0.9 * 256)
    image[INDEX] = value
    expect(canvas.locator(".caption")).to_contain_text(f"row 15, column 15 · value {value} · given")
    answer = finished(model, image, np.arange(784) <= INDEX)[0]
    assert cells(canvas) == answer != expected(model).flatten().tolist()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    canvas = loaded(page, page.evaluate("navigator.clipboard.readText()"))
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.", timeout=15_000)
    wait_for(canvas, "complete: ")
    assert cells(canvas) == answer

    start_over(canvas)
    expect(canvas.locator(".how")).not_to_contain_text("Inside the blue line")
    wait_for(canvas, "complete: ")
    assert cells(canvas) == expected(model).flatten().tolist()


def test_an_uploaded_picture_is_finished_and_no_picture_leaves_all_as_it_was(page, app_url, model, tmp_path):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    before = cells(canvas)
    page.get_by_role("button", name="Finish a picture of mine").click()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.locator("#draw-upload input[type=file]").set_input_files(tmp_path / "broken.png")
    expect(page.get_by_text("this file is not a picture").first).to_be_visible(timeout=15_000)
    assert cells(canvas) == before

    Image.fromarray(expected(model, 5, 3)[0, 0].numpy()).resize((280, 280), Image.Resampling.NEAREST).save(
        tmp_path / "three.png"
    )
    page.locator("#draw-upload input[type=file]").set_input_files(tmp_path / "three.png")
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.", timeout=15_000)
    wait_for(canvas, "complete: ")
    shown = np.array(cells(canvas))
    assert shown[:392].max() > 200
    assert shown.tolist() == finished(model, shown, np.arange(784) < 392)[0]
    page.locator("#draw-upload").get_by_role("button", name="Remove Image").click()
    expect(canvas.locator(".how")).not_to_contain_text("Inside the blue line")
    wait_for(canvas, "complete: ")
    assert cells(canvas) == before
    expect(page.get_by_text("There is no picture yet")).to_have_count(0)


def test_a_held_class_key_shows_the_same_dice_as_another_class(own_page, app_url, model):
    page = own_page
    page.clock.install()
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    page.keyboard.down("3")
    wait_for(canvas, "complete: 784 of 784 pixels · class 3")
    assert cells(canvas) == expected(model, label=3).flatten().tolist()
    page.clock.fast_forward(400)  # a tap is shorter
    page.keyboard.up("3")
    wait_for(canvas, "complete: 784 of 784 pixels · any class")
    assert cells(canvas) == expected(model).flatten().tolist()

    page.keyboard.press("7")
    wait_for(canvas, "complete: 784 of 784 pixels · class 7")
    expect(page.locator("#draw-class").get_by_label("7", exact=True)).to_be_checked()
    page.locator("#draw-seed input").fill("5")  # digits that are typed are no class keys
    wait_for(canvas, "complete: 784 of 784 pixels · class 7, seed 5")


def test_a_dragged_temperature_redraws_at_the_place_that_is_looked_at(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    more(page)
    for _ in range(3):
        page.locator("#draw-temperature input[type=range]").press("ArrowLeft")
    wait_for(canvas, f"complete: 784 of 784 pixels · any class, seed {FIRST_SEED}, temperature 0.85")
    assert cells(canvas) == expected(model, temperature=0.85).flatten().tolist()
    canvas.get_by_role("button", name="To the start").click()
    canvas.get_by_role("button", name="One pixel forward").click()
    page.locator("#draw-temperature input[type=range]").press("ArrowLeft")
    wait_for(canvas, f"seed {FIRST_SEED}, temperature 0.8")
