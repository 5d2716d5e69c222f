"""What the Walk tab says: hints, and numbers with their meaning."""

from html import escape

import torch

from demo.base.words import nats, note_html
from demo.walk.latent import View, distance_within, share_nearer
from gm_core import Card
from gm_core.data.catalog import FIRST, DataSet
from gm_core.studies.atlas.attributes import attributes_of

OWN_MODELS = ("map", "compare")
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

FEW = 32
"""A latent space of at most so many dimensions has a slider for each that says something."""


def attribute_names(card: Card) -> list[str]:
    """What is measured of a model's pictures."""
    return list(attributes_of(card.dataset, card.model_config.image.channels))


def hint(view: str, card: Card, dimensions: int) -> str:
    """What to try first.

    Args:
        view: One of :data:`VIEWS`.
        card: Of the model that was chosen.
        dimensions: D of its latent space.
    """
    dataset, few = card.record, dimensions <= FEW
    one, numbers = dataset.one, "a few numbers" if few else f"{dimensions} numbers"
    first, second = (MORE[name] for name in attribute_names(card))
    give = "Upload" if card.model_config.image.channels == 3 else "Draw"
    words = {
        "walk": f"A VAE squeezes every {dataset.noun} into {numbers}. <b>Drag a slider</b> and see what "
        + ("its number means." if few else "moving all of them together does."),
        "map": "Two numbers per digit: the whole latent space is a map. <b>Move over it</b>, or draw a path.",
        "ways": "<b>Drag from A to B</b>: latent space bends one picture into the other; a cross-fade mixes them.",
        "rebuild": f"<b>{give} {one}</b>: the VAE squeezes it into {numbers} and rebuilds it. What is lost?",
        "edit": f"Directions of latent space can mean something. <b>Make {one} {first}</b>, {second}, or "
        f"{dataset.another}.",
        "compare": "Both can reconstruct. <b>Decode random points</b>: only the VAE was trained to make sense of them.",
    }
    return f'<p class="lab-hint{" walk-own-models" if view in OWN_MODELS else ""}">{words[view]}</p>'


def own_models_note(card: Card) -> str:
    """In a view that has models of its own: why it does not show the one that was chosen."""
    if card.dataset == FIRST.name:
        return ""
    return note_html(
        f"You chose <b>{escape(card.record.label)}</b>; this view stays with {FIRST.many}: it needs a latent space "
        f"of two dimensions, and only {FIRST.many} have models with so few."
    )


def choices(cards: dict[str, Card], dimensions: dict[str, int]) -> list[tuple[str, str]]:
    """The models as options: what each knows, in how many dimensions; both by the model's name."""
    titles = [f"{card.record.label}, {dimensions[name]}" for name, card in cards.items()]
    titles[0] += " dimensions"
    return list(zip(titles, cards, strict=True))


def missing_note(names: list[str]) -> str:
    """Models that cannot be chosen, if there are any."""
    if not names:
        return ""
    which = ", ".join(f"<code>{escape(name)}</code>" for name in names)
    return note_html(
        f"Left out: {which}. A file of the model or of its atlas is missing, or the two do not belong together; the "
        "server's log says more."
    )


_VIEWS: dict[View, str] = {
    "mean": "The <b>mean</b> of every pixel: the average of everything z does not decide; averages look blurry.",
    "scale": "The <b>spread</b> of every pixel, its standard deviation: bright is where the decoder is unsure.",
    "draw": "A <b>sample</b> of the pixels: each is drawn without knowing its neighbours, so doubt becomes noise.",
}


def view_line(view: View) -> str:
    """What is shown, and why it looks as it does."""
    return f"<p>{_VIEWS[view]}</p>"


USUAL = (0.05, 0.95)
"""Of the distances of random points, all but the outermost."""


def distance(dimensions: int, length: float) -> str:
    """How far out a point lies, and what that means.

    Args:
        dimensions: D of the latent space.
        length: Distance |z| from 0.
    """
    nearer = share_nearer(dimensions, torch.tensor([length]))
    low, high = (distance_within(dimensions, share) for share in USUAL)
    if nearer < 0.001:
        meaning = "closer to 0 than practically all random points" + (
            ": the middle of everything"
            if length < low / 2
            else ", as the codes of many pictures are: a code is the mean of z, without its scatter"
        )
    elif nearer > 0.999:
        meaning = "farther from 0 than practically all random points: the model was hardly ever trained here"
    elif nearer < 0.5:
        meaning = f"closer to 0 than {100 * (1 - nearer):.3g} % of random points"
    else:
        meaning = f"farther from 0 than {100 * nearer:.3g} % of random points"
    return (
        f'<p class="lab-number"><b>|z| = {length:.2f}</b>: {meaning}. Of these, 90 % have |z| from {low:.1f} to '
        f"{high:.1f}.</p>"
    )


def measurements(values: dict[str, float], usual: dict[str, tuple[float, float]], dataset: DataSet, near: str) -> str:
    """What was measured on the pixels of a picture, and where that lies among real ones.

    Args:
        values: Each attribute, in its unit.
        usual: Mean and standard deviation of each over training pictures.
        dataset: What they show.
        near: A sentence about what lies near.
    """
    lines = "".join(
        f'<p class="lab-number"><b>{measure(name, values[name])}</b> '
        f"(real {dataset.many}: {nats(mean)} ± {deviation:.1f})</p>"
        for name, (mean, deviation) in usual.items()
    )
    return f"{lines}<p>Measured on the decoded picture, not on the sliders. {near}</p>"


def measure(attribute: str, value: float) -> str:
    """The value of an attribute in words."""
    size = f"{abs(value):.1f}"
    degrees = round(abs(value))
    return {
        "thickness": f"{size} pixels thick",
        "slant": f"leaning {degrees}° to the {'left' if value < 0 else 'right'}" if degrees else "upright",
        "brightness": f"brightness {size} of 255",
        "width": f"{size} pixels wide",
        "warmth": f"{size} levels more {'blue than red' if value < 0 else 'red than blue'}",
    }[attribute]


def neighbours(count: int, of: int, dataset: DataSet, name: str) -> str:
    """What most of the real pictures near a point are."""
    words = f"<b>{escape(name)}s</b>" if name.isdigit() and count > 1 else f"of the class <b>{escape(name)}</b>"
    if of == 1:
        return f"The only real {dataset.noun} to compare with is {words}."
    return f"Of the {of} real {dataset.many} nearest to here, {count} {'are' if count > 1 else 'is'} {words}."


def edit_note(card: Card) -> str:
    """Where the directions come from."""
    return note_html(
        f"The directions were found on training {card.record.many}: the difference of two classes' mean "
        "codes, and how the code changes with an attribute. The model was never told what "
        f"{attribute_names(card)[0]} is."
    )
