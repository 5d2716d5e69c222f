"""A flood of errors does not fill the log."""

import io
import traceback

from demo.base import logs
from demo.base.logs import BoundedLog


def test_a_million_tracebacks_leave_a_bounded_log_that_says_so(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(logs, "monotonic", lambda: now[0])
    stream = io.StringIO()
    log = BoundedLog(stream, most=10_000, seconds=100)
    for _ in range(2_000):
        try:
            raise ValueError("sent by a client")
        except ValueError:
            traceback.print_exc(file=log)
    assert 9_000 < len(stream.getvalue()) <= 10_000
    now[0] += 50
    print("an error of the server", file=log)
    assert stream.getvalue().endswith("they came too fast]\nan error of the server\n")
    assert len(stream.getvalue()) < 10_200
    now[0] += 1000
    print("x" * 9_000, file=log)
    assert stream.getvalue().endswith("x\n")


def test_what_is_not_writing_is_the_streams_own():
    stream = io.StringIO()
    log = BoundedLog(stream)
    log.writelines(["a\n", "b\n"])
    log.flush()
    assert (stream.getvalue(), log.isatty(), log.closed) == ("a\nb\n", False, False)
