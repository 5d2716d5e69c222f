"""The Draw tab: a digit appears pixel by pixel, with the probability of each."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import torch

from demo.fields import UncheckedRadio, UncheckedSlider
from demo.models import Models
from demo.pixel_answers import ANY, COLDEST, HOTTEST, Answers, is_number
from demo.widgets.pixel_canvas import PixelCanvas, pixels
from gm_core import Card, PixelEvent, rebuild

NAME = "mnist-pixelcnn"
LAST_SEED, SHORT_SEEDS = 999_999, 10_000
"""The largest seed one may ask for; the dice stays below the second, short enough to say aloud in class."""

FIRST_SEED = 4
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
    """What one visitor is having drawn: a newer drawing puts an end to an older one."""

    def __init__(self) -> None:
        self.run = 0

    def begin(self) -> int:
        """Number of a new run, higher than all before, also than those before the server's last start."""
        self.run = max(self.run + 1, time.time_ns() // 1000)
        return self.run


class Draw:
    """What the tab's handlers compute, with the app's models.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.model, self.detector = models.pixelcnn(NAME), models.detector()
        self.card = models.card(NAME)

    @property
    def choices(self) -> list[str]:
        """What one can ask for: any class, or one."""
        return [ANY, *self.card.class_names]

    def check(self, label: object, temperature: object, seed: object, easel: Easel) -> list[dict[str, Any]]:
        """What is wrong with each input, if anything, for the field it came from."""
        return [
            gr.validate(label in self.choices, f"Choose a class: {', '.join(self.choices)}."),
            gr.validate(
                is_number(temperature, COLDEST, HOTTEST),
                f"The temperature must be a number from {COLDEST} to {HOTTEST}.",
            ),
            gr.validate(
                is_number(seed, 0, LAST_SEED) and seed == int(seed),
                f"The seed must be a whole number from 0 to {LAST_SEED:,}.",
            ),
            gr.validate(True, ""),
        ]

    def reopen(self, request: gr.Request) -> list[Any]:
        """Class, temperature and seed that the page's address asks for; the usual where it does not, or wrongly."""
        asked, usual = request.query_params, [ANY, 1.0, FIRST_SEED]
        label, temperature, seed = (
            asked.get(name, usual[i]) for i, name in enumerate(("class", "temperature", "seed"))
        )
        values = [label, _number(temperature), _number(seed)]
        verdicts = self.check(values[0], values[1], values[2], Easel())
        for place, verdict in enumerate(verdicts[: len(values)]):
            if not verdict["is_valid"]:
                gr.Warning(f"The link to this page is not right: {verdict['message']} Drawn: {usual[place]}.")
                values[place] = usual[place]
        return values

    def draw(self, label: str, temperature: float, seed: float, easel: Easel) -> Iterator[dict[str, Any]]:
        """Draw a picture, as messages for the canvas; the last holds every pixel, and what they add up to."""
        run, config = easel.begin(), self.model.config
        head = {
            "run": run,
            "height": config.height,
            "width": config.width,
            "levels": config.levels,
            "label": label,
            "seed": int(seed),
            "temperature": temperature,
        }
        labels = None if label == ANY else torch.tensor([self.card.class_names.index(label)])
        generator = torch.Generator().manual_seed(int(seed))
        events: list[PixelEvent] = []
        seconds, started = 0.0, time.perf_counter()
        for event in self.model.stream(1, labels, generator=generator, temperature=temperature, chunk=CHUNK):
            seconds += time.perf_counter() - started
            if easel.run != run:
                return
            events.append(event)
            yield head | pixels(event.index, event.values, event.log_prob, event.entropy)
            started = time.perf_counter()
        yield head | self._summary(events, seconds)

    def _summary(self, events: list[PixelEvent], seconds: float) -> dict[str, Any]:
        """All pixels in one message, for whoever missed some, and how likely the picture is when no class is told."""
        image, pixel_log_prob = rebuild(events, self.model.config.height, self.model.config.width)
        with torch.inference_mode():
            log_prob = float(self.model.log_prob(image))
        share = self.detector.share_less_likely(log_prob)
        done = {
            "seconds": round(seconds, 3),
            "log_prob": log_prob,
            "share": share,
            "of": len(self.detector.calibration),
        }
        entropy = torch.cat([event.entropy for event in events], dim=1)
        return pixels(0, image, pixel_log_prob, entropy) | {"done": done}


def build(app: gr.Blocks, models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    tab = Draw(models)
    gr.HTML(PAGE)
    easel = gr.State(Easel())
    with gr.Row(elem_classes="draw-row"):
        with gr.Column(scale=3, min_width=260, elem_classes="draw-controls"):
            label = UncheckedRadio(
                tab.choices, value=ANY, label="Class", elem_classes="draw-classes", elem_id="draw-class"
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
        with gr.Column(scale=9, elem_classes="draw-picture"):
            canvas = PixelCanvas(
                subject="handwritten digit",
                labels=tab.choices,
                answers=Answers(tab.model, tab.card).functions(),
                elem_id="draw-canvas",
            )
    gr.HTML(figure_line(tab.card))
    with gr.Accordion("How does this work?", open=False):
        delimiters = [("$$", True), ("$", False)]
        gr.Markdown(HOW, latex_delimiters=[{"left": d, "right": d, "display": alone} for d, alone in delimiters])

    wiring: dict[str, Any] = {"fn": tab.draw, "inputs": [label, temperature, seed, easel], "outputs": canvas}
    wiring |= {"validator": tab.check, "show_progress": "hidden"}
    private = wiring | {"api_visibility": "private"}
    after = private | {"trigger_mode": "multiple"}
    # A dragged slider waits for its last drawing (a fraction of a second); all else begins at once, and the older
    # drawing ends at its next message. A seed draws when it is typed, not when a link or the dice fill it in; the
    # temperature whenever it changes, for its reset button makes no input.
    now = gr.on([again.click, label.input, seed.input], **wiring, trigger_mode="multiple", api_name="draw")
    dragged = temperature.change(**private, trigger_mode="always_last")
    opened = app.load(tab.reopen, None, [label, temperature, seed], **PRIVATE).then(**after)
    diced = dice.click(lambda: secrets.randbelow(SHORT_SEEDS), None, seed, **PRIVATE).then(**after)
    canvas.stop(None, cancels=[now, dragged, opened, diced])


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
