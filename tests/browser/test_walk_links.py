"""Links to the Walk tab: they bring back what was on the screen, after a reload, elsewhere, and on Back."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import WRITTEN, Traffic, arrive, leave
from tests.browser.languages import untranslated
from tests.browser.walk_helpers import MAIN, shown, wait_for, wait_for_change, wait_for_nearly, wait_for_picture


def fields(page: Page) -> dict[str, str]:
    page.wait_for_timeout(WRITTEN)
    return dict(parse_qsl(urlsplit(page.url).query))


def wait_for_field(page: Page, name: str, other: str | None) -> str | None:
    """Wait until the address says another thing of a field than that, and return it."""
    page.wait_for_function(
        "([name, other]) => new URLSearchParams(location.search).get(name) !== other", arg=[name, other]
    )
    return dict(parse_qsl(urlsplit(page.url).query)).get(name)


def open_tab(page: Page, url: str, traffic: Traffic, query: str = "") -> None:
    arrive(page, f"{url}?tab=walk{query}")
    if "view=" not in query:
        wait_for_picture(page)
    traffic.settle()


@pytest.mark.parametrize("space", ["mnist-vae", "mnist-vae2d", "fashion-vae", "cifar10-vae"])
def test_sliders_stand_where_a_link_says(page: Page, app_url: str, traffic: Traffic, space: str) -> None:
    open_tab(page, app_url, traffic, f"&space={space}")
    expect(page.locator(f"#walk-model input[value={space}]")).to_be_checked()
    first = shown(page)
    page.locator("#walk-sliders .random").click()
    wait_for_change(page, first)
    page.locator("#walk-sliders input[type=range]").nth(1).press("ArrowRight")
    traffic.settle()
    stood = page.locator("#walk-sliders .rows input[type=number]").evaluate_all("all => all.map(one => one.value)")
    wait_for_field(page, "z", None)
    moved, said = shown(page), fields(page)
    assert said.get("space", "mnist-vae") == space and len(said["z"]) < 800
    page.reload()
    traffic.settle()
    wait_for_nearly(page, moved, MAIN, within=2)
    again = page.locator("#walk-sliders .rows input[type=number]").evaluate_all("all => all.map(one => one.value)")
    assert all(abs(float(one) - float(other)) < 0.011 for one, other in zip(stood, again, strict=True))
    assert fields(page) == said
    page.locator("#walk-sliders .row input[type=number]").first.fill("2")
    page.locator("#walk-sliders .row input[type=number]").first.press("Enter")
    wait_for_field(page, "z", said["z"])


def test_back_leads_to_where_the_sliders_stood(page: Page, app_url: str, traffic: Traffic) -> None:
    open_tab(page, app_url, traffic)
    first = shown(page)
    page.locator("#walk-sliders .random").click()
    wait_for_change(page, first)
    traffic.settle()
    moved = shown(page)
    page.evaluate("shell.go({tab: 'walk', space: 'mnist-vae2d'})")  # as a step of the lesson does
    expect(page.locator("#walk-sliders .row:visible")).to_have_count(2)
    traffic.settle()
    page.go_back()
    wait_for_nearly(page, moved, MAIN, within=2)
    expect(page.locator("#walk-model input[value=mnist-vae]")).to_be_checked()
    page.evaluate("shell.reset()")
    wait_for(page, first)
    page.go_back()
    wait_for_nearly(page, moved, MAIN, within=2)


def test_what_is_shown_of_every_pixel_is_kept(page: Page, app_url: str, traffic: Traffic) -> None:
    open_tab(page, app_url, traffic)
    page.locator("#walk-sliders [data-view=scale]").click()
    assert wait_for_field(page, "shown", None) == "scale"
    page.reload()
    traffic.settle()
    expect(page.locator("#walk-sliders .reading")).to_contain_text("standard deviation")
    expect(page.locator("#walk-sliders [data-view=scale]")).to_have_attribute("aria-checked", "true")


def test_the_map_opens_at_the_point_of_a_link(page: Page, app_url: str, traffic: Traffic) -> None:
    open_tab(page, app_url, traffic, "&view=map")
    place = page.locator("#walk-map .place")
    expect(place).to_contain_text("z = ", timeout=30_000)
    traffic.settle()
    first = place.text_content() or ""
    box = page.locator("#walk-map .marks").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    expect(place).not_to_have_text(first)
    page.wait_for_timeout(WRITTEN)
    traffic.settle()
    there, picture = place.text_content() or "", shown(page, "#walk-map .picture")
    page.mouse.move(5, 5)
    said = fields(page)
    assert said["view"] == "map" and said["point"]
    page.reload()
    traffic.settle()
    expect(place).to_have_text(there)
    traffic.settle()
    expect(place).to_have_text(there)  # also when the example is on the map
    wait_for_nearly(page, picture, "#walk-map .picture", within=2)
    page.get_by_role("button", name="Another example").locator("visible=true").click()
    expect(place).not_to_have_text(there)
    assert wait_for_field(page, "point", said["point"]) is None


def test_a_link_to_the_ways_keeps_ends_that_no_seed_says(page: Page, app_url: str, traffic: Traffic) -> None:
    open_tab(page, app_url, traffic)
    before = shown(page)
    page.locator("#walk-sliders .random").click()
    wait_for_change(page, before)
    traffic.settle()
    page.get_by_role("tab", name="A to B").click()
    expect(page.locator("#walk-what-B")).to_contain_text("seed")
    page.get_by_role("button", name="Use Walk's point").first.click()
    expect(page.locator("#walk-what-A")).to_contain_text("that the sliders show")
    page.get_by_role("radio", name="around the sphere").click()
    page.locator("#walk-strip .scrub input").press("Home")
    page.locator("#walk-strip .scrub input").press("ArrowRight")
    traffic.settle()
    large, said = shown(page, "#walk-strip .large"), fields(page)
    assert said["way"] == "spherical" and said["at"] == "1" and said["za"] and "zb" not in said
    page.reload()
    traffic.settle()
    expect(page.locator("#walk-what-A")).to_contain_text("the point of this link")
    wait_for_nearly(page, large, "#walk-strip .large", within=2)
    traffic.settle()
    assert fields(page) == said
    page.get_by_role("button", name="Random").locator("visible=true").first.click()
    expect(page.locator("#walk-what-A")).to_contain_text("seed")
    assert wait_for_field(page, "za", said["za"]) is None
    assert fields(page)["a"].isdecimal()


def test_a_view_that_opens_later_shows_what_the_link_says(page: Page, app_url: str, traffic: Traffic) -> None:
    leave(page)
    open_tab(page, app_url, traffic, "&a=3&space=mnist-vae2d&seed=5&from=range")
    page.get_by_role("tab", name="A to B").click()
    expect(page.locator("#walk-what-A")).to_contain_text("seed 3")
    page.locator("#walk-strip .scrub input").press("End")
    expect(page.locator("#walk-strip .reading")).to_contain_text("100 % of the way")
    page.get_by_role("tab", name="Autoencoder").click()
    words = page.locator("#compare-mnist-vae2d .draws .words")
    expect(words).to_contain_text("range of its codes", timeout=30_000)
    page.get_by_role("tab", name="Walk", exact=True).click()
    expect(page.locator("#walk-sliders .row:visible")).to_have_count(2)


def test_a_link_to_another_space_says_in_chinese_what_it_is(page: Page, app_url: str, traffic: Traffic) -> None:
    page.goto(f"{app_url}?tab=walk&space=emoji-vae&lang=zh")
    expect(page.locator("#walk-figure")).to_contain_text("emoji-vae", timeout=30_000)
    expect(page.locator(".walk-top .lab-hint")).to_contain_text("256")
    expect(page.locator("#walk-sliders .reading")).to_contain_text("训练中没见过的表情符号")
    traffic.settle()
    assert untranslated(page, "VAE|emoji-vae|Emoji|p|z|CPU|KL|A|B") == []


def test_a_link_that_asks_for_what_is_not_there_says_so(page: Page, app_url: str, traffic: Traffic) -> None:
    page.goto(f"{app_url}?tab=walk&space=nowhere&z=AAAA&za=!&a=-1&seed=x&from=far")
    said = page.get_by_text(re.compile(r"The address asks for what is not there \("))
    expect(said).to_be_visible(timeout=30_000)
    names = re.search(r"\((.*?)\)", said.inner_text())
    assert names and sorted(names[1].split(", ")) == ["a", "from", "seed", "space", "z", "za"]
    traffic.settle()
    wait_for_picture(page)


def test_a_path_over_the_map_is_in_its_link(page: Page, app_url: str, traffic: Traffic) -> None:
    open_tab(page, app_url, traffic, "&view=map")
    expect(page.locator("#walk-map .place")).to_contain_text("z = ", timeout=30_000)
    page.locator("#walk-map [data-tool=path]").click()
    box = page.locator("#walk-map .marks").bounding_box()
    assert box
    for nth, (x, y) in enumerate([(0.3, 0.3), (0.5, 0.6), (0.7, 0.4)]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if not nth:
            page.mouse.down()
    page.mouse.up()
    reading = page.locator("#walk-map .reading")
    expect(reading).to_contain_text("Animation of your path: ")
    words = reading.text_content() or ""
    path = wait_for_field(page, "line", None)
    assert path and len(path) < 400
    page.reload()
    expect(reading).to_have_text(words, timeout=30_000)
    expect(page.locator("#walk-map .animation")).to_be_visible()
    traffic.settle()
    assert fields(page)["line"] == path
    page.locator("#walk-map .clear").click()
    assert wait_for_field(page, "line", path) is None
    page.goto(f"{app_url}?tab=walk&view=map&line=*not*a*line")
    expect(page.locator("#walk-map .place")).to_contain_text("z = ", timeout=30_000)
    expect(page.locator("#walk-map .animation")).to_be_hidden()


def test_how_the_example_was_edited_is_in_the_link(page: Page, app_url: str, traffic: Traffic) -> None:
    arrive(page, f"{app_url}?tab=walk&view=edit")
    numbers = page.locator("#edit-sliders .rows input[type=number]")
    expect(numbers.first).to_be_visible(timeout=30_000)
    traffic.settle()
    assert "edited" not in fields(page)
    for nth, value in ((0, "2"), (3, "0.5")):
        numbers.nth(nth).fill(value)
        numbers.nth(nth).press("Enter")
    wait_for_field(page, "edited", None)
    traffic.settle()
    said, picture = fields(page)["edited"], shown(page, "#edit-sliders .picture")
    page.reload()
    expect(numbers.first).to_have_value("2.00", timeout=30_000)
    expect(numbers.nth(3)).to_have_value("0.50")
    traffic.settle()
    wait_for_nearly(page, picture, "#edit-sliders .picture", within=2)
    assert fields(page)["edited"] == said
    page.get_by_role("button", name="Another example").locator("visible=true").click()
    assert wait_for_field(page, "edited", said) is None, "no link brings this picture"
