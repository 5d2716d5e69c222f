"""What a model may be able to do, as protocols that a family meets by having their methods.

Everything that uses models asks for capabilities, ``isinstance(model, Density)``, and never for families, so that a new
family is used wherever it can be without any other file knowing of it.

===================  ==================================================================================================
:class:`Density`     log p(x), exact
:class:`Bounded`     a lower bound on log p(x), in named terms
:class:`Estimated`   a random estimate of log p(x), with its error
:class:`Samples`     pictures drawn from the model
:class:`Streams`     the same, step by step
:class:`Paced`       the same, in as many steps as one likes
:class:`FromNoise`   the same, from noise that is given and not drawn
:class:`Inverts`     from a picture back to the noise that it is made of, and from noise to its picture
:class:`Edits`       pictures made of what is there: noise on, noise off; a part kept, the rest made
:class:`Latent`      a code for every picture, a picture for every code
:class:`Variational` the same with a distribution over codes, as a VAE has
:class:`Classifies`  p(y | x)
===================  ==================================================================================================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.distributions import Categorical, Normal

from gm_core.distributions.channels import PictureMixture
from gm_core.distributions.logistic import LogisticMixture
from gm_core.models.base import Model, ModelConfig
from gm_core.models.frames import Frame, NoiseFrame, PictureFrame


@dataclass(frozen=True)
class Bound:
    """A lower bound on log p(x), as named terms that add up to it.

    Attributes:
        terms: Nats per image, (B,) each; ``-kl`` is the name of a term that is the negative of what is called ``kl``.
    """

    terms: Mapping[str, Tensor]
    name: ClassVar[str] = "bound"
    """What its figures are called."""
    draw: ClassVar[str] = "one draw of the noise"
    """What is random in it."""

    @property
    def value(self) -> Tensor:
        """The bound: the sum of its terms, nats per image, (B,)."""
        return torch.stack(list(self.terms.values())).sum(dim=0)


@dataclass(frozen=True)
class Elbo(Bound):
    """The evidence lower bound and its two terms, in nats.

    Attributes:
        kl_per_dim: KL(q(z|x) || p(z)) of each latent dimension, exact, (B, D).
    """

    kl_per_dim: Tensor
    name: ClassVar[str] = "elbo"
    draw: ClassVar[str] = "one draw of z"

    @property
    def reconstruction(self) -> Tensor:
        """E_q log p(x | z), estimated from samples of z, (B,)."""
        return self.terms["reconstruction"]

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)), (B,)."""
        return self.kl_per_dim.sum(dim=-1)


@dataclass(frozen=True)
class Estimate:
    """A random estimate of log p(x).

    Attributes:
        value: Nats per image, (B,).
        error: Standard error of each, nats, (B,); infinite where a single draw says nothing of it.
        kind: How it was estimated: ``"importance"``, ``"AIS"``, ``"Hutchinson"``.
        samples: Draws behind each.
    """

    value: Tensor
    error: Tensor
    kind: str
    samples: int


class Configured(Protocol):
    """What every model has, whatever it can do."""

    @property
    def config(self) -> ModelConfig:
        """Its shape."""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""

    def __hash__(self) -> int: ...


@runtime_checkable
class Density(Configured, Protocol):
    """The probability of the discrete picture can be computed exactly."""

    def log_prob(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Exact log p(x), or log p(x | y).

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class"; any class for all when left out.

        Returns:
            Nats per image, (B,).
        """
        ...


@runtime_checkable
class Bounded(Configured, Protocol):
    """The probability of the picture has a lower bound that can be computed."""

    def bound(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Bound:
        """A lower bound on log p(x), in terms that add up.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".
            generator: CPU source of randomness, where the bound is one of expectation.
        """
        ...


@runtime_checkable
class Estimated(Configured, Protocol):
    """The probability of the picture can be estimated by random draws, the better the more there are."""

    def estimate(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 100,
        generator: torch.Generator | None = None,
    ) -> Estimate:
        """An estimate of log p(x) with its standard error.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,), -1 for "any class".
            samples: Draws per image.
            generator: CPU source of randomness.
        """
        ...


@runtime_checkable
class Samples(Configured, Protocol):
    """Pictures can be drawn."""

    def sample(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw pictures.

        Args:
            n: Number of pictures.
            labels: Class of each, ``int64`` (n,), -1 for "any class".
            generator: CPU source of randomness; the same state gives the same pictures.
            temperature: Below 1 favours the likeliest values, above 1 the others.

        Returns:
            ``uint8`` (n, C, H, W), on the CPU.
        """
        ...


@runtime_checkable
class Streams(Configured, Protocol):
    """Pictures come to be in steps that can be watched; the last frame's are those that ``sample`` gives."""

    def stream(
        self,
        n: int = 1,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
    ) -> Iterator[Frame]:
        """Draw pictures step by step; arguments as for ``sample``."""
        ...


@runtime_checkable
class Paced(Streams, Protocol):
    """Pictures come to be in as many ``steps`` as one likes, each by a ``sampler``, with a ``guidance``."""

    @property
    def methods(self) -> Mapping[str, int]:
        """The samplers by name, with the most calls of the network that a step takes."""


@runtime_checkable
class FromNoise(Streams, Protocol):
    """Pictures are made of standard normal noise, a number for each of their values.

    So the same noise can be given to several models. Each number is of one place of the picture, in every model: the
    picture that a model would make if it did nothing but scale and shift depends there on that number alone.
    """

    def from_noise(self, noise: Tensor, labels: Tensor | None = None) -> Iterator[Frame]:
        """Pictures of standard normal noise, ``float32`` (n, C, H, W), step by step; labels are as for ``sample``."""
        ...


@runtime_checkable
class Inverts(Configured, Protocol):
    """Pictures can be turned back, step by step, into the noise that they are made of, and noise into its picture."""

    def to_noise(
        self, images: Tensor, *, generator: torch.Generator | None = None, terms: bool = False
    ) -> Iterator[PictureFrame]:
        """Turn pictures into noise; the last frame holds it as ``noise``.

        Args:
            images: ``uint8`` (B, C, H, W).
            generator: CPU source of where within their levels the values lie; without it all lie in one place, which
                is no draw, and the noise is not what the model would draw.
            terms: Whether the frames must tell what each step adds to log P(x), even if that takes longer.
        """
        ...

    def to_picture(self, noise: Tensor) -> Iterator[PictureFrame]:
        """Turn noise, ``float32`` (B, C, H, W), into pictures: that way backwards, but for what a solver leaves."""
        ...


@runtime_checkable
class Edits(Paced, Inverts, Protocol):
    """Pictures can be made of what is there already; the last frames hold them."""

    def redraw(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        strength: float,
        generator: torch.Generator | None = None,
        steps: int = 10,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """Put noise over pictures, ``uint8`` (B, C, H, W), and take it off again.

        The strength says how much: from 0, where they come back as they are, to 1, where nothing of them is left. The
        other arguments are those of ``stream``.
        """
        ...

    def complete(
        self,
        images: Tensor,
        keep: Tensor,
        labels: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        steps: int = 10,
        repeats: int = 1,
        sampler: str = "ddpm",
        guidance: float = 1.0,
    ) -> Iterator[NoiseFrame]:
        """Keep a part of pictures, ``bool`` (B, 1, H, W), and make the rest.

        Each step is taken ``repeats`` times, with new noise in between. The other arguments are those of ``stream``.
        """
        ...


@runtime_checkable
class Latent(Configured, Protocol):
    """Every picture has a code, and every code a picture."""

    @property
    def dimensions(self) -> int:
        """Numbers D in a code."""

    def code(self, images: Tensor) -> Tensor:
        """Codes of pictures: ``float32`` (B, D) from ``uint8`` (B, C, H, W)."""
        ...

    def expected(self, z: Tensor) -> Tensor:
        """Pictures of codes before they are rounded: levels, ``float32`` (B, C, H, W), where the weights are.

        Not bounded to the range of levels where the model's training does not bound them.
        """
        ...

    def render(self, z: Tensor) -> Tensor:
        """Pictures of codes: ``uint8`` (B, C, H, W), on the CPU, from ``float32`` (B, D)."""
        ...


@runtime_checkable
class Variational(Bounded, Latent, Protocol):
    """A latent model with a posterior: where the codes of a picture may lie, and what a code says of the pixels."""

    def bound(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Elbo:
        """The evidence lower bound; ``samples`` draws of z average its reconstruction term."""
        ...

    @property
    def prior(self) -> Normal:
        """p(z), batch shape (D,)."""

    def encode(self, images: Tensor) -> Normal:
        """The posterior q(z | x), ``mean`` and ``stddev`` of shape (B, D)."""
        ...

    def decode(self, z: Tensor) -> LogisticMixture | PictureMixture:
        """The pixel distribution p(x | z), batch shape (B, C, H, W)."""
        ...

    def log_likelihood(self, images: Tensor, z: Tensor) -> Tensor:
        """Log p(x | z) in nats, (S, B), of images (B, C, H, W) at S codes each, (S, B, D)."""
        ...

    def log_weights(self, images: Tensor, samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Logarithms of the importance weights p(x, z) / q(z | x) of draws from the posterior, nats, (samples, B)."""
        ...


@runtime_checkable
class Classifies(Configured, Protocol):
    """The class of a picture has probabilities."""

    def posterior(self, images: Tensor) -> Categorical:
        """p(y | x), batch shape (B,), of ``uint8`` images (B, C, H, W)."""
        ...

    def features(self, images: Tensor) -> Tensor:
        """What the classes are read from, in which like pictures are near: ``float32`` (B, F)."""
        ...


NOUNS: dict[type, str] = {
    Density: "exact density",
    Bounded: "lower bound",
    Estimated: "estimate of its density",
    Samples: "way to draw pictures",
    Streams: "steps to watch",
    Paced: "choice of the number of steps",
    FromNoise: "noise that pictures are made of",
    Inverts: "way back to noise",
    Edits: "way to begin with a picture",
    Latent: "latent space",
    Variational: "posterior over codes",
    Classifies: "classes to choose from",
}
"""What a model without a capability has not, for messages."""

CAPABILITIES = tuple(NOUNS)


def noun(what: type) -> str:
    """What a model has that has a capability, or is of a base class."""
    return NOUNS.get(what) or str(getattr(what, "noun", what.__name__))


def has_capability(family: type[Model], capability: type) -> bool:
    """Whether the models of a family can do something, without a model loaded.

    Args:
        family: The family.
        capability: One of these protocols, or a base class such as ``Autoregressive``.
    """
    if capability not in CAPABILITIES:
        return issubclass(family, capability)
    members = {name for part in capability.__mro__ if part in CAPABILITIES for name in vars(part) if name[0] != "_"}
    return all(hasattr(family, name) for name in members)
