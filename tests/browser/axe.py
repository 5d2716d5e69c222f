"""axe-core, which looks for what keeps people out; ``npm ci`` brings it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


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
