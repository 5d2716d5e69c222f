"""The widgets' scripts are ES modules that are joined to one text: what a bundler would see to is seen to here."""

import re
from pathlib import Path

import pytest

from demo.base.scripts import bundle, modules
from demo.shell import page
from demo.widgets import base

FOLDERS = sorted(path.parent for path in base.FOLDER.glob("*/script.js"))
SHELL = page.FOLDER / "scripts" / "shell.js"
ENTRIES = [*(folder / "script.js" for folder in FOLDERS), SHELL]
NAME = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)
MORE = re.compile(r", (\w+) = ")
EXPORT = re.compile(r"^export (?:const|let) (\w+)", re.MULTILINE)
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";$', re.MULTILINE)


def named(text: str) -> list[str]:
    """What a module declares at its top."""
    names = NAME.findall(text)
    for line in text.splitlines():
        if re.match(r"(?:export )?(?:const|let) \w+ = ", line) and "=>" not in line and "{" not in line:
            names += MORE.findall(line)
    return names


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.parent.name)
def test_no_two_modules_of_a_bundle_declare_one_name(entry: Path) -> None:
    names = [name for module in modules(entry) for name in named(module.read_text())]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_script_of_a_widget_is_used_and_nothing_of_modules_is_left(folder: Path) -> None:
    own = {path.resolve() for path in folder.glob("*.js")}
    assert own <= set(modules(folder / "script.js"))
    assert not re.search(r"^(?:import|export)\b", bundle(folder / "script.js"), re.MULTILINE)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.parent.name)
def test_what_a_module_imports_is_exported_there(entry: Path) -> None:
    for module in modules(entry):
        for names, source in IMPORT.findall(module.read_text()):
            exported = EXPORT.findall((module.parent / source).read_text())
            assert {name.strip() for name in names.split(",") if name.strip()} <= set(exported)


def test_common_js_has_nothing_that_no_widget_imports() -> None:
    imported = {
        name.strip()
        for module in {module for entry in ENTRIES for module in modules(entry)}
        for names, source in IMPORT.findall(module.read_text())
        if source.endswith("common.js")
        for name in names.split(",")
    }
    common = (base.FOLDER / "common.js").read_text()
    unused = set(EXPORT.findall(common)) - imported
    assert all(len(re.findall(rf"\b{name}\b", common)) > 1 for name in unused)


def test_widgets_import_nothing_above_them() -> None:
    for path in base.FOLDER.rglob("*.py"):
        for package in re.findall(r"^(?:from|import) (demo(?:\.\w+)*)", path.read_text(), re.MULTILINE):
            assert package.startswith(("demo.base", "demo.widgets"))
