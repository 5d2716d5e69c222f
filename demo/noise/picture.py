"""The view "One picture": it comes from noise, step by step, by every family that can."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.base.events import EVERY, QUIET
from demo.base.fields import UncheckedRadio, UncheckedSlider
from demo.base.scripts import strip
from demo.base.serving.lanes import LaneChoice
from demo.base.tabs import Opening
from demo.noise.drawings import (
    COLDEST,
    HOTTEST,
    LAST_SEED,
    MOST_GUIDED,
    PICTURES,
    UNGUIDED,
    WRONG_SEED,
    Drawings,
)
from demo.noise.handlers import LINK, NoiseHandlers, NoiseSession
from demo.noise.recording import Recordings
from demo.noise.scores import Scores, usual_bits
from demo.noise.words import GUIDANCE_INFO, METHOD_INFO, TEMPERATURE_INFO, idea
from demo.shared.models import Models
from demo.shared.seed import check_seed, draw_seed
from demo.shared.taking import taken
from demo.shell.address import Address
from demo.widgets.model_choice import ModelChoice
from demo.widgets.noise_player import NoisePlayer, PlayedModel
from gm_core import FAMILIES, Bounded, Card, Density, Estimated, Paced

SCRIPT = strip((Path(__file__).parent / "controls.js").read_text())


def build_picture(models: Models, drawings: Drawings) -> None:
    """Build the view inside the current ``gr.Tab``.

    Args:
        models: The app's models.
        drawings: What draws.
    """
    handlers = NoiseHandlers(drawings)
    opening = Opening()
    gr.HTML(js_on_load=SCRIPT, padding=False, elem_classes="noise-style")
    session = gr.State(NoiseSession())
    usual = dict(zip(LINK, handlers.usual(drawings.first), strict=True))
    class_form, steps_form, method_form, guidance_form = handlers.form(
        drawings.first, usual["class"], usual["steps"], usual["method"]
    )
    with gr.Row(elem_classes="noise-controls"):
        model = ModelChoice(drawings.first, options=handlers.options, by="by", elem_id="noise-model", padding=False)
        label = UncheckedRadio(class_form["choices"], value=usual["class"], label="Class", elem_id="noise-class")
        with gr.Row(elem_classes="noise-seed"):
            seed = gr.Number(usual["seed"], label="Seed", min_width=60, elem_id="noise-seed")
            another = gr.Button("New seed", min_width=60, scale=0)
            wrong_seed = gr.HTML(padding=False, elem_id="noise-seed-problem")
        steps = UncheckedSlider(
            1,
            steps_form["maximum"],
            value=usual["steps"],
            step=1,
            label="Steps",
            interactive=steps_form["interactive"],
            buttons=[],
            elem_id="noise-steps",
        )
        draw = gr.Button("Draw", variant="primary", elem_classes="noise-draw", min_width=60)
        with gr.Accordion("More", open=False, elem_classes="noise-more"):
            pictures = UncheckedRadio(list(PICTURES), value=PICTURES[0], label="Pictures", elem_id="noise-pictures")
            method = UncheckedRadio(
                method_form["choices"],
                value=usual["method"],
                label="How a step is taken",
                info=METHOD_INFO,
                elem_id="noise-method",
            )
            guidance = UncheckedSlider(
                UNGUIDED,
                MOST_GUIDED,
                value=UNGUIDED,
                step=0.1,
                label="Guidance",
                info=GUIDANCE_INFO,
                interactive=guidance_form["interactive"],
                buttons=[],
                elem_id="noise-guidance",
            )
            temperature = UncheckedSlider(
                COLDEST,
                HOTTEST,
                value=1.0,
                step=0.05,
                label="Temperature",
                info=TEMPERATURE_INFO,
                buttons=[],
                elem_id="noise-temperature",
            )
    player = NoisePlayer(
        models={name: played(card) for name, card in drawings.cards.items()},
        taken=taken(models, drawings.cards.values()),
        answers=Scores(models, drawings.cards).functions() | {"record": Recordings(drawings.cards).record},
        elem_id="noise-player",
        elem_classes="noise-player",
        padding=False,
    )
    about = gr.HTML(handlers.about(drawings.first), padding=False, elem_classes="explain")
    controls: list[Component] = [label, seed, steps, model, pictures, method, guidance, temperature]
    # The browser sends all, and an older drawing ends for a newer one.
    drawing: dict[str, Any] = {
        "inputs": [*controls, session],
        "validator": handlers.check,
        "trigger_mode": "multiple",
        "concurrency_id": LaneChoice("noise", handlers.lane),
    }
    public = drawing | {"fn": handlers.draw, "outputs": player, "show_progress": "hidden"}
    then = public | QUIET
    moved = [seed.input, label.input, pictures.input, steps.release, guidance.release, temperature.release]
    form = [label, seed, steps, method, guidance, about]
    begun = [
        gr.on([draw.click, *moved], **public, api_name="noise"),
        gr.on([model.input, method.input], handlers.switch, [model, label, seed, steps, method], form, **EVERY).then(
            **then
        ),
        another.click(None, None, seed, js=draw_seed("noise")).then(**then),
    ]
    address = Address("noise", dict(zip(LINK, controls, strict=True)), extra=["at"])
    back, arrived = address.restore(handlers.restore, [], [*controls, about], opening)
    begun += [back.then(**then), opening.then(arrived, handlers.draw_first, outputs=player, **drawing)]
    player.stop(None, cancels=begun)
    seed.change(None, seed, wrong_seed, js=check_seed(LAST_SEED, WRONG_SEED))


def played(card: Card) -> PlayedModel:
    """What the player says of a model."""
    density = "exact" if card.has(Density) else "bound" if card.has(Bounded) else ""
    return {
        "title": FAMILIES[card.family].title,
        "one": card.record.noun,
        "many": card.record.many,
        "idea": idea(card),
        "layers": not card.has(Paced),
        "density": density,
        "estimate": card.has(Estimated),
        "usual": usual_bits(card),
    }
