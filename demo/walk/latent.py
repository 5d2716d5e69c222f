"""What the Walk tab shows, computed: points of a latent space, the pictures there, the ways between them, the bound."""

import math
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

import gm_core
from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.packing import PictureShape, pack_pictures
from demo.widgets.picture_strip import StripFrames
from gm_core import Latent, Variational
from gm_core.models.latents import draw_latents

LIMIT = 3.0
"""Sliders run from -LIMIT to LIMIT standard deviations of the prior."""

FAR = 40.0
"""Nobody's picture is encoded farther out, nor moved there by sliders; points beyond are refused."""

PICTURES = 1024
"""So many pictures are decoded for one message at most."""

PORTION = 16
"""So many at once: what more of them need does not fit a processor's cache."""

STEPS, SUBSTEPS = 11, 4
"""Pictures in the strip from A to B, and how much finer than them the scrubber moves."""

COUNT = (STEPS - 1) * SUBSTEPS + 1
"""Pictures on a way."""

DRAWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of draws that the curve of the bound is told at."""

View = Literal["mean", "scale", "draw"]


class PointError(InputError):
    """A point that is none of the model's; the message is for whoever sent it."""


def point(vae: Variational, values: object, limit: float = LIMIT) -> Tensor:
    """A point that came from outside, checked.

    Args:
        vae: The model whose latent space it should lie in.
        values: Anything; only D finite numbers within the range pass.
        limit: The range is from ``-limit`` to ``limit``.

    Returns:
        ``float32`` (D,).

    Raises:
        PointError: It is not a point of this model's.
    """
    return numbers(values, vae.dimensions, limit)


def numbers(values: object, count: int, limit: float = LIMIT) -> Tensor:
    """So many numbers that came from outside, checked as those of a :func:`point` are."""
    if not isinstance(values, list | tuple):
        raise PointError(f"A point of this model is a list of {count} numbers.")
    if len(values) != count:
        raise PointError(f"A point of this model has {count} numbers, this one has {len(values)}.")
    for index, value in enumerate(values):
        if not is_number(value, -limit, limit):
            raise PointError(f"Coordinate z{index + 1} must be a number from {-limit:g} to {limit:g}.")
    return torch.tensor([float(value) for value in values])


def bounded(z: Tensor) -> list[float]:
    """A point brought within the sliders' range, as plain numbers."""
    return z.clamp(-LIMIT, LIMIT).tolist()


def drawn(vae: Variational, seed: int) -> list[float]:
    """A draw from the prior, within the sliders' range (one coordinate in 370 lies beyond)."""
    return bounded(draw_latents(1, vae.dimensions, torch.Generator().manual_seed(seed))[0])


def view_of(value: object) -> View:
    """Which view of the pixels was asked for.

    Raises:
        PointError: There is none of that name.
    """
    for view in get_args(View):
        if value == view:
            return cast(View, view)
    raise PointError(f"A picture is shown as one of {', '.join(get_args(View))}.")


@torch.inference_mode()
def pictures(vae: Variational, z: Tensor, view: View = "mean") -> Tensor:
    """The pictures at some points.

    Args:
        vae: The model.
        z: The points, (n, D).
        view: ``"mean"`` of every pixel, its ``"scale"`` (the standard deviation, of which 127.5 is the largest there
            is and becomes 255), or a ``"draw"`` of the pixels. The draw's noise is the same at every point, so that a
            walk shows what z changes.

    Returns:
        ``uint8`` (n, C, H, W); one channel of ``"scale"``, see :func:`spread`.
    """
    if view == "draw":
        noise = (torch.Generator().manual_seed(0) for _ in z)
        drawn = [vae.decode(one[None]).sample(generator=same) for one, same in zip(z, noise, strict=True)]
        return torch.cat(drawn).cpu()
    return torch.cat([_levels(vae.expected(part) if view == "mean" else 2 * spread(vae, part)) for part in portions(z)])


@torch.inference_mode()
def means(model: Latent, z: Tensor) -> Tensor:
    """The mean pictures of some points, (n, D): ``uint8`` (n, C, H, W)."""
    return torch.cat([_levels(model.expected(part)) for part in portions(z)])


def picture(vae: Variational, z: Tensor, view: View = "mean") -> Tensor:
    """The picture at a point, (D,): ``uint8`` (C, H, W); see :func:`pictures`."""
    return pictures(vae, z[None], view)[0]


def portions(z: Tensor) -> tuple[Tensor, ...]:
    """Points, (n, D), a few at a time."""
    return z.split(PORTION)


def spread(vae: Variational, z: Tensor) -> Tensor:
    """Standard deviation of every pixel at some points, averaged over its channels, in levels, (n, 1, H, W)."""
    return vae.decode(z).stddev.mean(dim=1, keepdim=True).cpu()


def lines(vae: Variational, ends: object, count: object, view: View) -> Tensor:
    """The pictures along straight lines through the latent space.

    Args:
        vae: The model.
        ends: Where each line begins and ends, as they came from outside: a list of pairs of points.
        count: Pictures a line, equally far apart.
        view: What of the pixels.

    Returns:
        ``uint8`` (lines * count, C, H, W).

    Raises:
        PointError: Something in it is not as it must be.
    """
    if not isinstance(ends, list) or not 1 <= len(ends) <= PICTURES:
        raise PointError(f"Lines are a list of 1 to {PICTURES} pairs of points.")
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= PICTURES // len(ends):
        raise PointError(f"A line has at least 2 pictures, and all lines together {PICTURES}.")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in ends):
        raise PointError("A line is a pair of points.")
    begin, end = (torch.stack([point(vae, pair[side], FAR) for pair in ends])[:, None] for side in (0, 1))
    z = begin + torch.linspace(0, 1, count)[:, None] * (end - begin)
    return pictures(vae, z.flatten(0, 1), view)


@torch.inference_mode()
def path(vae: Variational, a: Tensor, b: Tensor) -> StripFrames:
    """The ways from A to B: straight and spherical in latent space, and a plain cross-fade of the two end pictures.

    Args:
        vae: The model.
        a: Start, (D,).
        b: End, (D,).

    Returns:
        What :class:`~demo.widgets.picture_strip.PictureStrip` shows.
    """
    ways = _ways(a, b)
    return {
        **shape(vae),
        "count": COUNT,
        "every": SUBSTEPS,
        "frames": {name: pack_pictures(shown) for name, shown in frames(vae, a, b).items()},
        "norms": {name: [round(float(length), 3) for length in z.norm(dim=1)] for name, z in ways.items()},
        "typical": round(math.sqrt(vae.dimensions), 2),
    }


@torch.inference_mode()
def frames(vae: Variational, a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """The pictures on the ways from A to B: two through latent space, and the cross-fade.

    Args:
        vae: The model.
        a: Start, (D,).
        b: End, (D,).

    Returns:
        ``uint8`` (:data:`COUNT`, C, H, W) by way.
    """
    straight, spherical = (torch.cat([vae.expected(part) for part in portions(z)]) for z in _ways(a, b).values())
    t = torch.linspace(0, 1, COUNT)[:, None, None, None]
    fade = (1 - t) * straight[0] + t * straight[-1]
    return {"straight": _levels(straight), "spherical": _levels(spherical), "fade": _levels(fade)}


def share_nearer(vae: Variational, z: Tensor) -> float:
    """Share of the prior's draws that lie nearer to the centre than z: the chi distribution's function, exact."""
    return float(torch.special.gammainc(torch.tensor(vae.dimensions / 2), z.square().sum() / 2))


@dataclass(frozen=True)
class Rebuilt:
    """A picture as a VAE sees and keeps it.

    Attributes:
        point: Mean of the posterior q(z | x), (D,).
        mean: Its decoded mean, ``uint8`` (C, H, W).
        scale: Standard deviation of every pixel there, ``float32`` (1, H, W), in levels; see :func:`spread`.
        draw: A draw of the pixels there, ``uint8`` (C, H, W).
        kl_per_dim: KL(q(z | x) || p(z)) of each dimension, in nats.
    """

    point: Tensor
    mean: Tensor
    scale: Tensor
    draw: Tensor
    kl_per_dim: list[float]


@torch.inference_mode()
def rebuild(vae: Variational, image: Tensor) -> Rebuilt:
    """Encode a picture, and decode it again.

    Args:
        vae: The model.
        image: ``uint8`` (1, C, H, W).
    """
    z = vae.encode(image).mean[0].cpu()
    return Rebuilt(
        point=z,
        mean=picture(vae, z, "mean"),
        scale=spread(vae, z[None])[0],
        draw=picture(vae, z, "draw"),
        kl_per_dim=vae.bound(image, generator=torch.Generator().manual_seed(0)).kl_per_dim[0].tolist(),
    )


@dataclass(frozen=True)
class Price:
    """What a VAE says of a picture's probability, all from one set of draws of z, so that its numbers agree.

    Attributes:
        kl: KL(q(z | x) || p(z)) in nats, exact.
        bounds: The importance-weighted bound in nats by its number of draws, for each of :data:`DRAWS`; that with one
            draw is the ELBO.
        values: Number of the picture's values, which turns nats into bits a value: of a grey picture, its pixels.
    """

    kl: float
    bounds: dict[int, float]
    values: int

    @property
    def elbo(self) -> float:
        """The evidence lower bound in nats."""
        return self.bounds[1]

    @property
    def reconstruction(self) -> float:
        """E_q log p(x | z) in nats."""
        return self.elbo + self.kl

    def bits(self, nats: float) -> float:
        """Nats of log p(x) a picture as bits a value."""
        return -nats / (self.values * math.log(2))


@torch.inference_mode()
def price(vae: Variational, image: Tensor, seed: int = 0) -> Price:
    """Bound a picture's probability.

    For K draws the bound is the mean over as many groups of K as the draws make.

    Args:
        vae: The model.
        image: ``uint8`` (1, C, H, W).
        seed: Of the draws of z; the same seed gives the same numbers.

    Returns:
        What came of it.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = vae.log_weights(image, max(DRAWS), generator)[:, 0].double().cpu()
    kl = float(vae.bound(image, generator=generator).kl)
    groups = {k: weights[: len(weights) // k * k].view(-1, k) for k in DRAWS}
    bounds = {k: float((group.logsumexp(dim=1) - math.log(k)).mean()) for k, group in groups.items()}
    return Price(kl, bounds, image.numel())


def answer(pictures: Tensor) -> dict[str, Any]:
    """Pictures, (..., C, H, W), as an answer to a component: ``pictures`` and their ``channels``."""
    return {"pictures": pack_pictures(pictures), "channels": pictures.shape[-3]}


def shape(vae: Variational) -> PictureShape:
    """The ``width``, ``height`` and ``channels`` of a model's pictures."""
    return {"width": vae.config.image.width, "height": vae.config.image.height, "channels": vae.config.image.channels}


def _ways(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Points on the two ways through latent space, each (:data:`COUNT`, D)."""
    return {
        "straight": gm_core.interpolate(a, b, COUNT),
        "spherical": gm_core.interpolate(a, b, COUNT, spherical=True),
    }


def _levels(values: Tensor) -> Tensor:
    return values.cpu().round().clamp(0, 255).to(torch.uint8)
