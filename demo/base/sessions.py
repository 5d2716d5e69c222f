"""What one user is having computed: a newer run puts an end to an older one."""

import time


class Session:
    """The runs of one user, kept in a ``gr.State``.

    Attributes:
        run: Number of the newest run; 0 before the first.
    """

    def __init__(self) -> None:
        self.run = 0

    def begin(self) -> int:
        """Begin a run, and end the one before: its number."""
        self.run = max(self.run + 1, new_run())
        return self.run

    def is_current(self, run: int) -> bool:
        """Whether no newer run has begun."""
        return self.run == run


def new_run() -> int:
    """Number of a new run, higher than all before, also than those before the server's last start."""
    return time.time_ns() // 1000
