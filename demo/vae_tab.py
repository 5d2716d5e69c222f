"""The Walk tab: a VAE's latent space to move in, ways through it, and any picture rebuilt from it or changed in it."""

import json
from typing import Any

import gradio as gr

from demo.fields import StrictRadio
from demo.models import Models
from demo.vae_words import HINTS, HOW, STYLE, figure_line
from demo.walk_compare import CompareView
from demo.walk_edit import EditView
from demo.walk_map import NAME as MAPPED
from demo.walk_map import MapView
from demo.walk_pictures import LIVE, PRIVATE, Mine, plainly
from demo.walk_rebuild import RebuildView
from demo.walk_sliders import NAMES, Walk, WalkView, set_from
from demo.walk_ways import FIRST_ENDS, Ends, WaysView

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    walk = Walk(models)
    cards = {name: models.card(name) for name in NAMES}
    gr.HTML(STYLE, elem_classes="walk-style")
    with gr.Row(elem_classes="walk-top"):
        hint = gr.HTML(HINTS["walk"], scale=1, min_width=280)
        with gr.Column(scale=0, min_width=300):
            model = StrictRadio(
                [(f"{card.config['latent']} dimensions", name) for name, card in cards.items()],
                value=NAMES[0],
                label="Latent space",
                show_label=False,
                container=False,
                elem_id="walk-model",
            )
    places = gr.State({})
    with gr.Tabs(elem_classes="walk-views") as views:
        tabs = {
            name: gr.Tab(title, id=f"walk-{name}")
            for name, title in {
                "walk": "Walk",
                "map": "Map",
                "ways": "A to B",
                "rebuild": "Rebuild",
                "edit": "Edit",
                "compare": "Autoencoder",
            }.items()
        }
    with tabs["walk"]:
        here = WalkView(walk)
    with tabs["map"]:
        plan = MapView(models)
        gr.HTML(figure_line(cards[NAMES[1]]))
    with tabs["rebuild"]:
        rebuilt = RebuildView(walk, model)
    with tabs["ways"]:
        between = WaysView(walk, model, here.sliders, rebuilt.mine)
    with tabs["edit"]:
        EditView(walk, model)
    with tabs["compare"]:
        CompareView(models)
    figure = gr.HTML(figure_line(cards[NAMES[0]]), elem_id="walk-figure")
    with gr.Accordion("How does this work?", open=False):
        gr.Markdown(HOW, latex_delimiters=LATEX)

    @plainly
    def switch(name: str, value: object, places: dict[str, list[float]], ends: Ends) -> tuple[Any, ...]:
        """The other latent space."""
        return *here.switched(walk, name, value, places), *between.ways.shown(name, ends), figure_line(cards[name])

    @plainly
    def walk_from_here(name: str, mine: Mine) -> tuple[Any, ...]:
        """The sliders where the picture under Rebuild lies."""
        z = models.vae(name).encode(mine.image).mean[0].detach().cpu()
        return gr.Tabs(selected="walk-walk"), set_from(walk, name, z, "The picture under Rebuild, encoded.")

    @plainly
    def from_map(event: gr.EventData, ends: Ends) -> tuple[Any, ...]:
        """The ends of a path over the map are those of the ways."""
        points = plan.maps.ends(event._data)
        words = [f"the point ({z[0]:.2f}, {z[1]:.2f}) of the map" for z in points]
        chosen = {end: {"z": z.tolist(), "what": what} for end, z, what in zip(FIRST_ENDS, points, words, strict=True)}
        ends = ends | {MAPPED: chosen}
        return gr.Tabs(selected="walk-ways"), MAPPED, ends, *between.ways.shown(MAPPED, ends)

    for name, tab in tabs.items():
        tab.select(None, None, hint, js=f"() => {json.dumps(HINTS[name])}", **PRIVATE)
    everything = [places, here.sliders, *between.outputs, figure]
    # Whoever chose it: a person, or the map.
    model.change(switch, [model, here.sliders, places, between.ends], everything, **PRIVATE, **LIVE)
    rebuilt.back.click(walk_from_here, [model, rebuilt.mine], [views, here.sliders], **PRIVATE, **LIVE)
    plan.map.ends(from_map, between.ends, [views, model, between.ends, *between.outputs], **PRIVATE, **LIVE)
