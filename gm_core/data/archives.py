"""Zip archives of pictures, read one member after the other and never unpacked to a disk.

Only the list of members is read here, entry by entry, so that a broken one costs no other; members are unpacked where
pictures are decoded (:mod:`gm_core.data.workers`). Python's own reader takes the list as a whole or not at all, and
unpacks some methods without a bound.
"""

import mmap
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gm_core.data.pictures import ENDINGS, MAX_BYTES, REFUSED, PictureError, Read, decode
from gm_core.data.walk import is_clutter
from gm_core.data.workers import Wanted

MAX_UNPACKED = 4 * 2**30
"""Archives that unpack to more bytes in all are refused before anything is unpacked."""

MAX_MEMBERS = 200_000
"""Archives of more files are refused."""

ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"}
"""Endings of archives, which are not looked for in archives."""

_END, _END64, _ENTRY, _LOCAL = b"PK\5\6", b"PK\6\6", b"PK\1\2", b"PK\3\4"

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb", b"GIF8", b"RIFF")


@dataclass(frozen=True)
class Member:
    """A file in an archive, as the archive's list has it.

    Attributes:
        name: Its name, with folders; every name can be shown, whatever its bytes are.
        method: The number of its compression method.
        flags: The format's flags.
        checksum: CRC-32 of its content.
        packed: Bytes in the archive.
        size: Bytes of its content.
        place: Where it lies.
    """

    name: str
    method: int
    flags: int
    checksum: int
    packed: int
    size: int
    place: int

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return Path(self.name).suffix.lower()

    @property
    def is_picture(self) -> bool:
        """Whether it has a line in the results: by its ending."""
        return self.suffix in ENDINGS | REFUSED | ARCHIVES


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive, by its first bytes: its name may say anything, and a picture may end in one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a device may never end
            return False
        with path.open("rb") as file:
            start = file.read(4)
    except (OSError, ValueError):
        return False
    return start in (_LOCAL, _END) or (path.suffix.lower() == ".zip" and start not in _PICTURES)


def in_archive(path: Path, most: int | None, wanted: Wanted | None = None) -> Iterator[Read]:
    """The pictures of an archive in order of name, or what is wrong with it or with one of them.

    Args:
        path: The archive.
        most: Archives of more files are refused; any number that fits when left out.
        wanted: As for :func:`gm_core.data.pictures.open_picture`.
    """
    try:
        with _content(path) as data:
            pictures, missing = _list_pictures(data, path.name, most)
            for member in sorted(pictures, key=lambda member: member.name.split("/")):
                yield f"{path}/{member.name}", _open(data, member, wanted)
        if missing:
            yield str(path), PictureError(f"{path.name} says that it holds {missing:,} more files; pack it again")
    except PictureError as error:
        yield str(path), error
    except (OSError, ValueError) as error:  # of the file itself
        yield str(path), PictureError(f"{path.name} is a damaged archive ({error}); pack it again")


def count_pictures(path: Path, most: int | None) -> int:
    """How many results an archive comes to; one when it is refused."""
    try:
        with _content(path) as data:
            pictures, missing = _list_pictures(data, path.name, most)
            return len(pictures) + (missing > 0)
    except (OSError, ValueError):
        return 1


def _list_pictures(data: mmap.mmap, name: str, most: int | None) -> tuple[list[Member], int]:
    """The members that have a line in the results, and how many the list lacks.

    Args:
        data: The archive.
        name: What to call it.
        most: Archives of more files are refused.

    Raises:
        PictureError: The archive is damaged, too large, or holds no picture.
    """
    found = _find_list(data, name)
    listed, files, unpacked, pictures = 0, 0, 0, []
    for member in _members(data, found):
        listed += 1
        if member.name.endswith("/") or is_clutter(member.name):
            continue
        files += 1
        unpacked += member.size
        if files > MAX_MEMBERS:
            raise PictureError(f"{name} holds over {MAX_MEMBERS:,} files; split it up")
        if member.is_picture:
            pictures.append(member)
    if most is not None and files > most:
        raise PictureError(f"{name} holds {files:,} files, over {most:,}; split it up")
    if unpacked > MAX_UNPACKED:
        raise PictureError(f"{name} unpacks to over {MAX_UNPACKED >> 30} GB; split it up")
    missing = (found.count - listed) % 2**16 if found.count < 2**16 else max(0, found.count - listed)
    if not pictures and not missing:
        raise PictureError(f"there is no picture in {name}")
    return pictures, missing


@contextmanager
def _content(path: Path) -> Iterator[mmap.mmap]:
    """A file's content, of which only what is looked at is read."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


@dataclass(frozen=True)
class _List:
    """Where the list of an archive's files lies: how many they are, from where to where, and what lies before all."""

    count: int
    start: int
    end: int
    before: int


def _find_list(data: mmap.mmap, archive: str) -> _List:
    """The list at the archive's end.

    Raises:
        PictureError: There is none.
    """
    end = data.rfind(_END, max(0, len(data) - 2**16 - 22))
    if end < 0 or end + 22 > len(data):
        raise PictureError(f"{archive} is a damaged archive (its list of files is missing); pack it again")
    count, length, start = struct.unpack_from("<HII", data, end + 10)
    if 0xFFFFFFFF in (length, start) or count == 0xFFFF:
        larger = data.rfind(_END64, 0, end)
        if larger >= 0 and larger + 56 <= end:
            end, (count, length, start) = larger, struct.unpack_from("<QQQ", data, larger + 32)
    # What was put before an archive, as a program that unpacks it, moves everything in it.
    before = end - length - start
    if before < 0:
        raise PictureError(f"{archive} is a damaged archive (its list of files is damaged); pack it again")
    return _List(count, start + before, end, before)


def _members(data: mmap.mmap, found: _List) -> Iterator[Member]:
    """The entries of the list, one by one; what is damaged between them is passed over."""
    place = data.find(_ENTRY, found.start, found.end)
    while 0 <= place <= found.end - 46:
        flags, method = struct.unpack_from("<HH", data, place + 8)
        checksum, packed, size, name, extra, comment = struct.unpack_from("<IIIHHH", data, place + 16)
        (at,) = struct.unpack_from("<I", data, place + 42)
        names = place + 46 + name
        size, packed, at = _wide(data[names : names + extra], size, packed, at)
        title = _decode_name(data[place + 46 : names], flags)
        yield Member(title, method, flags, checksum, packed, size, at + found.before)
        after = names + extra + comment
        place = data.find(_ENTRY, after if after <= found.end else place + 46, found.end)


def _wide(extra: bytes, *values: int) -> tuple[int, ...]:
    """Numbers of 32 bits, or those of 64 that stand elsewhere where 32 did not suffice."""
    place, found = 0, b""
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            found = extra[place + 4 : place + 4 + length]
            break
        place += 4 + length
    numbers = iter(struct.unpack(f"<{len(found) // 8}Q", found[: len(found) // 8 * 8]))
    return tuple(next(numbers, value) if value == 0xFFFFFFFF else value for value in values)


def _decode_name(raw: bytes, flags: int) -> str:
    """A member's name; what is not text in it is written in hexadecimal."""
    return raw.split(b"\0")[0].decode("utf-8" if flags & 0x800 else "cp437", "backslashreplace")


def _open(data: mmap.mmap, member: Member, wanted: Wanted | None) -> Image.Image | PictureError:
    name = member.name.rsplit("/", 1)[-1]
    if member.suffix in ARCHIVES:
        return PictureError(f"{name} is an archive within an archive; unpack it first")
    if member.flags & 1 or member.method == 99:
        return PictureError(f"{name} is encrypted; pack it without a password")
    if max(member.size, member.packed) > MAX_BYTES:
        return PictureError(f"{name} is larger than {MAX_BYTES >> 20} MB; save it smaller")
    if data[member.place : member.place + 4] != _LOCAL or member.place + 30 > len(data):
        return PictureError(f"{name} is damaged in its archive (it is not where it should be); pack it again")
    start = member.place + 30 + sum(struct.unpack_from("<HH", data, member.place + 26))
    packed = data[start : start + member.packed]
    told = {"method": member.method, "size": member.size, "checksum": member.checksum}
    try:
        return decode(packed, name, told, wanted=wanted)
    except PictureError as error:
        return error
