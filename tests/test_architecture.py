"""The layout holds: imports between folders point one way, no file grows too long, and the core needs no Gradio.

What a folder may import is everything on a lower floor, and its neighbours on the same floor as long as that makes no
circle. A tab of the page imports no other tab.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CORE = [
    # Small helpers that know no model.
    ["text", "streams", "cards", "device", "files", "numerics", "bounded", "rendering"],
    ["distributions", "data"],
    ["models"],
    ["checkpoints"],
    ["evaluation"],
    ["training", "studies", "benchmarks"],
    ["cli", "__init__"],
    ["__main__"],
]
"""The floors of ``gm_core``, from the lowest up."""

PAGE = [["base"], ["shell"], ["widgets"], ["shared"], ["tabs"], ["app"], ["__init__"]]
"""The floors of ``demo``; every folder that is not named here is a tab."""

LONGEST = 400
"""Lines of a file; more is asking to be two."""

KERNELS = "gm_core/models/autoregressive/sampling/compiled/kernels.py"
"""May be longer: numba compiles what it sees in one file."""

# What is still wrong: these lists only ever shrink. Delete an entry as soon as it holds no more.
UPWARD: set[tuple[str, str]] = set()
LONG: set[str] = set()


def imported(path: Path) -> Iterator[str]:
    """Every module or name that a file imports, in full."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def arrows(package: str) -> set[tuple[str, str]]:
    """Which folder of a package imports which other; a file beside the folders is a folder of its own."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        here = folder(path.relative_to(ROOT).with_suffix("").parts)
        for name in imported(path):
            if name.split(".")[0] == package:
                found.add((here, folder(tuple(name.split(".")))))
    return {(here, there) for here, there in found if here != there}


def folder(parts: tuple[str, ...]) -> str:
    """The folder of a module: ``gm_core.models`` of ``gm_core.models.vae``; the package itself is its ``__init__``."""
    package, *rest = parts
    inside = rest and ((ROOT / package / rest[0]).is_dir() or (ROOT / package / f"{rest[0]}.py").is_file())
    return f"{package}.{rest[0]}" if inside else f"{package}.__init__"


def floor(name: str, floors: list[list[str]]) -> int:
    """How high a folder lies."""
    last = name.split(".")[1]
    known = {known: height for height, names in enumerate(floors) for known in names}
    assert last in known or "tabs" in known, f"{name} has no floor yet: give it one"
    return known[last] if last in known else known["tabs"]


def is_tab(name: str) -> bool:
    return name.startswith("demo.") and floor(name, PAGE) == floor("demo.tabs", PAGE)


def upward() -> set[tuple[str, str]]:
    """The imports from one folder of another that lies above it, or from one tab of another."""
    return {
        (here, there)
        for package, floors in (("gm_core", CORE), ("demo", PAGE))
        for here, there in arrows(package)
        if floor(there, floors) > floor(here, floors) or (is_tab(here) and is_tab(there))
    }


def long_files() -> set[str]:
    found = set()
    for package in ("gm_core", "demo", "tests"):
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", ".js", ".css", ".html", ".md"):
                with path.open() as lines:
                    if sum(1 for _ in lines) > LONGEST:
                        found.add(path.relative_to(ROOT).as_posix())
    return found - {KERNELS}


def still(found: set, known: set) -> str:
    return f"{len(found)} still wrong: {sorted(found)}; solved, delete from the list: {sorted(known - found)}"


def test_imports_between_folders_point_down() -> None:
    found = upward()
    print(still(found, UPWARD))
    assert found <= UPWARD, f"new: {sorted(found - UPWARD)}"


@pytest.mark.parametrize("package", ["gm_core", "demo"])
def test_no_folders_import_each_other_in_a_circle(package: str) -> None:
    graph: dict[str, set[str]] = {}
    for here, there in arrows(package) - UPWARD:
        graph.setdefault(here, set()).add(there)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_no_file_is_too_long() -> None:
    found = long_files()
    print(still(found, LONG))
    assert found <= LONG, f"new: {sorted(found - LONG)}"


def test_the_core_knows_nothing_of_the_page() -> None:
    outside = {"demo", "gradio", "gradio_client", "playwright", "tests", "app"}
    for path in (ROOT / "gm_core").rglob("*.py"):
        assert outside.isdisjoint(name.split(".")[0] for name in imported(path)), path


def test_test_modules_do_not_import_each_other() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        names = [part for name in imported(path) if name.startswith("tests.") for part in name.split(".")]
        assert not any(part.startswith("test_") or part == "conftest" for part in names), path


def test_the_core_is_imported_without_gradio() -> None:
    """All of it, in a process where an import of Gradio fails."""
    code = (
        "import sys; sys.modules['gradio'] = None\n"
        "import importlib, pkgutil, gm_core\n"
        "for module in pkgutil.walk_packages(gm_core.__path__, 'gm_core.'):\n"
        "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
        "assert not any(name.split('.')[0] in ('gradio', 'demo') and sys.modules[name] for name in list(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
