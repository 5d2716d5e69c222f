"""The Draw tab: a digit appears pixel by pixel, with the probability of each."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import torch

from demo.fields import UncheckedRadio, UncheckedSlider
from demo.models import Models
from demo.pixel_answers import ANY, COLDEST, HOTTEST, Answers, is_number
from demo.pixel_starts import Start, StartError, read_start
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.pixel_canvas import PixelCanvas, pixels
from gm_core import Card, PictureError, PixelCNN, PixelEvent, draw_noise, open_picture, prepare, rebuild

Message = dict[str, Any]

NAME = "mnist-pixelcnn"
LAST_SEED, SHORT_SEEDS = 999_999, 10_000
"""The largest seed one may ask for; the dice stays below the second, short enough to say aloud in class."""

FIRST_SEED = 4
EACH = "one of each class"
PICTURES = ("1", "4", "16", EACH)
LINK = ("class", "temperature", "seed", "pictures", "model")
"""What a link to a picture says, in the order of the handlers' inputs."""

SUBJECTS = {"mnist": ["handwritten digit", "digits"], "fashion": ["piece of clothing", "clothes"]}
TITLES = {
    "mnist": "digits",
    "fashion": "clothes",
    "gated-pixelcnn": "gated PixelCNN",
    "masked-pixelcnn": "the original, with a blind spot",
}
CHUNK = 28
"""Pixels a message: small enough to look alive while a slow machine draws, large enough to cost nothing."""

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

PAGE = """
<p class="lab-hint">This model draws a digit one pixel at a time: each is a throw of dice, weighted by all pixels before
it. <b>Pick another class</b> and watch.</p>
<style>
.draw-row { gap: 24px; align-items: flex-start; }
.draw-classes .wrap { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; }
.draw-classes label { min-height: 40px; justify-content: center; padding: 0 !important; }
.draw-classes label:first-child { grid-column: 1 / -1; }
.draw-classes label:has(:focus-visible) { outline: 3px solid var(--primary-500); outline-offset: 2px; }
.draw-classes label.selected { background: var(--primary-600); color: #fff; }
.draw-classes input { position: absolute; opacity: 0; }
.draw-classes label span { margin: 0; }
.draw-seed { flex-wrap: nowrap !important; }
.draw-seed > button { align-self: flex-end; min-width: 104px; min-height: 48px; white-space: nowrap; }
.draw-controls > button { min-height: 48px; }
.draw-picture .html-container { padding: 0; }
#draw-temperature > .wrap:has(.validation-error) { position: static !important; }  /* else it hides the number */
#draw-temperature .validation-error { position: static; }
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

Source: A. van den Oord, N. Kalchbrenner, O. Vinyals, L. Espeholt, A. Graves and K. Kavukcuoglu, *Conditional Image
Generation with PixelCNN Decoders*, 2016 ([arXiv:1606.05328](https://arxiv.org/abs/1606.05328)).
"""


class Easel:
    """What one visitor is having drawn: a newer drawing puts an end to an older one.

    Attributes:
        run: Number of the newest drawing.
        start: The picture that drawings start from, if any.
    """

    def __init__(self) -> None:
        self.run = 0
        self.start: Start | None = None

    def begin(self) -> int:
        """Number of a new run, higher than all before, also than those before the server's last start."""
        self.run = max(self.run + 1, time.time_ns() // 1000)
        return self.run


@dataclass(frozen=True)
class Order:
    """What is to be drawn, checked.

    Attributes:
        label: A class, or any.
        temperature: Temperature.
        seed: Seed.
        pictures: How many: one of :data:`PICTURES`.
        name: Name of the model.
    """

    label: str
    temperature: float
    seed: float
    pictures: str
    name: str


class Draw:
    """What the tab's handlers compute, with the app's models.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.cards = {card.name: card for card in models.pixelcnns()}
        self.detectors = {name: models.detector_of(name) for name in self.cards}

    def choices(self, name: str) -> list[str]:
        """What one can ask a model for: any class, or one."""
        return [ANY, *self.cards[name].class_names]

    def check(
        self, label: object, temperature: object, seed: object, pictures: object, name: object, easel: Easel
    ) -> list[dict[str, Any]]:
        """What is wrong with each input, if anything, for the field it came from."""
        known = name if isinstance(name, str) and name in self.cards else NAME
        choices = self.choices(known)
        return [
            gr.validate(label in choices, f"Choose a class: {', '.join(choices)}."),
            gr.validate(
                is_number(temperature, COLDEST, HOTTEST),
                f"The temperature must be a number from {COLDEST} to {HOTTEST}.",
            ),
            gr.validate(
                is_number(seed, 0, LAST_SEED) and seed == int(seed),
                f"The seed must be a whole number from 0 to {LAST_SEED:,}.",
            ),
            gr.validate(pictures in PICTURES, f"Choose how many pictures: {', '.join(PICTURES)}."),
            gr.validate(name == known, f"Choose a model: {', '.join(self.cards)}."),
            gr.validate(True, ""),
        ]

    def reopen(self, easel: Easel, request: gr.Request) -> list[Any]:
        """What the page's address asks for; the usual where it does not, or wrongly."""
        asked, usual = request.query_params, [ANY, 1.0, FIRST_SEED, PICTURES[0], NAME]
        values: list[Any] = [asked.get(key, default) for key, default in zip(LINK, usual, strict=True)]
        values[1:3] = [_number(value) for value in values[1:3]]
        label, temperature, seed, pictures, name = values
        for place, verdict in enumerate(self.check(label, temperature, seed, pictures, name, easel)[: len(values)]):
            if not verdict["is_valid"]:
                gr.Warning(f"The link to this page is not right: {verdict['message']} Drawn: {usual[place]}.")
                values[place] = usual[place]
        label, *rest, name = values
        return [gr.update(choices=self.choices(name), value=label), *rest, name, figure_line(self.cards[name])]

    def switch(self, name: str, label: str) -> list[Any]:
        """Another model was chosen: its classes, and what is known of it."""
        if name not in self.cards:  # told at the field when the drawing is asked for
            return [gr.skip(), gr.skip()]
        choices = self.choices(name)
        return [gr.update(choices=choices, value=label if label in choices else ANY), figure_line(self.cards[name])]

    def draw(
        self, label: str, temperature: float, seed: float, pictures: str, name: str, easel: Easel
    ) -> Iterator[Message]:
        """Draw pictures, as messages for the canvas; the last holds every pixel, and what they add up to."""
        yield from self.run(Order(label, temperature, seed, pictures, name), easel)

    def redraw(
        self, label: str, temperature: float, seed: float, pictures: str, name: str, easel: Easel
    ) -> Iterator[Message]:
        """The same in one message, for a hand that moves: the canvas shows it at the place that is looked at."""
        yield from self.run(Order(label, temperature, seed, pictures, name), easel, live=True)

    def ask(self, sent: Any, order: Order, easel: Easel) -> tuple[Order, Iterator[Message]]:
        """What the canvas asks for: another start, or another class; and whether a hand is still moving.

        Raises:
            gr.Error: It is nothing that a canvas would ask for.
        """
        sent = sent if isinstance(sent, dict) else {}
        if "start" in sent:
            try:
                easel.start = read_start(sent["start"], self.models.pixelcnn(order.name).config)
            except StartError as error:
                raise gr.Error(str(error), print_exception=False) from None
        label = sent.get("label")
        if isinstance(label, str) and label in self.choices(order.name):
            order = replace(order, label=label)
        return order, self.run(order, easel, live=sent.get("live") is True)

    def upload(self, path: str | None, name: str, easel: Easel) -> None:
        """Take an uploaded picture as the start, with its lower half left to the model.

        Raises:
            gr.Error: It is no picture that can be read.
        """
        if path is None:
            raise gr.Error("There is no picture yet.", print_exception=False)
        try:
            prepared = prepare(open_picture(path, name="this file"))
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from None
        easel.start = Start.upper_half(prepared.image)

    def run(self, order: Order, easel: Easel, live: bool = False) -> Iterator[Message]:
        """Draw, see :meth:`draw` and :meth:`redraw`."""
        model, card, run = self.models.pixelcnn(order.name), self.cards[order.name], easel.begin()
        config, start = model.config, easel.start
        if start is not None and not start.fits(config):
            start = easel.start = None
        each = order.pictures == EACH
        n = config.classes if each else int(order.pictures)
        index = card.class_names.index(order.label) if order.label in card.class_names else -1
        labels = torch.arange(n) if each else torch.full((n,), index)
        generator = torch.Generator().manual_seed(int(order.seed))
        head = {
            "run": run,
            "model": order.name,
            "height": config.height,
            "width": config.width,
            "levels": config.levels,
            "classes": self.choices(order.name),
            "subject": SUBJECTS[card.dataset],
            "labels": [card.class_names[label] if label >= 0 else ANY for label in labels.tolist()],
            "pictures": order.pictures,
            "label": order.label,
            "seed": int(order.seed),
            "temperature": order.temperature,
            "live": live,
            "start": start.message() if start else None,
        }
        events: list[PixelEvent] = []
        seconds, started = 0.0, time.perf_counter()
        for event in model.stream(
            n,
            labels,
            start=start.values if start else None,
            keep=start.keep if start else None,
            # One of each class: the same dice for all, so that the class alone makes the difference.
            noise=draw_noise(1 if each else n, config.height, config.width, generator),
            temperature=order.temperature,
            chunk=config.height * config.width if live else CHUNK,
        ):
            seconds += time.perf_counter() - started
            if easel.run != run:
                return
            events.append(event)
            if not live:
                yield head | pixels(event.index, event.values, event.log_prob, event.entropy)
            started = time.perf_counter()
        yield head | self._summary(model, order, labels, events, seconds)

    def _summary(
        self, model: PixelCNN, order: Order, labels: torch.Tensor, events: list[PixelEvent], seconds: float
    ) -> Message:
        """All pixels in one message, for whoever missed some, and how likely each picture is when no class is told."""
        images, pixel_log_prob = rebuild(events, model.config.height, model.config.width)
        told = labels >= 0
        log_prob = pixel_log_prob.flatten(1).sum(dim=1)
        if told.any():
            with torch.inference_mode():
                log_prob[told] = model.log_prob(images[told]).cpu()
        detector = self.detectors[order.name]
        done = {
            "seconds": round(seconds, 3),
            "log_prob": log_prob.tolist(),
            "share": [detector.share_less_likely(nats) for nats in log_prob.tolist()] if detector else None,
            "of": len(detector.calibration) if detector else None,
            "usual": self.cards[order.name].metric("bits_per_dim").value,
        }
        entropy = torch.cat([event.entropy for event in events], dim=1)
        return pixels(0, images, pixel_log_prob, entropy) | {"done": done}


def build(app: gr.Blocks, models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    tab = Draw(models)
    gr.HTML(PAGE)
    easel = gr.State(Easel())
    with gr.Row(elem_classes="draw-row"):
        with gr.Column(scale=3, min_width=260, elem_classes="draw-controls"):
            label = UncheckedRadio(
                tab.choices(NAME), value=ANY, label="Class", elem_classes="draw-classes", elem_id="draw-class"
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
            with gr.Row(elem_classes="draw-seed"):
                seed = gr.Number(
                    FIRST_SEED, label="Seed", info="Same seed, same dice.", min_width=100, elem_id="draw-seed"
                )
                dice = gr.Button("New seed", min_width=100, scale=0)
            again = gr.Button("Draw", variant="primary")
            name = UncheckedRadio(
                [(title(card), card.name) for card in tab.cards.values()],
                value=NAME,
                label="Model",
                elem_classes="draw-models",
                elem_id="draw-model",
            )
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
                    {"name": card.name, "title": title(card), "classes": tab.choices(card.name)}
                    for card in tab.cards.values()
                ],
                answers=Answers(models, tab.cards).functions(),
                elem_id="draw-canvas",
            )
    about = gr.HTML(figure_line(tab.cards[NAME]))
    with gr.Accordion("How does this work?", open=False):
        delimiters = [("$$", True), ("$", False)]
        gr.Markdown(HOW, latex_delimiters=[{"left": d, "right": d, "display": alone} for d, alone in delimiters])

    inputs = [label, temperature, seed, pictures, name, easel]

    def ask(event: gr.EventData, *values: Any) -> Iterator[dict[gr.components.Component, Any]]:
        """The canvas asks: for another start, or for a class, which the controls then show."""
        *wishes, own = values
        order, messages = tab.ask(event._data, Order(*wishes), own)
        for place, message in enumerate(messages):
            controls = {} if place or order.label == wishes[0] else {label: order.label, pictures: one_for(order)}
            yield {canvas: message, **controls}

    def pick(*values: Any) -> Iterator[dict[gr.components.Component, Any]]:
        """A class was picked: where there was one of each, one picture is left."""
        *wishes, own = values
        order = Order(*wishes)
        order = replace(order, pictures=one_for(order))
        for place, message in enumerate(tab.run(order, own)):
            yield {canvas: message} if place else {canvas: message, pictures: order.pictures}

    wiring: dict[str, Any] = {"inputs": inputs, "validator": tab.check, "show_progress": "hidden"}
    played = wiring | {"fn": tab.draw, "outputs": canvas}
    private = {"api_visibility": "private"}
    after = played | private | {"trigger_mode": "multiple"}
    # A hand that moves waits for its last drawing (a fraction of a second); all else begins at once, and the older
    # drawing ends at its next message. A seed draws when it is typed, not when a link or the dice fill it in; the
    # temperature whenever it changes, for its reset button makes no input.
    now = gr.on([again.click, seed.input, pictures.input], **played, trigger_mode="multiple", api_name="draw")
    picked = label.input(pick, outputs=[canvas, pictures], **wiring, **private, trigger_mode="multiple")
    live = wiring | private | {"trigger_mode": "always_last"}
    dragged = temperature.change(tab.redraw, outputs=canvas, **live)
    asked = canvas.ask(ask, outputs=[canvas, label, pictures], **live)
    changed = name.input(tab.switch, [name, label], [label, about], **PRIVATE).then(**after)
    sent = upload.input(tab.upload, [upload, name, easel], None, **PRIVATE).success(**after)
    opened = app.load(tab.reopen, easel, [*inputs[:-1], about], **PRIVATE).then(**after)
    diced = dice.click(lambda: secrets.randbelow(SHORT_SEEDS), None, seed, **PRIVATE).then(**after)
    canvas.stop(None, cancels=[now, picked, dragged, asked, changed, sent, opened, diced])


def one_for(order: Order) -> str:
    """How many pictures of a class that was picked: one, where there was one of each."""
    return PICTURES[0] if order.pictures == EACH else order.pictures


def title(card: Card) -> str:
    """What a model is called where one chooses among several."""
    return f"{TITLES[card.dataset]}: {TITLES[card.family]}"


def figure_line(card: Card) -> str:
    """One line: which checkpoint, and how good it was measured to be."""
    figures = [f"{m.value:.3f} {m.unit} ({m.protocol})" for m in card.metrics if m.name == "bits_per_dim"]
    about = [f"<code>{card.name}</code>", f"{card.parameters / 1e6:.2f} million parameters", *figures]
    return f'<p class="lab-note">Model: {" · ".join(about)}</p>'


def _number(text: str | float) -> float | None:
    """The number that a text is, if any."""
    try:
        return float(text)
    except ValueError:
        return None
