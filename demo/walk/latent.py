"""What the Walk tab shows, computed: points of a latent space, the pictures there, and the ways between them."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

import gm_core
from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.packing import PictureShape, pack_pictures
from demo.base.serving.waiting import while_wanted
from demo.shared.plane import BATCH, means
from demo.widgets.picture_strip import StripFrames
from gm_core import Latent, Variational
from gm_core.models import ImageShape
from gm_core.models.latents import draw_latents

LIMIT = 3.0
"""Sliders run from -LIMIT to LIMIT standard deviations of the prior."""

FAR = 40.0
"""No picture is encoded farther out, and no slider leads there; points beyond are refused."""

MOST_PICTURES = 576
"""Pictures that are decoded for one message."""

STEPS, SUBSTEPS = 11, 4
"""Pictures in the strip from A to B, and how much finer than them the scrubber moves."""

FRAMES = (STEPS - 1) * SUBSTEPS + 1
"""Pictures on a way from A to B."""

View = Literal["mean", "scale", "draw"]


def check_point(model: Latent, values: object, limit: float = LIMIT) -> Tensor:
    """A point that came from outside, checked.

    Args:
        model: The model whose latent space it should lie in.
        values: Anything; only D finite numbers within the range pass.
        limit: The range is from ``-limit`` to ``limit``.

    Returns:
        ``float32`` (D,).

    Raises:
        InputError: It is not a point of this model's latent space.
    """
    return check_numbers(values, model.dimensions, limit)


def check_numbers(values: object, count: int, limit: float = LIMIT) -> Tensor:
    """A list of ``count`` numbers that came from outside, checked as those of :func:`check_point` are."""
    if not isinstance(values, list | tuple):
        raise InputError(f"A point of this model is a list of {count} numbers.")
    if len(values) != count:
        raise InputError(f"A point of this model has {count} numbers, this one has {len(values)}.")
    for index, value in enumerate(values):
        if not is_number(value, -limit, limit):
            raise InputError(f"Coordinate z{index + 1} must be a number from {-limit:g} to {limit:g}.")
    return torch.tensor([float(value) for value in values])


def check_view(value: object) -> View:
    """Which view of the pixels was asked for.

    Raises:
        InputError: There is none of that name.
    """
    for view in get_args(View):
        if value == view:
            return cast(View, view)
    raise InputError(f"A picture is shown as one of {', '.join(get_args(View))}.")


def clamp_to_sliders(z: Tensor) -> list[float]:
    """A point brought within the sliders' range, as plain numbers."""
    return z.clamp(-LIMIT, LIMIT).tolist()


def sample_prior(model: Latent, seed: int) -> list[float]:
    """A random point of the prior, within the sliders' range (one coordinate in 370 lies beyond)."""
    return clamp_to_sliders(draw_latents(1, model.dimensions, torch.Generator().manual_seed(seed))[0])


@torch.inference_mode()
def encode(model: Latent, image: Tensor) -> Tensor:
    """The code of a picture, (D,), from ``uint8`` (1, C, H, W)."""
    return model.code(image)[0].cpu()


@torch.inference_mode()
def pictures(vae: Variational, z: Tensor, view: View = "mean") -> Tensor:
    """The pictures at some points.

    Args:
        vae: The model.
        z: The points, (n, D).
        view: ``"mean"`` of every pixel, its ``"scale"`` (the standard deviation, of which 127.5 is the largest there
            is and becomes 255), or a ``"draw"``: a sample of the pixels. The sample's noise is the same at every point,
            so that a walk shows what z changes.

    Returns:
        ``uint8`` (n, C, H, W); one channel of ``"scale"``, see :func:`spread`.
    """
    if view == "mean":
        return means(vae, z)
    if view == "scale":
        return torch.cat([_to_levels(2 * spread(vae, part)) for part in while_wanted(z.split(BATCH))])
    noise = (torch.Generator().manual_seed(0) for _ in z)
    parts = zip(while_wanted(z.split(1)), noise, strict=True)
    return torch.cat([vae.decode(one).sample(generator=same) for one, same in parts]).cpu()


def picture(vae: Variational, z: Tensor, view: View = "mean") -> Tensor:
    """The picture at a point, (D,): ``uint8`` (C, H, W); see :func:`pictures`."""
    return pictures(vae, z[None], view)[0]


def spread(vae: Variational, z: Tensor) -> Tensor:
    """Standard deviation of every pixel at some points, averaged over its channels, in levels, (n, 1, H, W)."""
    return vae.decode(z).stddev.mean(dim=1, keepdim=True).cpu()


def lines(vae: Variational, ends: object, count: object, view: View) -> Tensor:
    """The pictures along straight lines through the latent space.

    Args:
        vae: The model.
        ends: Where each line begins and ends, as they came from outside: a list of pairs of points.
        count: Pictures per line, equally far apart.
        view: What is shown of the pixels.

    Returns:
        ``uint8`` (lines * count, C, H, W).

    Raises:
        InputError: Something in it is not as it must be.
    """
    if not isinstance(ends, list) or not 1 <= len(ends) <= MOST_PICTURES:
        raise InputError(f"Lines are a list of 1 to {MOST_PICTURES} pairs of points.")
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST_PICTURES // len(ends):
        raise InputError(f"A line has at least 2 pictures, and all lines together at most {MOST_PICTURES}.")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in ends):
        raise InputError("A line is a pair of points.")
    begin, end = (torch.stack([check_point(vae, pair[side], FAR) for pair in ends])[:, None] for side in (0, 1))
    z = begin + torch.linspace(0, 1, count)[:, None] * (end - begin)
    return pictures(vae, z.flatten(0, 1), view)


@torch.inference_mode()
def path(model: Latent, a: Tensor, b: Tensor) -> StripFrames:
    """What :class:`~demo.widgets.picture_strip.PictureStrip` shows of the ways from A to B; as for :func:`frames`."""
    return {
        **picture_shape(model.config.image),
        "count": FRAMES,
        "every": SUBSTEPS,
        "frames": {name: pack_pictures(shown) for name, shown in frames(model, a, b).items()},
        "norms": {name: [round(float(length), 3) for length in z.norm(dim=1)] for name, z in _ways(a, b).items()},
        "typical": round(distance_within(model.dimensions, 0.5), 2),
    }


@torch.inference_mode()
def frames(model: Latent, a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """The pictures from A to B: straight and spherical through latent space, and a cross-fade of the two end pictures.

    Args:
        model: The model.
        a: Start, (D,).
        b: End, (D,).

    Returns:
        ``uint8`` (:data:`FRAMES`, C, H, W) by way.
    """
    straight, spherical = (
        torch.cat([model.expected(part).cpu() for part in while_wanted(z.split(BATCH))]) for z in _ways(a, b).values()
    )
    t = torch.linspace(0, 1, FRAMES)[:, None, None, None]
    fade = (1 - t) * straight[0] + t * straight[-1]
    return {"straight": _to_levels(straight), "spherical": _to_levels(spherical), "fade": _to_levels(fade)}


def share_nearer(dimensions: int, z: Tensor) -> float:
    """Share of the prior's samples that lie nearer to 0 than z: the chi distribution's function, exact.

    Args:
        dimensions: D of the latent space.
        z: The point, (D,).
    """
    return float(torch.special.gammainc(torch.tensor(dimensions / 2), z.square().sum() / 2))


@cache
def distance_within(dimensions: int, share: float) -> float:
    """The distance from 0 within which a share of the prior's samples lies: the chi distribution's quantile.

    Args:
        dimensions: D of the latent space.
        share: Between 0 and 1.
    """
    low, high = 0.0, 2 * math.sqrt(dimensions) + 8
    for _ in range(50):
        middle = (low + high) / 2
        nearer = share_nearer(dimensions, torch.tensor([middle]))
        low, high = (middle, high) if nearer < share else (low, middle)
    return low


@dataclass(frozen=True)
class Reconstruction:
    """What a VAE keeps of a picture.

    Attributes:
        point: Mean of the posterior q(z | x), (D,).
        mean: Its decoded mean, ``uint8`` (C, H, W).
        scale: Standard deviation of every pixel there, ``float32`` (1, H, W), in levels; see :func:`spread`.
        sample: A sample of the pixels there, ``uint8`` (C, H, W).
        kl_per_dim: KL(q(z | x) || p(z)) of each dimension, in nats.
    """

    point: Tensor
    mean: Tensor
    scale: Tensor
    sample: Tensor
    kl_per_dim: list[float]


@torch.inference_mode()
def rebuild(vae: Variational, image: Tensor) -> Reconstruction:
    """Encode a picture, and decode it again.

    Args:
        vae: The model.
        image: ``uint8`` (1, C, H, W).
    """
    z = encode(vae, image)
    return Reconstruction(
        point=z,
        mean=picture(vae, z, "mean"),
        scale=spread(vae, z[None])[0],
        sample=picture(vae, z, "draw"),
        kl_per_dim=vae.bound(image, generator=torch.Generator().manual_seed(0)).kl_per_dim[0].tolist(),
    )


def picture_answer(shown: Tensor) -> dict[str, Any]:
    """Pictures, (..., C, H, W), as an answer to a component: ``pictures`` and their ``channels``."""
    return {"pictures": pack_pictures(shown), "channels": shown.shape[-3]}


def picture_shape(image: ImageShape) -> PictureShape:
    """The ``width``, ``height`` and ``channels`` of a model's pictures, for a message."""
    return {"width": image.width, "height": image.height, "channels": image.channels}


def _ways(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Points on the two ways through latent space, each (:data:`FRAMES`, D)."""
    return {
        "straight": gm_core.interpolate(a, b, FRAMES),
        "spherical": gm_core.interpolate(a, b, FRAMES, spherical=True),
    }


def _to_levels(values: Tensor) -> Tensor:
    return values.cpu().round().clamp(0, 255).to(torch.uint8)
