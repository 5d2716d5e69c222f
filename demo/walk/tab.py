"""The Walk tab: a VAE's latent space to move in, ways through it, and any picture rebuilt from it or changed in it."""

import json
from typing import Any

import gradio as gr

from demo.base.errors import show_errors
from demo.base.events import LIVE, QUIET
from demo.base.fields import StrictRadio
from demo.shared.models import Models
from demo.shared.picture_input import UserPicture, model_input
from demo.walk.compare import CompareView
from demo.walk.edit import EditView
from demo.walk.map import NAME as MAPPED
from demo.walk.map import MapView
from demo.walk.rebuild import RebuildView
from demo.walk.sliders import Value, Walk, WalkView, set_from
from demo.walk.ways import FIRST_ENDS, Ends, WaysView
from demo.walk.words import HOW, STYLE, VIEWS, alone, choices, figure_line, hint, left_out

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]

OPEN = "document.querySelector('.walk-views [role=tab][aria-selected=true]').textContent.trim()"
"""In the browser: the title of the view that is open."""


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    walk = Walk(models)
    cards, first = walk.cards, walk.cards[walk.first]
    gr.HTML(STYLE, elem_classes="walk-style")
    with gr.Row(elem_classes="walk-top"):
        told = gr.HTML(hint("walk", first), scale=1, min_width=280)
        with gr.Column(scale=0):
            model = StrictRadio(
                choices(cards),
                value=walk.first,
                label="Latent space",
                show_label=False,
                container=False,
                elem_id="walk-model",
            )
    places = gr.State({})
    with gr.Tabs(elem_classes="walk-views") as views:
        tabs = {view: gr.Tab(title, id=f"walk-{view}") for view, title in VIEWS.items()}
    with tabs["walk"]:
        here = WalkView(walk)
    with tabs["map"]:
        others = [gr.HTML(padding=False)]
        plan = MapView(models)
        gr.HTML(figure_line(models.card(MAPPED)))
    with tabs["rebuild"]:
        rebuilt = RebuildView(walk, model)
    with tabs["ways"]:
        between = WaysView(walk, model, here.sliders, rebuilt.mine)
    with tabs["edit"]:
        edited = EditView(walk, model)
    with tabs["compare"]:
        others.append(gr.HTML(padding=False))
        CompareView(models)
    figure = gr.HTML(figure_line(first), elem_id="walk-figure")
    if walk.missing:
        gr.HTML(left_out(walk.missing))
    with gr.Accordion("How does this work?", open=False):
        gr.Markdown(HOW, latex_delimiters=LATEX)

    @show_errors
    def switch(name: str, value: object, places: dict[str, Value]) -> tuple[Any, ...]:
        """The other latent space."""
        card = cards[name]
        return *here.switched(walk, name, value, places), figure_line(card), *[alone(card)] * len(others)

    @show_errors
    def walk_from_here(name: str, mine: UserPicture) -> tuple[Any, ...]:
        """The sliders where the picture under Rebuild lies."""
        z = models.variational(name).encode(model_input(models, mine, name).image).mean[0].detach().cpu()
        return gr.Tabs(selected="walk-walk"), set_from(walk, name, z, "The picture under Rebuild, encoded.")

    @show_errors
    def from_map(event: gr.EventData, ends: Ends) -> tuple[Any, ...]:
        """The ends of a path over the map are those of the ways."""
        points = plan.maps.ends(event._data)
        words = [f"the point ({z[0]:.2f}, {z[1]:.2f}) of the map" for z in points]
        chosen = ({"z": z.tolist(), "what": what} for z, what in zip(points, words, strict=True))
        ends = ends | {MAPPED: dict(zip(FIRST_ENDS, chosen, strict=True))}
        return gr.Tabs(selected="walk-ways"), MAPPED, ends, *between.ways.shown(MAPPED, ends)

    hints = {view: {name: hint(view, card) for name, card in cards.items()} for view in VIEWS}
    for view, tab in tabs.items():
        tab.select(None, model, told, js=f"name => ({json.dumps(hints[view])})[name]", **QUIET)
    titles = {title: hints[view] for view, title in VIEWS.items()}
    model.change(None, model, told, js=f"name => ({json.dumps(titles)})[{OPEN}][name]", **QUIET)
    # Whoever chose it: a person, or the map. What takes longer follows.
    shown = [places, here.sliders, figure, *others]
    chosen = model.change(switch, [model, here.sliders, places], shown, **LIVE)
    for then in ((between.ways.shown, [model, between.ends], between.outputs), rebuilt.switched, edited.switched):
        chosen.then(*then, **QUIET)
    rebuilt.back.click(walk_from_here, [model, rebuilt.mine], [views, here.sliders], **LIVE)
    plan.map.ends(from_map, between.ends, [views, model, between.ends, *between.outputs], **LIVE)
