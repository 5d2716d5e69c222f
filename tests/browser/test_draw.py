"""The Draw tab, used as a person would."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, expect

import gm_core
from demo.draw.drawings import NAME
from demo.draw.handlers import FIRST_SEED
from tests.browser.draw_helpers import (
    COLUMN,
    ROW,
    cells,
    expected,
    full_speed,
    loaded,
    middle_of,
    more,
    opened,
    saved,
    wait_for,
)
from tests.browser.helpers import DESKTOP, PHONE, traffic_of


def number(canvas: Locator) -> float:
    text = canvas.locator(".number").text_content() or ""
    return float(text.removesuffix(" nats").replace("−", "-").replace(",", ""))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_draws_at_once_and_shows_and_saves_what_the_model_drew(page, app_url, model, size):
    page.set_viewport_size(size)
    canvas = loaded(page, app_url)
    wait_for(canvas, "complete: 784 of 784 pixels")
    image = expected(model)
    assert cells(canvas) == image.flatten().tolist()

    with torch.inference_mode():
        log_prob = model.log_prob(image)
    assert number(canvas) == pytest.approx(log_prob.item(), abs=0.06)
    expect(canvas.locator(".bits")).to_have_text(f"{model.bits_per_dim(log_prob).item():.2f} bits per value")
    usual = gm_core.read_card(NAME).metric("bits_per_dim").value
    expect(canvas.locator(".meaning")).to_contain_text(
        f"Real digits take {usual:.2f} bits per value on average, this one"
    )
    expect(canvas.locator(".time")).to_have_text(re.compile(r"Drawn in \d+\.\d\d s, "))
    expect(canvas.locator("canvas")).to_have_attribute("aria-label", "handwritten digit, 784 of 784 pixels drawn")

    name, pixels = saved(page, canvas)
    assert name == f"{NAME}-any-seed{FIRST_SEED}-t1.png"
    assert pixels.shape == (280, 280, 4) and (pixels[..., 3] == 255).all()
    for channel in range(3):
        blocks = pixels[..., channel].reshape(28, 10, 28, 10)
        assert (blocks == image[0, 0].numpy()[:, None, :, None]).all()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_stop_keeps_what_is_there(own_page, app_url, model):
    page = own_page
    page.clock.install()
    page.goto(app_url)
    canvas = page.locator("#draw-canvas")
    page.wait_for_function(
        "/drawing: [1-9]\\d\\d of/.test(document.querySelector('#draw-canvas .status')?.textContent)"
    )
    canvas.get_by_role("button", name="Stop").click()
    wait_for(canvas, "stopped: ")
    before = cells(canvas)
    count = sum(cell is not None for cell in before)
    assert 1 <= count <= 783
    wait_for(canvas, f"stopped: {count} of 784 pixels")
    assert before == [*expected(model).flatten().tolist()[:count], *[None] * (784 - count)]

    traffic_of(page).settle()  # nothing comes from the server
    page.clock.run_for(4000)  # long enough to draw it all
    assert cells(canvas) == before
    _, pixels = saved(page, canvas)
    assert (pixels[5::10, 5::10, 3] > 0).sum() == count
    full_speed(canvas)
    canvas.get_by_role("button", name="Replay").click()
    wait_for(canvas, f"stopped: {count} of 784 pixels")
    assert cells(canvas) == before


def test_space_pauses_and_resumes(page, app_url):
    page.goto(app_url)
    canvas = page.locator("#draw-canvas")
    wait_for(canvas, "drawing: ")
    canvas.locator("canvas").press("Space")
    wait_for(canvas, "paused: ")
    paused = cells(canvas)
    expect(canvas.get_by_role("button", name="Resume")).to_be_visible()
    full_speed(canvas)
    assert cells(canvas) == paused
    canvas.locator("canvas").press("Space")
    wait_for(canvas, "complete: ")


def test_every_control_redraws_with_the_same_noise(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    page.locator("#draw-class").get_by_label("3", exact=True).check()
    wait_for(canvas, f"complete: 784 of 784 pixels · class 3, seed {FIRST_SEED}, temperature 1")
    image = expected(model, label=3)
    assert cells(canvas) == image.flatten().tolist()
    with torch.inference_mode():
        told, untold = model.log_prob(image, torch.tensor([3])).item(), model.log_prob(image).item()
    expect(canvas.locator(".what")).to_have_text("log p(x | 3)")
    assert number(canvas) == pytest.approx(told, abs=0.06)
    expect(canvas.locator(".meaning")).to_contain_text(f"log p(x) = {untold:,.1f} nats".replace("-", "−"))

    more(page)
    page.get_by_label("number input for Temperature").fill("0.7")
    wait_for(canvas, f"complete: 784 of 784 pixels · class 3, seed {FIRST_SEED}, temperature 0.7")
    assert cells(canvas) == expected(model, label=3, temperature=0.7).flatten().tolist()
    page.locator("#draw-seed input").fill("42")
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 42, temperature 0.7")
    assert cells(canvas) == expected(model, 42, 3, 0.7).flatten().tolist()

    page.get_by_role("button", name="Draw", exact=True).dblclick()
    wait_for(canvas, "complete: 784 of 784 pixels · class 3, seed 42, temperature 0.7")
    assert cells(canvas) == expected(model, 42, 3, 0.7).flatten().tolist()
    page.get_by_role("button", name="New seed").click()
    expect(page.locator("#draw-seed input")).not_to_have_value("42")
    wait_for(canvas, f"complete: 784 of 784 pixels · class 3, seed {page.locator('#draw-seed input').input_value()},")


def test_bad_input_gets_a_message_and_the_picture_stays(page, app_url):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    before = cells(canvas)
    page.locator("#draw-seed input").fill("-3")
    expect(page.locator("#draw-seed-problem")).to_have_text("The seed must be a whole number from 0 to 999,999.")
    assert cells(canvas) == before
    page.locator("#draw-seed input").fill("8")
    wait_for(canvas, "complete: 784 of 784 pixels · any class, seed 8")
    expect(page.locator("#draw-seed-problem")).to_be_empty()
    before = cells(canvas)
    more(page)
    page.get_by_label("number input for Temperature").fill("0")
    expect(page.locator("#draw-temperature-problem")).to_have_text("The temperature must be a number from 0.1 to 2.0.")
    assert cells(canvas) == before


def test_a_message_stays_though_an_earlier_drawing_answers_after_it(page, app_url, traffic):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    for _ in range(3):
        page.locator("#draw-seed input").fill("8")
        page.get_by_role("button", name="Draw", exact=True).click()
        page.locator("#draw-seed input").fill("-3")
        wait_for(canvas, "complete: 784 of 784 pixels · any class, seed 8")
        traffic.settle()  # Gradio takes its own messages away with the end of any answer
        expect(page.locator("#draw-seed-problem")).to_have_text("The seed must be a whole number from 0 to 999,999.")


def test_surprise_has_its_scale_and_reaches_white_where_the_model_guessed(page, app_url, model):
    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    canvas.get_by_role("button", name="surprise").click()
    expect(canvas.locator(".legend")).to_be_visible()
    expect(canvas.locator("canvas")).to_have_attribute("aria-label", re.compile("surprise map"))
    with torch.inference_mode():
        surprise = -model.pixel_log_prob(expected(model)).flatten().numpy()
    red = np.array(cells(canvas))
    assert red[surprise > np.log(model.config.image.levels)].min() == 252  # the last colour of magma
    assert red[surprise < 0.01].max() < 5  # the first


def test_reduced_motion_shows_the_picture_at_once(page, app_url):
    page.emulate_media(reduced_motion="reduce")
    page.goto(app_url)
    canvas = page.locator("#draw-canvas")
    wait_for(canvas, "complete: 784 of 784 pixels")
    expect(canvas.locator(".time")).to_contain_text("shown at full speed")


def test_a_class_key_says_that_the_server_is_away_and_no_older_answer_takes_that_back(page, app_url, traffic):
    held = []

    def answer(route):
        if "explain" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.abort()

    canvas = opened(page, app_url)
    wait_for(canvas, "complete: ")
    traffic.settle()
    page.route(re.compile("component_server"), answer)
    canvas.locator("canvas").hover(position=middle_of(canvas, ROW, COLUMN))  # asks about the pixel under the pointer
    page.keyboard.press("5")
    message = canvas.locator(".answer")
    expect(message).to_have_text("The server did not answer; try again.")
    assert held
    for route in held:
        route.continue_()
    traffic.settle()
    expect(message).to_have_text("The server did not answer; try again.")
