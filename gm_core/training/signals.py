"""Being asked to end: by the user, the system, or a terminal that closes."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that is set when the user or the system asks the program to end; the current step is finished first."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be caught
        yield stopping
        return

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    # What is ignored stays so: ``nohup`` has a run outlive its terminal.
    caught = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in caught}
    try:
        yield stopping
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
