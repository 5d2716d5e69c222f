"""The bound on a picture's probability: its numbers, and the charts that explain them."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from demo.base.words import nats
from demo.shell.glossary import word
from gm_core import Card, Variational
from gm_core.data.catalog import DataSet

SAMPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of samples of z for which the bound is computed."""

BARS = 32
"""Dimensions whose KL is shown as a bar at most; the KL of the others is added up."""

STYLE = (Path(__file__).parent / "bound.css").read_text()
"""Style of :func:`bound_bar`, :func:`bound_curve` and :func:`kl_bars`; their two colours mean nothing elsewhere."""


def waiting(run: int) -> str:
    """Stands where numbers are still being computed, so that those of an older picture are not taken for this one's.

    Args:
        run: Another for every picture, so that the page notices that another one's numbers are wanted.
    """
    return f'<p class="waiting" data-run="{run}">Sampling z {max(SAMPLES):,} times as soon as this is in view …</p>'


@dataclass(frozen=True)
class BoundEstimate:
    """A bound on a picture's probability, all from one set of samples of z, so that its numbers agree.

    Attributes:
        kl: KL(q(z | x) || p(z)) in nats, exact.
        bounds: The importance-weighted bound in nats by its number of samples, for each of :data:`SAMPLES`; that with
            one sample is the ELBO.
        values: Number of the picture's values, which turns nats into bits per value: of a grey picture, its pixels.
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

    def bits(self, log_prob: float) -> float:
        """Log p(x) in nats per picture as bits per value."""
        return -log_prob / (self.values * math.log(2))


@torch.inference_mode()
def estimate_bound(vae: Variational, image: Tensor, seed: int = 0) -> BoundEstimate:
    """Bound a picture's probability.

    For K samples the bound is the mean over as many groups of K as the samples make.

    Args:
        vae: The model.
        image: ``uint8`` (1, C, H, W).
        seed: Of the samples of z; the same seed gives the same numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = vae.log_weights(image, max(SAMPLES), generator)[:, 0].double().cpu()
    kl = float(vae.bound(image, generator=generator).kl)
    groups = {k: weights[: len(weights) // k * k].view(-1, k) for k in SAMPLES}
    bounds = {k: float((group.logsumexp(dim=1) - math.log(k)).mean()) for k, group in groups.items()}
    return BoundEstimate(kl, bounds, image.numel())


def bound_bar(estimate: BoundEstimate, card: Card) -> str:
    """The bound as a cost in nats: its two parts, and what more samples save.

    Args:
        estimate: The numbers.
        card: Of the model that gave them, for what real pictures cost on average.
    """
    cost, pixels, pointer = -estimate.elbo, -estimate.reconstruction, estimate.kl
    samples, tighter = max(estimate.bounds.items())
    kind = card.record.noun
    saved = max(0.0, tighter - estimate.elbo)
    whole = max(cost, 1e-9)
    bits = f"{estimate.bits(estimate.elbo):.2f}"

    def row(part: str, words: str, term: float) -> str:
        """A line of the sum; bits are a cost, so their sign is the other."""
        return f'<i class="{part}"></i><span>{words}</span><b>{nats(term)}</b><b>{estimate.bits(term):.3f}</b>'

    average = "".join(
        f" A real test {kind} costs {-metric.value:,.0f} nats on average."
        for metric in card.metrics
        if metric.name == "elbo"
    )
    return f"""
<p class="total">{word("log p(x)")} ≥ {nats(estimate.elbo)} {word("nats")} · {bits} {word("bits per value")}</p>
<div class="bar" role="img" aria-label="Of {cost:,.1f} nats, {pixels:,.1f} pay for the pixels, {pointer:,.1f} for z">
<span class="pixels" style="width:{100 * pixels / whole:.2f}%"></span>
<span class="latent" style="width:{100 * pointer / whole:.2f}%"></span>
<span class="gap" style="width:{min(100.0, 100 * saved / whole):.2f}%"></span></div>
<div class="key">
<span></span><span></span><em>nats</em><em>bits/value</em>
{row("pixels", "reconstruction, log p(x | z)", estimate.reconstruction)}
{row("latent", f"{word('KL')}: from the {word('prior')} to this picture's z", -pointer)}<hr>
{row("", f"the bound ({word('ELBO')})", estimate.elbo)}
{row("gap", f"tighter bound, {samples:,} samples ({word('IWAE')})", tighter)}</div>
<p class="explain">To describe this picture exactly, the model needs at most {cost:,.0f} nats: {pointer:,.0f} to
point at z, {pixels:,.0f} for the pixels, given z.{average}</p>
"""


def bound_curve(estimate: BoundEstimate, card: Card) -> str:
    """The bound against its number of samples, as a curve.

    Args:
        estimate: The numbers.
        card: Of the model that gave them.
    """
    bounds = estimate.bounds
    (least, first), (most, last) = min(bounds.items()), max(bounds.items())
    low, high = min(bounds.values()), max(bounds.values())
    span = max(high - low, 1e-9)
    places = [
        (50 + 300 * math.log(k / least) / math.log(most / least), 112 - 92 * (bound - low) / span)
        for k, bound in bounds.items()
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places)
    powers = [(x, k) for (x, _), k in zip(places, bounds, strict=True) if str(k)[0] == "1"]
    ticks = "".join(f'<text x="{x:.1f}" y="132">{k:,}</text>' for x, k in powers)
    return f"""
<p class="title">The bound rises towards log p(x) with more samples of z</p>
<svg viewBox="0 0 380 140" role="img" aria-label="From {first:.1f} nats with 1 sample to {last:.1f} with {most}">
<polyline points="{line}"/>{dots}{ticks}
<text class="end" x="44" y="{places[0][1] + 4:.1f}">{nats(first)}</text>
<text class="start" x="300" y="{places[-1][1] - 9:.1f}">{nats(last)}</text></svg>
<p class="note">{nats(first)} nats with one sample (the ELBO), {nats(last)} with {most:,}:
{estimate.bits(last):.3f} bits per value.
</p>"""


def kl_bars(here: list[float], usual: list[float], dataset: DataSet) -> str:
    """What each dimension carries of a picture, as bars, beside what it carries of real ones on average.

    Args:
        here: KL of each dimension for this picture, nats.
        usual: The mean over held-out pictures, nats.
        dataset: What the model was trained on.
    """
    order = sorted(range(len(usual)), key=lambda index: -usual[index])
    top = max(*here, *usual, 1e-9)
    rows = "".join(
        f'<i>z{index + 1}</i><span class="line"><b style="width:{100 * here[index] / top:.1f}%"></b>'
        f'<em style="left:{100 * usual[index] / top:.1f}%"></em></span><span>{here[index]:.2f}</span>'
        for index in order[:BARS]
    )
    others = order[BARS:]
    total, average = (sum(values[index] for index in others) for values in (here, usual))
    rest = f"The other {len(others)} dimensions: {total:.1f} nats in all ({average:.1f} on average). " if others else ""
    largest = max(range(len(here)), key=here.__getitem__) + 1
    return f"""
<p class="title">KL of each dimension, nats</p>
<div class="bars" role="img" aria-label="KL of each dimension; the largest is that of z{largest}">{rows}</div>
<p class="note">{rest}Line: the average over real {dataset.many}. A dimension near 0 repeats the prior and says
nothing.</p>"""
