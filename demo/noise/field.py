"""The view "The field": a plane of codes, and what carries points over it from noise to digits."""

import gradio as gr

from demo.base.checks import SHORT_SEEDS
from demo.base.errors import sentence
from demo.base.words import message_html
from demo.noise.field_answers import (
    ARROW_UNIT,
    ARROWS,
    CELLS,
    PARTS,
    PLACE_UNIT,
    POINTS,
    STEPS,
    TIMES,
    FieldAnswers,
)
from demo.noise.words import HOW, LATEX, METHOD_NAMES
from demo.shared.models import Models
from demo.shared.plane import MAP
from demo.shell.languages import explanation
from demo.widgets.noise_field import FieldKind, NoiseField
from gm_core import Card, CheckpointError
from gm_core.models.ode import CALLS
from gm_core.studies import ATLASES, FIELDS
from gm_core.studies.field.study import COMPONENTS


def build_field(models: Models) -> None:
    """Build the view inside the current ``gr.Tab``."""
    try:
        _, _, card = (models.card(name) for name in (MAP, ATLASES.name(MAP), FIELDS.name(MAP)))
    except CheckpointError as error:
        gr.HTML(message_html(sentence(error)), elem_classes="lab-problem")
        return
    NoiseField(
        kinds=kinds(card),
        solvers=[{"name": name, "title": METHOD_NAMES[name], "calls": calls} for name, calls in CALLS.items()],
        steps=STEPS,
        points=POINTS,
        parts=PARTS,
        times=TIMES,
        grids=(ARROWS, CELLS),
        units=(ARROW_UNIT, PLACE_UNIT),
        seeds=SHORT_SEEDS,
        classes=card.class_names,
        figures=figures(card),
        functions=FieldAnswers(models).functions(),
        elem_id="noise-plane",
        elem_classes="noise-plane",
        padding=False,
    )
    with gr.Accordion("How does this work, and what of it is exact?", open=False, elem_classes="explain"):
        explanation(HOW / "field", latex_delimiters=LATEX)


def kinds(card: Card) -> list[FieldKind]:
    """The fields, and what each is."""
    some = f"{COMPONENTS:,} training digits"
    return [
        {
            "name": "straight",
            "title": "flow matching",
            "idea": f"Exact: what flow matching would learn of {some} without any error. All points end at these very "
            "digits, none between them.",
        },
        {
            "name": "diffusion",
            "title": "diffusion",
            "idea": f"Exact: the flow of a diffusion to the same {some}. It arrives at the same density by other ways.",
        },
        {
            "name": "learned",
            "title": "FFJORD",
            "idea": f"Learned: a network of {card.parameters:,} numbers, trained on the codes of all training digits "
            "to make them likely. It fills the gaps between them.",
        },
    ]


def figures(card: Card) -> str:
    """How well digits that no field has seen are known, in a sentence; nothing where the card lacks a figure."""
    found = [card.value(f"{name}_nats") for name in ("ffjord", "prior", "mixture")]
    if None in found:
        return ""
    learned, prior, exact = (f"{value:.2f}".replace("-", "−") for value in found)
    return (
        f"The codes of new digits, in nats per code: {learned} under FFJORD, {prior} under the standard normal, "
        f"{exact} under the exact fields, which know their {COMPONENTS:,} digits by heart."
    )
