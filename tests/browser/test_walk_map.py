"""The map of the Walk tab, used as a person would."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

import gm_core
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, model_input
from demo.shared.plane import GRIDS, MAP
from demo.walk.map import Maps
from tests.browser.helpers import PHONE, arrive, leave
from tests.browser.walk_helpers import shown, wait_for, wait_for_change

CHART = "#walk-map"
PICTURE = f"{CHART} .picture"


@pytest.fixture(scope="module")
def maps() -> Maps:
    return Maps(Models.on("cpu"))


def open_map(page: Page, url: str) -> None:
    arrive(page, f"{url}?tab=walk&view=map")
    expect(page.locator(f"{CHART} .mine")).to_be_visible()  # the example lies on it
    expect(page.locator(f"{CHART} .reading")).to_contain_text("nearest to here")
    expect(page.locator(f"{CHART} .marks")).not_to_have_attribute("aria-busy", "true")  # both grids are there


def move(page: Page, maps: Maps, z: tuple[float, float]) -> None:
    box, window = page.locator(f"{CHART} .marks").bounding_box(), maps.window(MAP)
    assert box is not None
    x, y = ((value - low) / window.span for value, low in zip(z, window.low, strict=True))
    page.mouse.move(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"])


def test_the_map_opens_on_an_example(page: Page, app_url: str, maps: Maps) -> None:
    open_map(page, app_url)
    mine = FIRST_EXAMPLE
    marks = maps.marks(MAP, mine)["mine"]
    z = torch.tensor([marks["mean"]])
    wait_for(page, maps.pictures(MAP, z).flatten().tolist(), PICTURE)
    assert shown(page, f"{CHART} .given") == model_input(maps.models, mine, MAP).image.flatten().tolist()
    assert shown(page, f"{CHART} .rebuilt") == maps.pictures(MAP, z).flatten().tolist()
    expect(page.locator(f"{CHART} .mine .words")).to_contain_text("posterior's mean ± standard deviation")
    expect(page.locator(f"{CHART} .note")).to_contain_text("standard deviations of the prior")
    box = page.locator(f"{CHART} .map").bounding_box()
    assert box is not None and box["width"] >= 420


def test_the_picture_follows_the_pointer_without_a_server(page: Page, app_url: str, maps: Maps) -> None:
    open_map(page, app_url)
    seen, asked = page.evaluate(
        """([map, picture]) => {
            const marks = document.querySelector(map + " .marks"), box = marks.getBoundingClientRect();
            const canvas = document.querySelector(picture), seen = new Set(), { fetch } = window;
            let asked = 0;
            window.fetch = (...call) => { asked += 1; return fetch(...call); };
            for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
                const place = { clientX: box.x + share * box.width, clientY: box.y + 0.4 * box.height };
                marks.dispatchEvent(new PointerEvent("pointermove", place));
                seen.add(canvas.toDataURL());  // in the same task: not a frame later
            }
            window.fetch = fetch;
            return [seen.size, asked];
        }""",
        [CHART, PICTURE],
    )
    assert (seen, asked) == (5, 0)


def test_moving_shows_the_nearest_point_of_the_grid_and_resting_the_exact_one(
    page: Page, app_url: str, maps: Maps
) -> None:
    open_map(page, app_url)
    page.evaluate("""() => {
        window.places = [];
        const [place, picture] = ["place", "picture"].map((name) => document.querySelector("#walk-map ." + name));
        document.querySelector("#walk-map .marks").addEventListener("pointermove", () => {
            const { data } = picture.getContext("2d").getImageData(0, 0, 28, 28);
            window.places.push([place.textContent, Array.from(data).filter((_, i) => i % 4 === 0)]);
        });
    }""")
    move(page, maps, (1.21, -0.83))
    words, pixels = page.evaluate("window.places.at(-1)")
    grid = maps.window(MAP).grid(GRIDS[-1])
    nearest = grid[(grid - torch.tensor([1.21, -0.83])).abs().amax(dim=1).argmin()]
    assert words == f"z = ({nearest[0]:.2f}, {nearest[1]:.2f})".replace("-", "−")
    expected = maps.pictures(MAP, nearest[None]).flatten().numpy().astype(int)
    assert np.abs(np.array(pixels) - expected).max() <= 1  # a batch rounds another way
    expect(page.locator(f"{CHART} .place")).to_have_text("z = (1.21, −0.83)")  # at rest
    expect(page.locator(f"{CHART} .reading")).to_contain_text(f"|z| = {(1.21**2 + 0.83**2) ** 0.5:.2f}")


def test_arrow_keys_walk(page: Page, app_url: str, maps: Maps) -> None:
    open_map(page, app_url)
    marks = page.locator(f"{CHART} .marks")
    marks.press("Home")
    wait_for(page, maps.pictures(MAP, torch.zeros(1, 2)).flatten().tolist(), PICTURE)
    before = shown(page, PICTURE)
    marks.press("Shift+ArrowRight")
    marks.press("Shift+ArrowUp")
    wait_for_change(page, before, PICTURE)
    expect(page.locator(f"{CHART} .place")).not_to_contain_text("(0.00")


def test_a_path_becomes_an_animation(own_page: Page, app_url: str, maps: Maps) -> None:
    page = own_page
    page.clock.install()
    open_map(page, app_url)
    page.get_by_role("button", name="draw a path").click()
    move(page, maps, (-2.0, 1.0))
    page.mouse.down()
    for step in range(1, 11):
        move(page, maps, (-2.0 + 0.4 * step, 1.0 - 0.1 * step))
    page.mouse.up()
    animation = page.locator(f"{CHART} .animation")
    expect(animation).to_be_visible()
    expect(page.locator(f"{CHART} .reading")).to_contain_text("4.12 long")
    wait_for_change(page, shown(page, PICTURE), PICTURE)  # it runs
    animation.get_by_role("button", name="Pause").click()
    expect(animation.locator(".play")).to_have_text("Play")
    still = shown(page, PICTURE)
    page.clock.run_for(4000)  # long enough to see all of it
    assert shown(page, PICTURE) == still
    with page.expect_download() as download:
        animation.get_by_role("button", name="GIF").click()
    with Image.open(download.value.path()) as gif:
        assert gif.n_frames > 20
    animation.get_by_role("button", name="Clear").click()
    expect(animation).to_be_hidden()
    expect(page.locator(f"{CHART} .reading")).to_contain_text("nearest to here")

    marks = page.locator(f"{CHART} .marks")
    for key in ("Home", "Enter", *["Shift+ArrowRight"] * 3, "Enter"):  # a path without a pointer
        marks.press(key)
    expect(animation).to_be_visible()
    marks.press("Escape")
    expect(animation).to_be_hidden()


def test_reduced_motion_waits_for_play(page: Page, app_url: str, maps: Maps) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_map(page, app_url)
    page.get_by_role("button", name="draw a path").click()
    marks = page.locator(f"{CHART} .marks")
    for key in ("Home", "Enter", *["Shift+ArrowUp"] * 3, "Enter"):
        marks.press(key)
    expect(page.locator(f"{CHART} .play")).to_have_text("Play")


def test_classes_fade_and_the_backdrop_goes(page: Page, app_url: str) -> None:
    open_map(page, app_url)
    bright = """() => {
        const canvas = document.querySelector("#walk-map .background");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((sum, value) => sum + value, 0);
    }"""
    levels = [page.evaluate(bright)]
    legend = page.get_by_role("group", name="Classes: press one to fade it")
    for button in (legend.get_by_role("button", name="3"), page.get_by_role("button", name="backdrop").first):
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
        levels.append(page.evaluate(bright))
    assert levels[0] > levels[1] > levels[2]
    page.locator(f"{CHART} .legend button").last.click()
    expect(legend.get_by_role("button", name="3")).to_have_attribute("aria-pressed", "true")


def test_an_uploaded_picture_lands_on_the_map(page: Page, app_url: str, maps: Maps) -> None:
    open_map(page, app_url)
    pixels = np.zeros((56, 56), np.uint8)
    pixels[6:50, 26:32] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    upload = page.locator("#map-upload input[type=file]")
    upload.set_input_files({"name": "one.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    image = gm_core.prepare(gm_core.open_picture(buffer.getvalue())).image
    wait_for(page, image.flatten().tolist(), f"{CHART} .given")
    with torch.inference_mode():
        mean = maps.models.variational(MAP).encode(image).mean
    wait_for(page, maps.pictures(MAP, mean).flatten().tolist(), f"{CHART} .rebuilt")
    window = maps.window(MAP)
    if all(low <= value <= low + window.span for value, low in zip(mean[0].tolist(), window.low, strict=True)):
        wait_for(page, maps.pictures(MAP, mean).flatten().tolist(), PICTURE)


def test_a_phone_has_picture_and_map_in_sight(page: Page, app_url: str, maps: Maps) -> None:
    leave(page)
    page.set_viewport_size(PHONE)
    open_map(page, app_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(f"{CHART} .map").scroll_into_view_if_needed()
    picture, box = page.locator(PICTURE).bounding_box(), page.locator(f"{CHART} .map").bounding_box()
    assert picture is not None and box is not None
    assert picture["y"] + picture["height"] <= box["y"]
    assert box["y"] + box["height"] - picture["y"] <= PHONE["height"]
    heights = page.locator(f"{CHART} button:visible").evaluate_all(
        "buttons => buttons.map(button => button.getBoundingClientRect().height)"
    )
    assert min(heights) >= 40


def test_the_ends_of_a_path_are_compared_in_the_other_view(page: Page, app_url: str, maps: Maps) -> None:
    open_map(page, app_url)
    page.get_by_role("button", name="draw a path").click()
    move(page, maps, (-1.0, 2.0))
    page.mouse.down()
    move(page, maps, (0.5, 0.5))
    move(page, maps, (2.0, -1.0))
    page.mouse.up()
    page.locator(f"{CHART} .animation .ends").click()
    expect(page.locator("#walk-what-A")).to_contain_text("of the map")
    expect(page.locator("#walk-model input[value=mnist-vae2d]")).to_be_checked()
    page.locator("#walk-strip .scrub input").press("Home")
    pixels = np.array(shown(page, "#walk-strip figure.straight canvas"))
    expected = maps.pictures(MAP, torch.tensor([[-1.0, 2.0]])).flatten().numpy().astype(int)
    assert np.abs(pixels - expected).max() <= 12  # the pointer stands on whole pixels of the screen
    for end in "AB":  # still, when the view that opens here for the first time has been filled
        expect(page.locator(f"#walk-what-{end}")).to_contain_text("of the map")
    page.get_by_role("tab", name="Walk", exact=True).click()
    expect(page.locator("#walk-sliders .row:visible")).to_have_count(2)
