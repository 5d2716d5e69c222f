"""Files, folders and archives are read one picture at a time, and nothing in them can do harm."""

import errno
import io
import os
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gm_core import PictureError
from gm_core.data import archives
from gm_core.data.folders import read_pictures


def picture(grey: int = 0, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (9, 9), grey).save(buffer, kind)
    return buffer.getvalue()


def packed(path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def said(paths, members=None) -> list[tuple[str, str | int]]:
    """Names with the grey of the picture, or with the message."""
    return [
        (name, str(one) if isinstance(one, PictureError) else int(np.asarray(one)[0, 0]))
        for name, one in read_pictures(paths, members)
    ]


def test_files_as_they_come_and_folders_in_order_of_name(tmp_path):
    for name, grey in (("b.png", 2), ("a/z.png", 1), ("c/a/y.PNG", 3), ("x.bmp", 4)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9), grey).save(path)
    (tmp_path / "notes.txt").write_text("not a picture, and not called one")
    (tmp_path / "._b.png").write_text("what macOS leaves behind")
    (tmp_path / "c" / "round").symlink_to(tmp_path)
    expected = [("a/z.png", 1), ("b.png", 2), ("c/a/y.PNG", 3), ("x.bmp", 4)]
    expected = [(str(tmp_path / name), grey) for name, grey in expected]
    assert said([tmp_path]) == expected
    assert said([tmp_path / "x.bmp", tmp_path / "a", tmp_path / "x.bmp"]) == [expected[3], expected[0], expected[3]]


def test_what_cannot_be_had_has_its_line_and_the_rest_is_read(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    (tmp_path / "good.png").write_bytes(picture(7))
    lines = dict(said([tmp_path / "empty", tmp_path / "gone.png", tmp_path / "phone.heic", tmp_path / "good.png"]))
    assert "there is no picture in" in lines[str(tmp_path / "empty")]
    assert "gone.png cannot be opened" in lines[str(tmp_path / "gone.png")]
    assert "phone.heic is an HEIC picture" in lines[str(tmp_path / "phone.heic")]
    assert lines[str(tmp_path / "good.png")] == 7
    assert "HEIC" in str(said([tmp_path])[1])  # in a folder it is not passed over


def test_an_archive_gives_its_pictures_in_order_of_name(tmp_path):
    members = {
        "b.png": picture(2),
        "a/": b"",
        "a/x.png": picture(1),
        "../../etc/c.png": picture(3),
        "__MACOSX/._b.png": b"clutter",
        "a/._x.png": b"clutter",
        "read me.txt": b"words",
        "note.png": b"words",
        "more.zip": b"PK",
    }
    path = packed(tmp_path / "many.zip", members)
    before = sorted(tmp_path.parent.rglob("*"))
    lines = said([path])
    assert [name.removeprefix(f"{path}/") for name, _ in lines] == [
        "../../etc/c.png", "a/x.png", "b.png", "more.zip", "note.png"
    ]  # fmt: skip
    assert [what for _, what in lines[:3]] == [3, 1, 2]
    assert lines[3][1] == "more.zip is an archive within an archive; unpack it first"
    assert "note.png is not a picture" in lines[4][1]
    assert sorted(tmp_path.parent.rglob("*")) == before  # nothing was unpacked anywhere
    renamed = path.rename(tmp_path / "many.png")
    assert [what for _, what in said([renamed])] == [what for _, what in lines]


def test_bombs_are_refused_by_what_they_declare_and_by_what_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
    path = packed(tmp_path / "bomb.zip", {"declared.bmp": bytes(20_000), "good.png": picture(5)})
    lines = said([path])
    assert "declared.bmp is larger than" in lines[0][1]
    assert lines[1][1] == 5
    # One that declares less than it unpacks to: read as far as it declares, and found out by its checksum.
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 20_000), struct.pack("<I", 500)))
    lines = said([path])
    assert "declared.bmp is damaged in its archive" in lines[0][1]
    assert lines[1][1] == 5
    monkeypatch.setattr(archives, "MAX_UNPACKED", 15_000)
    path = packed(tmp_path / "sum.zip", {f"{i}.bmp": bytes(9_000) for i in range(2)})
    assert "sum.zip unpacks to over" in said([path])[0][1]


def test_an_archive_of_too_many_files_is_refused_where_there_is_a_limit(tmp_path):
    path = packed(tmp_path / "many.zip", {f"{i}.png": picture(i) for i in range(4)})
    assert said([path], members=3) == [(str(path), "many.zip holds 4 files, over 3; split it up")]
    assert len(said([path], members=4)) == len(said([path])) == 4


@pytest.mark.parametrize("spoil", ["cut", "middle", "empty", "words"])
def test_a_damaged_archive_is_one_clear_line(tmp_path, spoil):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1), "b.png": picture(2)}, zipfile.ZIP_STORED)
    data = path.read_bytes()
    if spoil == "middle":
        path.write_bytes(data.replace(picture(1), bytes(len(picture(1)))))
        lines = said([path])
        assert "a.png is damaged in its archive" in lines[0][1]
        assert lines[1][1] == 2
        return
    path.write_bytes({"cut": data[:-30], "empty": b"", "words": b"not an archive"}[spoil])
    ((name, message),) = said([path])
    assert name == str(path)
    assert "x.zip is a damaged archive" in message and "pack it again" in message


def test_an_encrypted_member_and_an_empty_archive_are_told(tmp_path):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's own header, and the one in the list of all
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert said([path])[0][1] == "a.png is encrypted; pack it without a password"
    assert said([packed(tmp_path / "y.zip", {})])[0][1] == "there is no picture in y.zip"
    assert said([packed(tmp_path / "z.zip", {"a.txt": b""})])[0][1] == "there is no picture in z.zip"


def save(path, grey: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(grey))


def names(folder) -> list[str]:
    """What is read of a folder, relative to it."""
    return [name.removeprefix(f"{folder}/") for name, what in said([folder]) if isinstance(what, int)]


def test_links_are_followed_and_every_folder_is_read_once(tmp_path):
    for kind in ("cat", "dog"):
        save(tmp_path / "all" / kind / "x.png")
    half, subset = tmp_path / "half", tmp_path / "subset"
    save(half / "cat" / "x.png")
    (half / "dog").symlink_to(tmp_path / "all" / "dog")
    (half / "b.png").symlink_to(half / "cat" / "x.png")
    assert names(half) == ["b.png", "cat/x.png", "dog/x.png"]
    subset.mkdir()
    for kind in ("cat", "dog"):
        (subset / kind).symlink_to(tmp_path / "all" / kind)
    (tmp_path / "all" / "dog" / "back").symlink_to(subset)  # in circles, from outside
    (subset / "again").symlink_to(tmp_path / "all")
    (subset / "self").symlink_to(".")
    assert names(subset) == ["again/cat/x.png", "again/dog/x.png"]
    (subset / "again").unlink()
    assert names(subset) == ["cat/x.png", "dog/x.png"]
    (tmp_path / "link").symlink_to(subset)
    assert names(tmp_path / "link") == ["cat/x.png", "dog/x.png"]


def test_a_folder_is_read_under_its_own_name_unless_that_is_hidden(tmp_path):
    save(tmp_path / "real" / "x.png")
    save(tmp_path / ".store" / "dog" / "y.png")
    (tmp_path / "latest").symlink_to("real")  # comes first by name
    (tmp_path / "dog").symlink_to(".store/dog")
    assert names(tmp_path) == ["dog/y.png", "real/x.png"]


def test_many_links_among_folders_end(tmp_path):
    """Each of twelve folders links to all: 12! ways to go, and twelve pictures."""
    everything = tmp_path / "everything"
    for number in range(12):
        save(everything / str(number) / "x.png")
        for other in range(12):
            (everything / str(number) / f"to{other}").symlink_to(everything / str(other))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "in").symlink_to(everything)
    assert len(names(everything)) == len(names(tmp_path / "outside")) == 12


HIDDEN = (
    *(".ipynb_checkpoints/x.png", ".thumbnails/x.png", ".Trash-1000/files/x.png", ".git/x.png", "._x.png", ".x.png"),
    *(
        "$RECYCLE.BIN/S-1/x.png",
        "__MACOSX/x.png",
        "@eaDir/x.png",
        "System Volume Information/x.png",
        "lost+found/x.png",
    ),
)


def test_what_is_hidden_is_passed_over_in_folders_and_archives_alike(tmp_path):
    folder = tmp_path / ".cache" / "pets"  # the folder that was named is read, wherever it lies
    shown = ["cat/trash/x.png", "cat/x.png", "trash/x.png", "x.png"]  # litter is a class, too
    for name in (*shown, *HIDDEN, *(f"cat/{name}" for name in HIDDEN)):
        save(folder / name)
    (folder / "Thumbs.db").write_bytes(b"thumbnails")
    assert names(folder) == shown
    path = packed(tmp_path / "x.zip", {name: picture() for name in (*shown, *HIDDEN, "./dog/x.png")})
    assert sorted(names(path)) == sorted(["./dog/x.png", *shown])
    assert said([folder / ".x.png"]) == [(str(folder / ".x.png"), 0)]


def test_what_cannot_be_looked_at_has_its_line(tmp_path):
    save(tmp_path / "a" / "good.png", 7)
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a" / "round.png").symlink_to("round.png")
    long = tmp_path / ("x" * 300 + ".png")
    lines = dict(said([long, tmp_path / "a"]))
    assert lines[str(tmp_path / "a" / "good.png")] == 7 and len(lines) == 4
    assert "File name too long" in lines[str(long)]
    assert lines[str(tmp_path / "a" / "gone")].startswith("gone is a link that leads nowhere")
    assert "round.png cannot be opened" in lines[str(tmp_path / "a" / "round.png")]


def test_a_locked_folder_has_its_line_at_any_place(tmp_path, monkeypatch):
    """Tests may run as the administrator, to whom nothing is locked."""
    save(tmp_path / "good.png", 7)
    (tmp_path / "locked").mkdir()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    locked = (str(tmp_path / "locked"), "locked cannot be opened (Permission denied)")
    assert said([tmp_path]) == [(str(tmp_path / "good.png"), 7), locked]
    assert said([tmp_path / "locked", tmp_path / "good.png"]) == [locked, (str(tmp_path / "good.png"), 7)]


@pytest.mark.parametrize(("name", "depth"), [("a", 1200), ("a" * 200, 30)])
def test_deep_folders_end_in_a_picture_or_a_line(tmp_path, monkeypatch, name, depth):
    """Deeper than recursion goes, and deeper than a path may be long."""
    save(tmp_path / "z.png", 7)
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        Path(name).mkdir()
        os.chdir(name)
    Path("x.png").write_bytes(picture(5))
    os.chdir(tmp_path)
    (deep, what), good = said([tmp_path])
    assert good == (str(tmp_path / "z.png"), 7)
    assert deep.startswith(str(tmp_path / name / name))
    assert what == 5 if depth == 1200 else "File name too long" in what
    subprocess.run(["rm", "-r", tmp_path / name], check=True)  # pytest's own cleaning recurses
