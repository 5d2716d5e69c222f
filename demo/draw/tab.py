"""The Draw tab: a picture appears pixel by pixel, with the probability of each."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.base.errors import sentence
from demo.base.events import EVERY, LIVE, QUIET
from demo.base.fields import UncheckedRadio, UncheckedSlider
from demo.base.serving.lanes import FILES, LaneChoice
from demo.base.tabs import Opening
from demo.base.words import message_html
from demo.draw.answers import ANY, COLDEST, HOTTEST, MOST_GUIDED, UNGUIDED, Answers
from demo.draw.drawings import EACH, LAST_SEED, NAME, PICTURES, WRONG_SEED, WRONG_TEMPERATURE
from demo.draw.handlers import FIRST_SEED, DrawHandlers, DrawingSession
from demo.draw.mean import MOST_OF_MEAN, add_to_mean
from demo.draw.words import COLD, GUIDANCE_INFO, TEMPERATURE_INFO, USUAL
from demo.shared.models import Models
from demo.shared.seed import check_seed, draw_seed
from demo.shell.address import Address
from demo.shell.languages import explanation
from demo.widgets.model_choice import ModelChoice
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.pixel_canvas import PixelCanvas
from gm_core import CheckpointError

STYLE = (Path(__file__).parent / "tab.css").read_text()

LATEX = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]

PICTURES_OF_A_CLASS = f"pictures => pictures === {EACH!r} ? {PICTURES[0]!r} : pictures"
REDRAW = f"""(...controls) => {{
    const [, t] = controls;
    if (!(t >= {COLDEST} && t <= {HOTTEST})) return;
    window.dispatchEvent(new CustomEvent('pixel-canvas-redraw', {{ detail: controls }}));
}}"""

# As for the seed.
CHECK_TEMPERATURE = (
    f"t => typeof t === 'number' && t >= {COLDEST} && t <= {HOTTEST} ? '' : {message_html(WRONG_TEMPERATURE)!r}"
)


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    handlers = DrawHandlers(models)
    drawings = handlers.drawings
    opening = Opening()
    if NAME not in drawings.cards:
        gr.HTML(message_html(_problem(models)), elem_classes="lab-problem")
    if not drawings.cards:
        return
    gr.HTML(f"<style>{STYLE}</style>", padding=False, elem_classes="draw-style")
    session = gr.State(DrawingSession())
    with gr.Row(elem_classes="draw-row"):
        with gr.Column(scale=0, min_width=0, elem_classes="draw-controls"):
            model = ModelChoice(drawings.first, options=handlers.options, elem_id="draw-model", padding=False)
            label = UncheckedRadio(
                drawings.choices(drawings.first),
                value=ANY,
                label="Class",
                elem_classes="draw-classes",
                elem_id="draw-class",
            )
            pictures = UncheckedRadio(
                drawings.counts(drawings.first),
                value=PICTURES[0],
                label="Pictures",
                elem_classes="draw-pictures",
                elem_id="draw-pictures",
            )
            with gr.Row(elem_classes="draw-seed"):
                seed = gr.Number(FIRST_SEED, label="Seed", min_width=80, elem_id="draw-seed")
                new_seed = gr.Button("New seed", min_width=80, scale=0)
            wrong_seed = gr.HTML(padding=False, elem_id="draw-seed-problem")
            draw = gr.Button("Draw", variant="primary")
            with gr.Accordion("Temperature and guidance", open=False, elem_classes="draw-more") as more:
                temperature = UncheckedSlider(
                    COLDEST,
                    HOTTEST,
                    value=1.0,
                    step=0.05,
                    label="Temperature",
                    info=TEMPERATURE_INFO,
                    buttons=[],  # Gradio's goes back to what a link said
                    elem_id="draw-temperature",
                )
                wrong_temperature = gr.HTML(padding=False, elem_id="draw-temperature-problem")
                cold = gr.Button(COLD, size="sm")
                guidance = UncheckedSlider(
                    UNGUIDED,
                    MOST_GUIDED,
                    value=UNGUIDED,
                    step=0.1,
                    label="Guidance",
                    info=GUIDANCE_INFO,
                    buttons=[],
                    elem_id="draw-guidance",
                )
                usual = gr.Button(USUAL, size="sm")
            with gr.Accordion("Finish a picture of mine", open=False):
                upload = PictureUpload(
                    label="The model keeps its upper half",
                    height=170,
                    sources=["upload", "clipboard"],
                    elem_id="draw-upload",
                )
        with gr.Column(scale=1, min_width=0, elem_classes="draw-picture"):
            canvas = PixelCanvas(
                models=[
                    {
                        "name": one["name"],
                        "title": f"{one['subject']} · {one['title']}",
                        "classes": drawings.choices(one["name"]),
                        "levels": drawings.cards[one["name"]].model_config.image.levels,
                    }
                    for one in handlers.options
                ],
                redraw=drawings.redraw,
                mean=partial(add_to_mean, drawings),
                most=MOST_OF_MEAN,
                answers=Answers(models, drawings.cards).functions(),
                elem_id="draw-canvas",
            )
    with gr.Accordion("How does this work?", open=False):
        about = gr.HTML(handlers.about(drawings.first), padding=False)
        explanation(Path(__file__).parent, latex_delimiters=LATEX)

    def give(event: gr.EventData, model: Any, session: DrawingSession) -> None:
        """The canvas gives a start; the drawings of it while the pointer moves are its own affair."""
        handlers.set_start(event._data, model, session)

    def press_key(event: gr.EventData, model: Any, pictures: Any) -> list[Any]:
        """A class key was pressed."""
        return handlers.press_key(event._data, model, pictures)

    def give_endings(event: gr.EventData, model: Any, session: DrawingSession) -> str:
        """The same, with several endings of it."""
        handlers.set_start(event._data, model, session)
        return PICTURES[1]

    def bring(event: gr.EventData, *chosen: Any) -> list[Any]:
        """A picture comes from another tab."""
        return handlers.bring(event._data, *chosen)

    controls = [label, temperature, seed, pictures, model, guidance]
    # The browser sends all, and an older drawing ends for a newer one.
    drawing: dict[str, Any] = {
        "inputs": [*controls, session],
        "validator": handlers.check,
        "trigger_mode": "multiple",
        "concurrency_id": LaneChoice("draw", handlers.lane),
    }
    public = drawing | {"fn": handlers.draw, "outputs": canvas, "show_progress": "hidden"}
    then = public | QUIET
    # A seed draws when it is typed, not when a link or the button fills it in.
    begun = [
        gr.on([draw.click, seed.input, pictures.input], **public, api_name="draw"),
        label.input(None, pictures, pictures, js=PICTURES_OF_A_CLASS).then(**then),
        model.input(handlers.switch, [model, label, pictures, seed], [label, pictures, about, seed], **EVERY).then(
            **then
        ),
        upload.input(handlers.upload, [upload, model, session], None, **EVERY, concurrency_id=FILES).success(**then),
        new_seed.click(None, None, seed, js=draw_seed("draw")).then(**then),
        canvas.ask(give, [model, session], None, **EVERY).success(**then),
        canvas.endings(give_endings, [model, session], pictures, **EVERY).success(**then),
        canvas.bring(
            bring, [model, label, pictures, seed, session], [model, label, pictures, about, seed], **EVERY
        ).success(**then),
        canvas.pick(press_key, [model, pictures], [label, pictures], **EVERY).then(**then),
    ]
    fields: dict[str, Component] = {"class": label, "seed": seed, "temperature": temperature, "pictures": pictures}
    fields |= {"model": model, "guidance": guidance}
    address = Address("draw", fields, extra=["given", "look", "beside", "pixel"])
    back, arrived = address.restore(handlers.restore, [session], [*controls, about, more], opening)
    begun += [back.then(**then), opening.then(arrived, handlers.draw_first, outputs=canvas, **drawing)]
    canvas.stop(None, cancels=begun)
    seed.change(None, seed, wrong_seed, js=check_seed(LAST_SEED, WRONG_SEED))
    temperature.change(None, temperature, wrong_temperature, js=CHECK_TEMPERATURE)
    # While the pointer moves, the canvas asks for its drawings itself, without waiting in a queue.
    canvas.give(give, [model, session], None, **QUIET)
    canvas.choose(press_key, [model, pictures], [label, pictures], **LIVE)
    cold.click(None, None, temperature, js=f"() => {COLDEST}")
    usual.click(None, None, [temperature, guidance], js=f"() => [1, {UNGUIDED}]")
    gr.on([temperature.change, guidance.change], None, controls, None, js=REDRAW)


def _problem(models: Models) -> str:
    """Why the first model is missing."""
    try:
        models.card(NAME)
    except CheckpointError as error:
        return sentence(error)
    return f"The model {NAME!r} cannot draw; restore it from the repository."
