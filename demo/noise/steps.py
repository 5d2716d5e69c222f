"""The view "Steps against quality": the same pictures in one step, in two, in hundreds, and what each is worth."""

import gradio as gr

from demo.base.words import message_html
from demo.noise.drawings import LAST_SEED, Drawings
from demo.noise.sheets import MOST_GUIDANCE, MOST_PASSES, Sheets
from demo.noise.words import METHOD_NAMES
from demo.shared.models import Models
from demo.widgets.noise_steps import NoiseSteps, SteppedMethod, SteppedModel
from gm_core import FAMILIES
from gm_core.studies import PACES
from gm_core.studies.pace import stations, usual

MISSING = "There is no model here that takes any number of steps; restore one from the repository."


def build_steps(models: Models, drawings: Drawings) -> None:
    """Build the view inside the current ``gr.Tab``.

    Args:
        models: The app's models.
        drawings: What is known of those that make pictures of noise.
    """
    sheets = Sheets(models, drawings)
    if not sheets.cards:
        gr.HTML(message_html(MISSING), elem_classes="lab-problem")
        return
    NoiseSteps(
        models={name: stepped(sheets, name) for name in sheets.cards},
        most_guidance=MOST_GUIDANCE,
        most_passes=MOST_PASSES,
        last_seed=LAST_SEED,
        answers=sheets.functions(),
        elem_id="noise-quality",
        padding=False,
    )


def stepped(sheets: Sheets, name: str) -> SteppedModel:
    """What the widget says of a model, and may ask of it."""
    card, drawings = sheets.cards[name], sheets.drawings
    family = FAMILIES[card.family]
    subject, label = card.record.many, drawings.labels(name)
    channels, height, width = card.model_config.image.size
    methods: list[SteppedMethod] = [
        {"name": method, "title": METHOD_NAMES.get(method, method), "calls": calls, "stations": stations(calls)}
        for method, calls in drawings.methods(name).items()
    ]
    return {
        "title": f"{family.title} · {card.record.label}",
        "many": subject,
        "asked": [label[1 + i] if i >= 0 else "" for i in sheets.labels(name).tolist()],
        "channels": channels,
        "height": height,
        "width": width,
        "methods": methods,
        "method": usual(family)[0],  # type: ignore[arg-type]
        "seed": drawings.seed(name),
        "measured": sheets.is_measured(name),
        "command": f"python -m gm_core {PACES.command} {name}",
    }
