"""``python -m gm_core cards``: every card in full, as JSON or as the page ``docs/models.md``."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from gm_core.checkpoints import Card, Metric, available, checkpoint_dir
from gm_core.cli.printing import print_json, print_lines
from gm_core.data.catalog import CATALOG, DataSet, dataset_of
from gm_core.evaluation.published import PUBLISHED
from gm_core.models.capabilities import Samples
from gm_core.text import printable

INTRODUCTION = """# Models

Written by `python -m gm_core cards --markdown > docs/models.md` from the cards in `checkpoints/`: change the cards, not
this page.

Every figure was measured on test images by `python -m gm_core evaluate NAME`, or on held-out images for an atlas or a
field. It is for the discrete picture, with 256 levels unless the row says otherwise. An *exact* figure is the
log-likelihood itself; a *lower bound* is at most the log-likelihood, so its bits per dimension are at least the true
ones. "Any class" means that the model was not told the label. For a VAE `reconstruction` is E log p(x given z), `kl` is
the divergence of q(z given x) from p(z), and their difference is the `elbo`. Drawn pictures are compared with test
images in the features of the data set's own classifier: compare a `frechet_distance` or a `kernel_distance` with its
floor, not with other projects' FID and KID. Published figures come from other protocols, hardware and sizes: compare
with care."""

DRAWING = """## Models that draw

Two values that stand together are the drawn pictures' and, after the stroke, that of as many training images: no model
can be asked for more. Small distances are good; a small density means pictures that look like no real one, a small
coverage kinds of pictures that are never drawn. "As asked" is the share that the classifier reads as the class that was
asked for. A picture's time is of one processor core, among 50 drawn side by side. How many pictures were compared, and
each standard error, stand with the figures of the data sets below; a dash is not measured, or not to be had."""

LIKELIHOODS = (("exact", "bits_per_dim"), ("at most", "bound_bits_per_dim"), ("at most", "elbo_bits_per_dim"))
"""The kinds of likelihood by the names of their figures; an estimate is given beside a bound."""


def print_cards(
    markdown: Annotated[bool, typer.Option("--markdown", help="the page docs/models.md instead of JSON")] = False,
) -> None:
    """Every card in full: figures, costs, and how each model was trained."""
    if markdown:
        print_lines(models_page())
    else:
        print_json([_entries(card) for card in available()])


def models_page() -> str:
    """The cards as a page of Markdown: figures by data set, costs, then how each model was trained."""
    cards = available()
    known = list(CATALOG)
    datasets = sorted(
        {card.dataset for card in cards}, key=lambda name: (known.index(name) if name in known else 99, name)
    )
    parts = [INTRODUCTION, DRAWING, _drawing_table(card for card in cards if card.has(Samples))]
    parts += [_dataset_section(dataset_of(name), [card for card in cards if card.dataset == name]) for name in datasets]
    trained = [card for card in cards if card.cost]
    parts += [_cost_section(trained), "## How each model was trained", *(_training_section(card) for card in trained)]
    return "\n\n".join(parts)


def _dataset_section(dataset: DataSet, cards: list[Card]) -> str:
    rows = [
        (f"`{card.name}`", f"`{metric.name}`", f"{_value(metric)} {metric.unit}", metric.protocol)
        for card in cards
        for metric in card.metrics
        if not _outliers(metric)
    ]
    facts = [dataset.full[:1].upper() + dataset.full[1:]]
    facts += [f"{what}: {fact}" for what in ("credit", "source", "licence") if (fact := getattr(dataset, what))]
    parts = [f"## {dataset.title} (`{dataset.name}`)", "; ".join(facts) + "."]
    parts += [_table(("checkpoint", "figure", "measured", "how"), rows)]
    parts += [text for card in cards if (text := _refusals(card))]
    parts += [_published_refusals(dataset, outliers) for outliers in dataset.published]
    return "\n\n".join([*parts, _published_table(dataset)])


def _drawing_table(cards: Iterable[Card]) -> str:
    """One line for every model that draws: what it says of p(x), what its pictures are worth, and what they cost."""
    headings = (
        *("checkpoint", "bits/dim", "Fréchet distance", "kernel distance", "density", "coverage", "as asked"),
        *("ms a picture", "network calls", "parameters", "minutes of training"),
    )
    rows = [
        (
            f"`{card.name}`",
            _likelihood(card),
            *(
                _pair(card, figure, pattern)
                for figure, pattern in (
                    *(("frechet_distance", "{:.0f}"), ("kernel_distance", "{:.0f}")),
                    *(("density", "{:.2f}"), ("coverage", "{:.2f}")),
                )
            ),
            _or_dash("{:.1%}", card.value("class_as_asked")).replace("%", " %"),
            _or_dash("{:.1f}", card.value("milliseconds_per_picture")),
            _or_dash("{:.0f}", card.value("network_calls")),
            f"{card.parameters / 1e6:.2f} M",
            _or_dash("{:.0f}", card.cost.get("minutes")),
        )
        for card in cards
    ]
    return _table(headings, rows)


def _likelihood(card: Card) -> str:
    """The first kind of likelihood that a card has, and an estimate."""
    found = [f"{kind} {value:.3f}" for kind, name in LIKELIHOODS if (value := card.value(name)) is not None][:1]
    estimate = card.value("estimated_bits_per_dim")
    return ", ".join(found + ([] if estimate is None else [f"about {estimate:.3f}"])) or "none"


def _pair(card: Card, figure: str, pattern: str) -> str:
    """A figure and its floor."""
    values = [card.value(figure), card.value(f"{figure}_floor")]
    return " / ".join(pattern.format(value) for value in values if value is not None) or "–"


def _or_dash(pattern: str, value: float | None) -> str:
    return "–" if value is None else pattern.format(value)


def _published_table(dataset: DataSet) -> str:
    rows = [
        (f"{line.figure} {line.unit}", line.model, line.source) for line in PUBLISHED if line.dataset == dataset.name
    ]
    if not rows:
        return "Published likelihoods for comparison: none found."
    return "Published likelihoods for comparison:\n\n" + _table(("figure", "model", "source"), rows)


def _published_refusals(dataset: DataSet, outliers: str) -> str:
    lines = [f"- {line.words} ([{line.authors}]({line.url}))" for line in dataset.published[outliers]]
    return "\n".join([f"Published AUROC against {dataset_of(outliers).title}:", "", *lines])


def _refusals(card: Card) -> str:
    """The figures of a detector for every set of outliers, one row per set; nothing for other cards."""
    names = [name for metric in card.metrics if metric.name.startswith("auroc_") and (name := _outliers(metric))]
    columns = (("naive_auroc", "{:.3f}", 1), ("auroc", "{:.4f}", 1), ("detection_rate", "{:.1f} %", 100))
    rows = [
        (
            name.replace("_", " "),
            *(
                "–" if (value := card.value(f"{figure}_{name}")) is None else pattern.format(scale * value)
                for figure, pattern, scale in columns
            ),
        )
        for name in names
    ]
    if not names:
        return ""
    headings = ("outliers", "AUROC by -log p(x) alone", "AUROC of the detector", "detected at alpha = 0.05")
    protocol = card.metric(f"auroc_{names[0]}").protocol.replace(f" ({names[0]})", "")
    return f"What `{card.name}` refuses; for each set {protocol}:\n\n{_table(headings, rows)}"


def _cost_section(cards: Iterable[Card]) -> str:
    rows = []
    for card in cards:
        found = re.search(r"trained on (?:the first )?([\d,]+) training images", card.split)
        images = int(found[1].replace(",", "")) if found else 0
        seen, minutes, hardware = (card.cost.get(key) for key in ("images_seen", "minutes", "hardware"))
        epochs = f"{seen / images:.1f} epochs" if images and seen is not None else "–"
        parameters = f"{card.parameters / 1e6:.2f} M"
        rows.append(
            (f"`{card.name}`", parameters, epochs, "–" if minutes is None else f"{minutes:.0f}", hardware or "–")
        )
    return "## What training cost\n\n" + _table(("checkpoint", "parameters", "epochs", "minutes", "on"), rows)


def _training_section(card: Card) -> str:
    skipped = {"name", "dataset"}
    recipe = ", ".join(f"{key} {_setting(value)}" for key, value in card.recipe.items() if key not in skipped)
    sources = {key for key, value in card.config.items() if isinstance(value, dict) and "sha256" in value}
    config = ", ".join(f"{key} {_setting(value)}" for key, value in card.config.items() if key not in sources)
    stages = [
        (
            f"{stage['steps']:,}",
            f"{stage['minutes']:.1f}" if "minutes" in stage else "",
            stage["change"],
            f"{stage['learning_rate']:g}" if "learning_rate" in stage else "",
            stage.get("result", ""),
        )
        for stage in card.history
    ]
    history = _table(("until step", "until minute", "stage", "peak rate", "result at its end"), stages)
    return (
        f"### `{card.name}`\n\n{card.description}; {card.split}.\n\n"
        f"- Network (`{card.family}`): {config}.\n- Recipe: {recipe}.\n\n{history}"
    )


def _entries(card: Card) -> dict[str, Any]:
    """The card as it was written."""
    entries: dict[str, Any] = json.loads((checkpoint_dir() / f"{card.name}.json").read_text(encoding="utf-8"))
    return entries


def _outliers(metric: Metric) -> str:
    """The set of outliers that a detector's figure belongs to; empty for other figures."""
    found = re.fullmatch(r"(?:naive_auroc|auroc|detection_rate)_(\w+)", metric.name)
    return found[1] if found else ""


def _value(metric: Metric) -> str:
    if metric.unit == "dimensions":
        return f"{metric.value:.0f}"
    return f"{metric.value:.2f}" if abs(metric.value) >= 10 else f"{metric.value:.4f}"


def _setting(value: object) -> str:
    return "(" + ", ".join(map(str, value)) + ")" if isinstance(value, list) else str(value)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def lines() -> Iterator[tuple[str, ...]]:
        yield headings
        yield tuple("---" for _ in headings)
        for row in rows:
            yield tuple(printable(cell).replace("|", "\\|") for cell in row)

    return "\n".join("| " + " | ".join(line) + " |" for line in lines())
