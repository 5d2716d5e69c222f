"""The Walk tab: latent spaces to move in, ways through them, and any picture rebuilt from them or changed in them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import gradio as gr
from gradio.events import Dependency

from demo.base.errors import sentence, show_errors
from demo.base.events import LIVE, QUIET
from demo.base.fields import StrictRadio
from demo.base.tabs import OPENED, Opening, guard
from demo.base.words import message_html
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import UserPicture, form_for, model_input, read_carried
from demo.shared.plane import MAP
from demo.shell.address import Address, Asked
from demo.shell.languages import explanation
from demo.walk import latent
from demo.walk.compare import FIRST_SEED, CompareView
from demo.walk.edit import EditView
from demo.walk.ends import FIRST_SEEDS, End, Ends, Point
from demo.walk.links import EXTRA, read_link
from demo.walk.map import MapView, Region
from demo.walk.rebuild import RebuildView
from demo.walk.sliders import SlidersView, place_at
from demo.walk.spaces import Spaces
from demo.walk.ways import WaysView
from demo.walk.words import OWN_MODELS, VIEWS, choices, hint, missing_note, own_models_note
from gm_core import CheckpointError

STYLE = f"<style>{(Path(__file__).parent / 'tab.css').read_text()}</style>"

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]

OPEN = "document.querySelector('.walk-views [role=tab][aria-selected=true]').dataset.tabId"
"""In the browser: the id of the view that is open; its title is in the language of the page."""


BUILT = "built"
"""In the place of a notice that is still empty: the browser has built the view, and its opening is under way."""


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
        """From the model's name and the inputs' values to the outputs'. These may come several times."""

    @property
    def arrive(self) -> Callable[..., Any]:
        """The same from a :class:`Link`, whether the view is only being opened, and the inputs' values."""


V = TypeVar("V")


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
            openings[view].notice.elem_id = f"walk-{view}-notice"
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

    connect_texts(spaces, model, tabs, [hint_line, figure, *notes])
    contents: dict[str, View] = {"walk": sliders, "ways": between, "rebuild": rebuilt, "edit": edited}

    def add(view: str, make: Callable[[Models], V]) -> V | None:
        """A view that has models of its own; where one is missing, only a sentence that says so."""
        try:
            with tabs[view]:
                return make(models)
        except CheckpointError as error:
            openings[view].notice.value = message_html(sentence(error))
            return None

    compared, chart = add("compare", CompareView), add("map", MapView)
    fields: dict[str, Any] = {"space": model, "a": between.seeds["A"], "b": between.seeds["B"]}
    if compared:
        fields |= {"seed": compared.seed, "from": compared.region}
    address = Address("walk", fields, EXTRA)

    def open_view(content: View) -> Callable[..., Any]:
        """A handler of a view's first opening: the fields that the address brings may come later than this."""

        def handler(request: gr.Request, name: str, *values: Any) -> Any:
            return content.arrive(read_link(spaces, address.asked_by(request), name), True, *values)

        return handler

    def refill_after(event: Dependency, views: Iterable[str]) -> None:
        """Show in some views, after an event, the latent space that it chose."""
        for view in views:
            content, opening = contents[view], openings[view]
            inputs = [opening.notice, model, *content.inputs]
            outputs = [opening.notice, *content.outputs]
            event = event.then(refill(content, opening), inputs, outputs, js=see_built([view]), **QUIET)

    for view, content in contents.items():
        openings[view].run(open_view(content), [model, *content.inputs], content.outputs)
    refill_after(model.input(None, **QUIET), contents)
    restore_by_address(spaces, address, contents, between, compared, openings)

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

    carried = sliders.sliders.carried(walk_from, [model], [model, sliders.sliders], **LIVE)
    refill_after(carried, ["ways", "rebuild", "edit"])
    rebuilt.back.click(open_in_walk, [model, rebuilt.picture], [views, sliders.sliders], **LIVE)

    if compared:
        add_comparison(spaces, address, compared, openings["compare"])
    if chart is None:
        return
    openings["map"].run(chart.show, chart.inputs, chart.outputs)
    maps = chart.maps

    @show_errors
    def compare_ways(event: gr.EventData, ends: Ends) -> tuple[Any, ...]:
        """The two ends of a path over the map, as those of the view "A to B", which counts as open from here on."""
        points = {
            end: Point(z.tolist(), f"the point ({z[0]:.2f}, {z[1]:.2f}) of the map")
            for end, z in zip(FIRST_SEEDS, maps.ends(event._data), strict=True)
        }
        return gr.Tabs(selected="walk-ways"), OPENED, MAP, None, None, ends | {MAP: dict[str, End](points)}

    seeds = between.seeds.values()
    outputs = [views, openings["ways"].notice, model, *seeds, between.ends]
    # What is filled before the browser has built it is lost: the view is shown first.
    refill_after(chart.map.ends(compare_ways, [between.ends], outputs, **LIVE), ["ways", "walk", "rebuild", "edit"])


def add_comparison(spaces: Spaces, address: Address, compared: CompareView, opening: Opening) -> None:
    """Fill the view with the autoencoder when it is opened, as the address says."""

    def handler(request: gr.Request, picture: UserPicture, seed: int, region: Region) -> Iterator[tuple[Any, ...]]:
        link = read_link(spaces, address.asked_by(request), spaces.first)
        yield from compared.show(picture, seed if link.seed is None else link.seed, link.region or region)

    opening.run(handler, compared.inputs, compared.outputs)


def restore_by_address(
    spaces: Spaces,
    address: Address,
    contents: Mapping[str, View],
    between: WaysView,
    compared: CompareView | None,
    openings: Mapping[str, Opening],
) -> None:
    """Bring back what the address says: all fields, and what the views show that are open."""
    shown_views = [*contents, *(["compare"] if compared else [])]
    notices = [openings[view].notice for view in shown_views]
    values_of = [list(content.inputs) for content in contents.values()]

    def restore(asked: Asked, *values: Any) -> list[Any]:
        opened, rest = values[: len(notices)], list(values[len(notices) :])
        link = read_link(spaces, asked, spaces.first)
        found: list[Any] = [link.space, *link.seeds.values(), link.ends]
        for content, notice, inputs in zip(contents.values(), opened, values_of, strict=False):
            own, rest = rest[: len(inputs)], rest[len(inputs) :]
            found += unchanged(content.outputs, notice) or content.arrive(link, False, *own)
        if compared:
            seed, region = FIRST_SEED if link.seed is None else link.seed, link.region or "normal"
            shown = unchanged(compared.outputs, opened[-1]) or compared.show_marks(rest[0], seed, region)
            found += [seed, region, seed, *shown]
        if link.wrong:
            gr.Warning(f"The address asks for what is not there ({', '.join(link.wrong)}): the usual is shown.")
        return found

    inputs = [*notices, *(one for inputs in values_of for one in inputs)]
    outputs = [address.fields[name] for name in ("space", "a", "b")] + [between.ends]
    outputs += [output for content in contents.values() for output in content.outputs]
    if compared:
        inputs += compared.inputs[:1]
        outputs += [compared.seed, compared.region, compared.last, *compared.outputs]
    address.restore(show_errors(restore), inputs, outputs, js=see_built(shown_views))


def connect_texts(spaces: Spaces, model: gr.Radio, tabs: Mapping[str, gr.Tab], texts: Sequence[gr.HTML]) -> None:
    """Keep the texts about the open view and the chosen model current, in the browser alone.

    Args:
        spaces: The latent spaces.
        model: Which of them.
        tabs: The views.
        texts: The hint, the line about the model, and in each view with models of its own the note that says so.
    """
    hints = {
        view: {name: hint(view, card, spaces.dimensions[name]) for name, card in spaces.cards.items()} for view in VIEWS
    }
    for view, tab in tabs.items():
        tab.select(None, model, texts[0], js=f"name => ({json.dumps(hints[view])})[name]", **QUIET)
    by_id = json.dumps({f"walk-{view}": texts_of_view for view, texts_of_view in hints.items()})
    others = json.dumps(
        {name: [figure_line(card), *[own_models_note(card)] * (len(texts) - 2)] for name, card in spaces.cards.items()}
    )
    script = f"name => [({by_id})[{OPEN}][name], ...({others})[name]]"
    model.change(None, model, list(texts), js=script, **QUIET)


def refill(content: View, opening: Opening) -> Callable[..., Any]:
    """A handler that shows another latent space in a view, unless the view was never opened: then it can wait."""
    show = guard(content.show, opening.notice, len(content.outputs))

    def handler(opened: str | None, name: str, *values: Any) -> Any:
        waiting = unchanged([opening.notice, *content.outputs], opened)
        return tuple(waiting) if waiting else show(name, *values)

    return handler


def unchanged(outputs: Sequence[Any], notice: str | None) -> list[Any]:
    """What leaves a view alone that was not opened yet; nothing for one that was, or that is being opened.

    Args:
        outputs: Of the view.
        notice: What the notice of its opening says, or :data:`BUILT`.
    """
    # Told to skip a component that the browser has not built yet, Gradio builds it without its properties.
    return [] if notice else [gr.skip() if isinstance(output, gr.State) else None for output in outputs]


def see_built(views: Sequence[str]) -> str:
    """In the browser: the first inputs, which are the notices of some views, say which of these are there already."""
    ids = json.dumps([f"walk-{view}-notice" for view in views])
    return f"""(...values) => values.map((value, i) =>
        i < {len(views)} && !value && document.getElementById(({ids})[i]) ? {json.dumps(BUILT)} : value)"""
