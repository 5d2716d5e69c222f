"""Many pictures: files, folders and zip archives, one picture after the other."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gm_core.data.archives import in_archive, is_zip
from gm_core.data.pictures import ENDINGS, REFUSED, PictureError, Read, try_open
from gm_core.data.walk import walk
from gm_core.data.workers import Wanted


def read_pictures(
    paths: Iterable[str | Path], members: int | None = None, wanted: Wanted | None = None
) -> Iterator[Read]:
    """Read pictures one after the other, holding no more than one.

    A folder gives its pictures and those of the folders in it, in order of name, by the rule of
    :mod:`gm_core.data.walk`. So does a zip archive, which is never unpacked to a disk. What else lies there is passed
    over.

    Args:
        paths: Pictures, folders and zip archives.
        members: Archives of more files are refused; any number when left out.
        wanted: As for :func:`gm_core.data.pictures.open_picture`.

    Yields:
        What to call a picture, and what :func:`gm_core.data.pictures.open_picture` makes of it, or why it cannot be
        read. A member of an archive is called after both.
    """
    for path in map(Path, paths):
        try:
            is_folder = path.is_dir()
        except OSError as error:
            yield str(path), _unreadable(path, error)
            continue
        if is_folder:
            found = False
            for file, fault in walk(str(path), ENDINGS | REFUSED):
                found = True
                yield str(file), try_open(file, wanted=wanted) if fault is None else _unreadable(file, fault)
            if not found:
                yield str(path), PictureError(f"there is no picture in {path}")
        elif is_zip(path):
            yield from in_archive(path, members, wanted)
        else:
            yield str(path), try_open(path, wanted=wanted)


def _unreadable(path: Path, error: OSError) -> PictureError:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return PictureError(f"{path.name} is a link that leads nowhere; restore what it leads to, or delete it")
    return PictureError(f"{path.name} cannot be opened ({error.strerror})")
