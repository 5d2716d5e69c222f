"""The panels under the verdict: a classifier beside the density, and the line-ups that likelihood alone gets wrong."""

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import gm_core
from demo.base.words import nats
from demo.shared.examples import Example, examples
from demo.shared.models import Models
from gm_core.studies.bayes.study import load_judges
from tests.browser.helpers import PHONE, Traffic


def example(name: str) -> Example:
    return next(one for one in examples(Models.on("cpu")) if one.name == name)


def choose(tab: Page, name: str) -> None:
    tab.get_by_role("group", name="Examples to judge").get_by_text(name, exact=True).click()


def names(lineup: Locator) -> list[str]:
    return lineup.locator("li .name").all_inner_texts()


def test_the_classifier_answers_whatever_it_is_shown_and_the_density_abstains(tab: Page) -> None:
    image = gm_core.prepare(example("painting").picture, example("painting").preparation).image
    _, classifier = load_judges("mnist", torch.device("cpu"))
    with torch.inference_mode():
        sure, label = classifier.posterior(image).probs[0].max(dim=0)
    assert sure > 0.99, "an example that fools the classifier"
    choose(tab, "painting")
    tab.get_by_role("tab", name="Compared with a classifier").click()
    judge = tab.locator(".judge.classifier")
    expect(judge).to_contain_text(f"It says: {int(label)}", use_inner_text=True)
    expect(tab.locator(".judge.density")).to_contain_text("It abstains")
    choose(tab, "a digit")
    expect(judge).to_contain_text("It says: 3", use_inner_text=True)
    expect(tab.locator(".judge.density")).to_contain_text("It says: 3", use_inner_text=True)


def test_below_the_threshold_the_density_abstains(tab: Page) -> None:
    image = gm_core.prepare(example("upside down").picture).image
    pixelcnn, _ = load_judges("mnist", torch.device("cpu"))
    with torch.inference_mode():
        prior = gm_core.load_bayes("mnist").prior
        share = float(gm_core.bayes_posterior(gm_core.class_log_probs(pixelcnn, image), prior).max())
    assert share < 0.989, "an example of a doubtful class"
    choose(tab, "upside down")
    tab.get_by_role("slider", name="Accepted false-alarm rate").press("Home")  # so that it is reasonable
    tab.get_by_role("tab", name="Compared with a classifier").click()
    threshold = tab.locator("#beside-threshold input[type=number]")
    density = tab.locator(".judge.density")
    threshold.fill("99")
    threshold.press("Enter")
    expect(density).to_contain_text("below your 99 %")
    threshold.fill("0")
    threshold.press("Enter")
    expect(density).to_contain_text("It says:")


def test_other_models_bring_their_own_classes(tab: Page) -> None:
    choose(tab, "sneaker")
    expect(tab.locator(".headline")).to_contain_text("Unreasonable")
    tab.locator("#judge-dataset").get_by_text("Clothes", exact=True).click()
    expect(tab.locator("#judge-brief")).to_contain_text("says Sneaker", timeout=30_000)
    tab.get_by_role("tab", name="Compared with a classifier").click()
    expect(tab.locator(".judge.classifier")).to_contain_text("It says: Sneaker", use_inner_text=True, timeout=30_000)
    expect(tab.locator(".judge.density")).to_contain_text("It says: Sneaker", use_inner_text=True)
    tab.get_by_role("tab", name="Judge", exact=True).click()
    expect(tab.locator(".headline")).to_contain_text("Reasonable as a piece of clothing")


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_a_switch_ranks_the_line_up_anew(tab: Page, viewport: dict[str, int] | None) -> None:
    if viewport:
        tab.set_viewport_size(viewport)
    tab.reload()  # the switch stands as at first
    choose(tab, "circle")
    tab.get_by_role("tab", name="Where likelihood fails").click()
    clothes = tab.locator("#judge-naive .lineup").nth(1)
    expect(clothes.locator("li")).to_have_count(8, timeout=30_000)  # two models draw first
    raw = names(clothes)
    assert raw[0] == "plain black", "simple pictures are the likeliest"
    black = gm_core.load("fashion-pixelcnn", "cpu").log_prob(torch.zeros(1, 1, 28, 28, dtype=torch.uint8))
    expect(clothes.locator("li").first).to_contain_text(f"{nats(float(black))} nats")
    assert "your picture" in raw
    clothes.get_by_text("corrected", exact=True).click()
    expect(clothes.locator("li").first).to_contain_text("reasonable")
    own = {"a shirt", "a sneaker", "a bag"}
    assert set(names(clothes)[:3]) == own and sorted(names(clothes)) == sorted(raw)
    before = clothes.locator("li.yours img").get_attribute("src") or ""
    choose(tab, "noise")  # another picture, and the switch stays where it is
    expect(clothes.locator("li.yours img")).not_to_have_attribute("src", before)
    assert clothes.get_by_role("radio", name="corrected").is_checked()
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_map_is_there_however_late_the_tab_is_opened(page: Page, app_url: str, traffic: Traffic) -> None:
    """What arrives at a tab that was never opened must not take from it what it was built with."""
    page.goto(app_url)
    expect(page.locator("#draw-canvas")).to_contain_text("complete: ", timeout=30_000)
    traffic.settle()  # the verdict is there, and all that follows it
    page.get_by_role("tab", name="Detect: is it a digit?").click()
    detector = gm_core.load_detector("mnist", "cpu")
    image = gm_core.prepare(example("a digit").picture).image
    total = nats(-detector.score(image)[0].log_prob)
    expect(page.locator(".total")).to_contain_text(f"All pixels together: {total} nats")
    expect(page.locator("canvas.field")).to_have_attribute("width", str(16 * 28))
