"""The program's own streams, which may be closed, full, no longer read, or a terminal of few letters."""

import io
import os
import sys
from pathlib import Path
from typing import IO, Any, TextIO, cast


class _Remarks:
    """Standard error, on which the program only makes remarks: that they cannot be written ends nothing.

    Args:
        stream: The stream itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if possible."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare_streams() -> None:
    """Let the program write to its standard streams whatever they are; to be called first.

    One that is closed leads nowhere, and its number goes to no other file. What a terminal's encoding lacks is written
    by its code. Errors of standard error are passed over, so that a progress bar never ends the work.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Remarks):
        sys.stderr = cast(TextIO, _Remarks(sys.stderr))


def drop_unwritten() -> None:
    """Give up what standard output does not take, so that the interpreter does not try it again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def is_standard_output(path: Path) -> bool:
    """Whether a path leads to where the program prints, as ``/dev/stdout`` does."""
    return _leads_to(path, 1)


def open_output(path: Path, mode: str, **options: Any) -> IO[Any]:
    """Open a file for writing.

    Args:
        path: Where. If the program has it open as a standard stream, it is written to through that, so that nothing of
            it is overwritten.
        mode: As for ``open``.
        **options: As for ``open``.
    """
    for number in (1, 2):
        if _leads_to(path, number):
            return open(number, mode, closefd=False, **options)
    return path.open(mode, **options)


def _leads_to(path: Path, number: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(number))
    except OSError:
        return False
