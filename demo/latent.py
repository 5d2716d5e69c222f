"""What the Walk tab shows, computed: points of a latent space, the pictures there, the ways between them, the bound."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

import gm_core
from gm_core import VAE

LIMIT = 3.0
"""Sliders run from -LIMIT to LIMIT standard deviations of the prior."""

STEPS, SUBSTEPS = 11, 4
"""Pictures in the strip from A to B, and how much finer than them the scrubber moves."""

SAMPLES = 50
"""Draws of z, for the bound and for its importance-weighted version alike, so that they compare."""

View = Literal["mean", "scale", "draw"]


class PointError(ValueError):
    """A point that is none of the model's; the message is for whoever sent it."""


def point(vae: VAE, values: object) -> Tensor:
    """A point that came from outside, checked.

    Args:
        vae: The model whose latent space it should lie in.
        values: Anything; only D finite numbers within the sliders' range pass.

    Returns:
        ``float32`` (D,).

    Raises:
        PointError: It is not a point of this model's.
    """
    dimensions = vae.config.latent
    if not isinstance(values, list | tuple):
        raise PointError(f"A point of this model is a list of {dimensions} numbers.")
    if len(values) != dimensions:
        raise PointError(f"A point of this model has {dimensions} numbers, this one has {len(values)}.")
    for index, value in enumerate(values):
        # Written so that "not a number" fails too, and before any conversion that a huge integer would break.
        if isinstance(value, bool) or not isinstance(value, int | float) or not -LIMIT <= value <= LIMIT:
            raise PointError(f"Coordinate z{index + 1} must be a number from {-LIMIT:g} to {LIMIT:g}.")
    return torch.tensor([float(value) for value in values])


def bounded(z: Tensor) -> list[float]:
    """A point brought within the sliders' range, as plain numbers."""
    return z.clamp(-LIMIT, LIMIT).tolist()


def drawn(vae: VAE, seed: int) -> list[float]:
    """A draw from the prior, within the sliders' range (one coordinate in 370 lies beyond)."""
    return bounded(torch.randn(vae.config.latent, generator=torch.Generator().manual_seed(seed)))


@torch.inference_mode()
def influence(vae: VAE, samples: int = 8) -> list[float]:
    """How much each latent dimension changes the picture.

    Args:
        vae: The model.
        samples: Seeded points of the prior to average over.

    Returns:
        D numbers: root mean square change of a pixel's mean, in grey levels, as the dimension goes from -2 to 2.
    """
    dimensions = vae.config.latent
    z = torch.randn(samples, 1, 1, dimensions, generator=torch.Generator().manual_seed(0))
    z = z.repeat(1, dimensions, 2, 1)
    moved = torch.arange(dimensions)
    z[:, moved, 0, moved], z[:, moved, 1, moved] = -2.0, 2.0
    means = vae.decode(z.flatten(0, 2)).mean.view(samples, dimensions, 2, -1)
    return (means[:, :, 1] - means[:, :, 0]).square().mean(dim=(0, 2)).sqrt().tolist()


@torch.inference_mode()
def picture(vae: VAE, z: Tensor, view: View) -> Tensor:
    """The picture at a point.

    Args:
        vae: The model.
        z: The point, (D,).
        view: ``"mean"`` of every pixel, its ``"scale"``, or a ``"draw"`` of the pixels. The draw's noise is the same at
            every point, so that a walk shows what z changes.

    Returns:
        ``uint8`` (H, W) grey levels; for ``"scale"`` ``float32`` (H, W) in levels.
    """
    pixels = vae.decode(z[None])
    if view == "scale":
        return pixels.scale[0, 0].cpu()
    if view == "draw":
        return pixels.sample(generator=torch.Generator().manual_seed(0))[0, 0].cpu()
    return _levels(pixels.mean)[0, 0]


@torch.inference_mode()
def path(vae: VAE, a: Tensor, b: Tensor) -> dict[str, Any]:
    """The ways from A to B: straight and spherical in latent space, and a plain cross-fade of the two end pictures.

    Args:
        vae: The model.
        a: Start, (D,).
        b: End, (D,).

    Returns:
        A value of :class:`~demo.widgets.picture_strip.PictureStrip`.
    """
    count = (STEPS - 1) * SUBSTEPS + 1
    ways = {
        "straight": gm_core.interpolate(a, b, count),
        "spherical": gm_core.interpolate(a, b, count, spherical=True),
    }
    frames = {name: vae.decode(z).mean[:, 0].cpu() for name, z in ways.items()}
    t = torch.linspace(0, 1, count)[:, None, None]
    ends = frames["straight"]
    frames["fade"] = (1 - t) * ends[0] + t * ends[-1]
    return {
        "width": vae.config.width,
        "height": vae.config.height,
        "count": count,
        "every": SUBSTEPS,
        "frames": {name: packed(_levels(pictures)) for name, pictures in frames.items()},
        "norms": {name: [round(float(length), 3) for length in z.norm(dim=1)] for name, z in ways.items()},
        "typical": round(math.sqrt(vae.config.latent), 2),
    }


def share_nearer(vae: VAE, z: Tensor) -> float:
    """Share of the prior's draws that lie nearer to the centre than z: the chi distribution's function, exact."""
    return float(torch.special.gammainc(torch.tensor(vae.config.latent / 2), z.square().sum() / 2))


@dataclass(frozen=True)
class Rebuilt:
    """A picture as a VAE sees, keeps and prices it.

    Attributes:
        point: Mean of the posterior q(z | x), (D,).
        mean: Its decoded mean, ``uint8`` (H, W).
        draw: A draw of the pixels there, ``uint8`` (H, W).
        reconstruction: E_q log p(x | z) in nats, from :data:`SAMPLES` draws.
        kl: KL(q(z | x) || p(z)) in nats.
        weighted: Importance-weighted bound on log p(x) in nats, from the same number of draws.
        pixels: Number of pixels, which turns nats into bits a pixel.
    """

    point: Tensor
    mean: Tensor
    draw: Tensor
    reconstruction: float
    kl: float
    weighted: float
    pixels: int

    @property
    def bound(self) -> float:
        """The evidence lower bound in nats."""
        return self.reconstruction - self.kl

    def bits(self, nats: float) -> float:
        """Nats of log p(x) a picture as bits a pixel."""
        return -nats / (self.pixels * math.log(2))


@torch.inference_mode()
def rebuild(vae: VAE, image: Tensor, seed: int = 0) -> Rebuilt:
    """Encode a picture, decode it again, and bound its probability.

    Args:
        vae: The model.
        image: ``uint8`` (1, 1, H, W).
        seed: Of the draws of z; the same seed gives the same numbers.

    Returns:
        What came of it.
    """
    z = vae.encode(image).mean[0].cpu()
    terms = vae.elbo(image, SAMPLES, torch.Generator().manual_seed(seed))
    return Rebuilt(
        point=z,
        mean=picture(vae, z, "mean"),
        draw=picture(vae, z, "draw"),
        reconstruction=float(terms.reconstruction),
        kl=float(terms.kl),
        weighted=float(vae.log_prob(image, SAMPLES, torch.Generator().manual_seed(seed))),
        pixels=image.numel(),
    )


def packed(pictures: Tensor) -> str:
    """``uint8`` pictures as base64 of their bytes, row by row."""
    return base64.b64encode(pictures.contiguous().numpy().tobytes()).decode()


def ranked(values: Sequence[float]) -> list[int]:
    """Indices, largest value first."""
    return sorted(range(len(values)), key=lambda index: -values[index])


def _levels(means: Tensor) -> Tensor:
    return means.cpu().round().clamp(0, 255).to(torch.uint8)
