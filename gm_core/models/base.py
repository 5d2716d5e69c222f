"""What every model is: a network with a shape, a description for its card, and losses to be trained by.

A *family* is one class derived from :class:`Model`, with its config. What a model can do beyond being trained is said
by its capabilities: see :mod:`gm_core.models.capabilities`.
"""

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from inspect import isfunction
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor, nn

from gm_core.models.inputs import check_generator, check_weights
from gm_core.numerics import isolate


@dataclass(frozen=True, kw_only=True)
class ImageShape:
    """The pictures that a model knows.

    Attributes:
        channels: Channels C, 1 (grey) or 3 (red, green, blue).
        height: Height H in pixels.
        width: Width W in pixels.
        levels: Levels of a channel's value, from 2 (black and white) to 256.
    """

    channels: int = 1
    height: int = 28
    width: int = 28
    levels: int = 256

    def __post_init__(self) -> None:
        """Reject shapes that no picture can have."""
        check_sizes(self, "a picture")
        if self.channels not in (1, 3):
            raise ValueError(f"a picture must have 1 or 3 channels, not {self.channels}")
        if not 2 <= self.levels <= 256:
            raise ValueError(f"a pixel is a byte, so it cannot have {self.levels} levels")

    @property
    def size(self) -> tuple[int, int, int]:
        """Channels, height and width: the shape of one picture's tensor."""
        return self.channels, self.height, self.width

    @property
    def values(self) -> int:
        """Values of a picture, C·H·W."""
        return self.channels * self.height * self.width


MOST = 4096
"""Of any size of a model; far above any here, far below what takes minutes to build."""


def check_sizes(config: object, what: str, *, optional: Iterable[str] = ()) -> None:
    """``ValueError`` unless every integer of a dataclass, and of its tuples, is from 1 to :data:`MOST`.

    Args:
        config: The dataclass.
        what: What it describes, for the message.
        optional: Names of the fields that may be 0.
    """
    for entry in fields(config):  # type: ignore[arg-type]
        value = getattr(config, entry.name)
        if entry.type not in (int, "int", tuple[int, ...], "tuple[int, ...]"):
            continue  # a field of another type is checked by the class that adds it
        sizes = value if isinstance(value, tuple) else (value,)
        least = 0 if entry.name in optional else 1
        if not sizes or not all(type(size) is int and least <= size <= MOST for size in sizes):
            raise ValueError(f"{what} cannot have {entry.name} {value!r}: it must be {least} to {MOST}; {config}")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a model.

    Attributes:
        image: The pictures that it was made for.
        classes: Number of classes that it knows; 0 where labels mean nothing to it.
    """

    image: ImageShape = field(default_factory=ImageShape)
    classes: int = 0

    aliases: ClassVar[Mapping[str, str]] = {}
    """Names of older cards, and what they are called now; ``image.channels`` is a field of the picture's shape."""

    @classmethod
    def from_card(cls, entries: Mapping[str, Any]) -> Self:
        """A config from the JSON of a card, also of one that was written before pictures had a shape of their own.

        Args:
            entries: The card's ``config``.

        Raises:
            TypeError: It has fields that this family does not know.
            ValueError: A value is out of range.
        """
        entries = {key: tuple(value) if isinstance(value, list) else value for key, value in entries.items()}
        if "image" in entries:
            return cls(**entries | {"image": ImageShape(**entries["image"])})
        older = {"height": "image.height", "width": "image.width", "levels": "image.levels"} | dict(cls.aliases)
        image: dict[str, Any] = asdict(cls().image)
        own: dict[str, Any] = {}
        for key, value in entries.items():
            name = older.get(key, key)
            if name.startswith("image."):
                image[name.removeprefix("image.")] = value
            else:
                own[name] = value
        return cls(image=ImageShape(**image), **own)

    def with_classes(self, classes: int) -> Self:
        """The same for another number of classes; itself where labels mean nothing to the model."""
        return replace(self, classes=classes) if self.classes else self


@dataclass(frozen=True)
class Batch:
    """What a training step sees.

    Attributes:
        images: ``uint8`` (B, C, H, W).
        labels: Classes, ``int64`` (B,), -1 for "any class".
    """

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Loss:
    """A number to be made small.

    Attributes:
        value: The mean over the batch; what gradients are taken of.
        unit: Of the figure that is shown.
        scale: From the value to that figure.
    """

    value: Tensor
    unit: str = "nats"
    scale: float = 1.0

    @property
    def figure(self) -> float:
        """The value in the unit that is shown."""
        return float(self.value.detach()) * self.scale


class Model(nn.Module, ABC):
    """A network that learns from pictures.

    Images are ``uint8`` (B, C, H, W) everywhere in the public interface: a model quantises, dequantises and rescales
    inside. Chains and replay memories that training keeps are buffers, so that they are saved and resumed with the
    weights.

    Whatever a family makes public runs in an :func:`~gm_core.numerics.isolation` from torch's global settings, and
    refuses weights and generators that would give other figures. In training mode or not, dropout is part of the losses
    alone.

    Args:
        config: Its shape.
    """

    family: ClassVar[str]
    """What a card calls the family."""
    title: ClassVar[str]
    """What a person calls it."""
    Config: ClassVar[type[ModelConfig]]
    """The class of its config."""
    compiles: ClassVar[bool] = False
    """Whether ``torch.compile`` can trace its losses: not where they draw from a generator."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Isolate what the family makes public from torch's global settings."""
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if not isfunction(member):
                continue
            if name == "__init__":  # weights made in inference mode could never be trained
                setattr(cls, name, isolate(torch.inference_mode(False)(member)))
            elif name in _LOSSES or not (name.startswith("_") or hasattr(Model, name)):
                setattr(cls, name, isolate(_checked(member), learning=name in _LOSSES))

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @abstractmethod
    def describe(self) -> str:
        """What the model is, in one sentence for its card."""

    @abstractmethod
    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """What a training step makes small.

        Args:
            batch: Images and labels.
            generator: CPU source of the step's randomness.

        Returns:
            One loss per group of :meth:`parameter_groups`, by its name; a group without one rests in this step.
        """

    def parameter_groups(self) -> dict[str, Iterable[nn.Parameter]]:
        """The parameters that each loss is for: one optimiser per group, whose gradient is its own loss's alone."""
        return {"model": self.parameters()}

    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> Loss | None:
        """What held-out images say of the training so far; ``None`` where they say nothing, as of a GAN.

        Args:
            batch: Images and their labels.
            generator: CPU source of randomness.
        """
        return self.losses(Batch(batch.images, torch.full_like(batch.labels, -1)), generator).get("model")

    def warm_up(self, pictures: int) -> None:
        """Make ready what draws so many pictures the soonest; nothing, for most."""

    def bits_per_dim(self, log_prob: Tensor, pixels: int | None = None) -> Tensor:
        """Bits per value (a channel of a pixel) from nats per image.

        Args:
            log_prob: Nats, any shape.
            pixels: Pixels of an image; those of the config's size when left out.
        """
        shape = self.config.image
        return -log_prob / ((pixels or shape.height * shape.width) * shape.channels * math.log(2))

    def loss_in_bits(self, nats: Tensor) -> Loss:
        """A loss in nats per image, shown in bits per value."""
        return Loss(nats, "bits/dim", 1 / (self.config.image.values * math.log(2)))


_LOSSES = ("losses", "held_out_loss")


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a model that refuses weights and generators that give other figures.

    Raises:
        ValueError: The weights are of another type than ``float32`` or hold no values, or a generator is not one of
            torch's on the CPU.
    """

    @functools.wraps(method)
    def checked(self: Model, *args: Any, **kwargs: Any) -> Any:
        check_weights(self)
        for generator in (kwargs.get("generator"), *(some for some in args if isinstance(some, torch.Generator))):
            check_generator(generator)
        return method(self, *args, **kwargs)

    return checked


M = TypeVar("M", bound=Model)

FAMILIES: dict[str, type[Model]] = {}
"""The registry: every family by its name."""


def register(family: type[M]) -> type[M]:
    """Class decorator: make a family known to everything that loads, trains and measures models."""
    if FAMILIES.setdefault(family.family, family) is not family:
        raise ValueError(f"two families are called {family.family!r}: {FAMILIES[family.family]} and {family}")
    return family
