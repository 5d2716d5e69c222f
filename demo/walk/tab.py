"""The Walk tab: latent spaces to move in, ways through them, and any picture rebuilt from them or changed in them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import gradio as gr
from gradio.events import Dependency

from demo.base.checks import read_seed
from demo.base.errors import InputError, sentence, show_errors
from demo.base.events import LIVE, QUIET
from demo.base.fields import StrictRadio
from demo.base.tabs import OPENED, Opening, guard
from demo.base.words import message_html
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import UserPicture, form_for, model_input, read_carried
from demo.shell.address import Address, Asked
from demo.shell.languages import explanation
from demo.walk import latent
from demo.walk.compare import CompareView
from demo.walk.edit import EditView
from demo.walk.map import MAP, MapView
from demo.walk.rebuild import RebuildView
from demo.walk.sliders import SlidersView, place_at
from demo.walk.spaces import Spaces
from demo.walk.ways import FIRST_SEEDS, End, Ends, Point, Seed, WaysView
from demo.walk.words import OWN_MODELS, VIEWS, choices, hint, missing_note, own_models_note
from gm_core import CheckpointError

STYLE = f"<style>{(Path(__file__).parent / 'tab.css').read_text()}</style>"

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]

OPEN = "document.querySelector('.walk-views [role=tab][aria-selected=true]').textContent.trim()"
"""In the browser: the title of the view that is open."""


class View(Protocol):
    """A view of a latent space."""

    @property
    def inputs(self) -> Sequence[Any]:
        """Components whose values it needs."""

    @property
    def outputs(self) -> Sequence[Any]:
        """Components that it sets."""

    @property
    def show(self) -> Callable[..., Any]:
        """From the model's name, unless the view has models of its own, and the inputs' values to the outputs'.

        These may come several times.
        """


V = TypeVar("V", bound=View)


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``; models are loaded when the view that needs them is first opened."""
    gr.HTML(STYLE, elem_classes="walk-style")
    try:
        spaces = Spaces(models)
    except CheckpointError as error:
        gr.HTML(message_html(sentence(error)))
        return
    first = spaces.cards[spaces.first]
    with gr.Row(elem_classes="walk-top"):
        hint_line = gr.HTML(hint("walk", first, spaces.dimensions[spaces.first]), scale=1, min_width=280)
        with gr.Column(scale=0):
            model = StrictRadio(
                choices(spaces.cards, spaces.dimensions),
                value=spaces.first,
                label="Latent space",
                show_label=False,
                container=False,
                elem_id="walk-model",
            )
    with gr.Tabs(elem_classes=["walk-views", "views"], overflow_behavior="wrap") as views:
        tabs = {view: gr.Tab(title, id=f"walk-{view}") for view, title in VIEWS.items()}
    notes: list[gr.HTML] = []
    openings: dict[str, Opening] = {}
    for view, inner in tabs.items():
        with inner:
            openings[view] = Opening()
            if view in OWN_MODELS:
                notes.append(gr.HTML(elem_classes="walk-note", padding=False))
    with tabs["walk"]:
        sliders = SlidersView(spaces)
    with tabs["rebuild"]:
        rebuilt = RebuildView(spaces, model)
    with tabs["ways"]:
        between = WaysView(spaces, model, sliders.sliders, rebuilt.picture)
    with tabs["edit"]:
        edited = EditView(spaces, model)
    figure = gr.HTML(figure_line(first), elem_id="walk-figure", elem_classes="explain")
    if spaces.missing:
        gr.HTML(missing_note(spaces.missing))
    with gr.Accordion("How does this work?", open=False):
        explanation(Path(__file__).parent, latex_delimiters=LATEX)

    texts = [hint_line, figure, *notes]
    chosen = connect_texts(spaces, model, tabs, texts)
    contents: dict[str, View] = {"walk": sliders, "ways": between, "rebuild": rebuilt, "edit": edited}
    for view, content in contents.items():
        opening, inputs = openings[view], [model, *content.inputs]
        opening.run(content.show, inputs, content.outputs)
        outputs = [opening.notice, *content.outputs]
        chosen = chosen.then(refill(content, opening), [opening.notice, *inputs], outputs, **QUIET)

    @show_errors
    def open_in_walk(name: str, picture: UserPicture) -> tuple[Any, ...]:
        """The sliders where the picture under Rebuild lies."""
        z = latent.encode(models.latent(name), model_input(models, picture, name).image)
        return gr.Tabs(selected="walk-walk"), place_at(spaces, name, z, "The picture under Rebuild, encoded.")

    @show_errors
    def walk_from(event: gr.EventData, name: str) -> tuple[Any, ...]:
        """The sliders where a picture from another tab lies, in a latent space of such pictures."""
        picture = read_carried(event._data, {form_for(card) for card in spaces.cards.values()})
        name = spaces.fitting(event._data, name)
        z = latent.encode(models.latent(name), model_input(models, picture, name).image)
        return name, place_at(spaces, name, z, "The picture from the other tab, encoded.")

    sliders.sliders.carried(walk_from, [model], [model, sliders.sliders], **LIVE)
    rebuilt.back.click(open_in_walk, [model, rebuilt.picture], [views, sliders.sliders], **LIVE)

    def add(view: str, make: Callable[[Models], V]) -> V | None:
        """A view that has models of its own; where one is missing, only a sentence that says so."""
        try:
            with tabs[view]:
                content = make(models)
        except CheckpointError as error:
            openings[view].notice.value = message_html(sentence(error))
            return None
        openings[view].run(content.show, content.inputs, content.outputs)
        return content

    compared = add("compare", CompareView)
    keep_address(spaces, model, between, compared, openings)
    chart = add("map", MapView)
    if chart is None:
        return
    maps = chart.maps

    @show_errors
    def compare_ways(event: gr.EventData, opened: str | None, name: str, ends: Ends) -> tuple[Any, ...]:
        """The two ends of a path over the map, as those of the view "A to B"."""
        points = {
            end: Point(z.tolist(), f"the point ({z[0]:.2f}, {z[1]:.2f}) of the map")
            for end, z in zip(FIRST_SEEDS, maps.ends(event._data), strict=True)
        }
        ends = ends | {MAP: dict[str, End](points)}
        # What is filled before the browser has built it is lost. A view that was never opened is filled by its opening;
        # or, counting as open from here on, by the choice of another latent space, which would empty it otherwise.
        shown = between.show(MAP, ends) if opened else (None,) * len(between.outputs)
        notice = OPENED if name != MAP else gr.skip()
        return gr.Tabs(selected="walk-ways"), notice, MAP, ends, *shown

    notice = openings["ways"].notice
    outputs = [views, notice, model, between.ends, *between.outputs]
    chart.map.ends(compare_ways, [notice, model, between.ends], outputs, **LIVE)


def keep_address(
    spaces: Spaces, model: gr.Radio, between: WaysView, compared: CompareView | None, openings: Mapping[str, Opening]
) -> None:
    """Keep the latent space, the seeds of A and B and those of the random points in the page's address."""
    fields: dict[str, Any] = {"space": model, "a": between.seeds["A"], "b": between.seeds["B"]}
    if compared:
        fields |= {"seed": compared.seed, "from": compared.region}
    address = Address("walk", fields)
    shown = [openings["ways"].notice, openings["compare"].notice] if compared else [openings["ways"].notice]

    def restore(asked: Asked, ways: str | None, *others: Any) -> Any:
        """All fields as the address says, and the views that are open filled with them."""
        wrong: list[str] = []

        def read(name: str, parse: Callable[[str], Any]) -> Any:
            default = fields[name].value
            try:
                return parse(asked[name]) if name in asked else default
            except (InputError, ValueError):
                wrong.append(name)
                return default

        name = read("space", lambda text: spaces.model({"model": text})[0])
        seeds = {end: read(end.lower(), lambda text: read_seed(int(text))) for end in between.seeds}
        ends: Ends = {}
        for end, seed in seeds.items():
            if seed != FIRST_SEEDS[end]:
                for space in spaces.cards:
                    ends[space] = ends.get(space, {}) | {end: Seed(seed)}
        values: list[Any] = [name, *seeds.values()]
        strip = between.show(name, ends) if ways else (gr.skip(),) * len(between.outputs)
        filled: list[Any] = [ends, *strip]
        if compared:
            compare, picture = others
            seed, region = read("seed", lambda text: read_seed(int(text))), read("from", compared.read_region)
            values += [seed, region]
            marks = compared.show_marks(picture, seed, region) if compare else (gr.skip(),) * len(compared.outputs)
            filled += [seed, *marks]
        if wrong:
            gr.Warning(f"The address asks for what is not there ({', '.join(wrong)}): the usual is shown.")
        return *values, *filled

    outputs = [*fields.values(), between.ends, *between.outputs]
    inputs: list[Any] = shown
    if compared:
        outputs += [compared.last, *compared.outputs]
        inputs = [*shown, compared.inputs[0]]
    address.restore(show_errors(restore), inputs, outputs)


def connect_texts(spaces: Spaces, model: gr.Radio, tabs: Mapping[str, gr.Tab], texts: Sequence[gr.HTML]) -> Dependency:
    """Keep the texts about the open view and the chosen model current, in the browser alone.

    Args:
        spaces: The latent spaces.
        model: Which of them.
        tabs: The views.
        texts: The hint, the line about the model, and in each view with models of its own the note that says so.

    Returns:
        The event of another choice.
    """
    hints = {
        view: {name: hint(view, card, spaces.dimensions[name]) for name, card in spaces.cards.items()} for view in VIEWS
    }
    for view, tab in tabs.items():
        tab.select(None, model, texts[0], js=f"name => ({json.dumps(hints[view])})[name]", **QUIET)
    by_title = json.dumps({title: hints[view] for view, title in VIEWS.items()})
    others = json.dumps(
        {name: [figure_line(card), *[own_models_note(card)] * (len(texts) - 2)] for name, card in spaces.cards.items()}
    )
    script = f"name => [({by_title})[{OPEN}][name], ...({others})[name]]"
    chosen: Dependency = model.change(None, model, list(texts), js=script, **QUIET)
    return chosen


def refill(content: View, opening: Opening) -> Callable[..., Any]:
    """A handler that shows another latent space in a view, unless the view was never opened: then it can wait."""
    show = guard(content.show, opening.notice, len(content.outputs))
    # Told to skip a component that the browser has not built yet, Gradio builds it without its properties.
    nothing = [gr.skip() if isinstance(output, gr.State) else None for output in content.outputs]

    def handler(opened: str | None, name: str, *values: Any) -> Any:
        return show(name, *values) if opened else (None, *nothing)

    return handler
