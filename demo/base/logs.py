"""A log that no client can fill a disk with: every bad request may be worth a traceback, but not a million of them."""

import threading
from time import monotonic
from typing import Any, TextIO

MOST, SECONDS = 2**16, 600.0
"""Characters at once, and seconds until so many more may be written."""


class BoundedLog:
    """A stream that leaves out what comes too fast, and says how much that was as soon as there is room again.

    Args:
        stream: Where to write.
        most: Characters that may be written at once.
        seconds: Until so many more may be written.
    """

    def __init__(self, stream: TextIO, most: int = MOST, seconds: float = SECONDS) -> None:
        self._stream, self._most, self._rate = stream, most, most / seconds
        self._room, self._last, self._left_out = float(most), monotonic(), 0
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's own."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or leave out."""
        with self._lock:
            now = monotonic()
            self._room = min(self._most, self._room + (now - self._last) * self._rate)
            self._last = now
            # Once full, it waits until there is room for more than a line.
            if len(text) > self._room or (self._left_out and self._room < self._most / 4):
                self._left_out += len(text)
                return len(text)
            if self._left_out:
                self._stream.write(f"[{self._left_out:,} characters of this log were left out: they came too fast]\n")
                self._left_out = 0
            self._room -= len(text)
            return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)
