"""The head of the page, its words and its lesson."""

import re

import httpx
import pytest

from demo.app import TABS
from demo.shell.glossary import ALIASES, GLOSSARY, word
from demo.shell.lesson import STEPS
from demo.shell.page import SUMMARY, TITLE, Head, base_url


def test_a_link_is_previewed_as_our_own_page(app_url: str) -> None:
    page = httpx.get(app_url).text
    assert f'<meta property="og:title" content="{TITLE}">' in page
    assert f'content="{SUMMARY}"' in page
    assert not re.search(r"<meta[^>]*(?:gradio\.app|gradio-app|content=\"Gradio\")", page)
    image = re.search(r'og:image" content="([^"]+)"', page)
    assert image
    answer = httpx.get(image[1])
    assert answer.headers["content-type"] == "image/png" and answer.content[:4] == b"\x89PNG"
    assert "svg" in httpx.get(f"{app_url}shell/icon.svg").headers["content-type"]
    assert "svg" in httpx.get(f"{app_url}favicon.ico").headers["content-type"]
    answer = httpx.get(f"{app_url}shell/zh.json")
    assert answer.json()["Lesson"] == "课程"


def test_the_page_is_sent_compressed_to_those_who_can_read_that(app_url: str) -> None:
    with httpx.stream("GET", app_url, headers={"accept-encoding": "gzip"}) as answer:
        sent = sum(map(len, answer.iter_raw()))
    assert answer.headers["content-encoding"] == "gzip" and sent < 500_000
    answer = httpx.get(app_url, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers and answer.text.endswith("</html>")


def test_the_page_is_known_by_the_address_that_its_reader_uses() -> None:
    headers = [(b"host", b"inner:7860"), (b"x-forwarded-host", b"lab.example"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "scheme": "http", "headers": headers, "root_path": "/demo"}
    assert base_url(scope) == "https://lab.example/demo/"
    assert base_url({**scope, "headers": headers[:1], "root_path": ""}) == "http://inner:7860/"


def test_a_host_cannot_write_into_the_page() -> None:
    page = Head(None, TABS).rewrite("<head></head>", 'http://"><script>alert(1)</script>/')  # type: ignore[arg-type]
    assert "<script>alert" not in page


def test_words_are_explained_in_both_languages() -> None:
    for term, entry in GLOSSARY.items():
        assert len(entry.english) < 180 and entry.english[-1] == "." and entry.chinese[-1] == "。", term
        assert f'data-word="{term}"'.replace("'", "&#x27;") in word(term)
    assert set(ALIASES.values()) <= set(GLOSSARY)
    assert word("bits/dim", "<b>") == '<span class="word" tabindex="0" data-word="bits/dim">&lt;b&gt;</span>'
    with pytest.raises(KeyError, match="glossary"):
        word("flux")


def test_the_lesson_has_eight_steps_of_one_or_two_sentences() -> None:
    assert len(STEPS) == 8 and len({step.title for step in STEPS}) == 8
    for step in STEPS:
        assert step.tab in {tab.id for tab in TABS}
        assert 1 <= len(re.findall(r"[.?!](?: |$)", step.text)) <= 2, step.title
        assert step.title_zh and re.search("[。？]$", step.text_zh)
