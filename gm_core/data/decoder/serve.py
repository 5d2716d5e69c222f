"""The decoding process: reads requests from standard input and answers on standard output.

A message is its length, a header in JSON, and bytes; nothing in it is ever run or unpickled. The process itself
decodes nothing: its child does, with bounds, and when the system ends that one, another takes its place. Where
processes cannot fork, the only bound is the caller's, on time.
"""

import gc
import io
import json
import os
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from gm_core.data.decoder import Refusal
from gm_core.data.decoder.decode import decode, set_limits
from gm_core.data.decoder.depth import RANGE
from gm_core.data.decoder.unpack import unpack

HEAD = struct.Struct("<II")
"""Lengths of a message's header and of its bytes."""

EACH = 500
"""Pictures that a child decodes before another takes its place, which gives back whatever it kept."""

_INPUT = io.FileIO(0, closefd=False)
_RENEW = 3
_FORKS = hasattr(os, "fork") and hasattr(signal, "setitimer")

Header = dict[str, Any]


def main() -> None:
    """Answer until standard input ends.

    Arguments: seconds of processor time and bytes of memory per picture, and how far this gives way to other processes.
    """
    seconds, memory, nice = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    set_limits()
    _give_way(nice)
    if not _FORKS:
        _work(0.0, sys.maxsize)
        return
    gc.freeze()
    while True:
        child = os.fork()
        if child == 0:
            _limit_memory(memory)
            os._exit(_work(seconds, EACH))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            late = os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU)
            _write({"failed": "time" if late else "memory" if os.WTERMSIG(status) == signal.SIGKILL else "crash"}, b"")
        elif os.WEXITSTATUS(status) == 0:
            return
        elif os.WEXITSTATUS(status) != _RENEW:
            _write({"failed": "memory"}, b"")


def _work(seconds: float, most: int) -> int:
    """Answer so many requests, each within so much processor time; the exit code says whether there may be more."""
    for _ in range(most):
        request = _read()
        if request is None:
            return 0
        _set_timer(seconds)  # at its end the system ends the process, inside a decoder too
        header, data = _answer(*request)
        _set_timer(0)
        _write(header, data)
        del request, data
    return _RENEW


def _answer(header: Header, data: bytes) -> tuple[Header, bytes]:
    try:
        if "method" in header:
            data = unpack(data, header["method"], header["size"], header["checksum"])
        picture = decode(data)
        told = {"mode": picture.mode, "size": picture.size, "range": picture.info.get(RANGE)}
        return told, picture.tobytes()
    except Refusal as refusal:
        return {"refusal": str(refusal)[:300]}, b""
    except MemoryError:
        return {"failed": "memory"}, b""
    except RecursionError:
        return {"failed": "crash"}, b""


def _set_timer(seconds: float) -> None:
    if _FORKS:
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _give_way(nice: int) -> None:
    """Let other processes come first, as far as the system can."""
    if nice and hasattr(os, "nice"):
        os.nice(nice)
        with suppress(OSError):  # where the system shares by sessions
            Path("/proc/self/autogroup").write_text(str(nice))


def _limit_memory(memory: int) -> None:
    """Let this process have so many bytes more than it has."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # a system without: the bound on time remains
        return


def _read() -> tuple[Header, bytes] | None:
    head = _take(HEAD.size)
    if head is None:
        return None
    header, data = (_take(length) for length in HEAD.unpack(head))
    return None if header is None or data is None else (json.loads(header), data)


def _take(length: int) -> bytes | None:
    """So many bytes of standard input, unbuffered: what comes after is the next child's."""
    taken = bytearray(length)
    view = memoryview(taken)
    place = 0
    while place < length:
        count = _INPUT.readinto(view[place:])
        if not count:
            return None
        place += count
    view.release()
    return bytes(taken)


def _write(header: Header, data: bytes) -> None:
    text = json.dumps(header).encode()
    sys.stdout.buffer.write(HEAD.pack(len(text), len(data)) + text)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
