"""A member of a zip archive: unpacked, never to more than it says."""

import struct
import zlib
from collections.abc import Callable

from gm_core.data.decoder import Refusal

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14


def unpack(packed: bytes, method: int, size: int, checksum: int) -> bytes:
    """Unpack a member.

    Args:
        packed: Its bytes in the archive.
        method: The number of its compression method.
        size: Its length, as the archive says.
        checksum: Its CRC-32, as the archive says.

    Returns:
        Its content.

    Raises:
        Refusal: It is damaged, or packed by a method that is not read.
        MemoryError: It needs more memory than there is.
    """
    known = _METHODS.get(method)
    if known is None:
        raise Refusal(f"is packed by a method that is not read (number {method}); pack it again as an ordinary zip")
    try:
        data = known(packed, size)
    except MemoryError:
        raise
    except Exception as error:  # decompressors raise anything on damaged data
        raise Refusal(f"is damaged in its archive ({error}); pack it again") from error
    if len(data) != size or zlib.crc32(data) != checksum:
        raise Refusal("is damaged in its archive (its checksum is another); pack it again")
    return data


def _deflated(packed: bytes, size: int) -> bytes:
    return zlib.decompressobj(-15).decompress(packed, size + 1)


def _bzip2(packed: bytes, size: int) -> bytes:
    import bz2  # Python may be built without

    return bz2.BZ2Decompressor().decompress(packed, size + 1)


def _lzma(packed: bytes, size: int) -> bytes:
    import lzma  # Python may be built without

    _, length = struct.unpack_from("<HH", packed)
    first, dictionary = struct.unpack_from("<BI", packed, 4)
    if length != 5 or first >= 225:
        raise ValueError("unknown settings of LZMA")
    settings = {
        "id": lzma.FILTER_LZMA1,
        # No more than the content can need, whatever is claimed.
        "dict_size": max(4096, min(dictionary, size)),
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]).decompress(packed[9:], size + 1)


_METHODS: dict[int, Callable[[bytes, int], bytes]] = {
    STORED: lambda packed, size: packed,
    DEFLATED: _deflated,
    BZIP2: _bzip2,
    LZMA: _lzma,
}
