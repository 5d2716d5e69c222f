"""The tab "Detect": a density says how likely a picture is, and so may refuse it."""

from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from demo.base.charts.histogram import STYLE as HISTOGRAM_STYLE
from demo.base.errors import show_errors
from demo.base.events import LIVE, PICTURE
from demo.base.fields import StrictRadio, StrictSlider
from demo.base.tabs import Opening
from demo.base.words import message_html
from demo.judge.api import expose
from demo.judge.bayes import BayesPanel
from demo.judge.handlers import ALARMS, LEAST_ALARMS, MOST_ALARMS, Changes, Handlers, Request, Source
from demo.judge.judgement import Judgement
from demo.judge.many import ManyPanel
from demo.judge.measured import MeasuredPanel
from demo.judge.naive import NaivePanel
from demo.judge.panel import Panel
from demo.judge.surprise import predict_pixel
from demo.shared.models import Models
from demo.shell.address import Address, Asked
from demo.shell.languages import explanation
from demo.widgets.example_row import ExampleRow
from demo.widgets.heat_map import HeatMap
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.sketch_pad import SketchPad
from gm_core import Preparation
from gm_core.data.catalog import dataset_of

FOLDER = Path(__file__).parent
STYLE = "\n".join(
    [*((FOLDER / name).read_text() for name in ("tab.css", "lecture.css", "scores.css")), HISTOGRAM_STYLE]
)

HINT = "Scribble on the picture, or draw your own: is it still reasonable?"

STEPS = {
    "polarity": "Invert if the background is light",
    "crop": "Crop, and fit into the frame",
    "center": "Centre by mass",
    "clean": "Separate ink from paper",
    "sharpen": "Sharpen after shrinking",
}
"""What each step of the preparation is called, in the order of its fields."""

VERDICT = ("judgement", "note", "prepared", "verdict", "charts", "map", "scores")
"""What a judgement changes."""

Update = dict[Component, Any]


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``; no model is loaded, and nothing is judged before it is opened."""
    datasets = models.datasets()
    if datasets:
        _Tab(models, datasets).wire()
    else:
        gr.HTML(message_html("There is no calibrated detector to judge pictures: restore the folder of checkpoints."))


class _Tab:
    """The tab's components, and what happens to them."""

    def __init__(self, models: Models, datasets: Sequence[str]) -> None:
        self.models, self.handlers = models, Handlers(models)
        self.judgement = gr.State()  # the last one
        self.source = gr.State("pad")
        self.last_file = gr.State()  # the last upload that could be read
        self.opening = Opening()
        self.stale = gr.State(0)  # how often the false-alarm rate was moved while a picture was being judged
        gr.HTML(f"<style>{STYLE}</style>", elem_classes="shell-anchor", padding=False)
        with gr.Column(elem_classes="judge-page"):
            self.dataset = StrictRadio(
                [(label[:1].upper() + label[1:], name) for name in datasets for label in [dataset_of(name).label]],
                value=datasets[0],
                label="Judged as",
                elem_id="judge-dataset",
                container=False,
            )
            self.examples = ExampleRow(tab="judge", hint=HINT, padding=False, elem_id="judge-examples")
            with gr.Tabs(elem_id="judge-panels", elem_classes="views", overflow_behavior="wrap"):
                with gr.Tab("Judge", id="judge-picture"):
                    self._build_picture(dataset_of(datasets[0]).form.steps)
                with gr.Tab("Where likelihood fails", id="judge-likelihood"):
                    self.naive = NaivePanel(models)
                with gr.Tab("Compared with a classifier", id="judge-classifier"):
                    self.bayes = BayesPanel(models, self.brief)
                with gr.Tab("Every score", id="judge-scores"):
                    self.scores = gr.HTML(apply_default_css=False, elem_classes="judge-panel")
                with gr.Tab("How accurate is it?", id="judge-accuracy"):
                    self.measured = MeasuredPanel(models)
                with gr.Tab("Many pictures", id="judge-many"):
                    self.many = ManyPanel(models)
                with gr.Tab("How it works", id="judge-how"):
                    explanation(FOLDER)
        self.panels: tuple[Panel, ...] = (self.bayes, self.naive, self.measured)

    def _build_picture(self, steps: Sequence[str]) -> None:
        """The picture, the verdict and the map side by side; below, what the model sees."""
        with gr.Row(equal_height=False, elem_classes="judge-row"):
            with gr.Column(elem_classes="judge-input"), gr.Tabs(overflow_behavior="wrap") as self.sources:
                with gr.Tab("Draw", id="pad") as self.pad_tab:
                    self.pad = SketchPad(tab="judge", hint="draw here", padding=False, elem_id="judge-pad")
                with gr.Tab("Upload or photo", id="file") as self.file_tab:
                    self.file = PictureUpload("Upload, paste or photograph", height=300, elem_id="judge-file")
            with gr.Column(elem_classes="judge-verdict"):
                self._build_verdict()
            with gr.Column(elem_classes="judge-map"):
                self.map = HeatMap(predict=partial(predict_pixel, self.models), padding=False)
        with gr.Row(equal_height=True, elem_classes="judge-prepared"):
            self.prepared = gr.HTML(padding=False, apply_default_css=False)
            with gr.Column(elem_classes="judge-steps"):
                self.steps = [gr.Checkbox(True, label=label, visible=step in steps) for step, label in STEPS.items()]

    def _build_verdict(self) -> None:
        self.note = gr.HTML(padding=False, apply_default_css=False, elem_id="judge-note")
        self.verdict = gr.HTML(padding=False, apply_default_css=False)
        self.brief = gr.HTML(padding=False, apply_default_css=False, elem_id="judge-brief")
        self.charts = gr.HTML(padding=False, apply_default_css=False, elem_classes="judge-charts")
        self.percent = StrictSlider(
            LEAST_ALARMS,
            MOST_ALARMS,
            value=ALARMS,
            step=1,
            label="Accepted false-alarm rate (%)",
            buttons=[],
            elem_id="judge-percent",
        )
        self.detector = gr.HTML(padding=False, apply_default_css=False, elem_classes="explain")

    def wire(self) -> None:
        """Connect the components."""
        handlers = self.handlers
        judgements = [
            *self._arrivals(),
            self._on_example(),
            self._on_carry(),
            self._on(self.pad.input, handlers.on_draw, "source", "examples", "steps"),
            self._on_upload(),
            self._on(self.dataset.input, handlers.on_dataset, "detector", "examples", "steps"),
            *(self._on(step.input, handlers.on_step) for step in self.steps),
            self._on_source(self.pad_tab, "pad"),
            self._on_source(self.file_tab, "file"),
            *(self._on_percent(moved) for moved in (self.percent.input, self.stale.change)),
        ]
        self._follow(judgements)
        self.bayes.wire(self.judgement)
        self.naive.wire(self.judgement)
        self.many.wire(self.dataset, self.percent)
        expose(self.models, [self.file, self.percent, *self.steps, self.dataset])

    @property
    def request(self) -> list[Component]:
        """What a :class:`Request` is made of, in its order."""
        return [self.source, self.pad, self.last_file, self.dataset, self.percent, *self.steps]

    def _on(
        self,
        trigger: Callable[..., Dependency],
        handler: Callable[[Request], Changes],
        *changed: str,
        settings: dict[str, Any] = LIVE,
    ) -> Dependency:
        """Answer an event by a judgement, and by what else is ``changed``."""

        def handle(*values: Any) -> Update:
            return self._update(handler(_request(*values)))

        return trigger(_name(handle, handler), self.request, self._outputs(*changed), **settings)

    def _arrivals(self) -> list[Dependency]:
        """The tab is opened, or an address brings back what it was."""
        fields: dict[str, Component] = {"as": self.dataset, "alarms": self.percent}
        address = Address("judge", fields, extra=["example", "picture"])

        def on_arrive(asked: Asked, *values: Any) -> Update:
            changes = self.handlers.on_arrive(_request(*values), asked)
            return {**self._update(changes), self.sources: gr.Tabs(selected="pad")}

        changed = self._outputs("dataset", "percent", "detector", "examples", "pad", "source", "steps")
        return address.restore(on_arrive, self.request, [*changed, self.sources], self.opening)

    def _on_carry(self) -> Dependency:
        def on_carry(event: gr.EventData, *values: Any) -> Update:
            changes = self.handlers.on_carry(_request(*values), event._data)
            return {**self._update(changes), self.sources: gr.Tabs(selected="pad")}

        changed = self._outputs("dataset", "detector", "examples", "source", "steps")
        return self.pad.carry(on_carry, self.request, [*changed, self.sources], **LIVE)

    def _on_example(self) -> Dependency:
        @show_errors
        def on_example(event: gr.EventData, *values: Any) -> Update:
            changes = self.handlers.on_example(_request(*values), event._data)
            return {**self._update(changes), self.sources: gr.Tabs(selected="pad")}

        outputs = [*self._outputs("examples", "pad", "source", "steps"), self.sources]
        return self.examples.pick(on_example, self.request, outputs, **LIVE)

    def _on_upload(self) -> Dependency:
        def on_upload(file: str | None, *values: Any) -> Update:
            return self._update(self.handlers.on_upload(_request(*values), file))

        outputs = self._outputs("source", "examples", "file", "last_file", "steps")
        return self.file.input(on_upload, [self.file, *self.request], outputs, **PICTURE)

    def _on_source(self, tab: gr.Tab, source: Source) -> Dependency:
        def on_source(*values: Any) -> Update:
            return self._update(self.handlers.on_source(_request(source, *values)))

        return tab.select(on_source, self.request[1:], self._outputs("source"), **LIVE)

    def _on_percent(self, trigger: Callable[..., Dependency]) -> Dependency:
        def on_percent(judgement: Judgement | None, percent: float) -> Update:
            return self._update(self.handlers.on_percent(judgement, percent))

        return trigger(on_percent, [self.judgement, self.percent], self._outputs(), **LIVE)

    def _follow(self, judgements: Sequence[Dependency]) -> None:
        """The verdict first, then what the panels have to say about it."""

        def on_judgement(judgement: Judgement | None, percent: float, stale: int, *values: Any) -> Update:
            update: Update = {}
            if judgement and judgement.verdict.alpha != percent / 100:  # moved meanwhile: the verdict is to follow
                update[self.stale] = stale + 1
            left = iter(values)
            for panel in self.panels:
                own = islice(left, len(panel.inputs))
                update |= zip(panel.outputs, panel.follow(judgement, *own), strict=True)
            return update

        inputs = [component for panel in self.panels for component in panel.inputs]
        outputs = [component for panel in self.panels for component in panel.outputs]
        for event in judgements:
            event.then(
                on_judgement, [self.judgement, self.percent, self.stale, *inputs], [self.stale, *outputs], **LIVE
            )

    def _outputs(self, *changed: str) -> list[Component]:
        """The components of a judgement, and others by name."""
        names = [*VERDICT, *changed]
        found = [getattr(self, name) for name in names if name != "steps"]
        return [*found, *self.steps] if "steps" in names else found

    def _update(self, changes: Changes) -> Update:
        """Changes by component; the switches take their values from ``preparation``, what is visible from ``steps``."""
        update: Update = {
            getattr(self, name): value for name, value in changes.items() if name not in ("preparation", "steps")
        }
        switches: list[dict[str, Any]] = [{} for _ in self.steps]
        if "preparation" in changes:
            for switch, on in zip(switches, astuple(changes["preparation"]), strict=True):
                switch["value"] = on
        if "steps" in changes:
            for switch, step in zip(switches, STEPS, strict=True):
                switch["visible"] = step in changes["steps"]
        update |= {step: gr.Checkbox(**switch) for step, switch in zip(self.steps, switches, strict=True) if switch}
        return update or {self.note: gr.skip()}  # Gradio takes no empty answer


def _request(source: Source, pad: str, last_file: str | None, dataset: str, percent: float, *steps: bool) -> Request:
    return Request(source, pad, last_file, dataset, percent, Preparation(*steps))


def _name(function: Callable[..., Update], like: Callable[..., Any]) -> Callable[..., Update]:
    """Give a function another's name, by which Gradio calls its endpoint."""
    function.__name__ = like.__name__
    return function
