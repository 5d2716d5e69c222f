"""The panel "Many pictures": the detector's own numbers, in order, as the shell writes them; and an end when told."""

import csv
import io
import json
import threading
import zipfile
from pathlib import Path

import gradio as gr
import pytest
import torch
from gradio.data_classes import FileData, ListFiles
from PIL import Image, ImageDraw

import gm_core
from demo.judge import batches, many
from demo.judge.batches import (
    MOST,
    PROVIDED,
    count_pictures,
    limit_note,
    provided_pictures,
    read_uploads,
)
from demo.judge.many import JudgingSession, ManyPanel, PictureFiles, TurnClock
from demo.shared.models import Models
from demo.widgets.score_table import ScoreTable
from gm_core.cli.score import write_scores
from gm_core.data.folders import read_pictures
from gm_core.studies.detector.scoring import TABLE_KEYS, score_pictures
from gm_core.text import csv_line, strict_json
from tests.helpers import HOSTILE_NAMES


@pytest.fixture(scope="module")
def panel() -> ManyPanel:
    with gr.Blocks():
        return ManyPanel(Models.on("cpu"))


def seven(shift: int = 0) -> bytes:
    picture = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(picture).line((30 + shift, 15, 70, 15, 45, 65), fill="black", width=8)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def given(folder: Path) -> list[Path]:
    """Some of everything: six results, three of them errors."""
    single, text, broken = folder / "seven.png", folder / "text.png", folder / "broken.zip"
    single.write_bytes(seven())
    text.write_text("no picture")
    broken.write_bytes(b"PK\x03\x04 nonsense")
    members = {
        "a/<b>, 1.png": seven(3),
        "a/2.png": seven(-3),
        "__MACOSX/a/._2.png": b"",
        "notes.txt": b"",
        "x.heic": b"?",
    }
    return [single, text, broken, zipped(folder / "many.zip", members)]


def run(panel: ManyPanel, paths: list[Path]) -> list[dict]:
    session = JudgingSession()
    session.request("mnist", tuple(map(str, paths)))
    return list(panel.on_begin(session))


def test_the_table_and_its_file_are_what_the_shell_writes(panel: ManyPanel, tmp_path: Path) -> None:
    paths = given(tmp_path)
    *_, last = run(panel, paths)
    assert (last["state"], last["total"], last["start"], len(last["rows"])) == ("done", 6, 0, 6)
    written = tmp_path / "shell.csv"
    detector = gm_core.load_detector("mnist", "cpu")
    write_scores(score_pictures(detector, read_pictures(paths), batch=many.BATCH), csv_file=written)
    expected = list(csv.DictReader(io.StringIO(written.read_text(), newline="")))
    lines = [csv_line(TABLE_KEYS)]
    for row, shell in zip(last["rows"], expected, strict=True):
        # The browser puts in the verdict, for it depends on the slider.
        lines.append(",".join([row["csv"][0], shell["verdict"], row["csv"][1]]))
        assert row["name"] == shell["path"].removeprefix(f"{tmp_path}/")
        assert row.get("error", "") == shell["error"]
        if not shell["error"]:
            assert [row[key] for key in ("p_value", "log_prob")] == [
                float(shell[key]) for key in ("p_value", "log_prob")
            ]
            assert (row["p_value"] > 0.05) == (shell["verdict"] == "reasonable")
    assert "\r\n".join([*lines, ""]) == written.read_bytes().decode().replace(f"{tmp_path}/", "")


def test_names_stay_within_their_row_and_cell(panel: ManyPanel, tmp_path: Path) -> None:
    names = [name for name in HOSTILE_NAMES if name.isascii() or "\udce9" not in name]
    packed = zipped(tmp_path / "many.zip", dict.fromkeys(names, b"no picture") | {"good\n.png": seven()})
    *_, last = run(panel, [packed])
    assert len(last["rows"]) == len(names) + 1
    for row in last["rows"]:
        assert (row["name"] + row.get("error", "") + "".join(row["csv"])).isprintable()
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in next(csv.reader([row["csv"][1]]))[-1:])


def test_thumbnails_are_what_the_model_saw(panel: ManyPanel, tmp_path: Path) -> None:
    *_, last = run(panel, given(tmp_path))
    from demo.widgets.sketch_pad import decode

    seen = Image.open(io.BytesIO(decode(last["rows"][0]["picture"]) or b""))
    prepared = gm_core.prepare(gm_core.open_picture(seven()))
    assert list(seen.get_flattened_data()) == prepared.image.flatten().tolist()
    assert last["rows"][1]["picture"] is None


def test_messages_add_up_to_the_last(panel: ManyPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "BATCH", 2)
    first, *others, last = run(panel, given(tmp_path))
    assert "rows" not in first
    assert first["total"] == 6, "the progress knows the end beforehand"
    assert [message["start"] for message in others] == [0, 2, 4]
    assert [row for message in others for row in message["rows"]] == last["rows"]
    assert len({message["run"] for message in (first, *others, last)}) == 1
    json.loads(ScoreTable().postprocess(last) or "", parse_constant=pytest.fail)


def test_stop_keeps_what_is_done(panel: ManyPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "BATCH", 2)
    session = JudgingSession()
    session.request("mnist", (str(zipped(tmp_path / "many.zip", {f"{i}.png": seven(i) for i in range(20)})),))
    messages = panel.on_begin(session)
    next(messages), next(messages)
    panel.on_stop(session)
    (last,) = messages
    assert (last["state"], last["total"], len(last["rows"])) == ("stopped", 20, 2)
    assert not readers()


def test_a_run_that_takes_long_ends_and_says_how_far_it_came(
    panel: ManyPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(TurnClock):
        turns = 0

        def __exit__(self, *_: object) -> None:
            self.turns += 1

        def seconds(self) -> float:
            return 100.0 * self.turns

    monkeypatch.setattr(many, "BATCH", 2)
    monkeypatch.setattr(many, "TurnClock", Slow)
    *_, last = run(panel, [zipped(tmp_path / "many.zip", {f"{i}.png": seven(i) for i in range(20)})])
    assert (last["state"], len(last["rows"])) == ("stopped", 4), "after 100 s it goes on, after 200 s it does not"
    assert "after 3 minutes, 4 of them were judged" in last["note"]
    for thread in readers():
        thread.join(timeout=10)
    assert not readers()


def test_only_a_runs_own_turns_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(many.time, "monotonic", lambda: now)
    clock = TurnClock()
    for _ in range(3):
        now += 1000  # others' turns
        assert clock.seconds() % 7 == 0
        with clock:
            now += 7
    assert clock.seconds() == 21


def test_a_newer_request_ends_the_older_which_says_no_more(panel: ManyPanel, tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(seven())
    session = JudgingSession()
    older = session.request("mnist", (str(path),))
    messages = panel.on_begin(session)
    next(messages)
    newer = session.request("mnist", (str(path),))
    assert newer.run > older.run
    assert list(messages) == []
    assert list(panel.on_begin(session))[-1]["run"] == newer.run
    assert list(panel.on_begin(session)) == [], "every request is judged once"


def test_a_closed_page_ends_the_reading(panel: ManyPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "BATCH", 2)
    session = JudgingSession()
    session.request("mnist", (str(zipped(tmp_path / "many.zip", {f"{i}.png": seven(i) for i in range(20)})),))
    messages = panel.on_begin(session)
    next(messages), next(messages)
    assert len(readers()) == 1
    messages.close()
    for thread in readers():
        thread.join(timeout=10)
    assert not readers()


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reading ahead"]


def test_too_many(tmp_path: Path) -> None:
    large = str(zipped(tmp_path / "large.zip", {f"{i}.png": b"" for i in range(MOST + 1)}))
    assert count_pictures(large) == 1
    (name, error), *rest = read_uploads([large])
    assert not rest
    assert name == "large.zip"
    assert "split it up" in str(error)
    full = str(zipped(tmp_path / "full.zip", {f"{i}.png": b"" for i in range(MOST)}))
    assert count_pictures(full) == MOST
    assert limit_note([full]) == ""
    assert "2,001 pictures; the first 2,000" in limit_note([full, large])


def test_provided_pictures_need_no_files_and_are_always_the_same(panel: ManyPanel) -> None:
    session = JudgingSession()
    panel.on_provided("mnist", 5, session)
    *_, last = panel.on_begin(session)
    assert len(last["rows"]) == PROVIDED == 24
    assert not any("error" in row for row in last["rows"])
    reasonable = [row["name"] for row in last["rows"] if row["p_value"] > 0.05]
    assert sum(name.startswith("digit") for name in reasonable) >= 7  # not all that a model draws is a digit
    assert not {name for name in reasonable if "fashion" in name or name in ("noise", "empty")}
    before = [(name, picture.tobytes()) for name, picture in provided_pictures(panel.models)]
    batches._sample.cache_clear()
    assert [(name, picture.tobytes()) for name, picture in provided_pictures(panel.models)] == before


def test_a_missing_model_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panel: ManyPanel) -> None:
    def gone(*_: object) -> None:
        raise gm_core.CheckpointError("there is no checkpoint 'mnist-detector'")

    monkeypatch.setattr(Models, "detector", gone)
    *_, last = run(panel, given(tmp_path))
    assert last["state"] == "failed"
    assert "mnist-detector" in last["note"]


def test_names_are_short_and_numbers_are_json() -> None:
    scored = batches.Scored("x" * 60_000, "mnist", error="y" * 60_000)
    assert len(json.dumps(batches.table_row(scored))) < 2000
    assert strict_json({"p": float("inf")}) == '{"p": null}'


def test_folders_of_uploads_are_not_handed_out(tmp_path: Path) -> None:
    with gr.Blocks():
        files = PictureFiles(file_count="multiple")
    assert files.preprocess(None) == ()
    path = tmp_path / "one.png"
    path.write_bytes(seven())
    assert files.preprocess(ListFiles([FileData(path=str(path))])) == (str(path),)
    assert list(tmp_path.iterdir()) == [path], "nothing is left behind"
    with pytest.raises(gr.Error, match="choose them again"):
        files.preprocess(ListFiles([FileData(path=str(tmp_path))]))


def test_another_dataset_offers_to_judge_the_same(panel: ManyPanel) -> None:
    session = JudgingSession()
    assert not panel.on_dataset("fashion", session).visible
    panel.on_provided("mnist", 5, session)
    offer = panel.on_dataset("fashion", session)
    assert offer.visible
    assert "clothes" in offer.value
    assert not panel.on_dataset("mnist", session).visible
    panel.on_again("fashion", 5, session)
    assert session.waiting is not None
    assert (session.waiting.dataset, session.waiting.paths) == ("fashion", None)


def test_batches_leave_the_mode_of_the_thread_alone(panel: ManyPanel, tmp_path: Path) -> None:
    session = JudgingSession()
    session.request("mnist", tuple(map(str, given(tmp_path))))
    for _ in panel.on_begin(session):
        assert not torch.is_inference_mode_enabled()
