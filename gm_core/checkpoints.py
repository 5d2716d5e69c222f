"""Checkpoints: weights as safetensors, and a card that says what they are."""

import json
import os
import re
import threading
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_origin, overload

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from gm_core.data.catalog import DataSet, dataset_of, folder_record
from gm_core.device import pick_device
from gm_core.files import sha256, write_atomically
from gm_core.models import FAMILIES, Model, ModelConfig
from gm_core.models.capabilities import has_capability, noun

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_BYTES = 512 * 2**20  # of a weights file; far above any shipped one, far below what would fill the memory

_loaded: dict[tuple[Path, str, torch.device], Model] = {}
_lock = threading.Lock()


class CheckpointError(RuntimeError):
    """A checkpoint that is missing, damaged, altered, or not what its card says."""


@dataclass(frozen=True)
class Metric:
    """One measured figure.

    Attributes:
        name: What was measured, for instance ``"bits_per_dim"``.
        value: The figure.
        unit: Its unit.
        protocol: How it was measured: on which images, how many, with what settings.
    """

    name: str
    value: float
    unit: str
    protocol: str


@dataclass(frozen=True)
class Card:
    """What a checkpoint is, how it was made and how good it is.

    Attributes:
        name: Name of the checkpoint, also of its files.
        family: Family of the model, a key of :data:`FAMILIES`; or of the study, as ``"detector"``.
        description: One sentence for readers.
        dataset: Name of the data set.
        split: Which of its images were used for what.
        data: What they were, to know them again; see :attr:`gm_core.data.datasets.Images.provenance`.
        config: Shape of the model.
        recipe: How it was trained.
        history: Every stage of training: what changed, steps, minutes, result.
        cost: What training cost: steps, minutes, hardware.
        metrics: Measured figures.
        parameters: Number of parameters.
        class_names: What each label means.
        licence: What the makers of the data set allow; filled in from the catalogue when the card is saved.
        sha256: Of the weights file.
    """

    name: str
    family: str
    description: str
    dataset: str
    split: str
    config: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    cost: dict[str, Any] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    parameters: int = 0
    class_names: list[str] = field(default_factory=list)
    licence: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def record(self) -> DataSet:
        """The record of its data set: a folder of own pictures where the card says so, whatever the folder's name."""
        return (folder_record if self.data.get("kind") == "folder" else dataset_of)(self.dataset)

    @property
    def is_model(self) -> bool:
        """Whether it describes a model, not a study."""
        return self.family in FAMILIES

    def has(self, capability: type) -> bool:
        """Whether it describes a model with a capability; see :func:`gm_core.models.capabilities.has_capability`."""
        return self.is_model and has_capability(FAMILIES[self.family], capability)

    @property
    def model_config(self) -> ModelConfig:
        """The shape of the model.

        Raises:
            CheckpointError: Its family is unknown to this version, or the entries do not fit the family.
        """
        if self.family not in FAMILIES:
            raise CheckpointError(
                f"checkpoint {self.name!r} holds a {self.family!r}, which is none of {', '.join(FAMILIES)}; "
                "another version of this project may know it"
            )
        try:
            return FAMILIES[self.family].Config.from_card(self.config)
        except (TypeError, ValueError) as error:
            raise CheckpointError(
                f"card {self.name!r} does not describe a {self.family!r} ({error}); restore it from the repository"
            ) from error

    def metric(self, name: str) -> Metric:
        """A figure by name; ``KeyError`` when the card has no such figure."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)


def checkpoint_dir() -> Path:
    """Where checkpoints are: ``$GM_CHECKPOINTS``, else the installed package's own, else the repository's."""
    if chosen := os.environ.get("GM_CHECKPOINTS"):
        return Path(chosen)
    installed = Path(__file__).parent / "_checkpoints"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "checkpoints"


def available(directory: Path | None = None) -> list[Card]:
    """The cards of all checkpoints, ordered by name.

    Raises:
        CheckpointError: A card cannot be read.
    """
    directory = directory or checkpoint_dir()
    if not directory.is_dir():
        raise CheckpointError(f"there is no folder {directory} to look for checkpoints in")
    return [read_card(path.stem, directory) for path in sorted(directory.glob("*.json"))]


def read_card(name: str, directory: Path | None = None) -> Card:
    """A checkpoint's card.

    Raises:
        CheckpointError: There is no checkpoint of that name, or its card cannot be read.
    """
    directory = directory or checkpoint_dir()
    path = directory / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        names = ", ".join(sorted(p.stem for p in directory.glob("*.json"))) or f"none in {directory}"
        raise CheckpointError(f"there is no checkpoint {name!r}; there are: {names}")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries["metrics"] = [Metric(**metric) for metric in entries["metrics"]]
        card = Card(**{key: value for key, value in entries.items() if key in {f.name for f in fields(Card)}})
        _check_types(card)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"card {path} cannot be read ({error}); restore it from the repository") from error
    if card.name != name:
        raise CheckpointError(f"card {path} describes {card.name!r}, not {name!r}; restore it from the repository")
    return card


def _check_types(card: Card) -> None:
    """``TypeError`` unless every entry has its annotated type."""
    for entry in fields(card):
        wanted = get_origin(entry.type) or entry.type
        if not isinstance(getattr(card, entry.name), wanted):  # type: ignore[arg-type]
            raise TypeError(f"{entry.name} must be {wanted.__name__}")  # type: ignore[union-attr]
    if not all(isinstance(stage, dict) for stage in card.history):
        raise TypeError("history must be a list of stages")
    if not all(isinstance(name, str) for name in card.class_names):
        raise TypeError("class_names must be a list of names")
    for metric in card.metrics:
        if not isinstance(metric.value, int | float) or not all(
            isinstance(text, str) for text in (metric.name, metric.unit, metric.protocol)
        ):
            raise TypeError(f"the figure {metric.name!r} must have a number, a unit and a protocol")


def read_tensors(card: Card, directory: Path | None = None) -> dict[str, Tensor]:
    """A checkpoint's tensors, after verifying that the file is the one its card was written for.

    Raises:
        CheckpointError: The file is missing, or its SHA-256 is not the card's.
    """
    path = (directory or checkpoint_dir()) / f"{card.name}.safetensors"
    remedy = "restore it from the repository, or train it again"
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CheckpointError(f"checkpoint {path} is larger than any of this project's; {remedy}")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read ({error.strerror}); {remedy}") from error
    if sha256(data) != card.sha256:
        raise CheckpointError(f"checkpoint {path} is not the file its card describes (SHA-256 differs); {remedy}")
    try:
        return load_tensors(data)
    except SafetensorError as error:
        raise CheckpointError(f"checkpoint {path} is not a safetensors file ({error}); {remedy}") from error


def save(card: Card, tensors: dict[str, Tensor], directory: Path | None = None) -> Card:
    """Write a checkpoint: weights, then the card with their SHA-256.

    Args:
        card: What it is; its ``sha256`` is filled in.
        tensors: Weights.
        directory: Where to write.

    Returns:
        The card as written.
    """
    if not _NAME.fullmatch(card.name):
        raise CheckpointError(f"{card.name!r} cannot name a checkpoint; use small letters, digits and single hyphens")
    directory = directory or checkpoint_dir()
    data = save_tensors({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    write_atomically(directory / f"{card.name}.safetensors", data)
    write_card(replace(card, sha256=sha256(data)), directory)
    return read_card(card.name, directory)


def write_card(card: Card, directory: Path | None = None) -> None:
    """Write a card alone, for weights that are there already."""
    card = replace(card, licence=card.licence or card.record.licence)
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n"
    write_atomically((directory or checkpoint_dir()) / f"{card.name}.json", text.encode())


def write_metrics(name: str, metrics: list[Metric], directory: Path | None = None) -> Card:
    """Put figures on a checkpoint's card: new ones are added, those of the same name replaced, all else stays.

    Args:
        name: Name of the checkpoint.
        metrics: The figures.
        directory: Where the checkpoint lies; see :func:`checkpoint_dir`.

    Returns:
        The card as written.

    Raises:
        CheckpointError: There is none of that name, or its card cannot be read.
    """
    directory = directory or checkpoint_dir()
    figures = {metric.name: metric for metric in [*read_card(name, directory).metrics, *metrics]}
    path = directory / f"{name}.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries["metrics"] = [asdict(figure) for figure in figures.values()]
    write_atomically(path, (json.dumps(entries, indent=2, ensure_ascii=False) + "\n").encode())
    return read_card(name, directory)


@overload
def load(name: str, device: str | torch.device = "auto", directory: Path | None = None) -> Model: ...


@overload
def load(name: str, device: str | torch.device = "auto", directory: Path | None = None, *, what: type[T]) -> T: ...


def load(
    name: str, device: str | torch.device = "auto", directory: Path | None = None, *, what: type[Any] = Model
) -> Any:
    """A model with its trained weights, in eval mode; loaded once however often it is asked for.

    Args:
        name: Name of the checkpoint.
        device: ``"auto"``, or one of torch's.
        directory: Where the checkpoint lies; see :func:`checkpoint_dir`.
        what: A capability (:mod:`gm_core.models.capabilities`) or base class that it must have; what is returned is of
            that type.

    Returns:
        The model, whose class is that of the card's family.

    Raises:
        CheckpointError: It is missing, damaged, altered, does not fit its card, or is not what was asked for.
        DeviceError: This machine has no such device.
    """
    directory = directory or checkpoint_dir()
    card, where = read_card(name, directory), pick_device(device)
    key = (directory.resolve() / name, card.sha256, where)
    # Weights made in inference mode would be useless to a later caller who wants gradients.
    with _lock, torch.inference_mode(False):
        if key not in _loaded:
            _loaded[key] = _build(card, read_tensors(card, directory)).to(where)
        model = _loaded[key]
    if not isinstance(model, what):
        raise CheckpointError(f"checkpoint {name!r} is a {model.title}, which has no {noun(what)}")
    return model


def _build(card: Card, tensors: dict[str, Tensor]) -> Model:
    config = card.model_config
    try:
        model = FAMILIES[card.family](config)
        model.load_state_dict(tensors)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"checkpoint {card.name!r} does not fit the model its card describes ({error}); "
            "restore both files from the repository"
        ) from error
    return model.eval().requires_grad_(False)
