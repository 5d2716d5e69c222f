"""What a file is called stays within its line, its cell and its word."""

import csv
import json
import os
import shutil
import subprocess
import unicodedata

import pytest

from gm_core.checkpoints import Card, CheckpointError, read_card, write_card
from gm_core.data.pictures import PictureError
from gm_core.text import csv_line, json_text, printable, shell_word
from tests.helpers import HOSTILE_NAMES


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_shown_name_is_one_line_of_what_can_be_seen(name):
    shown = printable(name)
    assert shown.splitlines() == [shown] and shown.encode()
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert printable(shown) == shown


def test_a_name_that_can_be_seen_is_shown_as_it_is():
    for name in ("Ümläute é.png", "数字　一.png", "כלב.png", "a b.png", "C:\\a.png", "🐈.png"):
        assert printable(name) == name


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_json_keeps_every_name(name):
    text = json_text({"path": name})
    assert json.loads(text.encode()) == {"path": name}
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_spreadsheet_computes_or_ends_the_row(name, delimiter):
    line = csv_line([name, -1.5, f"{name} is not a picture"])
    assert len(line.splitlines()) == 1
    (cells,) = csv.reader([line], delimiter=delimiter)
    assert delimiter != "," or (len(cells) == 3 and cells[1] == "-1.5")
    assert not any(cell.lstrip().startswith(tuple("=+-@＝")) for cell in cells if cell != "-1.5")


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_a_shell_reads_the_words_that_were_meant():
    for encoding in ("utf-8", "ascii", "cp1252"):
        command = "printf '%s\\0' " + " ".join(shell_word(name, encoding) for name in HOSTILE_NAMES)
        assert printable(command) == command and command.encode(encoding)
        read = subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout
        assert read.split(b"\0")[:-1] == [os.fsencode(name) for name in HOSTILE_NAMES]


@pytest.mark.parametrize("kind", [PictureError, CheckpointError])
def test_a_message_repeats_no_more_than_one_line(kind):
    assert str(kind("a\nb\x1b[2J.png is damaged")) == "a\\nb\\x1b[2J.png is damaged"


def test_a_card_holds_the_names_that_classes_are_shown_by(tmp_path):
    names = [printable(name) for name in HOSTILE_NAMES]
    write_card(Card("mnist-tiny", "vae", "A test's own.", "mnist", "none", class_names=names), tmp_path)
    assert read_card("mnist-tiny", tmp_path).class_names == names
