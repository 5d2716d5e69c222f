"""The Draw tab: a picture appears pixel by pixel, with the probability of each."""

from pathlib import Path
from typing import Any

import gradio as gr

from demo.base.checks import SHORT_SEEDS
from demo.base.errors import sentence
from demo.base.events import EVERY, QUIET
from demo.base.fields import UncheckedRadio, UncheckedSlider
from demo.base.serving.lanes import FILES, LaneChoice
from demo.base.tabs import Opening
from demo.base.words import message_html
from demo.draw.answers import ANY, COLDEST, HOTTEST, Answers
from demo.draw.drawings import EACH, LAST_SEED, NAME, PICTURES, WRONG_SEED, WRONG_TEMPERATURE
from demo.draw.handlers import FIRST_SEED, DrawHandlers, DrawingSession
from demo.draw.words import HINT, HOW, SEED_INFO, TEMPERATURE_INFO
from demo.shared.models import Models
from demo.shell.address import Address
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.pixel_canvas import PixelCanvas
from gm_core import CheckpointError

STYLE = (Path(__file__).parent / "tab.css").read_text()

LATEX = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]

# In the browser, because a question to the server would take longer than the drawing.
NEW_SEED = f"() => Math.floor({SHORT_SEEDS} * Math.random())"
PICTURES_OF_A_CLASS = f"pictures => pictures === {EACH!r} ? {PICTURES[0]!r} : pictures"
REDRAW = "(...controls) => { window.dispatchEvent(new CustomEvent('pixel-canvas-redraw', { detail: controls })); }"

# What the browser says below a field. Gradio's own message there, on the server's word, goes away with the next answer
# to anything. The server refuses what is wrong all the same.
CHECK_SEED = f"seed => Number.isInteger(seed) && seed >= 0 && seed <= {LAST_SEED} ? '' : {message_html(WRONG_SEED)!r}"
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
    gr.HTML(f"{HINT}<style>{STYLE}</style>")
    session = gr.State(DrawingSession())
    with gr.Row(elem_classes="draw-row"):
        with gr.Column(scale=3, min_width=260, elem_classes="draw-controls"):
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
            temperature = UncheckedSlider(
                COLDEST,
                HOTTEST,
                value=1.0,
                step=0.05,
                label="Temperature",
                info=TEMPERATURE_INFO,
                elem_id="draw-temperature",
            )
            wrong_temperature = gr.HTML(padding=False, elem_id="draw-temperature-problem")
            with gr.Row(elem_classes="draw-seed"):
                seed = gr.Number(FIRST_SEED, label="Seed", info=SEED_INFO, min_width=100, elem_id="draw-seed")
                new_seed = gr.Button("New seed", min_width=100, scale=0)
            wrong_seed = gr.HTML(padding=False, elem_id="draw-seed-problem")
            draw = gr.Button("Draw", variant="primary")
            model = UncheckedRadio(
                [(title, name) for name, title in handlers.titles.items()],
                value=drawings.first,
                label="Model",
                elem_classes="draw-models",
                elem_id="draw-model",
            )
            about = gr.HTML(handlers.about(drawings.first), padding=False)
            with gr.Accordion("Finish a picture of mine", open=False):
                upload = PictureUpload(
                    label="The model keeps its upper half",
                    height=170,
                    sources=["upload", "clipboard"],
                    elem_id="draw-upload",
                )
        with gr.Column(scale=9, elem_classes="draw-picture"):
            canvas = PixelCanvas(
                models=[
                    {
                        "name": name,
                        "title": title,
                        "classes": drawings.choices(name),
                        "levels": drawings.cards[name].model_config.image.levels,
                    }
                    for name, title in handlers.titles.items()
                ],
                redraw=drawings.redraw,
                answers=Answers(models, drawings.cards).functions(),
                elem_id="draw-canvas",
            )
    with gr.Accordion("How does this work?", open=False):
        gr.Markdown(HOW, latex_delimiters=LATEX)

    def give(event: gr.EventData, model: Any, session: DrawingSession) -> None:
        """The canvas gives a start; the drawings of it while the pointer moves are its own affair."""
        handlers.set_start(event._data, model, session)

    def press_key(event: gr.EventData, model: Any, pictures: Any) -> list[Any]:
        """A class key was pressed."""
        return handlers.press_key(event._data, model, pictures)

    controls = [label, temperature, seed, pictures, model]
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
        model.input(handlers.switch, [model, label, pictures], [label, pictures, about], **EVERY).then(**then),
        upload.input(handlers.upload, [upload, model, session], None, **EVERY, concurrency_id=FILES).success(**then),
        new_seed.click(None, None, seed, js=NEW_SEED).then(**then),
        canvas.ask(give, [model, session], None, **EVERY).success(**then),
        canvas.pick(press_key, [model, pictures], [label, pictures], **EVERY).then(**then),
    ]
    fields = {"class": label, "seed": seed, "temperature": temperature, "pictures": pictures, "model": model}
    address = Address("draw", fields, extra=["given"])
    back, arrived = address.restore(handlers.restore, [session], [*controls, about], opening)
    begun += [back.then(**then), opening.then(arrived, handlers.draw_first, outputs=canvas, **drawing)]
    canvas.stop(None, cancels=begun)
    seed.change(None, seed, wrong_seed, js=CHECK_SEED)
    temperature.change(None, temperature, wrong_temperature, js=CHECK_TEMPERATURE)
    # While the pointer moves, the canvas asks for its drawings itself, without waiting in a queue.
    canvas.give(give, [model, session], None, **QUIET)
    canvas.choose(press_key, [model, pictures], [label, pictures], **QUIET)
    temperature.change(None, controls, None, js=REDRAW)


def _problem(models: Models) -> str:
    """Why the first model is missing."""
    try:
        models.card(NAME)
    except CheckpointError as error:
        return sentence(error)
    return f"The model {NAME!r} cannot draw; restore it from the repository."
