"""What is derived from models and data: saved as a checkpoint of its own, verified and loaded in one place.

A *study*, as an atlas or a detector, holds for the very weights that it was made with. Its card names them and their
SHA-256, so that a study of other weights is an error that says how to make it anew, never a wrong figure.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from gm_core.checkpoints import (
    Card,
    CheckpointError,
    Metric,
    checkpoint_dir,
    known_figures,
    names,
    read_card,
    read_tensors,
    reason,
    save,
)
from gm_core.device import pick_device
from gm_core.numerics import isolation
from gm_core.text import shell_word

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Stored:
    """A study as it lies in its files, of the right family and of the weights that are there.

    Attributes:
        subject: What it is of: the name of a data set or of a model.
        card: Its card.
        sources: The cards of the models it was made with, by the part they play.
        tensors: Its tensors, on the CPU.
        device: Where it is wanted.
        directory: Where all this lies.
    """

    subject: str
    card: Card
    sources: Mapping[str, Card]
    tensors: Mapping[str, Tensor]
    device: torch.device
    directory: Path

    def tensor(self, name: str, *shape: int | None) -> Tensor:
        """A tensor, on the CPU.

        Args:
            name: Its name.
            shape: Its shape, ``None`` for a dimension of any size.

        Raises:
            KeyError: There is none.
            ValueError: It has another shape.
        """
        tensor = self.tensors[name]
        if tensor.ndim != len(shape) or any(
            wanted not in (None, size) for wanted, size in zip(shape, tensor.shape, strict=True)
        ):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise ValueError(f"its {name} is of shape {tuple(tensor.shape)}, not ({wanted})")
        return tensor


@dataclass(frozen=True)
class Measurement:
    """What a study is worth, measured anew.

    Attributes:
        metrics: The figures of its card.
        details: What else there is to say, as entries of a JSON document.
        text: The details for people; nothing where there are none.
        missing: Data that would have been measured on and is not there: what is wrong with each.
    """

    metrics: list[Metric]
    details: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Leave out figures that come to no number."""
        object.__setattr__(self, "metrics", known_figures(self.metrics))


class StudyFamily(ABC, Generic[T]):
    """A family of studies: how they are called, made of which models, read, and measured.

    Attributes:
        family: Its name, on cards and at the end of its checkpoints' names.
        noun: One of them, with its article, for messages.
        command: The command that makes one, given its subject.
    """

    family: ClassVar[str]
    noun: ClassVar[str]
    command: ClassVar[str]

    def __init__(self) -> None:
        self._loaded: dict[tuple[Path, torch.device], tuple[list[Card], T]] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def sources(self, subject: str) -> dict[str, str]:
        """The checkpoints that the study of a subject is made with, by the part they play."""

    @abstractmethod
    def parse(self, stored: Stored) -> T:
        """A study from its files.

        Raises:
            KeyError, TypeError, ValueError, IndexError, RuntimeError: The files hold something else.
        """

    @abstractmethod
    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Measure the study of a subject anew: the figures of its card.

        Args:
            subject: A data set or a model.
            data_dir: Where the data sets lie.
            limit: Measure on the first so many images.
            device: Where to run.
        """

    def sources_on(self, card: Card) -> dict[str, str]:
        """The checkpoints that a study which is already there was made with, of those there are by :meth:`sources`."""
        return self.sources(self.subject(card.name))

    def entries(self, sources: Mapping[str, Card]) -> dict[str, Any]:
        """The sources as they are named on a card, among the entries of its ``config``."""
        return {part: {"name": card.name, "sha256": card.sha256} for part, card in sources.items()}

    def hashes(self, config: Mapping[str, Any], parts: Sequence[str]) -> dict[str, str]:
        """The reverse of :meth:`entries`: the SHA-256 of every source by its name.

        Raises:
            KeyError, TypeError: The config is not one of this family's.
        """
        return {config[part]["name"]: config[part]["sha256"] for part in parts}

    def name(self, subject: str) -> str:
        """The checkpoint of a subject's study."""
        return f"{subject}-{self.family}"

    def subject(self, name: str) -> str:
        """The subject of a study, from the name of its checkpoint."""
        return name.removesuffix(f"-{self.family}")

    def save(
        self,
        subject: str,
        tensors: dict[str, Tensor],
        directory: Path,
        *,
        description: str,
        split: str,
        metrics: list[Metric],
        class_names: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        **trained: Any,
    ) -> Card:
        """Write a study beside the models that it was made with.

        Args:
            subject: What it is of.
            tensors: What was found.
            directory: Where the models lie and the study goes.
            description: One sentence for its card.
            split: Which images were used for what.
            metrics: Its figures.
            class_names: What each label means.
            settings: What its card's ``config`` says beside the models.
            **trained: Of a study that was trained, its card's ``recipe``, ``history``, ``cost`` and ``parameters``.

        Returns:
            The card as written.
        """
        sources = self._source_cards(self.sources(subject), directory)
        card = Card(
            name=self.name(subject),
            family=self.family,
            description=description,
            dataset=next(iter(sources.values())).dataset,
            split=split,
            config={**self.entries(sources), **(settings or {})},
            metrics=metrics,
            class_names=list(class_names),
            **trained,
        )
        return save(card, tensors, directory)

    def load(self, subject: str, device: str | torch.device = "auto", directory: Path | None = None) -> T:
        """The study of a subject; read and verified once however often it is asked for.

        Args:
            subject: A data set or a model.
            device: Where its tensors and models go.
            directory: Where the checkpoints lie.

        Raises:
            CheckpointError: It is missing, damaged, altered, of another version, or of other weights.
            DeviceError: This machine has no such device.
        """
        directory, where = directory or checkpoint_dir(), pick_device(device)
        card = self._card(subject, directory)
        sources = self._source_cards(self.sources_on(card), directory)
        cards, key = [card, *sources.values()], (directory.resolve() / card.name, where)
        with self._lock, isolation(), torch.inference_mode(False):
            known = self._loaded.get(key)
            if known is None or known[0] != cards:
                known = self._loaded[key] = cards, self._read(subject, card, sources, where, directory)
            return known[1]

    def _card(self, subject: str, directory: Path) -> Card:
        name = self.name(subject)
        if not (directory / f"{name}.json").is_file():
            others = ", ".join(one for one in names(directory) if one.endswith(f"-{self.family}")) or "none"
            lacking = [one for one in self.sources(subject).values() if not (directory / f"{one}.json").is_file()]
            if lacking:
                nor = ", ".join(map(repr, dict.fromkeys(lacking)))
                raise CheckpointError(f"there is no checkpoint {name!r}, nor {nor} to make it of; there are: {others}")
            raise CheckpointError(
                f"there is no checkpoint {name!r}; there are: {others}; {self._remedy(subject, directory)}"
            )
        card = read_card(name, directory)
        if card.family != self.family:
            raise CheckpointError(
                f"checkpoint {name!r} holds a {card.family!r}, not {self.noun}; {self._remedy(subject, directory)}"
            )
        return card

    def _read(self, subject: str, card: Card, sources: Mapping[str, Card], device: torch.device, directory: Path) -> T:
        what, remedy = f"{self.noun.split(' ', 1)[1]} {directory / card.name}.json", self._remedy(subject, directory)
        try:
            made_with = self.hashes(card.config, list(sources))
            other = [source.name for source in sources.values() if made_with.get(source.name) != source.sha256]
            if other:
                others = ", ".join(map(repr, other))
                raise CheckpointError(f"{what} was made with other weights of {others}; {remedy}")
            return self.parse(Stored(subject, card, sources, read_tensors(card, directory), device, directory))
        except CheckpointError:
            raise
        except Exception as error:  # its card and its tensors may hold anything
            raise CheckpointError(f"{what} is not one of this version ({reason(error)}); {remedy}") from error

    def _source_cards(self, sources: Mapping[str, str], directory: Path) -> dict[str, Card]:
        return {part: read_card(name, directory) for part, name in sources.items()}

    def _remedy(self, subject: str, directory: Path) -> str:
        return (
            f"make it with: python -m gm_core {self.command} {shell_word(subject)} --out {shell_word(str(directory))}"
        )


STUDIES: dict[str, StudyFamily[Any]] = {}
"""The registry: every family of studies by its name."""

S = TypeVar("S", bound=StudyFamily[Any])


def register(family: S) -> S:
    """Make a family of studies known to everything that measures checkpoints."""
    if STUDIES.setdefault(family.family, family) is not family:
        raise ValueError(f"two families of studies are called {family.family!r}")
    return family
