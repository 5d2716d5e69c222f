"""Every view of every tab with models of one's own pictures: few, of one class, of many, all the same."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from torch import Tensor

import gm_core
from demo.draw.answers import ANY, MOST_PICTURES, Answers
from demo.draw.drawings import EACH, Drawings, DrawRequest
from demo.draw.words import model_options
from demo.judge.api import to_json
from demo.judge.bayes import ONE_CLASS, BayesPanel
from demo.judge.handlers import Handlers, Request
from demo.judge.judgement import Judgement
from demo.judge.many import JudgingSession, ManyPanel
from demo.judge.measured import MeasuredPanel
from demo.judge.naive import NaivePanel
from demo.judge.surprise import predict_pixel
from demo.shared.examples import examples
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, read_upload
from demo.walk.edit import Edit
from demo.walk.rebuild import Rebuild
from demo.walk.spaces import MOST_CHANGES, Spaces
from demo.walk.ways import FIRST_SEEDS, Seed, Ways
from demo.walk.words import VIEWS, choices, edit_note, hint
from demo.widgets.base import Widget
from gm_core.data.preparation import PHOTOGRAPHS, USUAL
from tests.owndata import CASES, Trained, shell, small, train_all

NO_NUMBER = re.compile(r"\b(?i:nan|inf|infinity)\b|\bNone\b")  # "none of its scores" is a sentence


@pytest.fixture(scope="module", params=CASES, ids=lambda data: data.name)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """What was trained on a folder, as the checkpoints that the app finds; there are no others."""
    with pytest.MonkeyPatch.context() as patch:
        trained = train_all(request.param, tmp_path_factory.mktemp(request.param.name))
        patch.setenv("GM_CHECKPOINTS", str(trained.checkpoints))
        yield trained


@pytest.fixture(scope="module")
def models(own: Trained) -> Models:
    return Models.on("cpu")


@pytest.fixture(scope="module")
def judgement(own: Trained, models: Models) -> Judgement:
    changes = Handlers(models).on_upload(request(own), str(picture_of(own)))
    check(changes)
    return changes["judgement"]


def picture_of(own: Trained) -> Path:
    return next(path for path in sorted(own.pictures.rglob("*.png")))


def request(own: Trained, source: str = "file", pad: str = "") -> Request:
    return Request(source, pad, str(picture_of(own)), own.data.name, 5, USUAL)  # type: ignore[arg-type]


def check(part: Any) -> None:
    """Fails on a number that is none, and on a text that names one."""
    if isinstance(part, dict):
        for key, value in part.items():
            check(key)
            check(value)
    elif isinstance(part, list | tuple):
        for value in part:
            check(value)
    elif isinstance(part, float):
        assert math.isfinite(part)
    elif isinstance(part, Tensor):
        assert bool(part.isfinite().all())
    elif isinstance(part, Widget | gr.HTML):
        check(part.value)
    elif isinstance(part, str):
        words = re.sub(r"[\w+/=]{100,}", "", part)  # pictures in base64 may spell anything
        found = NO_NUMBER.search(words)
        assert not found, words[max(0, found.start() - 80) : found.end() + 80]


def test_no_command_prints_a_figure_that_is_none(own: Trained) -> None:
    said = dict(own.said)
    with small() as patch:
        for name in ("vae-atlas", "bayes", "classifier", "pixelcnnpp", "vae"):
            status, said[name] = shell(patch, "evaluate", f"{own.data.name}-{name}", "--data-dir", own.pictures)
            assert status == 0, said[name]
        for words in (["cards"], ["cards", "--markdown"], ["list"], ["list", "--json"]):
            status, text = shell(patch, *words)
            said[" ".join(words)] = re.sub("none found|none was|None", "", text)  # no published figures
            assert status == 0, text
    for text in said.values():
        check(text)


def test_a_verdict_says_what_so_few_pictures_cannot_promise(own: Trained) -> None:
    with small() as patch:
        status, text = shell(patch, "score", picture_of(own), "--model", own.data.name)
    held_out = len(gm_core.load_detector(own.data.name, "cpu"))
    assert status == 0 and f"only {held_out} held-out pictures" in text and "nothing is ever called" in text
    assert "reasonable" in text and f"only {held_out} held-out" in own.said[f"calibrate {own.data.name}"]


def test_every_drawing(own: Trained, models: Models) -> None:
    drawn, name = Drawings(models), f"{own.data.name}-pixelcnnpp"
    (option,) = model_options(drawn.cards)
    assert list(drawn.cards) == [option["name"]] == [name] and f"({own.data.name})" in option["subject"]
    check(figure_line(models.card(name)))
    answers = Answers(models, drawn.cards)
    few = len(own.data.classes) <= MOST_PICTURES
    for label, pictures in ((ANY, EACH if few else "1"), (drawn.choices(name)[-1], "1"))[not few :]:
        assert drawn.problems(label, 1.0, 3, pictures, name) == [None] * 6
        (*_, last) = drawn.messages(DrawRequest(label, 1.0, 3, pictures, name), None, 1, live=True)
        check(last)
        question = {"model": name, "values": last["values"][0], "index": 50, "label": label, "other": ANY}
        check(answers.explain(question))
        check(answers.depends(question))
        check(answers.record({"model": name, "pictures": last["values"]}))
    assert (drawn.problems(ANY, 1.0, 3, EACH, name)[3] is None) == few


def test_every_view_of_its_latent_space(own: Trained, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    spaces, name = Spaces(models), f"{own.data.name}-vae"
    assert spaces.first == name and own.data.name in choices(spaces.cards, spaces.dimensions)[0][0]
    for view in VIEWS:
        check(hint(view, spaces.cards[name], spaces.dimensions[name]))
    for enough in (0, 2):  # narrow to the page, and wide: sliders along coordinates, and along principal directions
        monkeypatch.setattr("demo.walk.spaces.ENOUGH", enough)
        place = spaces.first_place(name)
        check(place)
        assert place["axes"] or place["caption"]
        assert spaces.check_place(place)["at"] == place["at"]
        _, z = spaces.point(place)
    check(spaces.look({"model": name, "view": "mean", "z": z.tolist()}))
    check(spaces.prior({"model": name, "seed": 1}))
    own_picture = read_upload(str(picture_of(own)), [PHOTOGRAPHS])
    for ends in ({}, {name: {"A": own_picture, "B": Seed(3)}}, {name: dict.fromkeys(FIRST_SEEDS, own_picture)}):
        strip, *lines = Ways(spaces).show(name, ends)  # type: ignore[arg-type]
        check([strip, lines])
    check(Rebuild(spaces).bound(name, own_picture))
    for picture in (FIRST_EXAMPLE, own_picture):
        check(Rebuild(spaces).pictures(name, picture))
        edit = Edit(spaces)
        place = edit.place(name, picture)
        check([place, edit_note(spaces.cards[name])])
        assert place["axes"] or place["caption"]
        assert len(place["axes"]) <= MOST_CHANGES and edit.changes(place) == {name: place["at"]}
        check(edit.look({"model": name, "view": "mean", "z": place["base"]}))
        if place["axes"]:
            ends_of = [[place["base"], place["base"]] for axis in place["axes"] if not axis.get("folded")]
            check(spaces.lines({"model": name, "ends": ends_of, "count": 9, "view": "mean"}))


def test_every_panel_of_the_judgement(own: Trained, models: Models, judgement: Judgement) -> None:
    handlers, name = Handlers(models), own.data.name
    assert models.datasets() == [name]
    check(handlers.on_arrive(request(own, "pad"), {}))
    last_example = len(examples(models, name)) - 1
    check(handlers.on_example(request(own, "pad"), {"index": last_example}))
    for percent in (1, 20):
        check(handlers.on_percent(judgement, percent))
    check(to_json(judgement))
    pixels = judgement.prepared.image[0].flatten().tolist()
    check(predict_pixel(models, {"dataset": name, "pixels": pixels, "index": 9}))
    with gr.Blocks():
        beside = BayesPanel(models, gr.HTML())
    naive, measured, many = (panel(models) for panel in (NaivePanel, MeasuredPanel, ManyPanel))
    for percent in (0, 90, 99):
        check(beside.follow(judgement, percent, None))
        check(beside.on_threshold(judgement, percent))
    _, said, *_ = beside.show(judgement, 90)
    assert (ONE_CLASS in said) == (len(own.data.classes) < 2)
    check(naive.show(judgement))
    assert "False alarms among " in measured.show(name)
    check(measured.show(name))
    session = JudgingSession()
    session.request(name, (str(picture_of(own)),))
    *_, last = many.on_begin(session)
    assert last["state"] == "done" and len(last["rows"]) == 1
    check(last)


def test_what_a_widget_sends_is_json_whatever_it_holds(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    value = {"numbers": [1.5, math.nan, -math.inf, (math.inf, 0)], "text": "NaN"}
    for widget in Widget.__subclasses__():
        sent = widget.postprocess(object.__new__(widget), value)
        known = json.loads(sent, parse_constant=refuse) if isinstance(sent, str) else sent
        assert not isinstance(sent, str) or known == {"numbers": [1.5, None, None, [None, 0]], "text": "NaN"}
