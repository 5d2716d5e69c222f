"""Many pictures: files, folders and zip archives, one picture after the other."""

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from gm_core.data.pictures import ENDINGS, MAX_BYTES, PictureError, open_picture
from gm_core.data.walk import is_clutter, walk

MAX_UNPACKED = 4 * 2**30
"""Archives that unpack to more bytes in all are refused before anything is unpacked."""

REFUSED = {".heic", ".heif", ".svg", ".psd", ".jxl"}
"""Endings of pictures that cannot be read: each gets its line, where other files in a folder are passed over."""

ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"}

Read = tuple[str, Image.Image | PictureError]
"""A picture's name, and the picture or what is wrong with it."""


def read_pictures(paths: Iterable[str | Path], members: int | None = None) -> Iterator[Read]:
    """Read pictures one after the other, holding no more than one.

    A folder gives its pictures and those of the folders in it, in order of name, by the rule of
    :mod:`gm_core.data.walk`. So does a zip archive, which is never unpacked to a disk. What else lies there is passed
    over.

    Args:
        paths: Pictures, folders and zip archives.
        members: Archives of more files are refused; any number when left out.

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
                yield str(file), _try_open(file) if fault is None else _unreadable(file, fault)
            if not found:
                yield str(path), PictureError(f"there is no picture in {path}")
        elif _is_zip(path):
            yield from _in_archive(path, members)
        else:
            yield str(path), _try_open(path)


def _try_open(source: Path | bytes, name: str | None = None) -> Image.Image | PictureError:
    try:
        return open_picture(source, name)
    except PictureError as error:
        return error


def _unreadable(path: Path, error: OSError) -> PictureError:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return PictureError(f"{path.name} is a link that leads nowhere; restore what it leads to, or delete it")
    return PictureError(f"{path.name} cannot be opened ({error.strerror})")


def _is_zip(path: Path) -> bool:
    """By its first bytes: its name may say anything, and a picture may end in an archive."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a device may never end
            return False
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return start in (b"PK\x03\x04", b"PK\x05\x06") or (path.suffix.lower() == ".zip" and start not in _PICTURES)


_PICTURES = (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb", b"GIF8", b"RIFF")


def _in_archive(path: Path, most: int | None) -> Iterator[Read]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not (member.is_dir() or is_clutter(member.filename))]
            if most is not None and len(members) > most:
                raise PictureError(f"{path.name} holds {len(members):,} files, over {most:,}; split it up")
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise PictureError(f"{path.name} unpacks to over {MAX_UNPACKED >> 30} GB; split it up")
            pictures = [member for member in members if _suffix(member) in ENDINGS | REFUSED | ARCHIVES]
            if not pictures:
                raise PictureError(f"there is no picture in {path.name}")
            for member in sorted(pictures, key=lambda member: member.filename.split("/")):
                yield f"{path}/{member.filename}", _member(archive, member)
    except PictureError as error:
        yield str(path), error
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        yield str(path), PictureError(f"{path.name} is a damaged archive ({error}); pack it again")


def _suffix(member: zipfile.ZipInfo) -> str:
    return Path(member.filename).suffix.lower()


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Image.Image | PictureError:
    name = member.filename.rsplit("/", 1)[-1]
    if _suffix(member) in ARCHIVES:
        return PictureError(f"{name} is an archive within an archive; unpack it first")
    if member.flag_bits & 1:
        return PictureError(f"{name} is encrypted; pack it without a password")
    if member.file_size > MAX_BYTES:
        return PictureError(f"{name} is larger than {MAX_BYTES >> 20} MB; save it smaller")
    try:
        with archive.open(member) as file:
            # Never more than what was declared, whatever the compressed data would grow to.
            data = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        return PictureError(f"{name} is damaged in its archive ({error}); pack it again")
    return _try_open(data, name)
