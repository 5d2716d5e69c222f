"""Saving a training run and taking it up again, without pickle."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from gm_core.files import write_atomically


class StateError(RuntimeError):
    """A training state that cannot be resumed from."""


def save_state(
    path: Path, model: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer, progress: dict[str, Any]
) -> None:
    """Write weights, their average, the optimiser's moments and the progress to one safetensors file, atomically.

    Args:
        path: File to write.
        model: Its weights.
        average: Moving average of the weights.
        optimizer: Its moments.
        progress: Whatever else is needed, as JSON.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    write_atomically(path, save(tensors, {"progress": json.dumps(progress)}))


def load_state(
    path: Path,
    model: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    recipe: dict[str, Any],
) -> dict[str, Any]:
    """Take up what :func:`save_state` wrote: fills the model, the average and the optimiser in place.

    Args:
        path: File to read.
        model: Same shape as the one saved.
        average: As for saving.
        optimizer: Over the same parameters.
        recipe: What the run does; must be what was saved as ``progress["recipe"]``.

    Returns:
        The progress.

    Raises:
        StateError: The file is missing, damaged, or of another model.
    """
    try:
        data = path.read_bytes()
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        progress: dict[str, Any] = json.loads(header["__metadata__"]["progress"])
        tensors = load(data)
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            groups[kind][rest] = value
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in groups["optimizer"].items():
            index, _, key = name.partition(".")
            moments.setdefault(int(index), {})[key] = value
        same = progress["recipe"] == json.loads(json.dumps(recipe)) and {"step", "seconds"} <= set(progress)
    except FileNotFoundError:
        raise StateError(f"there is no training state {path}; start without --resume") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"training state {path} is damaged ({error}); delete it and start without --resume") from error
    if not same:
        raise StateError(f"training state {path} is of another recipe; start without --resume, in another --out")
    try:
        model.load_state_dict(groups["model"])
        for name, value in average.items():
            value.copy_(groups["average"][name])
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    except (RuntimeError, KeyError, ValueError) as error:
        raise StateError(f"training state {path} is of another model ({error}); start without --resume") from error
    # The fused optimiser walks weights and moments in memory order together, so their layouts must agree.
    for parameter, moments_of_it in optimizer.state.items():
        for key, value in moments_of_it.items():
            if value.shape == parameter.shape:
                moments_of_it[key] = torch.empty_like(parameter).copy_(value)
    return progress
