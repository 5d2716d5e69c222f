"""The one door to torchvision.

torchvision's Linux wheels are built against CUDA builds of torch. Beside a CPU build of the same version its compiled
operators cannot be loaded, and ``import torchvision`` stops because two operator schemas are missing. Nothing here
calls those operators, so declaring their schemas first is enough.
"""

from types import ModuleType

import torch

_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_libraries: list[torch.library.Library] = []  # a Library undoes its definitions when it is collected


def import_torchvision() -> ModuleType:
    """torchvision, with ``datasets`` and ``transforms``, whichever build of torch is beside it."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name, schema in _SCHEMAS.items():
            library.define(name + schema)
        _libraries.append(library)
        import torchvision
    import torchvision.datasets

    return torchvision
