"""The Walk tab with models of clothes and of photographs, as far as they are there, used as a person would."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

import gm_core
from demo.shared.models import Models
from demo.walk import latent
from demo.walk.spaces import SHOWN, Spaces
from gm_core.data.catalog import dataset_of, form_of
from tests.browser.helpers import leave
from tests.browser.walk_helpers import MAIN, open_walk

PIXELS = """([selector, channels]) => {
    const canvas = document.querySelector(selector);
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(data).filter((_, i) => i % 4 < channels);
}"""


@pytest.fixture(scope="module")
def spaces() -> Spaces:
    return Spaces(Models.on("cpu"))


@pytest.fixture(params=["fashion-vae", "cifar10-vae"])
def name(request: pytest.FixtureRequest, spaces: Spaces) -> str:
    if request.param not in spaces.cards:
        pytest.skip(f"there is no {request.param} among the checkpoints")
    return str(request.param)


def wait_for(page: Page, picture: torch.Tensor, selector: str) -> None:
    """Wait until a canvas shows a picture, ``uint8`` (C, H, W)."""
    expected = picture.movedim(0, -1).flatten().tolist()
    same = f"([s, c, e]) => JSON.stringify(({PIXELS})([s, c])) === JSON.stringify(e)"
    page.wait_for_function(same, arg=[selector, len(picture), expected])


def choose(page: Page, name: str) -> None:
    page.locator(f"#walk-model input[value={name}]").check()
    expect(page.locator("#walk-figure")).to_contain_text(name)


def test_sliders_lead_through_another_models_pictures(page: Page, app_url: str, spaces: Spaces, name: str) -> None:
    open_walk(page, app_url)
    expect(page.locator("#walk-sliders .row:visible")).to_have_count(spaces.cards["mnist-vae"].config["latent"])
    choose(page, name)
    vae, known = spaces.models.variational(name), dataset_of(spaces.cards[name].dataset)
    wait_for(page, latent.picture(vae, spaces.point(spaces.first_place(name))[1]), MAIN)
    expect(page.locator(".walk-top .lab-hint")).to_contain_text(known.one.split(" ", 1)[1])
    rows = page.locator("#walk-sliders .controls > .rows .row")
    expect(rows).to_have_count(SHOWN)
    summary = page.locator("#walk-sliders .folded summary")
    strip = page.locator("#walk-sliders .row canvas").first
    if spaces.is_wide(name):
        expect(page.locator("#walk-sliders .order")).to_contain_text(f"{SHOWN} directions of {vae.config.latent}")
        expect(summary).to_be_hidden()
    else:
        expect(summary).to_contain_text(f"{vae.config.latent - SHOWN} more dimensions")
        summary.click()  # what is folded away gets its strip when it is seen
        strip = page.locator("#walk-sliders .folded .row canvas").first
        strip.scroll_into_view_if_needed()
    page.wait_for_function(
        "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size > 8",
        arg=strip.element_handle(),
    )

    start = spaces.first_place(name)
    page.locator("#walk-sliders .random").click()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("Drawn from the prior with seed")
    page.locator("#walk-sliders .undo").click()
    wait_for(page, latent.picture(vae, spaces.point(start)[1]), MAIN)
    page.locator("#walk-sliders .row input[type=number]").first.fill("2.5")
    page.locator("#walk-sliders .row input[type=number]").first.press("Enter")
    moved = start | {"at": [2.5, *start["at"][1:]]}
    wait_for(page, latent.picture(vae, spaces.point(moved)[1]), MAIN)
    page.locator("#walk-sliders .reset").click()
    wait_for(page, latent.picture(vae, torch.tensor(start["base"])), MAIN)
    page.get_by_role("radio", name="spread").click()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("standard deviation")
    choose(page, "mnist-vae")
    expect(page.locator("#walk-sliders .row:visible")).to_have_count(spaces.cards["mnist-vae"].config["latent"])


def test_an_upload_is_prepared_anew_and_edited(page: Page, app_url: str, spaces: Spaces, name: str) -> None:
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[10:50, 30:60] = (230, 120, 40)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    leave(page)
    open_walk(page, app_url)
    page.get_by_role("tab", name="Rebuild").click()
    expect(page.locator("#walk-source")).to_contain_text("drawn by the PixelCNN")  # the first content is there
    upload = {"name": "coat.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.locator("#walk-upload input[type=file]").set_input_files(upload)
    expect(page.locator("#walk-source")).to_contain_text("fitted into 20x20")
    choose(page, name)
    dataset = spaces.cards[name].dataset
    prepared = gm_core.prepare(gm_core.open_picture(buffer.getvalue()), form=form_of(dataset))
    wait_for(page, prepared.image[0], "#walk-seen canvas")
    expect(page.locator("#walk-source")).to_contain_text(prepared.steps[-1])
    wait_for(page, latent.rebuild(spaces.models.variational(name), prepared.image).mean, "#walk-mean canvas")
    expect(page.locator("#walk-bound .total")).to_contain_text("log p(x)", timeout=60_000)
    page.get_by_role("tab", name="Edit", exact=True).click()
    reading = page.locator("#edit-sliders .reading")
    expect(reading).to_contain_text(f"real {dataset_of(dataset).many}", timeout=60_000)  # an example is drawn first
    expect(page.locator("#edit-sliders input[type=range]").first).to_have_attribute("aria-label", "brightness")
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_text("this view stays with digits").locator("visible=true")).to_be_visible()
