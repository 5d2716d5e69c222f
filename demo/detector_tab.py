"""The tab "Reasonable?": a density says how likely a picture is, and so may refuse it."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from PIL import Image

from demo.examples import USUAL, examples
from demo.fields import StrictSlider
from demo.histogram import histogram
from demo.models import Models
from demo.widgets.example_row import ExampleRow
from demo.widgets.heat_map import HeatMap, surprise_map
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad, decode, encode
from demo.wording import (
    Judgement,
    both_ends_html,
    measured_html,
    message_html,
    nats,
    seen_html,
    verdict_html,
)
from gm_core import CheckpointError, Detector, PictureError, Preparation, Verdict, open_picture, prepare
from gm_core.detection import Statistic
from gm_core.rendering import png

STYLE = (Path(__file__).parent / "detector_tab.css").read_text()

Update = dict[Any, Any]
"""New values, by component; the others stay as they are."""

HINT = """<p class="lab-hint"><b>Spoil the digit</b> on the pad, or clear it and <b>draw your own</b>: is it reasonable
to models that have only ever seen digits?</p>"""

EMPTY_PAD = "The pad is empty: draw something. Until then, the verdict of the last picture stays."

HOW = """
A classifier must answer, whatever it is shown. A *density*, which says how likely a picture is, may refuse.

1. **Prepare.** Your picture is brought to the form of the pictures the models know; digits: white on black, fitted into
   20×20, centred by mass in 28×28 [1]. The models judge only that, and every step is shown and can be switched off.
2. **Ask the density.** The PixelCNN [2] gives every pixel a probability, given all pixels before it (above, and to
   the left in its row). A pixel's *surprise* is −log of that; the surprises of all pixels add up to −log p(x),
   exactly. Divided by the number of pixels and by ln 2, that is bits per pixel.
3. **Ask in other ways.** Taken alone, log p(x) fails: simple pictures are likely whatever they show [4], so an empty
   one is likelier than any digit. So there are eleven scores: log p(x), too low *or* too high [5]; what surprise was
   expected, and by how much it was exceeded; the worst pixels, and whether they lie together; log p(x) against the
   length of a PNG or WebP file [6]; against a background model that has seen the same pictures with a fifth of their
   pixels replaced [7]; and the two terms of a VAE's lower bound [3].
4. **Join them.** The scores of a picture are a point. How far is it from the nearest of 5,000 held-out pictures, in
   units of their own spread and correlation? That is the outlier score (in the spirit of [8]). Nothing of it was ever
   fitted to an unreasonable picture.
5. **Count.** The picture joins the 5,000, and each is scored by its distance to the nearest of the others. The p-value
   is the share of all 5,001 that lie at least as far out as yours.

**What is guaranteed.** If a picture is drawn like those held-out ones (exchangeable with them), it is wrongly
refused with probability at most α, the rate you accept: P(p ≤ α) ≤ α, on average over the choice of held-out pictures,
for any number of them and any model, even a bad one [9, 10].

**What is not.** It does not say how many *strange* pictures are caught: that depends on the models, and was measured
(“How well does it do?”). p is not the probability that your picture is a digit. And your handwriting, your mouse and
your camera are not MNIST's, so a digit of yours may be refused more often than α.

[1] LeCun et al. 1998, *Gradient-based learning applied to document recognition*, III.A ·
[2] van den Oord et al. 2016, [arXiv:1606.05328](https://arxiv.org/abs/1606.05328) ·
[3] Kingma and Welling 2014, [arXiv:1312.6114](https://arxiv.org/abs/1312.6114) ·
[4] Nalisnick et al. 2019, [arXiv:1810.09136](https://arxiv.org/abs/1810.09136) ·
[5] Nalisnick et al. 2019, [arXiv:1906.02994](https://arxiv.org/abs/1906.02994) ·
[6] Serrà et al. 2020, [arXiv:1909.11480](https://arxiv.org/abs/1909.11480) ·
[7] Ren et al. 2019, [arXiv:1906.02845](https://arxiv.org/abs/1906.02845) ·
[8] Morningstar et al. 2021, [arXiv:2006.09273](https://arxiv.org/abs/2006.09273) ·
[9] Vovk, Gammerman and Shafer 2005, *Algorithmic Learning in a Random World*, chapters 2 and 3 ·
[10] Bates et al. 2023, [arXiv:2104.08279](https://arxiv.org/abs/2104.08279)
"""


def build(app: gr.Blocks, models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    _Tab(models).wire(app)


def judge(detector: Detector, picture: Image.Image, preparation: Preparation, percent: float) -> Judgement:
    """Judge one picture.

    Args:
        detector: Who judges.
        picture: The picture, as :func:`gm_core.open_picture` gives it.
        preparation: Which steps bring it to the model's form.
        percent: The share of reasonable pictures one accepts to see refused, in percent.
    """
    prepared = prepare(picture, preparation, detector.pixelcnn.config.height)
    with torch.inference_mode():
        return Judgement(prepared, detector.score(prepared.image, percent / 100)[0])


def as_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement for programs, with the numbers as the detector gave them."""
    verdict = judgement.verdict
    return {
        "verdict": verdict.verdict,
        "log_prob": verdict.log_prob,
        "bits_per_dim": verdict.bits_per_dim,
        "bound": verdict.bound,
        "outlier_score": verdict.outlier_score,
        "p_value": verdict.p_value,
        "alpha": verdict.alpha,
        "steps": list(judgement.prepared.steps),
        "pixels": judgement.prepared.image[0, 0].tolist(),
        "surprise": verdict.surprise.tolist(),
    }


def _histogram(detector: Detector, verdict: Verdict, statistic: Statistic, title: str) -> str:
    """One statistic of the held-out digits, with the picture's."""
    here, reasonable = getattr(verdict, statistic), detector.reasonable_range(verdict.alpha, statistic)
    return histogram(detector.held_out[statistic], here, reasonable, title)


@lru_cache(maxsize=2)
def _verdict_on_nothing(detector: Detector) -> Verdict:
    with torch.inference_mode():
        config = detector.pixelcnn.config
        return detector.score(torch.zeros(1, 1, config.height, config.width, dtype=torch.uint8))[0]


class _Tab:
    """The tab's components and what happens to them."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.judged = gr.State()  # the last judgement
        self.source = gr.State("pad")  # what it was of: "pad" or "file"
        self.last_file = gr.State()  # the last upload that could be read
        gr.HTML(f"{HINT}<style>{STYLE}</style>")
        self.row = ExampleRow()
        with gr.Row(equal_height=False, elem_classes="judge-row"):
            with gr.Column(scale=3, min_width=290, elem_classes="judge-given"):
                self._given()
            with gr.Column(scale=5, min_width=290):
                self._verdict()
            with gr.Column(scale=4, min_width=290):
                self.map = HeatMap()
        self.measured = gr.HTML(apply_default_css=False)
        with gr.Accordion("How does this work?", open=False):
            gr.Markdown(HOW)

    def _given(self) -> None:
        with gr.Tabs(selected="pad") as self.sources:
            with gr.Tab("Draw", id="pad") as self.pad_tab:
                self.pad = SketchPad(elem_id="judge-pad")
            with gr.Tab("Upload or photo", id="file") as self.file_tab:
                self.file = PictureUpload("Upload, paste or photograph", height=300, elem_id="judge-file")
        self.note = gr.HTML(apply_default_css=False, elem_id="judge-note")
        with gr.Group(elem_classes="judge-seen"):
            self.seen = gr.HTML(apply_default_css=False, padding=True)
            self.switches = [
                gr.Checkbox(True, label="Invert when the ground is light"),
                gr.Checkbox(True, label="Crop, and fit into 20×20"),
                gr.Checkbox(True, label="Centre by mass"),
            ]

    def _verdict(self) -> None:
        self.verdict = gr.HTML(apply_default_css=False)
        self.percent = StrictSlider(
            1,
            20,
            value=5,
            step=1,
            label="False alarms you accept (%)",
            info="Of 100 true digits, how many may be refused?",
            buttons=[],
        )
        self.charts = gr.HTML(apply_default_css=False)

    def wire(self, app: gr.Blocks) -> None:
        """Let things happen."""
        views = [self.judged, self.note, self.seen, self.verdict, self.charts, self.map]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        live = {**quiet, "trigger_mode": "always_last"}
        settings = [self.percent, *self.switches]
        app.load(
            self.arrive,
            [self.percent],
            [*views, self.row, self.pad, self.measured, *self.switches],
            **quiet,
        )
        self.row.pick(
            self.on_example,
            [self.percent],
            [*views, self.row, self.pad, self.source, self.sources, *self.switches],
            **live,
        )
        self.pad.input(self.on_draw, [self.pad, *settings], [*views, self.row, self.source, *self.switches], **live)
        self.file.input(
            self.on_file,
            [self.file, self.last_file, self.percent],
            [*views, self.row, self.source, self.file, self.last_file, *self.switches],
            **live,
        )
        both = [self.source, self.pad, self.last_file, *settings]
        for switch in self.switches:
            switch.input(self.on_switch, both, views, **live)
        for tab, name in ((self.pad_tab, "pad"), (self.file_tab, "file")):
            tab.select(lambda *given, name=name: self.on_turn(name, *given), both[1:], [*views, self.source], **live)
        self.percent.input(self.on_percent, [self.judged, self.percent], views, **live)
        self._wire_api()

    def _wire_api(self) -> None:
        """The same judgement for programs, without the tab's components around it."""
        button, answer = gr.Button(visible=False), gr.JSON(visible=False)
        button.click(
            self.answer,
            [self.file, self.percent, *self.switches],
            answer,
            api_name="judge",
            api_description="Judge a picture: exact log p(x), surprise by pixel, the VAE's bound, a conformal p-value.",
        )

    def arrive(self, percent: float) -> Update:
        """An example, judged, before anybody asks."""
        try:
            card = self.models.card("mnist-detector")
            row = [
                {"name": example.name, "look_for": example.look_for, "picture": example.url}
                for example in examples(self.models)
            ]
        except CheckpointError as error:
            return {self.note: message_html(str(error))}
        return {
            self.measured: measured_html(card),
            **self._example(0, percent),
            self.pad: row[0]["picture"],
            self.row: ExampleRow(value=row, chosen=0),
        }

    def on_example(self, percent: float, event: gr.EventData) -> Update:
        """Somebody chose an example."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(examples(self.models)):
            raise gr.Error("there is no such example")
        return {
            **self._example(index, percent),
            self.pad: examples(self.models)[index].url,
            self.source: "pad",
            self.sources: gr.Tabs(selected="pad"),
        }

    def on_draw(self, pad: str, percent: float, *switches: bool) -> Update:
        """A stroke is finished, or taken back."""
        if not pad:
            return {self.note: message_html(EMPTY_PAD), self.row: ExampleRow(chosen=None), **self._switched(USUAL)}
        known = next((i for i, example in enumerate(examples(self.models)) if example.url == pad), None)
        if known is not None:  # undo led back to it
            return {**self._example(known, percent), self.source: "pad"}
        shown = self._show("pad", pad, percent, Preparation(*switches))
        return {**shown, self.source: "pad", self.row: ExampleRow(chosen=None)}

    def on_file(self, path: str | None, last: str | None, percent: float) -> Update:
        """A picture was uploaded, pasted or photographed; a bad one gives way to the one before."""
        if path is None:
            return {self.note: message_html("")}
        try:
            shown = self._judged(self._open("file", path), USUAL, percent)
        except (PictureError, CheckpointError) as error:
            return {self.note: message_html(str(error)), self.file: last}
        return {
            **shown,
            **self._switched(USUAL),
            self.source: "file",
            self.last_file: path,
            self.row: ExampleRow(chosen=None),
        }

    def on_switch(self, source: str, pad: str, file: str | None, percent: float, *switches: bool) -> Update:
        """A preparation step was switched."""
        given = file if source == "file" else pad
        return self._show(source, given, percent, Preparation(*switches)) if given else gr.skip()

    def on_turn(self, source: str, pad: str, file: str | None, percent: float, *switches: bool) -> Update:
        """Somebody turned to the pad or to the upload; what is there is judged, if anything."""
        given = file if source == "file" else pad
        if not given:
            return {self.note: message_html("")}
        return {**self._show(source, given, percent, Preparation(*switches)), self.source: source}

    def on_percent(self, judged: Judgement | None, percent: float) -> Update:
        """Another false-alarm rate: the same log p(x), perhaps another verdict."""
        if judged is None:
            return gr.skip()
        return self._views(replace(judged, verdict=replace(judged.verdict, alpha=percent / 100)))

    def answer(
        self, picture: str | None, alpha_percent: float, polarity: bool, crop: bool, center: bool
    ) -> dict[str, Any]:
        """Judge a picture for a program."""
        if picture is None:
            raise gr.Error("there is no picture to judge; send one")
        try:
            preparation = Preparation(polarity, crop, center)
            return as_json(judge(self.models.detector(), self._open("file", picture), preparation, alpha_percent))
        except (PictureError, CheckpointError) as error:
            raise gr.Error(str(error)) from error

    def _example(self, index: int, percent: float) -> Update:
        example = examples(self.models)[index]
        return {
            **self._show("pad", example.url, percent, example.preparation),
            **self._switched(example.preparation),
            self.row: ExampleRow(chosen=index),
        }

    def _switched(self, preparation: Preparation) -> Update:
        """Set the switches: the steps belong to the picture, so a new picture comes with its own."""
        steps = (preparation.polarity, preparation.crop, preparation.center)
        return dict(zip(self.switches, steps, strict=True))

    def _show(self, source: str, given: str, percent: float, preparation: Preparation) -> Update:
        """Judge and show; what cannot be judged leaves everything as it is and says why."""
        try:
            return self._judged(self._open(source, given), preparation, percent)
        except (PictureError, CheckpointError) as error:
            return {self.note: message_html(str(error))}

    def _open(self, source: str, given: str) -> Image.Image:
        if source == "file":
            return open_picture(given)
        return open_picture(decode(given) or b"", "the drawing")

    def _judged(self, picture: Image.Image, preparation: Preparation, percent: float) -> Update:
        return self._views(judge(self.models.detector(), picture, preparation, percent))

    def _views(self, judgement: Judgement) -> Update:
        detector, verdict, prepared = self.models.detector(), judgement.verdict, judgement.prepared
        total = f"All pixels together: {nats(-verdict.log_prob)} nats, which is −log p(x)."
        return {
            self.judged: judgement,
            self.note: message_html(""),
            self.seen: seen_html(prepared, encode(png(Image.fromarray(prepared.image[0, 0].numpy())))),
            self.verdict: verdict_html(verdict, detector),
            self.charts: _histogram(detector, verdict, "log_prob", "log p(x), PixelCNN")
            + _histogram(detector, verdict, "bound", "lower bound, VAE")
            + both_ends_html(_verdict_on_nothing(detector), detector),
            self.map: surprise_map(prepared.image[0, 0], verdict.surprise, total),
        }
