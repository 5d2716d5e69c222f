"""Where models run: the choice of device and of CPU threads."""

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from gm_core.text import UserError


class DeviceError(UserError, ValueError):
    """A device that does not exist or that this machine does not have."""


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """The device to run on.

    Args:
        device: ``"auto"`` takes the first available of cuda, mps and cpu; anything else names the device itself.

    Returns:
        The device.

    Raises:
        DeviceError: The device is not one of torch's, or this machine does not have it.
    """
    if str(device) == "auto":
        if torch.cuda.is_available():
            return pick_device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise DeviceError(f"there is no device {str(device)!r}; use auto, cuda, mps or cpu") from None
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(chosen.type, False):
        raise DeviceError(f"this machine has no {chosen.type!r} device; use auto or cpu")
    if chosen.type == "cuda" and chosen.index is not None and chosen.index >= torch.cuda.device_count():
        raise DeviceError(f"this machine has {torch.cuda.device_count()} cuda devices, so no {str(chosen)!r}")
    if chosen.type == "cuda":
        # Convolutions would keep 10 bits of their inputs: samplers would disagree on pixels, and likelihoods would
        # be off in the fourth digit. Matrix products have full precision by default.
        torch.backends.cudnn.allow_tf32 = False
    return chosen


def cpu_count(processes: int = 1) -> int:
    """Cores this process may use, and so its number of threads.

    Those it may run on; fewer where a container's quota, ``OMP_NUM_THREADS`` or ``MKL_NUM_THREADS`` says so.

    Args:
        processes: So many of the program share the machine.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min([cores, *map(int, _quotas(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")))])
    return max(1, min([cores // processes, *_wishes()]))


def _wishes() -> Iterator[int]:
    """Numbers of threads that the environment asks for; of several, one per level of nesting, the first."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdecimal() and int(first):
            yield int(first)


def _quotas(groups: Path, mounted: Path) -> Iterator[float]:
    """Seconds of CPU time per second that Linux allows this process's control groups, of both versions.

    Args:
        groups: Lists the groups, a line each: a number, controllers, the group's path; no controllers in version 2.
        mounted: Where they lie, those of version 1 in a folder for their controllers.
    """
    try:
        lines = [line.split(":", 2) for line in groups.read_text().splitlines()]
    except OSError:  # not Linux
        return
    for _, controllers, path in lines:
        if controllers and "cpu" not in controllers.split(","):
            continue
        for root in {mounted, mounted / "unified"} if not controllers else {mounted / controllers, mounted / "cpu"}:
            folder = root / path.lstrip("/")
            # A limit on a group above holds too. Within a container the path is often the host's, and only the root's
            # own limit is there to be read.
            for place in (folder, *folder.parents):
                yield from _quota(place)
                if place == root:
                    break


def _quota(group: Path) -> Iterator[float]:
    """The quota of one control group, if it has one."""
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
        if float(quota) > 0:
            yield float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such group, or no limit ("max")
        return


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished its work; for measuring time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
