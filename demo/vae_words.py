"""What the Walk tab says, and how: its explanations, its numbers with their meaning, and its layout's few rules."""

import math

from demo.latent import SAMPLES, Rebuilt, View
from gm_core import Card

WALK_HINT, WAYS_HINT, REBUILD_HINT = (
    f'<p class="lab-hint">{hint}</p>'
    for hint in (
        "A VAE squeezes every digit into a few numbers. <b>Drag a slider</b> and see what its number means.",
        "<b>Drag from A to B</b>: latent space bends one picture into the other; a cross-fade mixes them.",
        "<b>Draw a digit</b>: the VAE squeezes it into a few numbers and rebuilds it from them. What is lost?",
    )
)
"""What to try first, by view."""

STYLE = """
<style>
.gradio-container:has(.walk-picture) { overflow: clip !important; }  /* hidden would keep the picture from sticking */
.walk-style { display: none; }
.walk-top { align-items: center; }
.walk-end .row { gap: 8px; }
.walk-end button { padding: 8px 4px; font-size: .95rem; white-space: nowrap; }
.walk-trio > div { min-width: 0 !important; flex: 1 1 0 !important; }
@media (min-width: 900px) {
  .walk-picture { position: sticky; top: 8px; align-self: flex-start; max-width: 470px; margin: 0 auto; }
  #walk-view { padding-left: 12px; }
}
@media (max-width: 899px) {
  .walk-top, .walk-row { flex-direction: column; }
  /* One list of boxes: the picture stays in sight of every slider; what is made of a drawing comes right under it. */
  .walk-row > .walk-picture, .walk-row > .walk-given { display: contents; }
  .walk-top > *, .walk-row > *, .walk-picture > *, .walk-given > * {
    width: 100%; min-width: 0 !important; flex: none !important;
  }
  .walk-picture > * { order: -1; }
  .walk-given > :not(:first-child) { order: 1; }
  #walk-picture { position: sticky; top: 0; z-index: 5; background: var(--body-background-fill); }
  .walk-row .column .html-container { padding: 2px 0; }
  .walk-trio { gap: 8px; }
}
</style>
"""

HOW = r"""
The **encoder** turns a picture $x$ into a small cloud of points $q(z \mid x)$; the **decoder** turns a point $z$ into
one distribution per pixel, $p(x \mid z)$: a logistic with a mean and a scale, rounded to the 256 grey levels. Nobody
can add up $p(x) = \int p(x \mid z)\, p(z)\, dz$ over all points, but any encoder gives a lower bound, and training
pushes it up:

$$\begin{aligned}\log p(x) \;\ge\;& \underbrace{\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}_{\text{reconstruction}} \\
&- \underbrace{\mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)}_{\text{cost of pointing at } z}\end{aligned}$$

The prior $p(z)$ is a standard normal, so its draws lie near $|z| = \sqrt{D}$, hardly ever at the centre. Averaging $K$
draws of $p(x, z) / q(z \mid x)$ *inside* the logarithm tightens the bound.

Sources: D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2014
([arXiv:1312.6114](https://arxiv.org/abs/1312.6114)); Y. Burda, R. Grosse and R. Salakhutdinov, *Importance Weighted
Autoencoders*, 2016 ([arXiv:1509.00519](https://arxiv.org/abs/1509.00519)); T. White, *Sampling Generative Networks*,
2016, for the way around the sphere ([arXiv:1609.04468](https://arxiv.org/abs/1609.04468)).
"""

_VIEWS: dict[View, str] = {
    "mean": "The <b>mean</b> of every pixel: an average over all that z leaves open, and averages look blurry.",
    "scale": "The <b>scale</b> of every pixel: how far it may stray. Bright is where the decoder is unsure.",
    "draw": "A <b>draw</b> of the pixels: each is drawn without knowing its neighbours, so doubt becomes noise.",
}

BOUND_CSS = """
.total { font-size: 1.25rem; font-weight: 600; margin: 8px 0; font-variant-numeric: tabular-nums; }
.bar { position: relative; display: flex; height: 26px; border-radius: 5px; overflow: hidden; }
.bar .pixels, .key .pixels { background: #4f63b6; }
.bar .latent, .key .latent { background: #b9a4e3; }
.bar .gap {
  position: absolute; top: 0; bottom: 0; right: 0; border-left: 2px solid #fff;
  background: repeating-linear-gradient(45deg, #fff9 0 3px, #fff0 3px 7px);
}
.key { display: grid; grid-template-columns: auto 1fr auto; gap: 2px 8px; margin: 10px 0; font-size: .95rem; }
.key i { width: 14px; height: 14px; border-radius: 3px; align-self: center; }
.key .gap { background: repeating-linear-gradient(45deg, var(--body-text-color-subdued) 0 2px, #0000 2px 4px); }
.key b { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.key hr {
  grid-column: 1 / -1; width: 100%; margin: 2px 0; border: solid var(--border-color-primary); border-width: 1px 0 0;
}
p { margin: 6px 0; color: var(--body-text-color); }
"""
"""Style of :func:`bound_bar`; the two shades mean nothing elsewhere."""


def view_line(view: View) -> str:
    """What is shown, and why it looks as it does."""
    return f"<p>{_VIEWS[view]}</p>"


def distance(dimensions: int, length: float, nearer: float) -> str:
    """How far out a point lies, and what that means.

    Args:
        dimensions: D of the latent space.
        length: Distance |z| from the centre.
        nearer: Share of the prior's draws that lie nearer to the centre.
    """
    if nearer < 0.001:
        meaning = "nearer to the centre than practically every draw from the prior: the middle of everything"
    elif nearer > 0.999:
        meaning = "farther out than practically every draw from the prior: the model was hardly ever here"
    elif nearer < 0.5:
        meaning = f"nearer to the centre than {100 * (1 - nearer):.3g} % of draws from the prior"
    else:
        meaning = f"farther out than {100 * nearer:.3g} % of draws from the prior"
    return (
        f'<p class="lab-number"><b>|z| = {length:.2f}</b>: {meaning} '
        f"(typical: about √{dimensions} = {math.sqrt(dimensions):.1f}).</p>"
    )


def bound_bar(rebuilt: Rebuilt, card: Card) -> str:
    """The bound on a picture's probability as a price in nats: its two parts, and what weighing draws saves.

    Args:
        rebuilt: The numbers.
        card: Of the model that gave them, for what real digits cost on average.
    """
    price, pixels, pointer = -rebuilt.bound, -rebuilt.reconstruction, rebuilt.kl
    saved = max(0.0, rebuilt.weighted - rebuilt.bound)
    whole = max(price, 1e-9)
    average = "".join(
        f" A real test digit costs {-metric.value:.0f} nats on average."
        for metric in card.metrics
        if metric.name == "elbo"
    )
    return f"""
<p class="total">log p(x) ≥ {_signed(rebuilt.bound)} nats · {rebuilt.bits(rebuilt.bound):.2f} bits per pixel</p>
<div class="bar" role="img" aria-label="Of {price:,.1f} nats, {pixels:,.1f} pay for the pixels, {pointer:,.1f} for z">
<span class="pixels" style="width:{100 * pixels / whole:.2f}%"></span>
<span class="latent" style="width:{100 * pointer / whole:.2f}%"></span>
<span class="gap" style="width:{min(100.0, 100 * saved / whole):.2f}%"></span></div>
<div class="key">
<i class="pixels"></i><span>reconstruction, log p(x | z)</span><b>{_signed(rebuilt.reconstruction)}</b>
<i class="latent"></i><span>KL: from the prior to this picture's z</span><b>{_signed(-pointer)}</b>
<hr><span></span><span>the bound (ELBO)</span><b>{_signed(rebuilt.bound)}</b>
<i class="gap"></i><span>weighing {SAMPLES} draws of z: {rebuilt.bits(rebuilt.weighted):.2f} bits per pixel</span>
<b>{_signed(rebuilt.weighted)}</b></div>
<p>To write this picture down exactly, the model needs at most {price:,.0f} nats: {pointer:,.0f} to point at z,
{pixels:,.0f} for the pixels that z leaves open.{average}</p>
"""


def figure_line(card: Card) -> str:
    """One line: which checkpoint, and how good it was measured to be."""
    figures = [
        f"test digits cost at most {metric.value:.2f} bits per pixel"
        for metric in card.metrics
        if metric.name == "elbo_bits_per_dim"
    ]
    about = [f"<code>{card.name}</code>", f"{card.parameters / 1e6:.2f} million parameters", *figures]
    return f'<p class="lab-note">Model: {" · ".join(about)}</p>'


def _signed(nats: float) -> str:
    return f"{nats:,.1f}".replace("-", "−")
