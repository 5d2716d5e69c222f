"""The Draw tab in colour: red, then green, then blue of every pixel, on the canvas and about it."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import gm_core
from demo import create_app
from demo.base.theme import MAGMA
from demo.draw import TAB
from demo.draw.answers import DIGITS
from demo.draw.drawings import LAST_SEED, Drawings
from gm_core import draw_noise, rebuild
from tests.browser import draw_helpers
from tests.browser.draw_helpers import choose_model, full_speed, loaded, more, saved, start_over, tool, wait_for
from tests.browser.helpers import DESKTOP, PHONE
from tests.demo.colour_model import CLASSES, NAME, SIDE, make_checkpoints
from tests.helpers import served

SIZE = SIDE * SIDE
SEED = 4
WHOLE = f"complete: {SIZE} of {SIZE} pixels"
COLORS = """canvas => {
    const cell = 20, data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, colors = [];
    for (let y = cell / 2; y < canvas.height; y += cell)
        for (let x = cell / 2; x < canvas.width; x += cell) {
            const at = 4 * (y * canvas.width + x);
            colors.push(data[at + 3] ? [...data.slice(at, at + 3)] : null);
        }
    return colors;
}"""
"""Colour in the middle of every pixel, ``None`` where nothing is drawn."""


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    """The address of an app with the Draw tab alone, and a small model of photographs."""
    directory = tmp_path_factory.mktemp("checkpoints")
    make_checkpoints(directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(directory))
        with served(create_app("cpu", [TAB])) as address:
            yield address


@pytest.fixture(scope="module")
def model(url) -> gm_core.Autoregressive:
    model = gm_core.load(NAME, "cpu")
    assert isinstance(model, gm_core.Autoregressive)
    return model


def expected(model, label: int | None = None, temperature: float = 1.0) -> torch.Tensor:
    labels = None if label is None else torch.tensor([label])
    return model.sample(1, labels, torch.Generator().manual_seed(SEED), temperature)


def with_new_lower_half(model) -> torch.Tensor:
    """The picture after its lower half was erased once, and drawn with new dice."""
    keep = torch.zeros(1, 3, SIDE, SIDE, dtype=torch.bool)
    keep[:, :, : SIDE // 2] = True
    noise = draw_noise(1, SIDE, SIDE, torch.Generator().manual_seed(SEED + LAST_SEED + 1), 3)
    events = model.stream(1, start=expected(model), keep=keep, noise=noise, chunk=SIDE)
    return rebuild(events, SIDE, SIDE)[0]


def flat(image: torch.Tensor) -> list[list[int]]:
    return image[0].flatten(1).T.tolist()


def opened(page: Page, url: str, come: Callable[[Page, str], Locator] = draw_helpers.opened) -> Locator:
    canvas = come(page, f"{url}?model={NAME}&seed={SEED}")
    wait_for(canvas, WHOLE)
    return canvas


def colors(canvas: Locator) -> list[list[int] | None]:
    return canvas.locator("canvas").evaluate(COLORS)


def middle_of(canvas: Locator, row: float, column: float) -> tuple[float, float]:
    box = canvas.locator("canvas").bounding_box()
    assert box
    return box["x"] + (column + 0.5) / SIDE * box["width"], box["y"] + (row + 0.5) / SIDE * box["height"]


WATCH_STATUS = """() => {
    const status = document.querySelector("#draw-canvas .status");
    window.statuses = [];
    const note = () => statuses.at(-1) !== status.textContent && statuses.push(status.textContent);
    new MutationObserver(note).observe(status, { childList: true, characterData: true, subtree: true });
}"""
"""Keeps every text of the canvas's status line."""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_photograph_is_what_the_model_drew(page, url, model, size):
    page.set_viewport_size(size)
    canvas = opened(page, url, loaded)
    image = expected(model)
    assert colors(canvas) == flat(image)
    nats = model.log_prob(image)
    expect(canvas.locator(".number")).to_have_text(f"{nats.item():,.1f} nats".replace("-", "−"))
    bits = model.bits_per_dim(nats).item()
    expect(canvas.locator(".bits")).to_have_text(f"{bits:.2f} bits per value")
    expect(canvas.locator(".meaning")).to_have_text(
        f"Real photographs take 3.21 bits per value on average, this one {bits:.2f}."
    )
    expect(canvas.locator("canvas")).to_have_attribute("aria-label", f"photograph, {SIZE} of {SIZE} pixels drawn")
    page.get_by_role("button", name="How does this work?").click()
    expect(page.get_by_text("trained on CIFAR-10 for 1,234 steps")).to_be_visible()
    name, pixels = saved(page, canvas)
    assert name == f"{NAME}-any-seed{SEED}-t1.png"
    assert pixels[5::10, 5::10, :3].reshape(-1, 3).tolist() == flat(image)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_red_then_green_then_blue(page, url, model):
    canvas = opened(page, url)
    drawn = flat(expected(model))
    canvas.get_by_role("button", name="To the start").click()
    picture = canvas.locator("canvas")
    steps = [("ArrowRight", 1, 0), ("Shift+ArrowRight", 1, 1), ("Shift+ArrowRight", 1, 2), ("Shift+ArrowRight", 2, 0)]
    steps += [("Shift+ArrowLeft", 1, 2), ("ArrowLeft", 1, 0), ("Shift+ArrowRight", 1, 1), ("ArrowRight", 2, 0)]
    for key, whole, channels in steps:
        picture.press(key)
        begun = " and red and green of the next" if channels == 2 else " and red of the next" if channels else ""
        wait_for(canvas, f"paused: {whole} of {SIZE} pixels{begun} ·")
        # The canvas frames the current pixel, but not over its middle.
        hand = [[*drawn[whole][:channels], *[0] * (3 - channels)]] if channels else []
        assert colors(canvas) == [*drawn[:whole], *hand, *[None] * (SIZE - whole - len(hand))]
        if channels:
            charts = canvas.locator(".chart")
            expect(charts.nth(channels - 1)).to_be_visible()
            expect(charts.nth(channels)).to_be_hidden()
            expect(canvas.locator(".caption")).to_contain_text(f"red {drawn[whole][0]}")

    canvas.get_by_label("Speed").select_option("single")
    page.evaluate(WATCH_STATUS)
    canvas.get_by_role("button", name="Resume").click()
    # Each is there for a third of a second, and a slow machine leaves some out: all that was ever shown is looked at.
    endings = ("", " and red of the next", " and red and green of the next")
    page.wait_for_function(
        "(endings) => endings.every((end) => statuses.some((text) => text.includes(` of 64 pixels${end} ·`)))",
        arg=endings,
        timeout=60_000,
    )
    steps_shown = [
        3 * int(found[1]) + endings.index(found[2])
        for text in page.evaluate("statuses")
        if (found := re.match(r"replaying: (\d+) of 64 pixels(.*?) ·", text))
    ]
    assert steps_shown == sorted(set(steps_shown))


def test_a_pixel_has_a_histogram_a_channel(page, url, model):
    canvas = opened(page, url)
    image, index = expected(model), 3 * SIDE + 4
    page.mouse.move(*middle_of(canvas, 3, 4))
    expect(canvas.locator(".pixel .title")).to_contain_text("row 4, column 5")
    distribution = model.distribution(image)
    values = flat(image)[index]
    for channel, name in enumerate(("red", "green", "blue")):
        chart = canvas.locator(".chart").nth(channel)
        log_p = distribution.logits[0, channel].flatten(0, 1)[index]
        surprise = -log_p[values[channel]].item()
        entropy = -(log_p.exp() * log_p).sum().item()
        expect(chart.locator(".top")).to_have_text(
            re.compile(rf"^{name} {values[channel]}: p .*, surprise {surprise:.2f}, entropy {entropy:.2f} nats$")
        )
        bars = re.findall(r"M(\d+) 0V(-?[\d.e-]+)H", chart.locator(".own").get_attribute("d") or "")
        shown = np.zeros(256)
        for level, height in bars:
            shown[int(level)] = float(height) ** 2
        sent = log_p.exp().numpy().round(DIGITS)
        of_eight = sent.reshape(32, 8).sum(axis=1)  # one bar for eight levels
        np.testing.assert_allclose(shown[::8], of_eight, atol=2e-6, rtol=1e-3)
    page.mouse.click(*middle_of(canvas, 3, 4))
    canvas.get_by_label(re.compile("^compare with")).select_option("bird")
    expect(canvas.locator(".answer")).to_contain_text("As class bird instead of any class, this colour would be ")

    canvas.get_by_role("button", name="surprise").click()
    expect(canvas.locator(".legend .most")).to_have_text("16.6")  # three times log 256
    share = -model.pixel_log_prob(image)[0].sum(dim=0).flatten().numpy() / (3 * np.log(256))
    reds = [int(color[1:3], 16) for color in MAGMA]
    shown = np.array([color[0] for color in colors(canvas) if color])
    assert np.abs(shown - np.interp(share, np.linspace(0, 1, len(reds)), reds))[np.arange(SIZE) != index].max() <= 1
    canvas.get_by_role("button", name="depends on").click()
    strength = gm_core.influence(model, image, index).flatten()
    row, column = divmod(int(strength.argmax()), SIDE)
    expect(canvas.locator(".reach")).to_have_text(
        f"The framed pixel sees {index} of the {index} before it, most of all row {row + 1}, column {column + 1}."
    )


@pytest.mark.parametrize("slow", [False, True], ids=["fast", "slow"])
def test_a_hand_works_in_colour(own_page, url, model, slow, monkeypatch):
    page = own_page

    # A slow model draws nothing while the hand moves; which it is must not hang on the machine.
    def timed(self, *order, **options):
        for message in messages(self, *order, **options):
            yield message | {"seconds": 5.0 if slow else 0.1} if "done" in message else message

    messages = Drawings.messages
    monkeypatch.setattr(Drawings, "messages", timed)
    page.clock.install()
    canvas = opened(page, url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "component_server" in request.url else None)
    tool(canvas, "pen")
    tool(canvas, "Blank canvas")
    canvas.locator(".ink input").fill("#2040ff")
    asked.clear()
    page.mouse.move(*middle_of(canvas, 2, 2))
    page.mouse.down()
    page.mouse.move(*middle_of(canvas, 2, 5), steps=4)
    if slow:
        page.clock.run_for(2000)
        assert not asked
    else:
        expect(canvas.locator(".status")).to_contain_text("64 of 64", timeout=15_000)
        assert asked
    page.mouse.up()
    expect(canvas.locator("canvas")).to_have_attribute("aria-busy", "false", timeout=15_000)
    wait_for(canvas, WHOLE)
    shown = np.array(colors(canvas)).reshape(SIDE, SIDE, 3)
    assert (shown[2, 2:6] == [0x20, 0x40, 0xFF]).all() and (shown[0] == 255).all(), "blue on a white sheet"
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.")

    tool(canvas, "look")
    page.mouse.click(*middle_of(canvas, 5, 4))
    expect(canvas.locator(".title")).to_contain_text("row 6, column 5")
    box = canvas.locator(".histogram").nth(1).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20, steps=3)
    page.mouse.up()
    if not slow:
        expect(canvas.locator(".caption")).to_contain_text(f"green {int(0.9 * 256)}, ")
    expect(canvas.locator("canvas")).to_have_attribute("aria-busy", "false", timeout=15_000)
    wait_for(canvas, WHOLE)
    changed = np.array(colors(canvas)).reshape(SIDE, SIDE, 3)
    before = shown[5, 4].tolist()
    assert changed[5, 4].tolist() == [before[0], int(0.9 * 256), before[2]]
    assert (changed.reshape(-1, 3)[: 5 * SIDE + 4] == shown.reshape(-1, 3)[: 5 * SIDE + 4]).all()

    start_over(canvas)
    expect(canvas.locator(".how")).not_to_contain_text("Inside the blue line")
    wait_for(canvas, WHOLE)
    assert colors(canvas) == flat(expected(model))
    page.keyboard.press("2")
    wait_for(canvas, f"{WHOLE} · class bird")
    assert colors(canvas) == flat(expected(model, CLASSES.index("bird")))
    expect(page.locator("#draw-class").get_by_label("bird")).to_be_checked()
    more(page)
    slider = page.locator("#draw-temperature input[type=range]")
    slider.focus()
    expect(slider).to_be_focused()
    slider.press("ArrowLeft")
    wait_for(canvas, f"{WHOLE} · class bird, seed {SEED}, temperature 0.95")
    assert colors(canvas) == flat(expected(model, 2, 0.95))


def test_a_start_in_colour_is_of_no_use_to_digits(page, url, model):
    canvas = opened(page, url)
    tool(canvas, "Erase the bottom half")
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.")
    wait_for(canvas, WHOLE)
    assert colors(canvas) == flat(with_new_lower_half(model)) != flat(expected(model)), "new dice for what is erased"
    page.wait_for_url(re.compile("given="))
    link = page.url
    choose_model(page, "Digits", "residual PixelCNN")
    wait_for(canvas, "complete: 784 of 784 pixels")
    expect(canvas.locator(".chart")).to_have_count(1)
    expect(canvas.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    tool(canvas, "Erase the bottom half")
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.")

    page.goto(link)
    full_speed(canvas)
    expect(canvas.locator(".how")).to_contain_text("Inside the blue line: kept.", timeout=15_000)
    wait_for(canvas, WHOLE)
    assert colors(canvas) == flat(with_new_lower_half(model))
