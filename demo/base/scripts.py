"""Scripts in ES modules, joined to one text: the page needs no bundler."""

import re
from functools import cache
from pathlib import Path

_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"([^"]+)";\n', re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)?\n", re.MULTILINE)  # whole lines, and empty ones
_EXPORT = re.compile(r"^export (?=const|let|function|async|class)", re.MULTILINE)


@cache
def bundle(entry: Path) -> str:
    """A script and what it imports, as one text that runs as the body of a function.

    Modules come in the order in which a browser would run them, each once, without their comments; all share one scope,
    so no two of a bundle's may declare the same name at their top (a test sees to it).

    Args:
        entry: The module to begin with.
    """
    text = "\n".join(_EXPORT.sub("", _IMPORT.sub("", module.read_text())) for module in modules(entry))
    return strip(text)


def strip(text: str) -> str:
    """A script or style without the lines that are empty or only a comment."""
    return _COMMENT.sub("", text)


def modules(entry: Path) -> list[Path]:
    """The modules that a script consists of, in the order in which they run."""
    seen: set[Path] = set()
    order: list[Path] = []

    def visit(module: Path) -> None:
        if module in seen:
            return
        seen.add(module)
        for name in _IMPORT.findall(module.read_text()):
            visit((module.parent / name).resolve())
        order.append(module)

    visit(entry.resolve())
    return order
