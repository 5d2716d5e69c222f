"""One bad member costs no other, whatever it is called and however it is packed."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from gm_core import PictureError
from gm_core.data.archives import count_pictures
from gm_core.data.folders import read_pictures


def picture(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (9, 9), grey).save(buffer, "PNG")
    return buffer.getvalue()


def packed(path, members: dict[str, bytes], methods: dict[str, int] | None = None):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content, (methods or {}).get(name, zipfile.ZIP_STORED))
    return path


def said(path, most=None) -> list[str | int]:
    lines = [str(one) if isinstance(one, PictureError) else int(np.asarray(one)[0, 0]) for _, one in
             read_pictures([path], most)]  # fmt: skip
    assert count_pictures(path, most) == len(lines)
    return lines


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_are_read(tmp_path, method):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1), "b.png": picture(2)}, {"a.png": method})
    assert said(path) == [1, 2]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_of_any_method_is_one_line(tmp_path, method):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1) * 20, "b.png": picture(2)}, {"a.png": method})
    data = path.read_bytes()
    for spoilt in (bytes([255] * 12), b"\0" * 12, data[60:72][::-1]):
        path.write_bytes(data[:37] + spoilt + data[49:])
        first, second = said(path)
        assert str(first).startswith("a.png is damaged in its archive") and str(first).isprintable()
        assert second == 2


@pytest.mark.parametrize(
    ("method", "words"),
    [(9, "method that is not read"), (1, "method"), (93, "method"), (98, "method"), (99, "encrypted"), (65535, "met")],
)
def test_methods_that_are_not_read_are_one_line(tmp_path, method, words):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1), "b.png": picture(2)})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2")
    data[place + 10 : place + 12] = struct.pack("<H", method)
    path.write_bytes(bytes(data))
    first, second = said(path)
    assert words in str(first) and second == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_never_unpacks_to_more_than_it_says(tmp_path, method):
    path = packed(tmp_path / "x.zip", {"a.png": bytes(30_000_000), "b.png": picture(2)}, {"a.png": method})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 500)))
    first, second = said(path)
    assert "a.png is damaged in its archive" in str(first) and second == 2


@pytest.mark.parametrize("name", [b"\xff\xfe.png", b"\xed\xa0\x80.png", b"a\0b.png", b"\x80\x81\n.png"])
@pytest.mark.parametrize("utf8", [False, True])
def test_any_name_is_shown_and_its_picture_read(tmp_path, name, utf8):
    path = packed(tmp_path / "x.zip", {"n" * (len(name) - 4) + ".png": picture(1), "z.png": picture(2)})
    data = path.read_bytes().replace(b"n" * (len(name) - 4) + b".png", name)
    if utf8:
        place = data.index(b"PK\1\2")
        data = data[: place + 8] + struct.pack("<H", 0x800) + data[place + 10 :]
    path.write_bytes(data)
    names = [name for name, _ in read_pictures([path])]
    for one in names:
        one.encode("utf-8")  # can be printed, and put into JSON
    assert 2 in said(path)
    if b"\0" not in name:  # else its ending is not that of a picture
        assert sorted(map(str, said(path))) == ["1", "2"]


def test_a_broken_entry_costs_no_other(tmp_path):
    path = packed(tmp_path / "x.zip", {f"{i}.png": picture(i) for i in range(4)})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[place : place + 4] = b"XXXX"
    path.write_bytes(bytes(data))
    assert said(path) == [0, 2, 3, "x.zip says that it holds 1 more files; pack it again"]
    extra = bytearray(packed(tmp_path / "y.zip", {f"{i}.png": picture(i) for i in range(3)}).read_bytes())
    place = extra.index(b"PK\1\2")
    extra[place + 6 : place + 8] = b"\xff\xff"  # a version of the format that is not there yet
    (tmp_path / "y.zip").write_bytes(bytes(extra))
    assert said(tmp_path / "y.zip") == [0, 1, 2]


def test_what_lies_before_an_archive_moves_it(tmp_path):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1)})
    path.write_bytes(b"#!/bin/sh\n" * 9 + path.read_bytes())
    assert said(path) == [1]


def test_wide_numbers_are_read(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.png", "w", force_zip64=True) as member:
        member.write(picture(7))
    assert said(path) == [7]


def test_members_that_point_anywhere_are_one_line(tmp_path):
    path = packed(tmp_path / "x.zip", {"a.png": picture(1), "b.png": picture(2)})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2")
    for at in (1, 2**31, 2**32 - 2):
        data[place + 42 : place + 46] = struct.pack("<I", at)
        path.write_bytes(bytes(data))
        first, second = said(path)
        assert "a.png is damaged in its archive" in str(first) and second == 2
