"""The languages of the page: English is the key, one table says it in Chinese, and the browser translates.

The table is the files of ``zh/``, one for each part of the page, and the texts of the glossary and of the lesson. A key
is a text as it stands on the page in English, with spaces joined. Where a name or a number changes, it holds a
placeholder: ``{n}``, ``{n1}``, ``{n-of}`` (any name that begins with n) for a number, any other for any text, which is
translated in its turn if the table has it. A key with tags, like ``<b>`` without attributes, is the content of an
element as a whole. ``demo/shell/scripts/languages.js`` reads it.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.shell.glossary import GLOSSARY
from demo.shell.lesson import STEPS

FOLDER = Path(__file__).parent / "zh"
PLACEHOLDER = re.compile(r"\{([a-z][\w-]*)\}")


@cache
def table() -> dict[str, str]:
    """Everything that the page says in English, and how it says it in Chinese."""
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.json")):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    for word in GLOSSARY.values():
        texts[word.english] = word.chinese
    for step in STEPS:
        texts |= {step.title: step.title_zh, step.text: step.text_zh}
    return texts


def explanation(folder: Path, **options: Any) -> None:
    """A tab's ``how.md`` and ``how.zh.md``, of which the page shows that of its language.

    Args:
        folder: Where the two lie; without the second the first stands for both.
        **options: Of ``gr.Markdown``.
    """
    english, chinese = folder / "how.md", folder / "how.zh.md"
    is_for = {english: "language-en"} if chinese.exists() else {english: ""}
    if chinese.exists():
        is_for[chinese] = "language-zh"
    for path, name in is_for.items():
        gr.Markdown(path.read_text(encoding="utf-8"), elem_classes=["explanation", name], **options)
