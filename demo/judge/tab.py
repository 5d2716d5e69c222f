"""The tab "Reasonable?": a density says how likely a picture is, and so may refuse it."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
import torch
from gradio.components import Component
from PIL import Image

from demo.base.charts.histogram import histogram
from demo.base.checks import is_index
from demo.base.events import LIVE, QUIET
from demo.base.fields import StrictRadio, StrictSlider
from demo.base.words import message_html, nats
from demo.judge.bayes import BayesPanel
from demo.judge.examples import examples
from demo.judge.many import ManyPanel
from demo.judge.measured import MeasuredPanel
from demo.judge.naive import NaivePanel
from demo.judge.words import (
    Judgement,
    both_ends_html,
    measured_html,
    scores_html,
    seen_html,
    verdict_html,
)
from demo.shared.models import Models
from demo.widgets.example_row import ExampleCard, ExampleRow
from demo.widgets.heat_map import HeatMap, heat_map
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad, decode, encode
from gm_core import (
    CheckpointError,
    Detector,
    PictureError,
    Preparation,
    Verdict,
    form_of,
    open_picture,
    prepare,
)
from gm_core.data.catalog import FIRST, DataSet, dataset_of
from gm_core.data.preparation import USUAL
from gm_core.rendering import grid, png

STYLE = (Path(__file__).parent / "tab.css").read_text()

Update = dict[Any, Any]
"""New values, by component; the others stay as they are."""

HINT = """<p class="lab-hint"><b>Spoil the picture</b> on the pad, or clear it and <b>draw your own</b>: is it
reasonable to models that have only ever seen one kind of picture?</p>"""

EMPTY_PAD = "The pad is empty: draw something. Until then, the verdict of the last picture stays."

STEPS = {
    "polarity": "Invert when the ground is light",
    "crop": "Crop, and fit into the frame",
    "center": "Centre by mass",
    "clean": "Take the ink from the paper",
    "sharpen": "Sharpen what was shrunk",
}
"""What each step of the preparation is called, in the order of its fields."""

HOW = """
A classifier must answer, whatever it is shown. A *density*, which says how likely a picture is, may refuse.

1. **Prepare.** Your picture is brought to the form of the pictures the models know; digits: white on black, fitted into
   20×20, centred by mass in 28×28 [1]. The models judge only that, and every step is shown and can be switched off.
2. **Ask the density.** The PixelCNN [2] gives every pixel a probability, given all pixels before it (above, and to
   the left in its row). A pixel's *surprise* is −log of that; the surprises of all pixels add up to −log p(x),
   exactly. Divided by the number of values (one a grey pixel, three a coloured one) and by ln 2, that is bits per
   value.
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
    prepared = prepare(picture, preparation, form=form_of(detector.dataset))
    with torch.inference_mode():
        return Judgement(detector.dataset, prepared, detector.score(prepared.image, percent / 100)[0])


def as_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement for programs, with the numbers as the detector gave them."""
    verdict = judgement.verdict
    return {
        "model": judgement.dataset,
        "verdict": verdict.verdict,
        "log_prob": verdict.log_prob,
        "bits_per_dim": verdict.bits_per_dim,
        "outlier_score": verdict.outlier_score,
        "p_value": verdict.p_value,
        "alpha": verdict.alpha,
        "scores": verdict.scores,
        "p_values": verdict.p_values,
        "steps": list(judgement.prepared.steps),
        "pixels": judgement.prepared.image[0].tolist(),
        "surprise": verdict.surprise.tolist(),
    }


def predicted(models: Models, sent: Any) -> dict[str, Any]:
    """The distribution that a data set's PixelCNN gave a pixel, as the map asks for it.

    Args:
        models: The models.
        sent: ``domain``, ``pixels`` (all values, channels first) and ``index``; checked, for anybody can send it.

    Returns:
        ``p``, the probabilities of all levels of the pixel's channels in turn, or an ``error``.
    """
    dataset, pixels, index = (
        sent.get(key) if isinstance(sent, dict) else None for key in ("domain", "pixels", "index")
    )
    if dataset not in models.datasets():
        return {"error": "there is no such model"}
    form = form_of(dataset)
    size = form.size * form.size
    if not (is_index(index, size) and isinstance(pixels, list) and len(pixels) == form.channels * size):
        return {"error": "that is not a picture of this model's"}
    if not all(is_index(value, 256) for value in pixels):
        return {"error": "a pixel is a whole number from 0 to 255"}
    p = _predictions(models, dataset, bytes(pixels))[:, index]
    return {"p": [round(value, 6) for value in p.flatten().tolist()]}


@lru_cache(maxsize=16)
def _predictions(models: Models, dataset: str, pixels: bytes) -> torch.Tensor:
    """The distributions of all pixels of a picture, (C, H * W, levels)."""
    form = form_of(dataset)
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(1, form.channels, form.size, form.size)
    with torch.inference_mode():
        return models.detector(dataset).pixelcnn.distribution(image).probs[0].flatten(1, 2).cpu()


@lru_cache(maxsize=4)
def _verdict_on_nothing(detector: Detector) -> Verdict:
    form = form_of(detector.dataset)
    with torch.inference_mode():
        return detector.score(torch.zeros(1, form.channels, form.size, form.size, dtype=torch.uint8))[0]


class Panel(Protocol):
    """What follows every judgement, from the values of its inputs to those of its outputs."""

    @property
    def inputs(self) -> Sequence[Component]:
        """What it reads besides the judgement."""
        ...

    @property
    def outputs(self) -> Sequence[Component]:
        """What it sets."""
        ...

    @property
    def follow(self) -> Callable[..., tuple[Any, ...]]:
        """From the judgement and the inputs' values to the outputs'."""
        ...


class _Tab:
    """The tab's components and what happens to them."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.judged = gr.State()  # the last judgement
        self.source = gr.State("pad")  # what it was of: "pad" or "file"
        self.last_file = gr.State()  # the last upload that could be read
        self.overtaken = gr.State(0)  # how often the false-alarm rate was moved while a picture was being judged
        with gr.Row(elem_classes="judge-top"):
            gr.HTML(f"{HINT}<style>{STYLE}</style>")
            self.dataset = StrictRadio(
                [(dataset_of(name).many.capitalize(), name) for name in models.datasets()],
                value=FIRST.name,
                label="The models know",
                elem_id="judge-domain",
                container=False,
            )
        self.row = ExampleRow()
        with gr.Row(equal_height=False, elem_classes="judge-row"):
            with gr.Column(scale=3, min_width=290, elem_classes="judge-given"):
                self._given()
            with gr.Column(scale=5, min_width=290):
                self._verdict()
            with gr.Column(scale=4, min_width=290):
                self.map = HeatMap(predict=partial(predicted, models))
        self.measured = gr.HTML(apply_default_css=False)
        with gr.Tabs(elem_id="judge-panels"):
            with gr.Tab("Beside a classifier"):
                self.bayes = BayesPanel(models)
            with gr.Tab("Every score"):
                self.scores = gr.HTML(apply_default_css=False, elem_classes="judge-panel")
            with gr.Tab("Where likelihood fails"):
                self.naive = NaivePanel(models)
            with gr.Tab("Many pictures"):
                self.many = ManyPanel(models)
            with gr.Tab("How well does it do?"):
                self.figures = MeasuredPanel(models)
            with gr.Tab("How does this work?"):
                gr.Markdown(HOW)

        self.panels: tuple[Panel, ...] = (self.bayes, self.naive, self.figures)

    def _given(self) -> None:
        with gr.Tabs(selected="pad") as self.sources:
            with gr.Tab("Draw", id="pad") as self.pad_tab:
                self.pad = SketchPad(elem_id="judge-pad")
            with gr.Tab("Upload or photo", id="file") as self.file_tab:
                self.file = PictureUpload("Upload, paste or photograph", height=300, elem_id="judge-file")
        self.note = gr.HTML(apply_default_css=False, elem_id="judge-note")
        with gr.Group(elem_classes="judge-seen"):
            self.seen = gr.HTML(apply_default_css=False, padding=True)
            heeded = FIRST.form.steps
            self.switches = [gr.Checkbox(True, label=label, visible=step in heeded) for step, label in STEPS.items()]

    def _verdict(self) -> None:
        self.verdict = gr.HTML(apply_default_css=False)
        self.percent = StrictSlider(
            1,
            20,
            value=5,
            step=1,
            label="False alarms you accept (%)",
            info="Of 100 pictures of the kind that the models know, how many may be refused?",
            buttons=[],
        )
        self.charts = gr.HTML(apply_default_css=False)

    def wire(self, app: gr.Blocks) -> None:
        """Let things happen."""
        views = [self.judged, self.note, self.seen, self.verdict, self.charts, self.map, self.scores]
        settings = [self.dataset, self.percent, *self.switches]
        arrived = app.load(
            self.arrive,
            [self.dataset, self.percent],
            [*views, self.row, self.pad, self.measured, *self.switches],
            **QUIET,
        )
        picked = self.row.pick(
            self.on_example,
            [self.dataset, self.percent],
            [*views, self.row, self.pad, self.source, self.sources, *self.switches],
            **LIVE,
        )
        drawn = self.pad.input(
            self.on_draw, [self.pad, *settings], [*views, self.row, self.source, *self.switches], **LIVE
        )
        sent = self.file.input(
            self.on_file,
            [self.file, self.last_file, self.dataset, self.percent],
            [*views, self.row, self.source, self.file, self.last_file, *self.switches],
            **LIVE,
        )
        given = [self.source, self.pad, self.last_file, *settings]
        judgements = [arrived, picked, drawn, sent]
        judgements += [switch.input(self.on_switch, given, views, **LIVE) for switch in self.switches]
        judgements.append(
            self.dataset.input(self.on_dataset, given, [*views, self.row, self.measured, *self.switches], **LIVE)
        )
        judgements += [
            tab.select(partial(self.on_turn, name), given[1:], [*views, self.source], **LIVE)
            for tab, name in ((self.pad_tab, "pad"), (self.file_tab, "file"))
        ]
        judgements += [
            moved(self.on_percent, [self.judged, self.percent], views, **LIVE)
            for moved in (self.percent.input, self.overtaken.change)
        ]
        self._wire_api()  # first, for an event takes its function's name where no other has it
        inputs = [component for panel in self.panels for component in panel.inputs]
        outputs = [component for panel in self.panels for component in panel.outputs]
        for event in judgements:  # the verdict first, then what the panels have to say of it
            event.then(
                self.on_judged,
                [self.judged, self.percent, self.overtaken, *inputs],
                [self.overtaken, *outputs],
                **LIVE,
            )
        self.bayes.wire(self.judged)
        self.naive.wire(self.judged)
        self.many.wire(self.dataset, self.percent)

    def _wire_api(self) -> None:
        """The same judgement for programs, without the tab's components around it."""
        button, answer = gr.Button(visible=False), gr.JSON(visible=False)
        button.click(
            self.answer,
            [self.file, self.percent, *self.switches, self.dataset],
            answer,
            api_name="judge",
            api_description="Judge a picture: eleven scores, their conformal p-values, surprise by pixel, the verdict.",
        )

    def arrive(self, dataset: str, percent: float) -> Update:
        """An example, judged, before anybody asks."""
        try:
            row, measured = self._row(dataset), self._measured(dataset)
        except CheckpointError as error:
            return {self.note: message_html(str(error))}
        return {
            self.measured: measured,
            **self._example(0, dataset, percent),
            self.pad: examples(self.models, dataset)[0].url,
            self.row: row,
        }

    def on_example(self, dataset: str, percent: float, event: gr.EventData) -> Update:
        """Somebody chose an example."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        if not is_index(index, len(examples(self.models, dataset))):
            raise gr.Error("there is no such example")
        return {
            **self._example(index, dataset, percent),
            self.pad: examples(self.models, dataset)[index].url,
            self.source: "pad",
            self.sources: gr.Tabs(selected="pad"),
        }

    def on_draw(self, pad: str, dataset: str, percent: float, *switches: bool) -> Update:
        """A stroke is finished, or taken back."""
        if not pad:
            return {self.note: message_html(EMPTY_PAD), self.row: ExampleRow(chosen=None), **self._switched(USUAL)}
        known = self._known(pad, dataset)
        if known is not None:  # undo led back to it
            return {**self._example(known, dataset, percent), self.source: "pad"}
        shown = self._show("pad", pad, dataset, percent, Preparation(*switches))
        return {**shown, self.source: "pad", self.row: ExampleRow(chosen=None)}

    def on_file(self, path: str | None, last: str | None, dataset: str, percent: float) -> Update:
        """A picture was uploaded, pasted or photographed; a bad one gives way to the one before."""
        if path is None:
            return {self.note: message_html("")}
        try:
            shown = self._judged(self._open("file", path), dataset, USUAL, percent)
        except (PictureError, CheckpointError) as error:
            return {self.note: message_html(str(error)), self.file: last}
        return {
            **shown,
            **self._switched(USUAL),
            self.source: "file",
            self.last_file: path,
            self.row: ExampleRow(chosen=None),
        }

    def on_switch(
        self, source: str, pad: str, file: str | None, dataset: str, percent: float, *switches: bool
    ) -> Update:
        """A preparation step was switched."""
        given = file if source == "file" else pad
        return self._show(source, given, dataset, percent, Preparation(*switches)) if given else gr.skip()

    def on_dataset(
        self, source: str, pad: str, file: str | None, dataset: str, percent: float, *switches: bool
    ) -> Update:
        """The same picture, before models that know something else."""
        try:
            row = self._row(dataset, self._known(pad, dataset) if source == "pad" else None)
            measured = self._measured(dataset)
        except CheckpointError as error:
            return {self.note: message_html(str(error))}
        heeded = form_of(dataset).steps
        visible = {
            switch: gr.Checkbox(visible=step in heeded) for step, switch in zip(STEPS, self.switches, strict=True)
        }
        given = file if source == "file" else pad
        shown = self._show(source, given, dataset, percent, Preparation(*switches)) if given else {}
        return {**shown, **visible, self.row: row, self.measured: measured}

    def on_turn(self, source: str, pad: str, file: str | None, dataset: str, percent: float, *switches: bool) -> Update:
        """Somebody turned to the pad or to the upload; what is there is judged, if anything."""
        given = file if source == "file" else pad
        if not given:
            return {self.note: message_html("")}
        return {**self._show(source, given, dataset, percent, Preparation(*switches)), self.source: source}

    def on_percent(self, judged: Judgement | None, percent: float) -> Update:
        """Another false-alarm rate: the same numbers, perhaps another verdict."""
        if judged is None:
            return gr.skip()
        return self._views(replace(judged, verdict=replace(judged.verdict, alpha=percent / 100)))

    def on_judged(self, judged: Judgement | None, percent: float, overtaken: int, *values: Any) -> Update:
        """The panels follow, each with the values of its own inputs.

        Where the false-alarm rate was moved while the picture was being judged, the verdict is to follow it.
        """
        said: Update = {}
        if judged and judged.verdict.alpha != percent / 100:
            said[self.overtaken] = overtaken + 1
        left = list(values)
        for panel in self.panels:
            own = [left.pop(0) for _ in panel.inputs]
            said |= zip(panel.outputs, panel.follow(judged, *own), strict=True)
        return said

    def answer(
        self,
        picture: str | None,
        alpha_percent: float,
        polarity: bool,
        crop: bool,
        center: bool,
        clean: bool,
        sharpen: bool,
        model: str,
    ) -> dict[str, Any]:
        """Judge a picture for a program."""
        if picture is None:
            raise gr.Error("there is no picture to judge; send one")
        try:
            preparation = Preparation(polarity, crop, center, clean, sharpen)
            return as_json(judge(self.models.detector(model), self._open("file", picture), preparation, alpha_percent))
        except (PictureError, CheckpointError) as error:
            raise gr.Error(str(error)) from error

    def _measured(self, dataset: str) -> str:
        return measured_html(self.models.card(f"{dataset}-detector"), dataset_of(dataset))

    def _row(self, dataset: str, chosen: int | None = 0) -> ExampleRow:
        row: list[ExampleCard] = [
            {"name": example.name, "look_for": example.look_for, "picture": example.url}
            for example in examples(self.models, dataset)
        ]
        return ExampleRow(value=row, chosen=chosen)

    def _known(self, pad: str, dataset: str) -> int | None:
        """Which example it is that lies on the pad, if any."""
        return next((i for i, example in enumerate(examples(self.models, dataset)) if example.url == pad), None)

    def _example(self, index: int, dataset: str, percent: float) -> Update:
        example = examples(self.models, dataset)[index]
        return {
            **self._show("pad", example.url, dataset, percent, example.preparation),
            **self._switched(example.preparation),
            self.row: ExampleRow(chosen=index),
        }

    def _switched(self, preparation: Preparation) -> Update:
        """Set the switches: the steps belong to the picture, so a new picture comes with its own."""
        return dict(zip(self.switches, astuple(preparation), strict=True))

    def _show(self, source: str, given: str, dataset: str, percent: float, preparation: Preparation) -> Update:
        """Judge and show; what cannot be judged leaves everything as it is and says why."""
        try:
            return self._judged(self._open(source, given), dataset, preparation, percent)
        except (PictureError, CheckpointError) as error:
            return {self.note: message_html(str(error))}

    def _open(self, source: str, given: str) -> Image.Image:
        if source == "file":
            return open_picture(given)
        return open_picture(decode(given) or b"", "the drawing")

    def _judged(self, picture: Image.Image, dataset: str, preparation: Preparation, percent: float) -> Update:
        return self._views(judge(self.models.detector(dataset), picture, preparation, percent))

    def _views(self, judgement: Judgement) -> Update:
        detector, dataset = self.models.detector(judgement.dataset), dataset_of(judgement.dataset)
        verdict, prepared = judgement.verdict, judgement.prepared
        ratio = verdict.scores["likelihood_ratio"]
        return {
            self.judged: judgement,
            self.note: message_html(""),
            self.seen: seen_html(prepared, encode(png(grid(prepared.image)))),
            self.verdict: verdict_html(judgement, detector),
            self.charts: _charts(verdict, detector, dataset),
            self.map: heat_map(
                judgement.dataset,
                prepared.image[0],
                verdict.surprise,
                verdict.expected,
                verdict.ratio,
                f"All pixels together: {nats(-verdict.log_prob)} nats, which is −log p(x).",
                f"All pixels together: {nats(ratio)} nats. Orange: no better known than to a model of spoilt "
                f"{dataset.many}.",
            ),
            self.scores: scores_html(judgement, detector),
        }


def _charts(verdict: Verdict, detector: Detector, dataset: DataSet) -> str:
    """How unusual the picture is among held-out ones, and its likelihood among theirs."""
    edge, here = detector.threshold(verdict.alpha), verdict.outlier_score
    # Where the edge is drawn does not decide; the verdict does, should the two differ by a hair.
    edge = max(edge, here) if verdict.verdict == "reasonable" else min(edge, here * (1 - 1e-9))
    return (
        histogram(
            detector.outlier_scores,
            here,
            (float("-inf"), edge),
            "how unusual, all scores together",
            ("usual", "strange"),
            dataset.many,
        )
        + histogram(
            detector.held_out["log_prob"],
            verdict.log_prob,
            detector.usual_range("log_prob", verdict.alpha),
            of=dataset.many,
        )
        + both_ends_html(_verdict_on_nothing(detector), detector, dataset)
    )
