"""Which devices there are."""

import pytest
import torch

from gm_core.device import DeviceError, pick_device


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
