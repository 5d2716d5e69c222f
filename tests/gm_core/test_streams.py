"""Streams that are closed, full or unread cost no work; files that are streams are written to as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gm_core.files import write_atomically
from gm_core.streams import is_standard_output, open_output

STREAMS = Path(__file__).parents[2] / "gm_core" / "streams.py"


def run(program, redirection, **environment):
    """Run a program that has ``streams``, its own redirected by a shell: status, output, errors."""
    begin = f"import runpy, sys; streams = runpy.run_path({str(STREAMS)!r}); streams['prepare_streams'](); "
    command = ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, begin + program]
    buffered = {**os.environ, "PYTHONUNBUFFERED": "", **environment}
    ended = subprocess.run(command, capture_output=True, env=buffered, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_closed_streams_lead_nowhere_and_no_file_takes_their_place(tmp_path):
    path = tmp_path / "file"
    write = "print('out'); print('err', file=sys.stderr); "
    write += f"file = open({str(path)!r}, 'w'); file.write(str(file.fileno()))"
    for redirection in ("2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        assert run(write, redirection)[0] == 0
        assert int(path.read_text()) > 2


def test_what_a_terminal_lacks_is_written_by_its_code():
    for encoding in ("ascii", "cp1252", "utf-8:strict"):
        code, out, _ = run(r"print('数\udce9')", "", PYTHONIOENCODING=encoding)
        assert (code, len(out.splitlines())) == (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_errors_of_remarks_end_nothing():
    program = "[print(i, file=sys.stderr, flush=True) for i in range(3)]; print('done')"
    assert run(program, "2>/dev/full") == (0, b"done\n", b"")
    assert run(program, "2> >(true)")[:2] == (0, b"done\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_what_output_does_not_take_is_given_up():
    assert run("print('lost'); streams['drop_unwritten']()", ">/dev/full") == (0, b"", b"")


def test_a_pipe_is_written_to_by_any_of_its_names(tmp_path):
    reading, writing = os.pipe()
    write_atomically(Path(f"/dev/fd/{writing}"), b"bytes")
    assert os.read(reading, 9) == b"bytes"
    os.close(reading)
    os.close(writing)
    named = tmp_path / "pipe"
    os.mkfifo(named)
    reading = os.open(named, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(named, b"bytes")
    assert os.read(reading, 9) == b"bytes" and named.is_fifo()
    os.close(reading)


def test_what_is_printed_to_is_continued_not_replaced(tmp_path, capfd):
    """As by ``--out /dev/stdout >> log``."""
    log = tmp_path / "log"
    log.write_bytes(b"before ")
    before = os.dup(1)
    appended = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(appended, 1)
    try:
        assert is_standard_output(log) and not is_standard_output(tmp_path / "other")
        write_atomically(log, b"picture")
        with open_output(log, "w", encoding="utf-8") as file:
            file.write(" table")
        with open_output(tmp_path / "other", "w", encoding="utf-8") as file:
            file.write("table")
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(appended)
    assert log.read_bytes() == b"before picture table" and (tmp_path / "other").read_text() == "table"


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    path = tmp_path / ("x" * 251 + ".png")
    write_atomically(path, b"picture")
    assert list(tmp_path.iterdir()) == [path]
