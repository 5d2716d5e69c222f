"""Writing and reading files so that a crash, a full disk or a hostile file does no harm."""

import hashlib
import os
import tempfile
from pathlib import Path

from gm_core.streams import is_standard_output, open_output


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: under another name first, then renamed.

    A link is followed; a pipe, a device, or what a standard stream leads to is written to directly.

    Args:
        path: Where to write; its folder is made if needed.
        data: The content.
    """
    if is_standard_output(path) or (path.exists() and not path.is_file()):  # before resolving: a pipe has no other name
        with open_output(path, "wb") as file:
            file.write(data)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256(data: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
