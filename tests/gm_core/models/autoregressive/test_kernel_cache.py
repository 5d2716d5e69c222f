"""Kernels on disk: damage costs one compilation and no more; what saves nothing is not waited for."""

import sys
from types import SimpleNamespace

import numba
import pytest
from numba import njit

from gm_core import warm_up
from gm_core.models.autoregressive.sampling import select
from gm_core.models.autoregressive.sampling.compiled.cache import KernelCache


def double(x):
    return 2 * x


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def run():
    """Call a kernel as a new process would; whether it came from the disk."""
    kernel = njit(double)
    kernel._cache = KernelCache(double)
    assert kernel(3) == 6
    return bool(kernel.stats.cache_hits)


def flip(data, place=-30):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def flip_in_the_middle(data):
    return flip(data, -len(data) // 2)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:50],
        lambda data: b"\x93garbage" * 40,
        flip,
        flip_in_the_middle,
        lambda data: None,
    ],
)
def test_a_damaged_file_is_made_anew(folder, ending, damage):
    assert [run(), run()] == [False, True]
    (path,) = folder.rglob(f"*.{ending}")
    damaged = damage(path.read_bytes())
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    run()
    assert run(), "written again, it is read again"


def test_a_folder_that_cannot_be_written_costs_nothing_else(folder):
    run()
    (path,) = folder.rglob("*.nbi")
    path.unlink()
    path.mkdir()
    assert not run()
    assert not run()
    assert not KernelCache(double).holds_any()


@pytest.fixture
def compiler(monkeypatch):
    """A compiler that only says how often it was used."""
    calls = []
    fake = SimpleNamespace(
        COMPILED={int: None}, are_kept=lambda: bool(fake.kept), compile_kernels=lambda: calls.append(1)
    )
    fake.kept, fake.calls = False, calls
    monkeypatch.setitem(sys.modules, "gm_core.models.autoregressive.sampling.compiled.samplers", fake)
    monkeypatch.setattr(select, "_compiled", {})
    return fake


def test_compilation_is_not_waited_for_where_it_saves_less_than_it_takes(compiler):
    for pictures in (1, 16, 1024):
        assert not warm_up(pictures)
    assert not compiler.calls
    assert warm_up(3000)
    assert len(compiler.calls) == 1


def test_kept_kernels_are_loaded_for_more_than_a_few_pictures(compiler):
    compiler.kept = True
    assert not warm_up(1)
    assert warm_up(16)
    assert len(compiler.calls) == 1
    assert warm_up(1), "once there, they draw"


def test_without_a_number_it_is_compiled_in_any_case(compiler):
    assert warm_up()
    assert len(compiler.calls) == 1


def test_a_compiler_that_fails_is_not_tried_again(compiler, monkeypatch, caplog):
    def fail():
        compiler.calls.append(1)
        raise OSError("no space left")

    compiler.compile_kernels = fail
    monkeypatch.setattr(select, "_works", True)
    assert not warm_up()
    assert not warm_up()
    assert len(compiler.calls) == 1
    assert "no space left" in caplog.text
