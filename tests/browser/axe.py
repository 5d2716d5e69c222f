"""axe-core, which looks for what keeps people out; ``npm ci`` brings it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


THEMES = {"light": False, "dark": True}
"""Whether the page's body is dark; Gradio does no more than that to it."""

TO_THEME = """dark => {
  document.body.classList.toggle("dark", dark);
  for (const animation of document.getAnimations()) animation.finish();
}"""


def problems_in_both(page: Page, within: str = "body") -> list[str]:
    """What :func:`problems` finds, in the light and in the dark; the page is left as it was."""
    was_dark = page.evaluate("document.body.classList.contains('dark')")
    found = []
    for theme, is_dark in THEMES.items():
        page.evaluate(TO_THEME, is_dark)
        found += [f"{theme}: {problem}" for problem in problems(page, within)]
    page.evaluate(TO_THEME, was_dark)
    return found


def problems(page: Page, within: str = "body") -> list[str]:
    """What axe-core finds that is serious or critical on a page as it is now, one line for each kind.

    Args:
        page: An open page that has settled.
        within: Selector of the part to look at.
    """
    if not SCRIPT.is_file():
        pytest.skip("axe-core is not there: npm ci")
    page.evaluate(f"window.axe || ({{}}, eval)({json.dumps(SCRIPT.read_text(encoding='utf-8'))}); undefined")
    found = page.evaluate("within => axe.run(within, {resultTypes: ['violations']})", within)["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:5]]}"
        for one in found
        if one["impact"] in GRAVE
    ]
