"""Saving a training run and resuming it, without pickle."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from gm_core.files import write_atomically
from gm_core.text import UserError

PART = 15 * 2**20 - 2**16
"""Bytes per file: with its header it stays below 15 MiB, small enough for e-mail and version control."""

_ENTRY = 256
"""Bytes that a tensor's entry in the header takes at most."""

_PATTERN = "state-*-*-of-*.safetensors"


class StateError(UserError, RuntimeError):
    """A training state that cannot be resumed from."""


@dataclass(frozen=True)
class Parts:
    """What a run resumes from, apart from its progress.

    Attributes:
        model: Weights and buffers.
        average: Moving average of the weights.
        optimizers: One per parameter group, by its name.
    """

    model: nn.Module
    average: dict[str, Tensor]
    optimizers: dict[str, torch.optim.Optimizer]


def has_state(directory: Path) -> bool:
    """Whether a run's state lies in a folder."""
    return any(directory.glob(_PATTERN))


def save_state(directory: Path, parts: Parts, progress: dict[str, Any]) -> None:
    """Write weights, their average, the optimisers' moments and the progress to safetensors files.

    Each file is written whole or not at all, and those of an earlier step are deleted once all new ones are written:
    whenever the program ends, a complete state is left.

    Args:
        directory: Where to write.
        parts: The run.
        progress: Everything else, as JSON, including ``step``.
    """
    tensors = {f"model.{name}": value for name, value in parts.model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in parts.average.items()}
    for group, optimizer in parts.optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{group}.{index}.{key}": value for key, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    files = _files(tensors)
    names = [f"state-{progress['step']:09}-{part}-of-{len(files)}.safetensors" for part in range(1, len(files) + 1)]
    for name, content in zip(names, files, strict=True):
        write_atomically(directory / name, save(content, {"progress": json.dumps(progress)}))
    for path in directory.glob(_PATTERN):
        if path.name not in names:
            path.unlink()


def load_state(directory: Path, parts: Parts, recipe: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Read what :func:`save_state` wrote: fills the model, the average and the optimisers in place.

    Args:
        directory: Where it lies.
        parts: A run of the same shape as the one saved.
        recipe: The run's recipe; must equal the saved ``progress["recipe"]``.
        classes: What the labels mean; the same as in the saved ``progress["data"]``.

    Returns:
        The progress.

    Raises:
        StateError: A file is missing, damaged, or of another model or other classes.
    """
    if not has_state(directory):
        raise StateError(f"there is no training state in {directory}; start without --resume")
    path = directory
    try:
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
        progress: dict[str, Any] = {}
        for path in _newest(directory):
            data = path.read_bytes()
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            progress = json.loads(header["__metadata__"]["progress"])
            for name, value in load(data).items():
                kind, _, rest = name.partition(".")
                groups[kind][rest] = value
        same = progress["recipe"] == json.loads(json.dumps(recipe)) and {"step", "seconds"} <= set(progress)
        known = progress.get("data", {}).get("classes", list(classes))
        moments: dict[str, dict[int, dict[str, Tensor]]] = {name: {} for name in parts.optimizers}
        for name, value in groups["optimizer"].items():
            group, index, key = name.split(".", 2)
            moments.setdefault(group, {}).setdefault(int(index), {})[key] = value
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"training state {path} is damaged ({error}); delete it and start without --resume") from error
    if known != list(classes):  # also where the recipe is another, for a model of as many classes
        raise StateError(
            f"the classes of the pictures are not those that {directory} was trained on; give their folders the same "
            "names again, or start without --resume, in another --out"
        )
    if not same:
        raise StateError(f"training state {directory} is of another recipe; start without --resume, in another --out")
    try:
        parts.model.load_state_dict(groups["model"])
        for name, value in parts.average.items():
            value.copy_(groups["average"][name])
        for name, optimizer in parts.optimizers.items():
            optimizer.load_state_dict({"state": moments[name], "param_groups": optimizer.state_dict()["param_groups"]})
    except (RuntimeError, KeyError, ValueError) as error:
        raise StateError(f"training state {directory} is of another model ({error}); start without --resume") from error
    # The fused optimiser walks weights and moments in memory order together, so their layouts must agree.
    for optimizer in parts.optimizers.values():
        for parameter, own in optimizer.state.items():
            for key, value in own.items():
                if value.shape == parameter.shape:
                    own[key] = torch.empty_like(parameter).copy_(value)
    return progress


def _files(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Tensors in as many files as they need, none larger than :data:`PART` unless a single tensor is."""
    files: list[dict[str, Tensor]] = [{}]
    room = PART
    for name, value in tensors.items():
        size = value.numel() * value.element_size() + _ENTRY
        if files[-1] and size > room:
            files.append({})
            room = PART
        files[-1][name] = value
        room -= size
    return files


def _newest(directory: Path) -> list[Path]:
    """The files of the newest complete state; ``ValueError`` when there is none."""
    paths = sorted(directory.glob(_PATTERN))
    for last in reversed(paths):
        step, _, _, count = last.stem.removeprefix("state-").split("-")
        wanted = [directory / f"state-{step}-{part}-of-{count}.safetensors" for part in range(1, int(count) + 1)]
        if all(path in paths for path in wanted):
            return wanted
    raise ValueError("a part of it is missing")
