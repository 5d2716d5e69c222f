"""What the Walk tab says, and how: its explanations, its numbers with their meaning, and its layout's few rules."""

import math
from html import escape

from demo.base.words import nats as signed
from demo.shared.model_line import model_line
from demo.walk.latent import Price, View
from gm_core import Card
from gm_core.data.catalog import FIRST, DataSet, dataset_of
from gm_core.studies.atlas.attributes import attributes_of

ALONE = ("map", "compare")
"""Views that have models of their own, whatever latent space is chosen for the others."""

VIEWS = {
    "walk": "Walk",
    "map": "Map",
    "ways": "A to B",
    "rebuild": "Rebuild",
    "edit": "Edit",
    "compare": "Autoencoder",
}
"""Titles of the tab's views."""

MORE = {"thickness": "thicker", "slant": "lean", "brightness": "brighter", "width": "wider", "warmth": "warmer"}
"""What a picture with more of an attribute is or does."""


def attributes(card: Card) -> list[str]:
    """What is measured of a model's pictures."""
    return list(attributes_of(card.dataset, card.config.get("picture_channels", 1)))


def hint(view: str, card: Card) -> str:
    """What to try first.

    Args:
        view: One of :data:`VIEWS`.
        card: Of the model that was chosen.
    """
    dataset, dimensions = dataset_of(card.dataset), card.config["latent"]
    one, numbers = dataset.one, "a few numbers" if dimensions <= 32 else f"{dimensions} numbers"
    first, second = (MORE[name] for name in attributes(card))
    give = "Upload" if card.config.get("picture_channels", 1) == 3 else "Draw"
    words = {
        "walk": f"A VAE squeezes every {dataset.noun} into {numbers}. <b>Drag a slider</b> and see what "
        + ("its number means." if dimensions <= 32 else "moving all of them together does."),
        "map": "Two numbers a digit: the whole latent space is a map. <b>Move over it</b>, or draw a path.",
        "ways": "<b>Drag from A to B</b>: latent space bends one picture into the other; a cross-fade mixes them.",
        "rebuild": f"<b>{give} {one}</b>: the VAE squeezes it into {numbers} and rebuilds it. What is lost?",
        "edit": f"Directions of latent space can mean something. <b>Make {one} {first}</b>, {second}, or "
        f"{dataset.another}.",
        "compare": "Both rebuild. <b>Draw a random point</b>: only one of the two was taught what lies there.",
    }
    return f'<p class="lab-hint{" walk-alone" if view in ALONE else ""}">{words[view]}</p>'


def alone(card: Card) -> str:
    """In a view that has models of its own: why it does not show the one that was chosen."""
    if card.dataset == FIRST.name:
        return ""
    return (
        f'<p class="lab-note">You chose <b>{dataset_of(card.dataset).many}</b>; this view stays with {FIRST.many}: it '
        f"needs a latent space of two dimensions, and only {FIRST.many} have models with so few.</p>"
    )


def choices(cards: dict[str, Card]) -> list[tuple[str, str]]:
    """The models as one chooses among them: what each knows, in how many dimensions."""
    titles = [f"{dataset_of(card.dataset).many}, {card.config['latent']}" for card in cards.values()]
    titles[0] += " dimensions"
    return list(zip(titles, cards, strict=True))


def left_out(names: list[str]) -> str:
    """Models that cannot be chosen, if there are any."""
    if not names:
        return ""
    which = ", ".join(f"<code>{escape(name)}</code>" for name in names)
    return (
        f'<p class="lab-note">Left out: {which}. A file of the model or of its atlas is missing, or the two do not '
        "belong together; the server's log says more.</p>"
    )


STYLE = """
<style>
.gradio-container:has(#walk-sliders) { overflow: clip !important; }  /* hidden would keep the picture from sticking */
.walk-style { display: none; }
.walk-top { align-items: center; }
.walk-top > .column { flex: none !important; max-width: min(100%, 680px); }
.walk-top:has(.walk-alone) #walk-model, .tabitem:has(> * .walk-alone) #walk-figure { display: none; }
.walk-end .row { gap: 8px; }
.walk-end button { padding: 8px 4px; font-size: .95rem; white-space: nowrap; }
.walk-pictures > div { min-width: 0 !important; flex: 1 1 0 !important; }
@media (max-width: 640px) {  /* all views in sight, none in Gradio's menu of what did not fit */
  .gradio-container .walk-views .tab-container button { padding: 4px 6px; font-size: .82rem !important; }
}
@media (max-width: 899px) {
  .walk-top, .walk-row { flex-direction: column; }
  .walk-row > .walk-given { display: contents; }
  .walk-top > *, .walk-row > *, .walk-given > * { width: 100%; min-width: 0 !important; flex: none !important; }
  /* What is made of a drawing comes right under it, the other ways to give one below. */
  .walk-given > :not(:first-child) { order: 1; }
  .walk-row .column .html-container { padding: 2px 0; }
  .walk-pictures { gap: 8px; display: grid !important; grid-template-columns: 1fr 1fr; }
}
</style>
"""

HOW = r"""
The **encoder** turns a picture $x$ into a small cloud of points $q(z \mid x)$; the **decoder** turns a point $z$ into
one distribution per pixel, $p(x \mid z)$: a mixture of three logistics, rounded to the 256 grey levels. Nobody
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

FIGURES = {
    "reconstruction_error": "rebuilds test {many} to within {:.0f} grey levels (root mean square)",
    "elbo_bits_per_dim": "test {many} cost at most {:.2f} bits per {value}",
    "kl": "its codes cost {:.1f} nats {one} (KL)",
}
"""What of a card's figures is told, by name."""

BARS = 32
"""Dimensions whose KL is shown as a bar at most; what the others say is added up."""

_VIEWS: dict[View, str] = {
    "mean": "The <b>mean</b> of every pixel: an average over all that z leaves open, and averages look blurry.",
    "scale": "The <b>spread</b> of every pixel, its standard deviation: bright is where the decoder is unsure.",
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
.key { display: grid; grid-template-columns: auto 1fr auto auto; gap: 2px 10px; margin: 10px 0; font-size: .95rem; }
.key i { width: 14px; height: 14px; border-radius: 3px; align-self: center; }
.key .gap { background: repeating-linear-gradient(45deg, var(--body-text-color-subdued) 0 2px, #0000 2px 4px); }
.key em { text-align: right; font-size: .85rem; font-style: normal; color: var(--body-text-color-subdued); }
.key b { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.key hr {
  grid-column: 1 / -1; width: 100%; margin: 2px 0; border: solid var(--border-color-primary); border-width: 1px 0 0;
}
p { margin: 6px 0; color: var(--body-text-color); }
.title { font-weight: 600; }
.waiting { min-height: 11rem; color: var(--body-text-color-subdued); }
.note { font-size: .9rem; color: var(--body-text-color-subdued); }
.bars { display: grid; grid-template-columns: auto 1fr auto; gap: 3px 8px; font-size: .85rem; align-items: center; }
.bars i { font-style: normal; }
.bars span { font-variant-numeric: tabular-nums; text-align: right; }
.bars .line { position: relative; height: 10px; background: var(--background-fill-secondary); border-radius: 2px; }
.bars .line b { display: block; height: 100%; background: #b9a4e3; border-radius: 2px; }
.bars .line em { position: absolute; top: -2px; bottom: -2px; border-left: 2px solid var(--body-text-color); }
svg { width: 100%; max-width: 460px; height: auto; overflow: visible; }
svg polyline { fill: none; stroke: var(--primary-500); stroke-width: 2.5; }
svg circle { fill: var(--primary-500); }
svg text { fill: var(--body-text-color); font-size: 11px; text-anchor: middle; }
svg .end { text-anchor: end; }
"""
"""Style of :func:`kl_bars`, :func:`bound_curve` and :func:`bound_bar`; the two shades mean nothing elsewhere."""


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
        meaning = "nearer to the centre than practically every draw from the prior" + (
            ": the middle of everything"
            if length < math.sqrt(dimensions) / 2
            else ", as many pictures' codes are: z's mean leaves out its scatter"
        )
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


def value(card: Card) -> str:
    """What bits are counted per."""
    return "pixel" if card.config.get("picture_channels", 1) == 1 else "colour value"


def bound_bar(price: Price, card: Card) -> str:
    """The bound on a picture's probability as a price in nats: its two parts, and what weighing draws saves.

    Args:
        price: The numbers.
        card: Of the model that gave them, for what real pictures cost on average.
    """
    cost, pixels, pointer = -price.elbo, -price.reconstruction, price.kl
    draws, weighted = max(price.bounds.items())
    kind = dataset_of(card.dataset).noun
    saved = max(0.0, weighted - price.elbo)
    whole = max(cost, 1e-9)

    def row(part: str, words: str, nats: float) -> str:
        """A line of the sum; bits are what it costs, so of the other sign."""
        return f'<i class="{part}"></i><span>{words}</span><b>{signed(nats)}</b><b>{price.bits(nats):.3f}</b>'

    average = "".join(
        f" A real test {kind} costs {-metric.value:,.0f} nats on average."
        for metric in card.metrics
        if metric.name == "elbo"
    )
    return f"""
<p class="total">log p(x) ≥ {signed(price.elbo)} nats · {price.bits(price.elbo):.2f} bits per {value(card)}</p>
<div class="bar" role="img" aria-label="Of {cost:,.1f} nats, {pixels:,.1f} pay for the pixels, {pointer:,.1f} for z">
<span class="pixels" style="width:{100 * pixels / whole:.2f}%"></span>
<span class="latent" style="width:{100 * pointer / whole:.2f}%"></span>
<span class="gap" style="width:{min(100.0, 100 * saved / whole):.2f}%"></span></div>
<div class="key">
<span></span><span></span><em>nats</em><em>bits/{value(card)}</em>
{row("pixels", "reconstruction, log p(x | z)", price.reconstruction)}
{row("latent", "KL: from the prior to this picture's z", -pointer)}<hr>
{row("", "the bound (ELBO)", price.elbo)}
{row("gap", f"weighing {draws:,} draws of z", weighted)}</div>
<p>To write this picture down exactly, the model needs at most {cost:,.0f} nats: {pointer:,.0f} to point at z,
{pixels:,.0f} for the pixels that z leaves open.{average}</p>
"""


def kl_bars(here: list[float], usual: list[float], dataset: DataSet) -> str:
    """What each dimension carries of a picture, as bars, beside what it carries of real ones on average.

    Args:
        here: KL of each dimension for this picture, nats.
        usual: The mean over held-out pictures, nats.
        dataset: What the model knows.
    """
    order = sorted(range(len(usual)), key=lambda index: -usual[index])
    top = max(*here, *usual, 1e-9)
    rows = "".join(
        f'<i>z{index + 1}</i><span class="line"><b style="width:{100 * here[index] / top:.1f}%"></b>'
        f'<em style="left:{100 * usual[index] / top:.1f}%"></em></span><span>{here[index]:.2f}</span>'
        for index in order[:BARS]
    )
    others = order[BARS:]
    told, average = (sum(values[index] for index in others) for values in (here, usual))
    rest = (
        f"The other {len(others)} dimensions: {told:.1f} nats together ({average:.1f} on average). " if others else ""
    )
    largest = max(range(len(here)), key=here.__getitem__) + 1
    return f"""
<p class="title">KL of each dimension, nats</p>
<div class="bars" role="img" aria-label="KL of each dimension; the largest is that of z{largest}">{rows}</div>
<p class="note">{rest}Line: the average over real {dataset.many}. A dimension near 0 repeats the prior and says
nothing.</p>"""


WAITING = '<p class="waiting">Drawing z a thousand times …</p>'
"""In the place of what is being computed, so that nobody takes an older picture's numbers for this one's."""


def bound_curve(price: Price, card: Card) -> str:
    """The bound against its number of draws, as a curve.

    Args:
        price: The numbers.
        card: Of the model that gave them.
    """
    bounds = price.bounds
    (least, first), (most, last) = min(bounds.items()), max(bounds.items())
    low, high = min(bounds.values()), max(bounds.values())
    span = max(high - low, 1e-9)
    places = [
        (50 + 300 * math.log(k / least) / math.log(most / least), 112 - 92 * (nats - low) / span)
        for k, nats in bounds.items()
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places)
    powers = [(x, k) for (x, _), k in zip(places, bounds, strict=True) if str(k)[0] == "1"]
    ticks = "".join(f'<text x="{x:.1f}" y="132">{k:,}</text>' for x, k in powers)
    return f"""
<p class="title">The bound rises towards log p(x) with more draws of z</p>
<svg viewBox="0 0 380 140" role="img" aria-label="From {first:.1f} nats with 1 draw to {last:.1f} with {most}">
<polyline points="{line}"/>{dots}{ticks}
<text class="end" x="44" y="{places[0][1] + 4:.1f}">{signed(first)}</text>
<text class="start" x="300" y="{places[-1][1] - 9:.1f}">{signed(last)}</text></svg>
<p class="note">{signed(first)} nats with one draw (the ELBO), {signed(last)} with {most:,}:
{price.bits(last):.3f} bits per {value(card)}.
</p>"""


def measured(values: dict[str, float], usual: dict[str, tuple[float, float]], dataset: DataSet, near: str) -> str:
    """What was measured on the pixels of a picture, and where that lies among real ones.

    Args:
        values: Each attribute, in its unit.
        usual: Mean and standard deviation of each over training pictures.
        dataset: What they show.
        near: A sentence about what lies near.
    """
    lines = "".join(
        f'<p class="lab-number"><b>{_measure(name, values[name])}</b> '
        f"(real {dataset.many}: {signed(mean)} ± {deviation:.1f})</p>"
        for name, (mean, deviation) in usual.items()
    )
    return f"{lines}<p>Measured on the decoded picture, not on the sliders. {near}</p>"


def _measure(attribute: str, value: float) -> str:
    """What was measured of an attribute."""
    size = f"{abs(value):.1f}"
    return {
        "thickness": f"{size} pixels thick",
        "slant": f"leaning {abs(value):.0f}° to the {'left' if value < 0 else 'right'}",
        "brightness": f"brightness {size} of 255",
        "width": f"{size} pixels wide",
        "warmth": f"{size} levels more {'blue than red' if value < 0 else 'red than blue'}",
    }[attribute]


def neighbours(count: int, of: int, dataset: DataSet, name: str) -> str:
    """What most of the real pictures near a point are."""
    words = f"<b>{escape(name)}s</b>" if name.isdigit() else f"of the class <b>{escape(name)}</b>"
    return f"Of the {of} real {dataset.many} nearest to here, {count} are {words}."


def edit_note(card: Card) -> str:
    """Where the directions come from."""
    return (
        f'<p class="lab-note">The directions were found on training {dataset_of(card.dataset).many}: the difference of '
        "two classes' mean codes, and how the code changes with an attribute. Nobody taught the model what "
        f"{attributes(card)[0]} is.</p>"
    )


def figure_line(card: Card) -> str:
    """One line: which checkpoint, what it was trained on and how long, and how good it was measured to be."""
    dataset = dataset_of(card.dataset)
    words = {"many": dataset.many, "one": dataset.one, "value": value(card)}
    figures = (FIGURES[metric.name].format(metric.value, **words) for metric in card.metrics if metric.name in FIGURES)
    return model_line(card, figures)
