"""The package can be installed: its metadata agree with the pinned requirements, and it finds its weights."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from gm_core import checkpoints

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(lines: list[str]) -> dict[str, SpecifierSet]:
    """Version ranges by name, of requirements one per line."""
    parsed = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in parsed}


def pins() -> dict[str, SpecifierSet]:
    return requirements((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())


def ranges() -> dict[str, SpecifierSet]:
    return requirements(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["demo"])


def front_matter(key: str) -> str:
    """An entry of the lines that a Hugging Face Space reads at the top of the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf'^{key}: "?([^"\n]+)"?$', readme.split("---")[1], flags=re.MULTILINE)
    assert found
    return found[1]


def test_the_package_and_the_pinned_requirements_name_the_same_packages():
    assert set(ranges()) == set(pins())


@pytest.mark.parametrize("name", pins())
def test_every_pin_is_exact_and_lies_in_the_packages_range(name):
    (pin,) = pins()[name]
    assert pin.operator == "=="
    assert ranges()[name].contains(pin.version)


def test_the_space_runs_the_pinned_gradio_on_a_supported_python():
    (pin,) = pins()["gradio"]
    assert front_matter("sdk_version") == pin.version
    assert SpecifierSet(PROJECT["requires-python"]).contains(Version(front_matter("python_version")))


def test_the_licence_is_the_one_of_the_licence_file():
    assert PROJECT["license"].lower() == front_matter("license")
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_core_package_works_without_gradio():
    code = "import sys; sys.modules['gradio'] = None; import gm_core, gm_core.cli; print(gm_core.__version__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr


def test_weights_are_the_installed_packages_own_else_the_repositorys(tmp_path, monkeypatch):
    monkeypatch.delenv("GM_CHECKPOINTS", raising=False)
    package = tmp_path / "gm_core"
    monkeypatch.setattr(checkpoints, "__file__", str(package / "checkpoints.py"))
    assert checkpoints.checkpoint_dir() == tmp_path / "checkpoints"
    (package / "_checkpoints").mkdir(parents=True)
    assert checkpoints.checkpoint_dir() == package / "_checkpoints"
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path / "elsewhere"))
    assert checkpoints.checkpoint_dir() == tmp_path / "elsewhere"
