"""The Draw tab: a picture appears pixel by pixel, with the probability of each."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.base.checks import is_index
from demo.base.errors import InputError
from demo.base.events import EVERY, QUIET
from demo.base.fields import UncheckedRadio, UncheckedSlider
from demo.base.sessions import Session
from demo.base.tabs import Opening
from demo.base.words import message_html
from demo.draw.answers import ANY, COLDEST, HOTTEST, Answers
from demo.draw.drawings import (
    EACH,
    LAST_SEED,
    PICTURES,
    WRONG_SEED,
    WRONG_TEMPERATURE,
    Drawings,
    DrawRequest,
)
from demo.draw.starts import Start, read_link, read_start
from demo.shared.model_line import model_line
from demo.shared.models import Models
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.pixel_canvas import PixelCanvas
from demo.widgets.pixel_canvas.messages import CanvasMessage
from gm_core import Card, PictureError, form_of, in_levels, open_picture, prepare
from gm_core.data.catalog import FIRST, dataset_of

SHORT_SEEDS = 10_000
"""The dice stays below this: short enough to say aloud in class."""

FIRST_SEED = FIRST.seeds.picture
LINK = ("class", "temperature", "seed", "pictures", "model")
"""What a link to a picture says, in the order of the handlers' inputs."""

FAMILIES = {
    "gated-pixelcnn": "gated PixelCNN",
    "masked-pixelcnn": "the original, with a blind spot",
    "residual-pixelcnn": "PixelCNN of residual blocks",
    "pixelcnnpp": "PixelCNN++",
}
"""What families of models are called."""

DICE = f"() => Math.floor({SHORT_SEEDS} * Math.random())"
ONE_FOR = f"pictures => pictures === {EACH!r} ? {PICTURES[0]!r} : pictures"
"""In the browser, for a question to the server would take longer than the drawing: another seed; how many pictures of a
class that was picked."""

LIVE = "(...wishes) => { window.dispatchEvent(new CustomEvent('pixel-canvas-redraw', { detail: wishes })); }"
"""Hands the controls' values to the canvas, in the browser."""

SAY_SEED = f"seed => Number.isInteger(seed) && seed >= 0 && seed <= {LAST_SEED} ? '' : {message_html(WRONG_SEED)!r}"
SAY_TEMPERATURE = (
    f"t => typeof t === 'number' && t >= {COLDEST} && t <= {HOTTEST} ? '' : {message_html(WRONG_TEMPERATURE)!r}"
)
"""What is said below a field, by the browser: what Gradio says there itself, on the server's word, it takes away once
any other answer comes. The server refuses what is wrong all the same."""

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
EACH_TIME: dict[str, Any] = PRIVATE | {"trigger_mode": "multiple"}
"""For what a quick hand does twice before the first is answered: Gradio would drop the second."""

PAGE = """
<p class="lab-hint">This model draws a picture one pixel at a time: each is a throw of dice, weighted by the pixels
before it. <b>Pick a class</b> and watch, or <b>take the pen</b> and let it finish your drawing.</p>
<style>
.draw-row { gap: 24px; align-items: flex-start; }
.draw-classes .wrap { display: flex; flex-wrap: wrap; gap: 6px; }
.draw-classes label { flex: 1 0 calc(20% - 5px); min-height: 40px; justify-content: center; padding: 0 4px !important; }
.draw-classes label:first-child { flex-basis: 100%; }
.draw-classes label:has(:focus-visible) { outline: 3px solid var(--primary-500); outline-offset: 2px; }
.draw-classes label.selected { background: var(--primary-600); color: #fff; }
.draw-classes input { position: absolute; opacity: 0; }
.draw-classes label span { margin: 0; }
.draw-seed { flex-wrap: nowrap !important; }
.draw-seed > button { align-self: flex-end; min-width: 104px; min-height: 48px; white-space: nowrap; }
.draw-controls > button { min-height: 48px; }
.draw-picture .html-container { padding: 0; }
.draw-controls .wrap:has(.validation-error), .draw-controls .validation-error:not(input) { display: none !important; }
#draw-seed-problem:not(:has(.message)), #draw-temperature-problem:not(:has(.message)) { display: none; }
.draw-controls .message { margin: -8px 0 0; font-weight: 600; color: var(--error-icon-color); }
@media (max-width: 899px) {  /* the canvas puts its picture first, its readings last, these controls between */
  .draw-row { flex-direction: column; gap: 8px; align-items: stretch; }
  .draw-picture, #draw-canvas, #draw-canvas .html-container { display: contents !important; }
  .draw-row > .draw-controls { order: -1; flex: none; width: 100%; min-width: 0 !important; margin: 8px 0; }
  #draw-temperature .tab-like-container, #draw-temperature input[type="range"] { height: 40px; }
}
</style>
"""

HOW = r"""
A **PixelCNN** writes the probability of a picture as a product, one factor a pixel in reading order, and each factor
sees only the pixels before it:

$$p(x) = \prod_{t} p(x_t \mid x_1, \dots, x_{t-1})
\qquad\Rightarrow\qquad \log p(x) = \sum_{t} \log p(x_t \mid x_1, \dots, x_{t-1})$$

Each factor is one softmax over all grey levels, so the product is exact: it gives *every* picture a probability, and
drawing is throwing the dice factor by factor. Given a class $y$, the factors become $p(x_t \mid x_{<t}, y)$. The
temperature $T$ divides the logits before a pixel is drawn; the log-probability is always that of the model itself,
$T = 1$. **Surprise** is $-\log p$ of the pixel that came.

**Finishing a picture** is the same product with some factors skipped: a given pixel is put in its place, and every
later one is drawn knowing it. The order is the order of reading, so a pixel that is left standing *below* a hole cannot
guide what is drawn into it: the model looks back only.

**Blind spot.** The original PixelCNN stacks masked convolutions. Each sees up and to the left, and together they miss a
wedge up and to the right, which the layers climb into too slowly: choose that model, *depends on*, and a model to
compare with. The gated PixelCNN has two stacks, one for the rows above and one for the row in hand, and misses nothing
within its reach; so has the PixelCNN of residual blocks, which builds them of the original's blocks.

**Palette and stretch.** The PixelCNN of residual blocks is also told which levels its picture has used so far,
wherever that was: a picture seldom uses all 256. And two of five pictures of clothes had their contrast stretched
before anybody published them, their brightest level $M$ made 255, so that $255 - M$ levels between are never used.
The model of clothes does not know $M$: it holds every $M$ possible, and infers it from the pixels so far, exactly.
Look at the bars of a pixel far down in a picture: often some levels have none. *Depends on* is measured by gradients,
and a list of levels has none, so both are left out.

**Colour.** A pixel has three factors: red given all pixels before, green given these and the red, blue given these and
both. The PixelCNN++ does not look up 256 probabilities for each: it weighs a few bell curves
(logistic distributions) over the levels, and moves those of green by the red that came, those of blue by red and green.
Choose *1 pixel/s* and watch, or step by one channel with Shift and an arrow key.

Sources: A. van den Oord, N. Kalchbrenner and K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, 2016
([arXiv:1601.06759](https://arxiv.org/abs/1601.06759)): the original, with masked convolutions. A. van den Oord,
N. Kalchbrenner, O. Vinyals, L. Espeholt, A. Graves and K. Kavukcuoglu, *Conditional Image Generation with PixelCNN
Decoders*, 2016 ([arXiv:1606.05328](https://arxiv.org/abs/1606.05328)): the gated one. T. Salimans, A. Karpathy, X. Chen
and D. P. Kingma, *PixelCNN++*, 2017 ([arXiv:1701.05517](https://arxiv.org/abs/1701.05517)): the one in colour.
"""


class DrawingSession(Session):
    """What one user is having drawn: a newer drawing puts an end to an older one.

    Attributes:
        start: The picture that drawings start from, if any.
        asked: Number of the canvas' last message about it; the canvas counts them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start: Start | None = None
        self.asked = 0


class Draw:
    """What the tab's handlers do.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models, self.drawings = models, Drawings(models)

    def check(
        self, label: object, temperature: object, seed: object, pictures: object, model: object, session: DrawingSession
    ) -> list[dict[str, Any]]:
        """What is wrong with each input, if anything, for the field it came from."""
        wrong = self.drawings.wrong(label, temperature, seed, pictures, model)
        return [*(gr.validate(words is None, words or "") for words in wrong), gr.validate(True, "")]

    def reopen(self, session: DrawingSession, request: gr.Request) -> list[Any]:
        """What the page's address asks for; the usual where it asks wrongly.

        What it does not ask for is left alone: somebody may have been quicker than this answer.
        """
        asked, usual = request.query_params, [ANY, 1.0, FIRST_SEED, PICTURES[0], self.drawings.first]
        values: list[Any] = [asked.get(key, default) for key, default in zip(LINK, usual, strict=True)]
        values[1:3] = [_number(value) for value in values[1:3]]
        for place, words in enumerate(self.drawings.wrong(*values)):
            if words:
                gr.Warning(f"The link to this page is not right: {words} Drawn: {usual[place]}.")
                values[place] = usual[place]
        model = values[-1]
        if "given" in asked:
            try:
                session.start = read_link(asked["given"], self.models.autoregressive(model))
            except InputError as error:
                gr.Warning(f"The link to this page is not right: {error} Drawn: a picture of which nothing is given.")
        updates = [
            gr.update(value=value) if key in asked else gr.skip() for key, value in zip(LINK, values, strict=True)
        ]
        if "model" in asked:
            updates[0] = gr.update(choices=self.drawings.choices(model), value=values[0])
        return [*updates, self.about(model) if "model" in asked else gr.skip()]

    def switch(self, model: str, label: str) -> list[Any]:
        """Another model was chosen: its classes, and what is known of it."""
        if model not in self.drawings.cards:  # told at the field when the drawing is asked for
            return [gr.skip(), gr.skip()]
        choices = self.drawings.choices(model)
        return [gr.update(choices=choices, value=label if label in choices else ANY), self.about(model)]

    def about(self, model: str) -> str:
        """One line: which checkpoint, and how good it was measured to be."""
        return figure_line(self.drawings.cards[model])

    def draw(
        self, label: str, temperature: float, seed: float, pictures: str, model: str, session: DrawingSession
    ) -> Iterator[CanvasMessage]:
        """Draw pictures, as messages for the canvas; the last holds every pixel, and what they add up to."""
        run = session.begin()
        if session.start is not None and not session.start.fits(self.models.autoregressive(model)):
            session.start = None
        request = DrawRequest(label, temperature, seed, pictures, model)
        # Of what is given while this is drawn it knows nothing.
        start, asked = session.start, session.asked
        for message in self.drawings.messages(request, start, run):
            if session.run != run:
                return
            yield {**message, "asked": asked}

    def opening(
        self,
        label: str,
        temperature: float,
        seed: float,
        pictures: str,
        model: str,
        session: DrawingSession,
        request: gr.Request,
    ) -> Iterator[CanvasMessage]:
        """The drawing that a page opens with; none where somebody was quicker, unless a link asks for it."""
        if session.run == 0 or {*LINK, "given"} & set(request.query_params):
            yield from self.draw(label, temperature, seed, pictures, model, session)

    def give(self, sent: Any, model: str, session: DrawingSession) -> None:
        """Take what the canvas gives as the start of drawings from now on.

        Raises:
            gr.Error: It is nothing that a canvas would send.
        """
        sent = sent if isinstance(sent, dict) else {}
        if model not in self.drawings.cards:  # told at the field when the drawing is asked for
            return
        try:
            session.start = read_start(sent.get("start"), self.models.autoregressive(model))
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None
        number = sent.get("number")
        session.asked = number if is_index(number, 2**53) else 0

    def upload(self, path: str | None, model: str, session: DrawingSession) -> None:
        """Take an uploaded picture, in the form of the model's, as the start, with its lower half left to the model.

        Raises:
            gr.Error: It is no picture that can be read.
        """
        if path is None:
            raise gr.Error("There is no picture yet.", print_exception=False)
        try:
            picture = open_picture(path, name="this file")
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from None
        if model in self.drawings.cards:  # else told at the field when the drawing is asked for
            form, config = form_of(self.drawings.cards[model].dataset), self.models.autoregressive(model).config
            image = in_levels(prepare(picture, size=config.image.height, form=form).image, config.image.levels)
            session.start = Start.upper_half(image, config.image.levels)


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    tab = Draw(models)
    opening = Opening()
    gr.HTML(PAGE)
    session = gr.State(DrawingSession())
    with gr.Row(elem_classes="draw-row"):
        with gr.Column(scale=3, min_width=260, elem_classes="draw-controls"):
            label = UncheckedRadio(
                tab.drawings.choices(tab.drawings.first),
                value=ANY,
                label="Class",
                elem_classes="draw-classes",
                elem_id="draw-class",
            )
            pictures = UncheckedRadio(
                PICTURES, value=PICTURES[0], label="Pictures", elem_classes="draw-pictures", elem_id="draw-pictures"
            )
            temperature = UncheckedSlider(
                COLDEST,
                HOTTEST,
                value=1.0,
                step=0.05,
                label="Temperature",
                info="How bold: below 1 plays safe, above 1 takes risks.",
                elem_id="draw-temperature",
            )
            wrong_temperature = gr.HTML(padding=False, elem_id="draw-temperature-problem")
            with gr.Row(elem_classes="draw-seed"):
                seed = gr.Number(
                    FIRST_SEED, label="Seed", info="Same seed, same dice.", min_width=100, elem_id="draw-seed"
                )
                dice = gr.Button("New seed", min_width=100, scale=0)
            wrong_seed = gr.HTML(padding=False, elem_id="draw-seed-problem")
            again = gr.Button("Draw", variant="primary")
            model = UncheckedRadio(
                [(title(card), card.name) for card in tab.drawings.cards.values()],
                value=tab.drawings.first,
                label="Model",
                elem_classes="draw-models",
                elem_id="draw-model",
            )
            about = gr.HTML(tab.about(tab.drawings.first), padding=False)
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
                        "name": card.name,
                        "title": title(card),
                        "classes": tab.drawings.choices(card.name),
                        "levels": card.model_config.image.levels,
                    }
                    for card in tab.drawings.cards.values()
                ],
                redraw=tab.drawings.redraw,
                answers=Answers(models, tab.drawings.cards).functions(),
                elem_id="draw-canvas",
            )
    with gr.Accordion("How does this work?", open=False):
        delimiters = [("$$", True), ("$", False)]
        gr.Markdown(HOW, latex_delimiters=[{"left": d, "right": d, "display": alone} for d, alone in delimiters])

    wishes = [label, temperature, seed, pictures, model]

    def given(event: gr.EventData, model: Any, session: DrawingSession) -> None:
        """The canvas gives a start; what is drawn of it while a hand moves it sees to itself."""
        tab.give(event._data, model, session)

    def key(event: gr.EventData, model: Any, pictures: Any) -> list[Any]:
        """A class key was pressed: the controls show what the canvas is already drawing."""
        choice = event._data.get("label") if isinstance(event._data, dict) else None
        known = model in tab.drawings.cards and choice in tab.drawings.choices(model)
        one = PICTURES[0] if pictures == EACH else gr.skip()
        return [choice if known else gr.skip(), one]

    wiring: dict[str, Any] = {"fn": tab.draw, "inputs": [*wishes, session], "outputs": canvas}
    wiring |= {"validator": tab.check, "show_progress": "hidden", "trigger_mode": "multiple"}
    after = wiring | {"api_visibility": "private"}
    # All begins at once, and an older drawing ends at its next message. A seed draws when it is typed, not when a link
    # or the dice fill it in.
    now = gr.on([again.click, seed.input, pictures.input], **wiring, api_name="draw")
    picked = label.input(None, pictures, pictures, js=ONE_FOR).then(**after)
    changed = model.input(tab.switch, [model, label], [label, about], **EVERY).then(**after)
    sent = upload.input(tab.upload, [upload, model, session], None, **EVERY).success(**after)
    opened = opening.then(
        opening.run(tab.reopen, session, [*wishes, about]),
        tab.opening,
        [*wishes, session],
        canvas,
        validator=tab.check,
        trigger_mode="multiple",
    )
    diced = dice.click(None, None, seed, js=DICE).then(**after)
    asked = canvas.ask(given, [model, session], None, **EVERY).success(**after)
    keyed = canvas.pick(key, [model, pictures], [label, pictures], **EVERY).then(**after)
    canvas.stop(None, cancels=[now, picked, changed, sent, opened, diced, asked, keyed])
    seed.change(None, seed, wrong_seed, js=SAY_SEED)
    temperature.change(None, temperature, wrong_temperature, js=SAY_TEMPERATURE)
    # While a hand moves, the canvas asks for its drawings itself, without waiting in a queue.
    canvas.give(given, [model, session], None, **QUIET)
    canvas.choose(key, [model, pictures], [label, pictures], **QUIET)
    temperature.change(None, wishes, None, js=LIVE)


def title(card: Card) -> str:
    """What a model is called where one chooses among several."""
    return f"{dataset_of(card.dataset).many}: {FAMILIES[card.family]}"


def figure_line(card: Card) -> str:
    """One line: which checkpoint, what it was trained on and for how long, and how good it was measured to be."""
    if card.model_config.image.levels == 2:  # whose figures are published in nats per picture
        figure = card.metric("log_prob")
        words = f"{-figure.value:.1f} nats"
    else:
        figure = card.metric("bits_per_dim")
        words = f"{figure.value:.3f} {figure.unit}"
    return model_line(card, [f"{words} ({figure.protocol})"])


def _number(text: str | float) -> float | None:
    """The number that a text is, if any."""
    try:
        return float(text)
    except ValueError:
        return None
