"""Where pictures lie in a latent space, and which of its directions have a meaning."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card
from gm_core.data.datasets import Images, load_dataset
from gm_core.evaluation.batches import in_batches
from gm_core.models.capabilities import Latent, Variational
from gm_core.numerics import isolate
from gm_core.studies.atlas.attributes import ATTRIBUTES, attributes_of
from gm_core.studies.store import Measurement, Stored, StudyFamily, register

LEAST_KL = 0.05
"""Nats: a dimension with a lower mean KL tells the decoder next to nothing."""

MOVES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Moves along a direction, in standard deviations of its attribute, whose effect is measured."""

MOVED_IMAGES = 500

PRINCIPAL, PRINCIPAL_IMAGES = 16, 32
"""Principal directions that are kept, and held-out images around which they are found."""

NUDGE = 0.05
"""How far a code is moved to measure how its picture changes."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """What is known about a latent space.

    Attributes:
        codes: Posterior means (VAE) or codes (autoencoder) of the held-out images, ``float32`` (N, D).
        labels: Their classes, ``int64`` (N,).
        kl: Mean KL of each dimension over the held-out images, nats, ``float32`` (D,); zeros for an autoencoder.
        class_codes: Mean code of each class over the training images, ``float32`` (classes, D); not a number for a
            class that has none, see :attr:`means`.
        principal: Steps of a standard deviation along the directions in which decoded pictures differ most, the largest
            difference first; see :func:`principal_steps`, ``float32`` (up to :data:`PRINCIPAL`, D).
        gains: By how much a step along each principal direction changes a picture: root mean square over its values,
            in levels, for all directions, (D,).
        directions: How the code of a training image changes with one standard deviation of an attribute, each (D,);
            the attributes are those of :func:`~gm_core.studies.atlas.attributes.attributes_of`.
        attributes: Mean and standard deviation of each attribute over the training images, in its unit.
        class_names: What each label means.
    """

    codes: Tensor
    labels: Tensor
    kl: Tensor
    class_codes: Tensor
    principal: Tensor
    gains: Tensor
    directions: dict[str, Tensor]
    attributes: dict[str, tuple[float, float]]
    class_names: tuple[str, ...]

    @property
    def means(self) -> dict[int, Tensor]:
        """The mean codes that there are, (D,) each, by class."""
        known = self.class_codes.isfinite().all(dim=1).tolist()
        return {label: code for label, code in enumerate(self.class_codes) if known[label]}

    @isolate
    def neighbours(self, z: Tensor, count: int) -> tuple[Tensor, float]:
        """The held-out images nearest to a point.

        Args:
            z: The point, (D,).
            count: How many, or all where there are fewer.

        Returns:
            How many of them belong to each class, ``int64`` (classes,), and the distance within which all lie.
        """
        near = (self.codes - z).norm(dim=1).topk(min(count, len(self.codes)), largest=False)
        return self.labels[near.indices].bincount(minlength=len(self.class_names)), float(near.values[-1])


@isolate
def make_atlas(
    name: str, train: Images, held_out: Images, *, device: torch.device, directory: Path, quiet: bool = False
) -> Card:
    r"""Survey a model's latent space and save what was found: codes and directions, but no images.

    The direction of an attribute a is the change of :math:`E[z \mid a, y]` with one standard deviation of a, as far as
    that is linear, pictures being compared only with others of their class y: ones are thin and eights are not, but a
    thicker one should stay a one.

    Args:
        name: The model: one with a latent space, of pictures of 256 levels.
        train: Images it was trained on: class means and directions are found on them.
        held_out: Images it was not trained on: their codes are kept, and the directions are tested on them.
        device: Where to run.
        directory: Where the model lies, and where the atlas goes, as ``NAME-atlas``.
        quiet: No progress bars.

    Returns:
        The atlas's card.

    Raises:
        CheckpointError: The model is missing or has no latent space.
    """
    model, model_card = _load_model(name, device, directory), read_card(name, directory)
    trained = _encode(model, train, "codes, training images", quiet).double()
    values = {
        attribute: in_batches(measure, train.images, title=f"{attribute}, training images", quiet=quiet).double()
        for attribute, (measure, _) in attributes_of(model_card.dataset, train.images.shape[1]).items()
    }
    labels = range(len(train.class_names))
    codes = _encode(model, held_out, "codes, held-out images", quiet)
    principal, gains = principal_steps(model, codes)
    atlas = Atlas(
        codes=codes,
        labels=held_out.labels,
        kl=_mean_kl(model, held_out, quiet) if isinstance(model, Variational) else torch.zeros(codes.shape[1]),
        class_codes=torch.stack([trained[train.labels == label].mean(dim=0) for label in labels]).float(),
        principal=principal,
        gains=gains,
        directions={attribute: _direction(trained, value, train.labels) for attribute, value in values.items()},
        attributes={
            attribute: (float(value.mean()), float(value.std(unbiased=False))) for attribute, value in values.items()
        },
        class_names=train.class_names,
    )
    return ATLASES.save(
        name,
        _to_tensors(atlas),
        directory,
        description=f"Codes of held-out images, class means, and directions of {' and '.join(values)}",
        split=f"class means and directions of {len(train):,} training images, codes of the {len(held_out):,} held out",
        metrics=evaluate_atlas(model, atlas, held_out, quiet),
        class_names=atlas.class_names,
    )


@isolate
def principal_steps(model: Latent, codes: Tensor) -> tuple[Tensor, Tensor]:
    r"""The directions in which the decoded pictures of real codes differ most: their principal components.

    To first order a decoded picture changes by J dz with its code, so with C the covariance of codes and M the mean of
    :math:`J^\top J`, these are :math:`C^{1/2} v` for the eigenvectors v of :math:`C^{1/2} M C^{1/2}`. Along each,
    codes have a standard deviation of one step, and along any two they are uncorrelated.

    Args:
        model: The model.
        codes: Codes of real images, (N, D); J is averaged over the first :data:`PRINCIPAL_IMAGES` of them.

    Returns:
        The steps of the first :data:`PRINCIPAL` directions, ``float32`` (at most that many, D), and for all directions
        the root mean square change of a picture's values per step, in levels, (D,).

    References:
        Härkönen et al. (2020), "GANSpace: Discovering Interpretable GAN Controls", section 2.1, for principal
        components as controls. https://arxiv.org/abs/2004.02546
    """
    nudges = NUDGE * torch.eye(codes.shape[1])
    metric = torch.zeros(codes.shape[1], codes.shape[1], dtype=torch.float64)
    some = codes[:PRINCIPAL_IMAGES]
    for z in some:
        ahead, behind = (
            in_batches(partial(_visible_pictures, model), z + sign * nudges).flatten(1).double() for sign in (1, -1)
        )
        change = (ahead - behind) / (2 * NUDGE)  # by each coordinate, (D, values)
        metric += change @ change.mT / change.shape[1] / len(some)
    covariance = torch.cov(codes.mT.double(), correction=min(1, len(codes) - 1))  # of a single code, 0
    variances, basis = torch.linalg.eigh(covariance.reshape(metric.shape))
    spread = basis * variances.clamp_min(0).sqrt() @ basis.mT
    gains, vectors = torch.linalg.eigh(spread @ metric @ spread)
    steps = (spread @ vectors).mT.flip(0)[:PRINCIPAL]
    # Both v and -v are eigenvectors: the sign that makes the largest entry positive is chosen.
    steps *= torch.where(steps.gather(1, steps.abs().argmax(dim=1, keepdim=True)) < 0, -1, 1)
    return steps.float(), gains.flip(0).clamp_min(0).sqrt().float()


@isolate
def evaluate_atlas(model: Latent, atlas: Atlas, held_out: Images, quiet: bool = False) -> list[Metric]:
    """Test a latent space on images that its model has not seen.

    Args:
        model: The model.
        atlas: Its atlas, whose class means and directions are tested.
        held_out: The images.
        quiet: No progress bars.

    Returns:
        For a VAE the number of dimensions in use; the share of images nearest to the mean of their own class; and what
        moving along each direction does to the attribute of the decoded picture.
    """
    count = f"{len(held_out):,} held-out images"
    codes = _encode(model, held_out, f"codes, {count}", quiet)
    metrics = []
    if isinstance(model, Variational):
        kl = _mean_kl(model, held_out, quiet)
        protocol = f"of {len(kl)}: a mean KL of at least {LEAST_KL} nats over {count}"
        metrics.append(Metric("dimensions_in_use", float((kl >= LEAST_KL).sum()), "dimensions", protocol))
    # A class without a mean is nearest to nothing.
    nearest = torch.cdist(codes, atlas.class_codes.cpu()).nan_to_num(nan=torch.inf).argmin(dim=1)
    share = float((nearest == held_out.labels).double().mean())
    protocol = f"share of {count} whose code is nearest to the mean of their own class, straight-line distance"
    metrics.append(Metric("nearest_class_mean", share, "share", protocol))
    some = codes[:MOVED_IMAGES]
    for attribute, direction in atlas.directions.items():
        slope, correlation = _try_direction(model, attribute, direction.cpu(), some)
        unit, deviation = ATTRIBUTES[attribute][1], atlas.attributes[attribute][1]
        protocol = (
            f"decoded pictures of the first {len(some):,} held-out images, moved by {MOVES[0]:g} to {MOVES[-1]:g} "
            f"standard deviations of {attribute} (one is {deviation:.3g} {unit} on training images)"
        )
        metrics.append(Metric(f"{attribute}_change", slope, f"{unit}/sd", f"slope, {protocol}"))
        protocol = f"of move and change, {protocol}"
        metrics.append(Metric(f"{attribute}_correlation", correlation, "correlation", protocol))
    return metrics


class AtlasFamily(StudyFamily[Atlas]):
    """Atlases: each of one model with a latent space."""

    family = "atlas"
    noun = "an atlas"
    command = "atlas"

    def sources(self, subject: str) -> dict[str, str]:
        """The model itself."""
        return {"model": subject}

    def parse(self, stored: Stored) -> Atlas:
        """An atlas from its tensors, which must agree on the dimensions and have the data set's attributes."""
        model, classes = stored.sources["model"], len(stored.card.class_names)
        latent = stored.tensor("class_codes", classes, None).shape[1]
        names = list(attributes_of(model.dataset, model.model_config.image.channels))
        missing = {f"{attribute}_change" for attribute in names} - {metric.name for metric in stored.card.metrics}
        if missing:
            raise ValueError(f"it has no {', '.join(sorted(missing))}")

        def tensor(name: str, *shape: int | None) -> Tensor:
            return stored.tensor(name, *shape).to(stored.device)

        labels = tensor("labels", None).long()
        attributes = tensor("attributes", len(names), 2).tolist()
        return Atlas(
            codes=tensor("codes", len(labels), latent).float(),
            labels=labels,
            kl=tensor("kl", latent),
            class_codes=tensor("class_codes", classes, latent),
            principal=tensor("principal", min(PRINCIPAL, latent), latent),
            gains=tensor("gains", latent),
            directions=dict(zip(names, tensor("directions", len(names), latent), strict=True)),
            attributes={name: (mean, deviation) for name, (mean, deviation) in zip(names, attributes, strict=True)},
            class_names=tuple(stored.card.class_names),
        )

    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Test the latent space on the held-out images."""
        held_out = load_dataset(read_card(subject).dataset, "validation", data_dir).first(limit)
        atlas = self.load(subject, device)
        return Measurement(evaluate_atlas(load(subject, device, what=Latent), atlas, held_out))


ATLASES = register(AtlasFamily())


def load_atlas(name: str, device: str | torch.device = "auto", directory: Path | None = None) -> Atlas:
    """The atlas of a model's latent space; read only once.

    Args:
        name: The model, for instance ``"mnist-vae"``; the atlas's checkpoint is ``NAME-atlas``.
        device: Where its tensors go.
        directory: Where the checkpoints lie.

    Raises:
        CheckpointError: It is missing, damaged, or not of the model's weights.
        DeviceError: This machine has no such device.
    """
    return ATLASES.load(name, device, directory)


def _to_tensors(atlas: Atlas) -> dict[str, Tensor]:
    """The tensors of the file; half precision keeps a code to a relative error of a thousandth."""
    return {
        "codes": atlas.codes.half(),
        "labels": atlas.labels.to(torch.uint8 if len(atlas.class_names) <= 256 else torch.int32),
        "kl": atlas.kl,
        "class_codes": atlas.class_codes,
        "principal": atlas.principal,
        "gains": atlas.gains,
        "directions": torch.stack(list(atlas.directions.values())),
        "attributes": torch.tensor(list(atlas.attributes.values()), dtype=torch.float64),
    }


def _load_model(name: str, device: torch.device, directory: Path) -> Latent:
    model = load(name, device, directory, what=Latent)
    levels = model.config.image.levels
    if levels < 256:
        raise CheckpointError(f"{name!r} is of pictures of {levels} levels; an atlas is of 256")
    return model


def _encode(model: Latent, data: Images, title: str, quiet: bool) -> Tensor:
    """Codes, or means of the posterior, (N, D)."""
    return in_batches(model.code, data.images, title=title, quiet=quiet)


def _visible_pictures(model: Latent, z: Tensor) -> Tensor:
    """Decoded pictures in levels, clamped to the visible range, (N, C, H, W)."""
    return model.expected(z).clamp(0, 255)


def _mean_kl(model: Variational, data: Images, quiet: bool) -> Tensor:
    """Mean KL of each dimension, nats, (D,)."""

    def kl(images: Tensor) -> Tensor:
        return kl_divergence(model.encode(images), model.prior)

    return in_batches(kl, data.images, title="KL", quiet=quiet).double().mean(dim=0).float()


def _direction(codes: Tensor, values: Tensor, labels: Tensor) -> Tensor:
    """Cov(z, a) / Var(a) within classes, times the overall sd(a), (D,); zeros for an attribute that does not vary."""
    deviation = values.std(unbiased=False)
    codes, values = codes.clone(), values.clone()
    for label in labels.unique():
        own = labels == label
        codes[own] -= codes[own].mean(dim=0)
        values[own] -= values[own].mean()
    variance = values.square().mean()
    slope = (codes * values[:, None]).mean(dim=0) / variance
    return torch.where(variance > 0, slope * deviation, 0.0).float()


def _try_direction(model: Latent, attribute: str, direction: Tensor, codes: Tensor) -> tuple[float, float]:
    """How an attribute of decoded pictures follows a move along its direction: slope per unit, and correlation."""

    def attribute_of(z: Tensor) -> Tensor:
        measure, _ = ATTRIBUTES[attribute]
        return measure(_visible_pictures(model, z))

    values = torch.stack([in_batches(attribute_of, codes + move * direction) for move in MOVES]).double()
    change = (values - values[MOVES.index(0.0)]).flatten()  # from the same picture unmoved
    moves = torch.tensor(MOVES, dtype=torch.float64).repeat_interleave(len(codes))
    slope = float((moves * change).sum() / moves.square().sum())
    return slope, float(torch.corrcoef(torch.stack([moves, change]))[0, 1].nan_to_num())
