"""Text from elsewhere, as file names are, where it is shown or written: it stays within its line and its cell.

A name may hold whatever a file system or an archive allows: line breaks, commands to a terminal, marks that turn or
hide the letters around them, a spreadsheet's formula, bytes that are not text (which Python keeps as lone surrogates).
Every place that shows or writes such text takes it from here.
"""

import csv
import io
import json
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable
from unicodedata import category

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that leave nothing to see; of all others the category says it."""

_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")
"""Where a spreadsheet would begin to compute; some countries' take a semicolon for the end of a cell."""


class UserError(Exception):
    """An error that the user can do something about: its message is one printable line, whatever names it repeats."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    r"""A text as one line in which every character is seen.

    Args:
        text: From anywhere.

    Returns:
        The text with its codes in place of characters that do something, hide, or are not characters.

    >>> print(printable("caf\udce9\n\x1b[31m\u202egnp.png"))
    caf\xe9\n\x1b[31m\u202egnp.png
    """
    return _replace(text, _code)


def json_text(document: object) -> str:
    r"""A document as JSON that is readable and keeps every name: what :func:`printable` would replace is escaped.

    >>> print(json_text("caf\udce9 \x9b 数字"))
    "caf\udce9 \u009b 数字"
    """
    lines = strict_json(document, indent=2, ensure_ascii=False).split("\n")  # those in texts are escaped already
    return "\n".join(_replace(line, lambda character: json.dumps(character)[1:-1]) for line in lines)


def strict_json(document: object, *, indent: int | None = None, ensure_ascii: bool = True) -> str:
    """A document as JSON in which every number is one: ``null`` stands for an infinity and for NaN.

    Python would write the words ``NaN`` and ``Infinity``, at which other readers of JSON stop, a browser's among them.

    Args:
        document: What :func:`json.dumps` takes.
        indent: Spaces per level; everything on one line when left out.
        ensure_ascii: Write letters beyond ASCII as their numbers.

    >>> strict_json({"p": [0.5, float("nan")]})
    '{"p": [0.5, null]}'
    """
    try:
        return json.dumps(document, indent=indent, ensure_ascii=ensure_ascii, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(document), indent=indent, ensure_ascii=ensure_ascii, allow_nan=False)


def _finite(part: object) -> object:
    """The same with ``None`` in place of numbers that JSON does not have."""
    if isinstance(part, dict):
        return {key: _finite(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_finite(value) for value in part]
    return None if isinstance(part, float) and not math.isfinite(part) else part


def csv_line(fields: Iterable[object]) -> str:
    """Fields as one line of a CSV file, without its end; a spreadsheet shows texts and computes nothing.

    Args:
        fields: Numbers, and texts: these are :func:`printable`, with an apostrophe before what would be a formula.

    >>> csv_line(["=1+1.png", -1.5, None])
    "'=1+1.png,-1.5,"
    """
    line = io.StringIO()
    cells = [_FORMULA.sub(r"\1'", printable(field)) if isinstance(field, str) else field for field in fields]
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def shell_word(text: str, encoding: str = "utf-8") -> str:
    r"""A text as one word of a command that can be pasted into a shell (bash, zsh, ksh).

    Args:
        text: An argument, perhaps a path.
        encoding: Of the terminal; what it lacks is written by its bytes.

    >>> print(shell_word("my runs"), shell_word("caf\udce9\n"))
    'my runs' $'caf\xe9\x0a'
    """
    try:
        text.encode(encoding)
    except UnicodeError:
        shown = False
    else:
        shown = printable(text) == text
    if shown:
        return shlex.quote(text)
    plain = set(range(32, 127)) - set(b"\\'")
    return "$'" + "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in os.fsencode(text)) + "'"


def _replace(text: str, code: Callable[[str], str]) -> str:
    return "".join(character if _is_seen(character) else code(character) for character in text)


def _is_seen(character: str) -> bool:
    return (character.isprintable() or category(character) == "Zs") and character not in _INVISIBLE


def _code(character: str) -> str:
    """A character's code as in Python's texts; that of the byte for a byte that is not text."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
