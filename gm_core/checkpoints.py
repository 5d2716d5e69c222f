"""Checkpoints: weights as safetensors, and a card that says what they are."""

import json
import logging
import math
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_origin, overload

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from gm_core import cards
from gm_core.bounded import Bounded
from gm_core.data.catalog import DataSet, dataset_of, folder_record
from gm_core.device import pick_device
from gm_core.files import sha256, write_atomically
from gm_core.models import FAMILIES, Model, ModelConfig
from gm_core.models.capabilities import has_capability, noun
from gm_core.numerics import isolation
from gm_core.text import UserError, json_text

T = TypeVar("T")

_MAX_BYTES = 512 * 2**20  # of a weights file; far above any shipped one, far below what would fill the memory

_loaded: dict[tuple[Path, str, str, torch.device], Model] = {}
_lock = threading.Lock()


class CheckpointError(UserError, RuntimeError):
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

    @property
    def is_known(self) -> bool:
        """Whether its value is a number: an infinity, or what is none, says nothing."""
        return math.isfinite(self.value)


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
                "another version of this project may know it; else restore its card from the repository"
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

    def value(self, name: str) -> float | None:
        """A figure's value by its name; ``None`` when the card has no such figure."""
        return next((metric.value for metric in self.metrics if metric.name == name), None)


def checkpoint_dir() -> Path:
    """Where checkpoints are: ``$GM_CHECKPOINTS``, else the installed package's own, else the repository's."""
    if chosen := os.environ.get("GM_CHECKPOINTS"):
        return Path(chosen)
    installed = Path(__file__).parent / "_checkpoints"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "checkpoints"


def names(directory: Path | None = None) -> list[str]:
    """The names of all checkpoints, in order, whether they can be read or not.

    What other programs leave in the folder, as copies and notes, is passed over with a line in the log.

    Raises:
        CheckpointError: There is no such folder, or it cannot be read.
    """
    directory = directory or checkpoint_dir()
    try:
        for path in directory.glob("[!.]*.json"):
            if not cards.is_card(path):
                _warn_once(f"{str(path)!r} is passed over: no checkpoint has such a name, or it is no file")
        return cards.card_names(directory)
    except FileNotFoundError:
        raise CheckpointError(f"there is no folder {directory} to look for checkpoints in") from None
    except OSError as error:
        raise CheckpointError(f"the folder of checkpoints {directory} cannot be read ({error.strerror})") from error


def available(directory: Path | None = None) -> list[Card]:
    """The cards of all checkpoints that can be read, ordered by name; of each other one, a line in the log says why.

    Raises:
        CheckpointError: There is no such folder, or it cannot be read.
    """
    found = []
    for name in names(directory):
        try:
            found.append(read_card(name, directory))
        except CheckpointError as error:
            _warn_once(str(error))
    return found


@lru_cache(maxsize=256)
def _warn_once(line: str) -> None:
    """A line in the log, however often the checkpoints are looked at."""
    logging.getLogger(__name__).warning("%s", line)


def read_card(name: str, directory: Path | None = None) -> Card:
    """A checkpoint's card.

    Raises:
        CheckpointError: There is no checkpoint of that name, or its card cannot be read, or says what cannot be.
    """
    directory = directory or checkpoint_dir()
    path = directory / f"{name}.json"
    if not cards.NAME.fullmatch(name) or not path.is_file():
        there = ", ".join(names(directory)) or f"none in {directory}"
        raise CheckpointError(f"there is no checkpoint {name!r}; there are: {there}")
    try:
        card = _parse(cards.read_entries(path))
    except Exception as error:  # a card may hold anything
        raise CheckpointError(
            f"card {path} cannot be read ({reason(error)}); restore it from the repository"
        ) from error
    if card.name != name:
        raise CheckpointError(f"card {path} describes {card.name!r}, not {name!r}; restore it from the repository")
    return card


def _parse(entries: dict[str, Any]) -> Card:
    """A card from what stands on it; raises what it likes where that is not as it must be."""
    known = {entry.name for entry in fields(Card)}
    entries = {key: value for key, value in entries.items() if key in known}
    metrics = entries.pop("metrics", None)
    if missing := [key for key in ("name", "family", "description", "dataset", "split") if key not in entries]:
        raise ValueError(f"it has no {', '.join(missing)}")
    if not isinstance(metrics, list) or not all(isinstance(metric, dict) for metric in metrics):
        raise ValueError("metrics must be a list of figures")
    card = Card(**entries, metrics=[Metric(**metric) for metric in metrics])
    for entry in fields(card):
        wanted = get_origin(entry.type) or entry.type
        if not isinstance(getattr(card, entry.name), wanted):  # type: ignore[arg-type]
            raise ValueError(f"{entry.name} must be {_KINDS[wanted]}")  # type: ignore[index]
    for metric in card.metrics:
        cards.check_figure(metric.name, metric.value, metric.unit, metric.protocol)
    if isinstance(card.parameters, bool) or card.parameters < 0:
        raise ValueError("parameters must be a number of at least 0")
    cards.check_cost(card.cost)
    cards.check_history(card.history)
    classes = FAMILIES[card.family].Config.from_card(card.config).classes if card.is_model else 0
    cards.check_names(card.class_names, classes)
    if classes and not card.class_names:
        card = replace(card, class_names=[str(label) for label in range(classes)])
    return card


_KINDS = {str: "a text", int: "a whole number", dict: "an object", list: "a list"}


def reason(error: Exception) -> str:
    """What an error says, on one line of bounded length."""
    return " ".join((str(error) or type(error).__name__).split())[:300]


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
    if not cards.NAME.fullmatch(card.name):
        raise CheckpointError(f"{card.name!r} cannot name a checkpoint; use small letters, digits and single hyphens")
    directory = directory or checkpoint_dir()
    data = save_tensors({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    write_atomically(directory / f"{card.name}.safetensors", data)
    write_card(replace(card, sha256=sha256(data)), directory)
    return read_card(card.name, directory)


def write_card(card: Card, directory: Path | None = None) -> None:
    """Write a card alone, for weights that are there already."""
    licence = card.licence or card.record.licence
    text = json_text(asdict(replace(card, licence=licence, metrics=known_figures(card.metrics)))) + "\n"
    write_atomically((directory or checkpoint_dir()) / f"{card.name}.json", text.encode())


def known_figures(metrics: Iterable[Metric]) -> list[Metric]:
    """The figures whose value is a number; of others, a line in the log says that there is none."""
    known = []
    for metric in metrics:
        if metric.is_known:
            known.append(metric)
        else:
            logging.getLogger(__name__).warning("no %s: it comes to no number (%s)", metric.name, metric.protocol)
    return known


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
    write_atomically(path, (json_text(entries) + "\n").encode())
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
    key = (directory.resolve() / name, card.sha256, repr((card.family, card.config, card.parameters)), where)
    # Weights made in inference mode would be useless to a later caller who wants gradients.
    with _lock, isolation(), torch.inference_mode(False):
        model = _loaded.get(key)
        # The weights that all callers share are still of their type, and where they belong.
        intact = {(torch.float32, where.type)}
        if model is None or {(weight.dtype, weight.device.type) for weight in model.parameters()} != intact:
            model = _loaded[key] = _build(card, read_tensors(card, directory)).to(where)
    if not isinstance(model, what):
        raise CheckpointError(f"checkpoint {name!r} is a {model.title}, which has no {noun(what)}")
    return model


def _build(card: Card, tensors: dict[str, Tensor]) -> Model:
    config = card.model_config
    try:
        family = FAMILIES[card.family]
        with Bounded(sum(tensor.numel() for tensor in tensors.values())):
            model = family(config)
        state = model.state_dict()
        if other := state.keys() ^ tensors.keys():
            raise ValueError(f"{len(other)} of its tensors are not those of the model, as {min(other)}")
        for name, tensor in tensors.items():
            if tensor.shape != state[name].shape:
                raise ValueError(f"{name} is of shape {tuple(tensor.shape)}, not {tuple(state[name].shape)}")
        if card.parameters not in (0, count := sum(parameter.numel() for parameter in model.parameters())):
            raise ValueError(f"it has {count:,} parameters, not {card.parameters:,}")
        model.load_state_dict(tensors)
    except Exception as error:  # two files that do not belong together, or a config that only the network objects to
        raise CheckpointError(
            f"checkpoint {card.name!r} does not fit the model its card describes ({reason(error)}); "
            "restore both files from the repository"
        ) from error
    return model.eval().requires_grad_(False)
