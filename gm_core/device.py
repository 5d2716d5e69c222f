"""Where models run: the choice of device and of CPU threads."""

import os
from pathlib import Path

import torch


class DeviceError(ValueError):
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


def cpu_count() -> int:
    """Cores this process may use: those it may run on, or fewer where a container's quota says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # not in a container, or without a quota ("max")
        return cores


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished its work; for measuring time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
