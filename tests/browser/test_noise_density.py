"""The view of p(x) on the Noise tab: one picture by all models, as figures that narrow."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import Tensor

from demo import create_app
from demo.noise import TAB
from demo.widgets import noise_density
from gm_core import Estimate
from gm_core.models.importance import importance_estimate
from tests.browser.axe import problems
from tests.browser.helpers import LAPTOP, PHONE, PROJECTOR, WRITTEN, Visit, in_sight
from tests.browser.languages import untranslated
from tests.demo.noise.helpers import DIFFUSION, FLOW, LAYERS, NAMES, make_models
from tests.helpers import seeded, served

VIEW = "?tab=noise&view=density"
READY = "#density-chart tbody tr"
CIRCLE = "density_example=1"  # without a PixelCNN, the second that is left


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app of this tab alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        with served(create_app("cpu", (TAB,))) as url:
            yield url


def figure(page: Page, name: str, reading: str) -> str:
    cell = page.locator(f"{READY}:has-text('{name}') .figures .{reading}")
    expect(cell).to_have_text(re.compile(r"\d"), timeout=30_000)
    return cell.inner_text()


def opened(visit: Visit, query: str) -> Page:
    """The view, as soon as the first figures are asked for."""
    visit.page.goto(f"{visit.url}{query}")
    expect(visit.page.locator("#density-chart .go")).to_be_enabled(timeout=30_000)
    return visit.page


def test_every_model_is_asked_and_the_figures_narrow_until_stopped(visit: Visit) -> None:
    page = opened(visit, f"{VIEW}&{CIRCLE}")
    go, state = page.locator("#density-chart .go"), page.locator("#density-chart .state")
    assert figure(page, DIFFUSION, "bound").startswith("≤ ")
    go.click()
    expect(state).to_contain_text("Stopped")
    visit.settle()  # what was asked is answered
    before = state.inner_text()
    page.wait_for_timeout(WRITTEN)
    assert state.inner_text() == before
    go.click()
    assert figure(page, LAYERS, "bound").startswith("≤ ")
    assert re.match(r"[≈≤] ", figure(page, LAYERS, "estimate"))
    assert figure(page, FLOW, "estimate").startswith("≈ ")
    expect(page.locator(f"{READY}:has-text('{FLOW}') .figures .estimate")).to_contain_text("±", timeout=30_000)
    expect(page.locator("#density-examples [aria-pressed=true]")).to_have_text("circle")
    for size in (LAPTOP, PROJECTOR):
        page.set_viewport_size(size)
        page.evaluate("scrollTo(0, 0)")
        for part in ("#density-examples .row", "#density-pad", "#density-chart .go", "#density-chart .legend"):
            assert in_sight(page.locator(part).first), (size, part)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(LAPTOP)
    # A drawing takes the example's place, and is kept in the address.
    pad = page.locator("#density-pad canvas")
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 130, steps=3)
    page.mouse.up()
    expect(page.locator("#density-source")).to_contain_text("Your drawing", timeout=30_000)
    expect(page.locator("#density-chart .go")).to_have_text("Stop")
    page.wait_for_url(lambda url: "density_picture=" in url and "density_example" not in url)


def test_it_speaks_chinese_and_axe_finds_nothing_serious(visit: Visit) -> None:
    page = opened(visit, f"{VIEW}&lang=zh&__theme=dark")
    figure(page, FLOW, "estimate")
    page.locator("#density-chart .go").click()
    assert untranslated(page, f"{NAMES}|Z|flow") == []
    assert problems(page) == []


def test_batches_are_joined_to_the_figure_of_all_draws(visit: Visit) -> None:
    page = opened(visit, VIEW) if visit.page.url == "about:blank" else visit.page
    script = (Path(noise_density.__file__).parent / "figures.js").read_text().replace("export ", "")
    weights = torch.randn(4, 8, generator=seeded()).double()  # logarithms, of four batches

    def join(kind: str, values: list[Estimate]) -> dict[str, Any]:
        batches = [
            {"kind": kind, "nats": float(one.value), "error": float(one.error), "draws": one.samples} for one in values
        ]
        return dict(page.evaluate(f"batches => {{ {script}; return join(batches, 1 / Math.LN2); }}", batches))

    def weigh(logs: Tensor) -> Estimate:
        return importance_estimate(logs[:, None])

    whole, joined = weigh(weights.flatten()), join("importance", [weigh(batch) for batch in weights])
    assert (joined["kind"], joined["draws"], joined["limit"]) == ("importance", 32, False)
    assert joined["bits"] == pytest.approx(-float(whole.value)) and joined["error"] == pytest.approx(float(whole.error))
    draws = weights[:, 0]
    joined = join("Hutchinson", [Estimate(draw[None], torch.full((1,), math.inf), "Hutchinson", 1) for draw in draws])
    assert joined["bits"] == pytest.approx(-float(draws.mean()))
    assert joined["error"] == pytest.approx(float(draws.std() / 2))
