"""Which files of a folder are read: one rule, for training and for scoring.

A folder is read with all folders in it, in order of name, and links are followed. Every folder is read once, whatever
leads to it, so links may run in circles. What is hidden is passed over: every name that begins with a dot, which is how
notebooks, file managers and macOS hide copies (``.ipynb_checkpoints``, ``.thumbnails``, ``.Trash-1000``, ``._x.png``),
and the names of :data:`CLUTTER`. What cannot be looked at is reported where it lies, and the rest is read.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

CLUTTER = {
    *("$recycle.bin", "#recycle", "@recycle", "lost+found"),
    *("__macosx", "system volume information", "@eadir", "#snapshot", "@recently-snapshot"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini"),
}
"""Names, in lower case, of what systems leave in a folder without hiding it: trash, thumbnails, bookkeeping."""


def is_clutter(path: str) -> bool:
    """Whether a path inside a folder or an archive leads to, or through, something hidden.

    Args:
        path: Relative, with slashes; what lies above the folder is not asked.
    """
    return any(
        part.lower() in CLUTTER or (part.startswith(".") and part not in (".", "..")) for part in path.split("/")
    )


def walk(folder: str, endings: Collection[str]) -> Iterator[tuple[Path, OSError | None]]:
    """The files of a folder and of all folders in it, in order of name.

    Only the names of the folders on the way are in memory, so neither the number of files nor their depth matters.

    Args:
        folder: Where to begin, whatever its own name.
        endings: Endings of the files to be found, in lower case, with their dots.

    Yields:
        A path, and ``None`` for a file, or why it cannot be looked at: a locked folder, a link that leads nowhere, a
        path too long for the system.
    """
    top, seen = os.path.realpath(folder), set[tuple[int, int]]()
    levels: list[Iterator[os.DirEntry[str]]] = []
    try:
        levels.append(_entries(folder, seen))
    except OSError as error:
        yield Path(folder), error
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
            continue
        try:
            if entry.is_symlink():
                entry.stat()  # raises where the link leads nowhere
            if entry.is_dir():
                if not (entry.is_symlink() and _is_read_anyway(entry.path, top)):
                    levels.append(_entries(entry.path, seen))
                continue
        except OSError as error:
            yield Path(entry.path), error
            continue
        if Path(entry.name).suffix.lower() in endings:
            yield Path(entry.path), None


def _entries(folder: str, seen: set[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder, by name; nothing where it was read before."""
    found = Path(folder).stat()
    if (found.st_dev, found.st_ino) in seen:
        return iter(())
    seen.add((found.st_dev, found.st_ino))
    with os.scandir(folder) as entries:
        return iter(sorted((entry for entry in entries if not is_clutter(entry.name)), key=lambda entry: entry.name))


def _is_read_anyway(link: str, top: str) -> bool:
    """Whether a link leads to a folder that is read under its own name: inside the first one, and not hidden."""
    inside = os.path.relpath(os.path.realpath(link), top).replace(os.sep, "/")
    return inside.split("/")[0] != ".." and not is_clutter(inside)
