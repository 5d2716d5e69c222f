"""Processes that decode pictures: a few, started when needed, bounded in memory and time, and none at exit.

What a file makes a decoder do is not known before, so no file is decoded in the process that serves others. Small
files have lanes of their own, with narrow bounds: a digit never waits for a photograph.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gm_core.data.decoder import ENOUGH
from gm_core.data.decoder.serve import HEAD
from gm_core.device import cpu_count

Wanted = Callable[[], bool]
"""Whether the caller still waits."""


@dataclass(frozen=True)
class Bounds:
    """What a picture may cost.

    Attributes:
        seconds: Of processor time.
        memory: Bytes, beyond what an idle process has.
        wall: Seconds until it is given up whatever the processor did.
        wait: Seconds that it waits for its turn.
        nice: How far it gives way to other processes.
    """

    seconds: float = 2.0
    memory: int = 450 * 2**20
    wall: float = 20.0
    wait: float = 10.0
    nice: int = 10


class Failure(Exception):
    """Why there is no answer: ``time``, ``memory``, ``crash``, ``busy``, ``start``, or ``left`` if unwanted by now."""


@dataclass(frozen=True)
class Decoded:
    """What a decoding process answers.

    Attributes:
        mode: ``"L"`` or ``"RGB"``.
        size: Width and height.
        data: The pixels.
        range: The values taken for black and white, where there were more than 8 bits.
    """

    mode: str
    size: tuple[int, int]
    data: bytes
    range: tuple[float, float] | None


_START = """
import sys, types
core = types.ModuleType("gm_core")
core.__path__ = [sys.argv.pop(1)]
sys.modules["gm_core"] = core
from gm_core.data.decoder.serve import main
main()
"""
"""Imports the decoder without the rest of the package, which would take seconds."""


_CORE = str(Path(__file__).parents[1])


class _Worker:
    """One process, and the pipes to it."""

    def __init__(self, bounds: Bounds) -> None:
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        places = os.pathsep.join(place for place in sys.path if place)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _CORE, *map(str, (bounds.seconds, bounds.memory, bounds.nice))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": places, **one},
            bufsize=0,
            start_new_session=True,  # an interrupt from the keyboard is for the caller
        )
        self.deadline = float("inf")
        self.wanted: Wanted | None = None
        self.ended: str | None = None

    def ask(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        text = json.dumps(header).encode()
        try:
            self._send(HEAD.pack(len(text), len(data)) + text)
            self._send(data)
            lengths = HEAD.unpack(self._receive(HEAD.size))
            if lengths[0] > 2**16 or lengths[1] > 3 * (2 * ENOUGH) ** 2:
                raise ValueError("an answer of another length")
            answer, pixels = json.loads(self._receive(lengths[0])), self._receive(lengths[1])
        except (OSError, EOFError, ValueError):
            raise Failure(self.ended or "crash") from None
        return answer, pixels

    def _send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) :]

    def _receive(self, length: int) -> bytes:
        assert self.process.stdout is not None
        parts: list[bytes] = []
        while length:
            part = self.process.stdout.read(length)
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def kill(self) -> None:
        """End it with its child."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    def close(self) -> None:
        """End it, and wait until it has."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.process.wait()


class Pool:
    """Lanes for decoding.

    Args:
        lanes: Processes at once, at most.
        bounds: What a picture may cost.
    """

    def __init__(self, lanes: int, bounds: Bounds) -> None:
        self.bounds, self.lanes = bounds, lanes
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Forget all processes: they are another's, after a fork."""
        self._free = threading.BoundedSemaphore(self.lanes)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._watch: threading.Thread | None = None

    def ask(self, header: dict[str, Any], data: bytes, wanted: Wanted | None = None) -> tuple[dict[str, Any], bytes]:
        """Have a file decoded.

        Args:
            header: How to unpack it, empty when it is not packed.
            data: The file.
            wanted: Asked now and then whether the answer is still wanted.

        Raises:
            Failure: There is no answer.
        """
        self._take_lane(wanted)
        worker = None
        try:
            worker = self._begin(wanted)
            answer = worker.ask(header, data)
        except BaseException:
            self._end(worker, keep=False)
            raise
        self._end(worker, keep=True)
        if "failed" in answer[0]:
            raise Failure(str(answer[0]["failed"]))
        return answer

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            workers = [*self._idle, *self._busy]
            self._idle.clear()
        for worker in workers:
            worker.close()

    def _take_lane(self, wanted: Wanted | None) -> None:
        until = time.monotonic() + self.bounds.wait
        while not self._free.acquire(timeout=0.1):
            if wanted is not None and not wanted():
                raise Failure("left")
            if time.monotonic() > until:
                raise Failure("busy")

    def _begin(self, wanted: Wanted | None) -> _Worker:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None and worker.process.poll() is not None:  # the system ended it meanwhile
            worker.close()
            worker = None
        try:
            worker = worker or _Worker(self.bounds)
        except (OSError, ValueError):
            raise Failure("start") from None
        worker.wanted, worker.deadline = wanted, time.monotonic() + self.bounds.wall
        with self._lock:
            self._busy.add(worker)
            if self._watch is None:
                self._watch = threading.Thread(target=self._watch_over, name="watching decoders", daemon=True)
                self._watch.start()
        return worker

    def _end(self, worker: _Worker | None, *, keep: bool) -> None:
        if worker is not None:
            with self._lock:
                self._busy.discard(worker)
                keep = keep and worker.ended is None
                if keep:
                    worker.wanted, worker.deadline = None, float("inf")
                    self._idle.append(worker)
            if not keep:
                worker.close()
        self._free.release()

    def _watch_over(self) -> None:
        """End what takes too long or is not wanted any more, until nothing is being decoded."""
        while True:
            time.sleep(0.05)
            with self._lock:
                if not self._busy:
                    self._watch = None
                    return
                for worker in self._busy:
                    left = worker.wanted is not None and not worker.wanted()
                    if left or time.monotonic() > worker.deadline:
                        worker.ended = "left" if left else "time"
                        worker.kill()


QUICK_BYTES = 256 * 2**10
"""Files up to this size try the quick lanes first."""

QUICK = Pool(2, Bounds(seconds=0.15, wall=5.0, nice=0))
"""For what is decoded at once, as almost every small file is."""

FULL = Pool(min(8, max(2, cpu_count())), Bounds())
"""For everything else."""

atexit.register(QUICK.close)
atexit.register(FULL.close)


def ask(header: dict[str, Any], data: bytes, wanted: Wanted | None = None) -> Decoded | str:
    """Have a file decoded by whichever process is right for it.

    Args:
        header: How to unpack it, empty when it is not packed.
        data: The file.
        wanted: Asked now and then whether the answer is still wanted.

    Returns:
        The picture, or what is wrong with the file.

    Raises:
        Failure: There is no answer.
    """
    if len(data) <= QUICK_BYTES:
        try:
            return _check(*QUICK.ask(header, data, wanted))
        except Failure as failure:
            if str(failure) not in ("time", "memory"):
                raise
    return _check(*FULL.ask(header, data, wanted))


def _check(answer: Any, pixels: bytes) -> Decoded | str:
    """An answer as it must be: what decodes hostile files is not trusted either."""
    try:
        if "refusal" in answer:
            return str(answer["refusal"])
        (width, height), mode = map(int, answer["size"]), answer["mode"]
        bands = {"L": 1, "RGB": 3}[mode]
        if min(width, height) < 1 or len(pixels) != width * height * bands:
            raise ValueError
        low_high = answer["range"]
        return Decoded(mode, (width, height), pixels, low_high and (float(low_high[0]), float(low_high[1])))
    except (KeyError, TypeError, ValueError, IndexError):
        raise Failure("crash") from None
