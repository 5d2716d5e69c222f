"""Checkpoints: weights as safetensors, and a card that says what they are."""

import json
import os
import re
import threading
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from gm_core.device import pick_device
from gm_core.files import sha256, write_atomically
from gm_core.models.autoregressive.gated import GatedPixelCNN
from gm_core.models.autoregressive.original import MaskedPixelCNN
from gm_core.models.autoregressive.plusplus import PixelCNNPP
from gm_core.models.autoregressive.residual import ResidualPixelCNN
from gm_core.models.classifier.classifier import Classifier
from gm_core.models.vae.autoencoder import Autoencoder
from gm_core.models.vae.vae import VAE

Kind = (
    type[GatedPixelCNN]
    | type[MaskedPixelCNN]
    | type[ResidualPixelCNN]
    | type[PixelCNNPP]
    | type[VAE]
    | type[Autoencoder]
    | type[Classifier]
)

KINDS: tuple[Kind, ...] = (GatedPixelCNN, MaskedPixelCNN, ResidualPixelCNN, PixelCNNPP, VAE, Autoencoder, Classifier)
FAMILIES: dict[str, Kind] = {kind.family: kind for kind in KINDS}
"""Every kind of model that a checkpoint can hold."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_BYTES = 512 * 2**20  # of a weights file; far above any shipped one, far below what would fill the memory

_loaded: dict[tuple[Path, str, torch.device], nn.Module] = {}
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
        family: Kind of model, a key of :data:`FAMILIES`; ``"detector"`` for a calibrated detector.
        description: One sentence for a person.
        dataset: Name of the data set.
        split: Which of its images were used for what.
        config: Shape of the model.
        recipe: How it was trained.
        cost: What training cost: steps, minutes, hardware.
        metrics: Measured figures.
        parameters: Number of parameters.
        class_names: What each label means.
        sha256: Of the weights file.
    """

    name: str
    family: str
    description: str
    dataset: str
    split: str
    config: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    parameters: int = 0
    class_names: list[str] = field(default_factory=list)
    sha256: str = ""

    def metric(self, name: str) -> Metric:
        """A figure by name; ``KeyError`` when there is none."""
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
    """The cards of all checkpoints, by name.

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
        CheckpointError: There is none of that name, or it cannot be read.
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
        raise CheckpointError(f"card {path} is of {card.name!r}, not of {name!r}; restore it from the repository")
    return card


def _check_types(card: Card) -> None:
    """``TypeError`` unless every entry is of the kind that is promised."""
    kinds = {"name": str, "family": str, "dataset": str, "sha256": str, "config": dict, "recipe": dict, "cost": dict}
    for name, kind in kinds.items():
        if not isinstance(getattr(card, name), kind):
            raise TypeError(f"{name} must be {kind.__name__}")


def read_tensors(card: Card, directory: Path | None = None) -> dict[str, Tensor]:
    """A checkpoint's tensors, after verifying that the file is the one its card was written for.

    Raises:
        CheckpointError: The file is missing, or its SHA-256 is not the card's.
    """
    path = (directory or checkpoint_dir()) / f"{card.name}.safetensors"
    mend = "restore it from the repository, or train it again"
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CheckpointError(f"checkpoint {path} is larger than any of this project's; {mend}")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read ({error.strerror}); {mend}") from error
    if sha256(data) != card.sha256:
        raise CheckpointError(f"checkpoint {path} is not the file its card describes (SHA-256 differs); {mend}")
    try:
        return load_tensors(data)
    except SafetensorError as error:
        raise CheckpointError(f"checkpoint {path} is not a safetensors file ({error}); {mend}") from error


def save(card: Card, tensors: dict[str, Tensor], directory: Path | None = None) -> Card:
    """Write a checkpoint: weights, then the card with their SHA-256.

    Args:
        card: What it is; its ``sha256`` is filled in.
        tensors: Weights.
        directory: Where to.

    Returns:
        The card as written.
    """
    if not _NAME.fullmatch(card.name):
        raise CheckpointError(f"{card.name!r} cannot name a checkpoint; use small letters, digits and single hyphens")
    directory = directory or checkpoint_dir()
    data = save_tensors({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    entries = {**asdict(card), "sha256": sha256(data)}
    write_atomically(directory / f"{card.name}.safetensors", data)
    text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    write_atomically(directory / f"{card.name}.json", text.encode())
    return read_card(card.name, directory)


def load(name: str, device: str | torch.device = "auto", directory: Path | None = None) -> nn.Module:
    """A model with its trained weights, in eval mode; loaded once however often it is asked for.

    Args:
        name: Name of the checkpoint.
        device: ``"auto"``, or one of torch's.
        directory: Where the checkpoint lies; see :func:`checkpoint_dir`.

    Returns:
        The model, whose class is that of the card's family.

    Raises:
        CheckpointError: It is missing, damaged, altered, or does not fit its card.
        DeviceError: This machine has no such device.
    """
    directory = directory or checkpoint_dir()
    card, where = read_card(name, directory), pick_device(device)
    key = (directory.resolve() / name, card.sha256, where)
    # Weights made in inference mode would be of no use to whoever asks next and wants gradients.
    with _lock, torch.inference_mode(False):
        if key not in _loaded:
            _loaded[key] = _build(card, read_tensors(card, directory)).to(where)
        return _loaded[key]


def _build(card: Card, tensors: dict[str, Tensor]) -> nn.Module:
    if card.family not in FAMILIES:
        raise CheckpointError(
            f"checkpoint {card.name!r} holds a {card.family!r}, which is none of {', '.join(FAMILIES)}"
        )
    kind = FAMILIES[card.family]
    try:
        entries = {key: tuple(value) if isinstance(value, list) else value for key, value in card.config.items()}
        model = kind(kind.config_type(**entries))  # type: ignore[arg-type]
        model.load_state_dict(tensors)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"checkpoint {card.name!r} does not fit the model its card describes ({error}); "
            "restore both files from the repository"
        ) from error
    return model.eval().requires_grad_(False)
