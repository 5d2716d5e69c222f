"""Which devices there are, and how many cores."""

import pytest
import torch

from gm_core import device
from gm_core.device import DeviceError, _quotas, pick_device


def test_devices_are_checked():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in ("cuda", "mps", "cpu")
    with pytest.raises(DeviceError, match="there is no device 'toaster'"):
        pick_device("toaster")
    for kind, present in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not present:
            with pytest.raises(DeviceError, match=f"no '{kind}' device"):
                pick_device(kind)
    with pytest.raises(DeviceError):
        pick_device("meta")


@pytest.mark.parametrize(
    ("groups", "files", "quotas"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, [2.0]),
        ("0::/\n", {"cpu.max": "max 100000\n"}, []),
        ("0::/a/b\n", {"cpu.max": "max 100", "a/cpu.max": "300 100", "a/b/cpu.max": "50 100"}, [0.5, 3.0]),
        ("0::/docker/1f\n", {"cpu.max": "150000 100000\n"}, [1.5]),  # the host's path, seen in a container
        ("4:memory:/x\n3:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
                                            "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, [4.0]),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, []),
        ("2:cpu:/s/j\n", {"cpu/s/cpu.cfs_quota_us": "100000\n", "cpu/s/cpu.cfs_period_us": "50000\n"}, [2.0]),
        ("2:memory:/\n", {"cpu.max": "100000 100000"}, []),
    ],
)  # fmt: skip
def test_quotas_of_both_versions_of_control_groups_are_read(tmp_path, groups, files, quotas):
    (tmp_path / "groups").write_text(groups)
    for name, content in files.items():
        path = tmp_path / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert sorted(_quotas(tmp_path / "groups", tmp_path / "mounted")) == quotas
    assert list(_quotas(tmp_path / "missing", tmp_path / "mounted")) == []


@pytest.mark.parametrize(
    ("environment", "processes", "count"),
    [
        ({}, 1, 8), ({}, 2, 4), ({}, 20, 1),
        ({"OMP_NUM_THREADS": "3"}, 1, 3), ({"OMP_NUM_THREADS": " 2,4 "}, 1, 2), ({"MKL_NUM_THREADS": "1"}, 1, 1),
        ({"OMP_NUM_THREADS": "3"}, 2, 3), ({"OMP_NUM_THREADS": "64"}, 1, 8),
        ({"OMP_NUM_THREADS": "0"}, 1, 8), ({"OMP_NUM_THREADS": "all"}, 1, 8), ({"OMP_NUM_THREADS": ""}, 1, 8),
    ],
)  # fmt: skip
def test_cores_are_those_allowed_and_no_more_than_the_environment_asks_for(monkeypatch, environment, processes, count):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(device, "_quotas", lambda *_: [9.5])
    assert device.cpu_count(processes) == count
    monkeypatch.setattr(device, "_quotas", lambda *_: [1.5])
    assert device.cpu_count() == 1
