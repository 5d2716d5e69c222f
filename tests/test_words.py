"""Plain English: words and phrases that readers stumble on stay out of the code, the page, the docs and the tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SUFFIXES = {".py", ".md", ".js", ".html", ".css"}

BANNED = {
    r"nobody|somebody|anybody|whoever": "user, visitor or caller",
    r"strangers?": "client, visitor or outlier",
    r"in hand|at hand": "current; available",
    r"in the making": "being drawn",
    r"mend(s|ed|ing)?": "remedy, fix",
    r"of the wrong kind": "of the wrong type or shape",
    r"(?<!above )(?<!common )ground(?! truth)": "background",
    r"likewise": "repeat the noun",
    r"throws? of (the |a )?(dice|die)": "at random; with the same random numbers",
    r"rub(s|bed|bing)? (it |that |this |parts? )?out|rubber": "erase, eraser",
    r"films?": "animation",
    r"as it comes": "full speed",
    r"class unseen": 'unconditional, label "any class"',
    r"what is no \w+|of which there is none": "not a ...; missing",
    r"is blind to|are blind to": "does not see; the blind spot",
}
"""What is banned, as a regular expression between word boundaries, and what to say instead."""


def files() -> list[Path]:
    paths = [ROOT / "README.md", ROOT / "app.py"]
    for folder in ("demo", "docs", "gm_core", "tests"):
        paths += [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in SUFFIXES]
    paths.remove(Path(__file__))  # it has to name the words
    return paths


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_banned_words(path):
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for pattern, better in BANNED.items():
            if match := re.search(rf"\b(?:{pattern})\b", line, flags=re.IGNORECASE):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]!r}; better: {better}")
    assert not found, "\n".join(found)
