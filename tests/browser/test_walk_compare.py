"""An autoencoder beside a VAE, used as a person would."""

import torch
from playwright.sync_api import Page, expect

from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE
from demo.walk.compare import FIRST_SEED, TITLES
from demo.walk.map import POINTS, Maps
from tests.browser.helpers import PHONE, arrive, leave
from tests.browser.walk_helpers import shown, wait_for, wait_for_change


def open_compare(page: Page, url: str) -> None:
    arrive(page, f"{url}?tab=walk&view=compare")
    for name in TITLES:
        expect(page.locator(f"#compare-{name} .draws")).to_be_visible(timeout=30_000)
        expect(page.locator(f"#compare-{name} .reading")).to_contain_text("nearest to here")


def test_both_rebuild_and_both_decode_the_same_draws(page: Page, app_url: str) -> None:
    maps = Maps(Models.on("cpu"))
    open_compare(page, app_url)
    mine = FIRST_EXAMPLE
    for name, title in TITLES.items():
        expect(page.locator(f"#compare-{name} .title")).to_have_text(title)
        marks = maps.marks(name, mine)["mine"]
        rebuilt = maps.pictures(name, torch.tensor([marks["mean"]])).flatten().tolist()
        assert shown(page, f"#compare-{name} .rebuilt") == rebuilt
        pictures = maps.pictures(name, maps.random_points(name, "normal", FIRST_SEED, POINTS)).flatten(1).tolist()
        assert page.locator(f"#compare-{name} .draws canvas").count() == POINTS
        for nth in (0, POINTS - 1):
            wait_for(page, pictures[nth], f"#compare-{name} figure:nth-child({nth + 1}) canvas[aria-label^='Decoded']")
        expect(page.locator(f"#compare-{name} .shares span")).not_to_have_count(0)
        box = page.locator(f"#compare-{name} .map").bounding_box()
        assert box is not None and box["width"] >= 400


def test_drawing_again_changes_both(page: Page, app_url: str) -> None:
    open_compare(page, app_url)
    canvases = [f"#compare-{name} .draws figure:first-child canvas" for name in TITLES]
    before = [shown(page, canvas) for canvas in canvases]
    page.get_by_role("button", name="New random points").click()
    for canvas, pixels in zip(canvases, before, strict=True):
        wait_for_change(page, pixels, canvas)
    seed = page.locator("#compare-seed input")
    expect(seed).not_to_have_value(str(FIRST_SEED))
    seed.fill(str(FIRST_SEED))
    for canvas, pixels in zip(canvases, before, strict=True):
        wait_for(page, pixels, canvas)


def test_another_example_lands_on_both_maps(page: Page, app_url: str) -> None:
    open_compare(page, app_url)
    canvases = [f"#compare-{name} .given" for name in TITLES]
    before = shown(page, canvases[0])
    page.get_by_role("button", name="Rebuild a picture with both").click()
    page.get_by_role("button", name="Another example").locator("visible=true").click()
    after = wait_for_change(page, before, canvases[0])
    wait_for(page, after, canvases[1])


def test_one_column_on_a_phone(page: Page, app_url: str) -> None:
    leave(page)
    page.set_viewport_size(PHONE)
    arrive(page, f"{app_url}?tab=walk")
    page.get_by_role("tab", name="Autoencoder").click()
    for name in TITLES:
        page.locator(f"#compare-{name} .map").scroll_into_view_if_needed()
        expect(page.locator(f"#compare-{name} .reading")).to_contain_text("nearest to here")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
