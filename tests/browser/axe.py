"""axe-core, which looks for what keeps people out; ``npm ci`` brings it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
COLOURS = ("color-contrast",)
"""The rule that a page in the dark can break where the same page in the light does not."""


def problems(page: Page, within: str = "body", rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds that is serious or critical on a page as it is now, one line for each kind.

    Args:
        page: An open page that has settled.
        within: Selector of the part to look at.
        rules: The only ones to look for; all of them when left out.
    """
    if not SCRIPT.is_file():
        pytest.skip("axe-core is not there: npm ci")
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    page.evaluate(f"window.axe || ({{}}, eval)({json.dumps(SCRIPT.read_text(encoding='utf-8'))}); undefined")
    found = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:5]]}"
        for one in found
        if one["impact"] in GRAVE
    ]
