"""The table of texts: every key is said in both languages, with the same placeholders, and stands on the page."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import gradio as gr
import pytest

from demo.app import TABS
from demo.base.tabs import Tab
from demo.shared.models import Models
from demo.shell.languages import FOLDER, PLACEHOLDER, table

ROOT = Path(__file__).parents[3]
CHINESE = re.compile(r"[\u3400-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2}")
WORD = re.compile(r"[a-z]+")
NUMBER = re.compile(r"n(\d*|-\w+)")
TAGS = re.compile(r"</?[a-z][^>]*>")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_file_names_no_text_twice(path: Path) -> None:
    pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys))
    others = [json.loads(other.read_text(encoding="utf-8")) for other in FOLDER.glob("*.json") if other != path]
    for key, value in pairs:
        assert all(other.get(key, value) == value for other in others), f"{key!r} has two translations"


def test_placeholders_and_tags_agree_and_the_chinese_is_chinese() -> None:
    for key, value in table().items():
        assert set(PLACEHOLDER.findall(key)) == set(PLACEHOLDER.findall(value)), key
        names = PLACEHOLDER.findall(key)
        assert len(names) == len(set(names)), f"{key!r} names a placeholder twice"
        wrong = [name for name in names if name[0] == "n" and not NUMBER.fullmatch(name)]
        assert not wrong, f"{key!r}: {wrong} begin with n, which only takes numbers"
        assert sorted(TAGS.findall(key)) == sorted(TAGS.findall(value)), key
        assert key == " ".join(key.split()), f"{key!r} has spaces that the page joins"
        spoken = PLACEHOLDER.sub("", key)
        assert not WORDS.search(spoken) or CHINESE.search(value) or key == value, key


@cache
def written() -> str:
    """All texts of the page's sources, with their spaces joined; ``gm_core`` says what was measured."""
    parts = []
    for path in sorted(path for folder in ("demo", "gm_core") for path in (ROOT / folder).rglob("*")):
        if path.suffix == ".py":
            constants = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            parts += [value for value in constants if isinstance(value, str)]
        elif path.suffix in (".js", ".html", ".css", ".md"):
            parts.append(path.read_text(encoding="utf-8"))
    return " ".join("\n".join(parts).replace('\\"', '"').split())


def test_no_key_is_unused() -> None:
    """Every word of a key is a word of the sources, which put many a sentence together from parts."""
    gradios = json.loads((FOLDER / "gradio.json").read_text(encoding="utf-8"))  # what Gradio says by itself
    known = set(WORD.findall(written().lower()))
    for key in table().keys() - gradios.keys():
        left = set(WORD.findall(TAGS.sub(" ", PLACEHOLDER.sub(" ", key)).lower())) - known
        assert not left, f"{key!r}: {left} is nowhere on the page"


def page_texts(tab: Tab) -> set[str]:
    """What a tab says when it is built: labels, hints, choices, and the texts of its own HTML without tags inside."""
    with gr.Blocks() as app:
        tab.build(Models.on("cpu"))
    texts: set[str] = set()
    for component in app.get_config_file()["components"]:
        props = component["props"]
        texts |= {props[name] for name in ("label", "info", "placeholder") if isinstance(props.get(name), str)}
        texts |= {choice[0] for choice in props.get("choices") or [] if isinstance(choice[0], str)}
        if component["type"] == "button":
            texts.add(str(props["value"]))
    return {" ".join(text.split()) for text in texts if WORDS.search(text)}


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
def test_the_texts_of_a_tab_are_in_the_table(tab: Tab) -> None:
    templates = [
        re.compile("".join(".+" if PLACEHOLDER.fullmatch(part) else re.escape(part) for part in parts))
        for parts in (re.split(r"(\{[a-z][\w-]*\})", key) for key in table())
    ]
    missing = {text for text in page_texts(tab) if not any(template.fullmatch(text) for template in templates)}
    assert not missing
