"""The Walk tab, used as a person would."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import gm_core
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE
from demo.walk import latent
from demo.walk.bound import estimate_bound
from demo.walk.edit import Edit
from demo.walk.ends import FIRST_SEEDS
from demo.walk.spaces import Spaces
from gm_core.data.catalog import FIRST
from tests.browser.helpers import PHONE, Traffic, leave
from tests.browser.walk_helpers import MAIN, open_walk, shown, wait_for, wait_for_change, wait_for_nearly

NAME = "mnist-vae"


@pytest.fixture(scope="module")
def vae() -> gm_core.VAE:
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.VAE)
    return model


def mean(vae: gm_core.VAE, z: Sequence[float]) -> list[int]:
    return latent.picture(vae, torch.tensor(z)).flatten().tolist()


def at(page: Page, bank: str = "#walk-sliders") -> list[float]:
    """Where the used sliders stand, from the top down."""
    return [float(number.input_value()) for number in page.locator(f"{bank} .rows input[type=number]").all()]


def grip(slider: Locator) -> tuple[float, float, float]:
    """The middle of a slider's frame, and pixels a unit."""
    box = slider.bounding_box()
    assert box is not None
    low, high = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    frame = box["width"] / 9
    unit = (box["width"] - frame) / (high - low)
    return box["x"] + frame / 2 + (float(slider.input_value()) - low) * unit, box["y"] + box["height"] / 2, unit


def test_the_picture_follows_the_slider(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    first = mean(vae, latent.sample_prior(vae, FIRST.seeds.point))
    wait_for(page, first)  # alive on arrival
    slider = page.locator("#walk-sliders input[type=range]").first
    x, y, unit = grip(slider)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - unit / 2, y, steps=3)
    halfway = wait_for_change(page, first)  # before the button is let go
    page.mouse.move(x - unit, y, steps=3)
    wait_for_change(page, halfway)
    page.mouse.up()
    page.locator("#walk-sliders .undo").click()
    wait_for(page, first)

    page.locator("#walk-sliders .random").click()
    wait_for_change(page, first)
    expect(page.locator("#walk-sliders .reading")).to_contain_text("Drawn from the prior with seed")
    page.locator("#walk-sliders .undo").click()
    wait_for(page, first)

    page.locator("#walk-sliders .reset").click()
    wait_for(page, mean(vae, [0.0] * vae.config.latent))
    expect(page.locator("#walk-sliders .reading")).to_contain_text("|z| = 0.00")

    number = page.locator("#walk-sliders input[type=number]").first
    number.fill("2.5")
    number.press("Enter")
    for wrong in ("99", ""):
        number.fill(wrong)
        number.press("Enter")
        expect(page.locator("#walk-sliders .rows .problem")).to_contain_text("must be a number from -3 to 3")
        expect(number).to_have_value("2.50")
    slider.dblclick()
    expect(number).to_have_value("0.00")
    expect(page.locator("#walk-sliders .problem")).to_be_hidden()


def test_scrubbing_needs_no_server(page: Page, app_url: str, traffic: Traffic) -> None:
    open_walk(page, app_url)
    slider = page.locator("#walk-sliders input[type=range]").nth(1)
    with page.expect_response(lambda response: '"count":61' in (response.request.post_data or "")):
        slider.focus()
    traffic.settle()  # the pictures along the slider are there, and all that the tab asks on arrival
    frames, asked = page.evaluate(
        """async selector => {
            const range = document.querySelectorAll("#walk-sliders input[type=range]")[1];
            const canvas = document.querySelector(selector), seen = new Set(), { fetch } = window;
            let asked = 0;
            window.fetch = (...call) => { asked += 1; return fetch(...call); };
            for (const z of [-2.5, -1.2, 0.3, 1.1, 2.6]) {
                range.value = z;
                range.dispatchEvent(new Event("input"));
                seen.add(canvas.toDataURL());  // in the same task: not a frame later
            }
            window.fetch = fetch;
            return [seen.size, asked];
        }""",
        MAIN,
    )
    assert (frames, asked) == (5, 0)


def test_locked_sliders_stay(page: Page, app_url: str) -> None:
    open_walk(page, app_url)
    before = at(page)
    locks = page.locator("#walk-sliders .lock")
    locks.nth(0).click()
    expect(page.locator("#walk-sliders input[type=range]").nth(0)).to_be_disabled()
    page.locator("#walk-sliders .random").click()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("except the locked sliders")
    after = at(page)
    assert after[0] == before[0] and after[1:] != before[1:]
    locks.nth(0).click()
    page.locator("#walk-sliders .reset").click()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("|z| = 0.00")


def test_the_views_show_the_same_point(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    z = torch.tensor(latent.sample_prior(vae, FIRST.seeds.point))
    page.get_by_role("radio", name="a sample").click()
    wait_for(page, latent.picture(vae, z, "draw").flatten().tolist())
    page.get_by_role("radio", name="a sample").press("ArrowLeft")
    expect(page.get_by_role("radio", name="spread")).to_be_checked()
    expect(page.locator("#walk-sliders .scale")).to_contain_text("127.5 grey levels")
    expect(page.locator("#walk-sliders .reading")).to_contain_text("standard deviation")


def test_a_picture_becomes_thicker_and_another_class(page: Page, app_url: str) -> None:
    spaces = Spaces(Models.on("cpu"))
    place = Edit(spaces).place(NAME, FIRST_EXAMPLE)
    open_walk(page, app_url)
    page.get_by_role("tab", name="Edit", exact=True).click()
    picture, bank = "#edit-sliders .picture", page.locator("#edit-sliders")
    vae = spaces.models.variational(NAME)
    wait_for(page, mean(vae, place["base"]), picture)
    expect(bank.locator(".reading")).to_contain_text("pixels thick")
    for which, steps in ((0, 2.0), (5, 1.0)):
        slider = bank.locator("input[type=range]").nth(which)
        expect(slider).to_have_attribute("aria-label", place["axes"][which]["label"])
        number = bank.locator("input[type=number]").nth(which)
        number.fill(str(steps))
        number.press("Enter")
        moved = torch.tensor(place["base"]) + steps * torch.tensor(place["axes"][which]["direction"])
        wait_for_nearly(page, latent.picture(vae, moved).flatten().tolist(), picture, within=2)
        bank.locator(".undo").click()
        wait_for(page, mean(vae, place["base"]), picture)


def test_each_latent_space_keeps_its_place(page: Page, app_url: str) -> None:
    open_walk(page, app_url)
    first = shown(page)
    page.locator("#walk-sliders .random").click()
    left = wait_for_change(page, first)
    page.locator("#walk-model input[value=mnist-vae2d]").check()
    rows = page.locator("#walk-sliders .row:visible")
    expect(rows).to_have_count(2)
    wait_for_change(page, left)
    page.locator("#walk-model input").first.check()
    wait_for(page, left)


def test_the_strip_runs_from_a_to_b(page: Page, app_url: str, vae: gm_core.VAE) -> None:
    open_walk(page, app_url)
    page.get_by_role("tab", name="A to B").click()
    expect(page.locator("#walk-strip .reading")).to_contain_text("50 % of the way")  # alive on arrival
    scrubber = page.locator("#walk-strip .scrub input")
    ends = {seed: np.array(mean(vae, latent.sample_prior(vae, seed))) for seed in FIRST_SEEDS.values()}
    for key, seed in (("Home", FIRST_SEEDS["A"]), ("End", FIRST_SEEDS["B"])):
        scrubber.press(key)
        for which in ("straight", "spherical", "fade"):
            pixels = np.array(shown(page, f"#walk-strip figure.{which} canvas"))
            assert np.abs(pixels - ends[seed]).max() <= 1
    strip = page.locator("#walk-strip .pictures").nth(1)
    strip.scroll_into_view_if_needed()
    strip.click(position={"x": 5, "y": 10})
    expect(page.locator("#walk-strip .reading")).to_contain_text("0 % of the way")
    page.locator("#walk-strip .play").click()
    expect(page.locator("#walk-strip .reading")).not_to_contain_text("0 % of the way ")  # it runs
    page.locator("#walk-strip .play").click()
    with page.expect_download() as download:
        page.locator("#walk-strip .gif").click()
    with Image.open(download.value.path()) as gif:
        assert gif.n_frames > latent.FRAMES
    with page.expect_download() as download:
        page.locator("#walk-strip .save").click()
    with Image.open(download.value.path()) as sheet:
        top_left = np.asarray(sheet.convert("L"))[2:112:4, 2:112:4].flatten().astype(int)
    assert np.abs(top_left - ends[FIRST_SEEDS["A"]]).max() <= 1


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
    rebuilt, elbo = latent.rebuild(vae, image), estimate_bound(vae, image).elbo
    wait_for(page, image.flatten().tolist(), "#walk-seen canvas")
    expect(page.locator("#walk-bound .total")).to_contain_text(f"{elbo:,.1f}".replace("-", "−"))
    page.get_by_role("button", name="how tight is the bound").click()
    expect(page.locator("#walk-curve svg")).to_be_visible()
    page.get_by_role("button", name="Open this point in Walk").click()
    wait_for(page, mean(vae, latent.clamp_to_sliders(rebuilt.point)))


def test_one_column_on_a_phone(page: Page, app_url: str) -> None:
    leave(page)
    page.set_viewport_size(PHONE)
    open_walk(page, app_url)
    views = page.get_by_role("tab")
    for name in ("Walk", "Map", "A to B", "Rebuild", "Edit", "Autoencoder"):
        views.filter(has_text=name).last.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    views.filter(has_text="Walk").last.click()
    last = page.locator("#walk-sliders .row:visible").last
    last.scroll_into_view_if_needed()
    box, picture = last.bounding_box(), page.locator(MAIN).bounding_box()
    assert box is not None and picture is not None
    assert box["height"] >= 40
    assert picture["y"] >= -1  # still in sight beside the last slider
    assert picture["y"] + picture["height"] < box["y"]
