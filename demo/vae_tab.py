"""The Walk tab: a VAE's latent space to move in, ways through it, and any picture rebuilt from it."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import torch
from torch import Tensor

import gm_core
from demo import latent
from demo.fields import StrictRadio
from demo.models import Models
from demo.vae_words import (
    BOUND_CSS,
    HOW,
    REBUILD_HINT,
    STYLE,
    WALK_HINT,
    WAYS_HINT,
    bound_bar,
    distance,
    figure_line,
    view_line,
)
from demo.widgets.latent_sliders import LatentSliders
from demo.widgets.picture_strip import PictureStrip
from demo.widgets.picture_upload import PictureUpload
from demo.widgets.picture_view import PictureView, grey, magma
from demo.widgets.sketch_pad import SketchPad
from demo.widgets.sketch_pad import decode as decode_sketch
from gm_core import PictureError

NAMES = ("mnist-vae", "mnist-vae2d")
FIRST_SEED, FIRST_ENDS, FIRST_EXAMPLE = 13, {"A": 11, "B": 12}, 4
SEEDS = 10_000
"""Seeds are below this, short enough to say aloud in class."""

LIVE: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "hidden"}
"""For what follows the hand: the newest movement counts, and nothing covers the picture."""

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
EMPTY = "The drawing is empty: draw a digit, or upload a picture."

P = ParamSpec("P")
R = TypeVar("R")
Value = dict[str, Any]


def plainly(handler: Callable[P, R]) -> Callable[P, R]:
    """Show what is wrong with an input as one sentence, and leave the rest of the tab as it was."""

    @wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except (latent.PointError, PictureError) as error:
            message = str(error)
            raise gr.Error(message[:1].upper() + message[1:], title="Not possible", print_exception=False) from None

    return guarded


@dataclass(frozen=True)
class Mine:
    """The picture under Rebuild.

    Attributes:
        image: As the model sees it, ``uint8`` (1, 1, H, W).
        source: Where it comes from and what was done to it, in words.
    """

    image: Tensor
    source: str


class Walk:
    """What the tab's handlers compute, with the app's models.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.influence = {name: latent.influence(models.vae(name)) for name in NAMES}
        self.example = cache(self._example)  # one seed, one picture

    def sliders(self, name: str, z: list[float]) -> Value:
        """The value of the sliders at a point."""
        return {"model": name, "z": z, "influence": self.influence[name]}

    def prior(self, name: str, seed: int) -> list[float]:
        """A draw from a model's prior."""
        return latent.drawn(self.models.vae(name), seed)

    def place(self, value: object) -> tuple[str, Tensor]:
        """Where sliders stand: the model and the point, both checked."""
        if not isinstance(value, dict) or value.get("model") not in NAMES:
            raise latent.PointError(f"A place is a model ({' or '.join(NAMES)}) and a point of it.")
        return value["model"], latent.point(self.models.vae(value["model"]), value.get("z"))

    def look(self, value: object, view: latent.View) -> tuple[Value, str]:
        """The picture where the sliders stand, and what it means."""
        name, z = self.place(value)
        vae, length = self.models.vae(name), float(z.norm())
        picture = latent.picture(vae, z, view)
        alt = f"Decoded at this point: {view}, |z| = {length:.2f}"
        shown = magma(picture, alt, "grey levels") if view == "scale" else grey(picture, alt)
        return shown, view_line(view) + distance(vae.config.latent, length, latent.share_nearer(vae, z))

    def random(self, value: object, view: latent.View) -> tuple[Value, Value, str]:
        """Somewhere else: a draw from the prior."""
        name, _ = self.place(value)
        seed = secrets.randbelow(SEEDS)
        there = self.sliders(name, self.prior(name, seed))
        shown, reading = self.look(there, view)
        return there, shown, reading + f'<p class="lab-note">Drawn from the prior with seed {seed}.</p>'

    def end(self, name: str, seed: int) -> Value:
        """An end of a way: a draw from the prior."""
        return {"z": self.prior(name, seed), "what": f"drawn from the prior with seed {seed}"}

    def ways(self, name: str, ends: dict[str, Value]) -> tuple[Value, str, str]:
        """The strips from A to B, and what the two ends are."""
        a, b = (torch.tensor(ends[end]["z"]) for end in "AB")
        line_a, line_b = (f'<p class="lab-note"><b>{end}</b> is {ends[end]["what"]}.</p>' for end in "AB")
        return latent.path(self.models.vae(name), a, b), line_a, line_b

    def encoded(self, name: str, mine: Mine | None) -> list[float]:
        """Where a model puts the picture under Rebuild, within the sliders' range."""
        if mine is None:
            raise PictureError(EMPTY)
        with torch.inference_mode():
            z = self.models.vae(name).encode(mine.image).mean[0].cpu()
        if float(z.abs().max()) > latent.LIMIT:
            gr.Info(f"The model puts this picture beyond the sliders' range: cut at ±{latent.LIMIT:g}.")
        return latent.bounded(z)

    def judged(self, name: str, mine: Mine) -> tuple[Value, Value, Value, str, str]:
        """A picture rebuilt, with the bound on its probability."""
        rebuilt = latent.rebuild(self.models.vae(name), mine.image)
        return (
            grey(mine.image[0, 0], "The picture as the model sees it"),
            grey(rebuilt.mean, "Reconstruction: the mean of every pixel"),
            grey(rebuilt.draw, "Reconstruction: the pixels drawn"),
            bound_bar(rebuilt, self.models.card(name)),
            f'<p class="lab-note">{mine.source}</p>',
        )

    def _example(self, seed: int) -> Mine:
        with torch.inference_mode():
            image = self.models.pixelcnn().sample(generator=torch.Generator().manual_seed(seed)).cpu()
        return Mine(image, f"An example, drawn by the PixelCNN of the first tab with seed {seed}.")


def from_drawing(drawing: str | None) -> Mine | None:
    """A pad's drawing as the model sees it; ``None`` when nothing is drawn.

    Raises:
        PictureError: It is no drawing.
    """
    content = decode_sketch(drawing)
    if content is None:
        return None
    prepared = gm_core.prepare(gm_core.open_picture(content, name="the drawing"))
    return Mine(prepared.image, f"Your drawing, {', '.join(prepared.steps)}.") if prepared.image.any() else None


def from_file(path: str) -> Mine:
    """An uploaded file as the model sees it.

    Raises:
        PictureError: It is no picture, is damaged, or is too large.
    """
    prepared = gm_core.prepare(gm_core.open_picture(path, name="this file"))
    return Mine(prepared.image, f"Your picture, {', '.join(prepared.steps)}.")


def checked_seed(seed: object) -> int:
    """A seed that came from outside; the range is tested first, for "not a number" and what no integer can hold."""
    if not isinstance(seed, int | float) or not 0 <= seed < SEEDS or seed != int(seed):
        raise latent.PointError(f"A seed is a whole number from 0 to {SEEDS - 1}.")
    return int(seed)


class _WalkView:
    """Sliders beside the picture that they move."""

    def __init__(self, walk: Walk) -> None:
        first = walk.sliders(NAMES[0], walk.prior(NAMES[0], FIRST_SEED))
        shown, reading = walk.look(first, "mean")
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=5):
                self.sliders = LatentSliders(first, elem_id="walk-sliders")
            with gr.Column(scale=6, elem_classes="walk-picture"):
                self.picture = PictureView(shown, elem_id="walk-picture")
                self.view = StrictRadio(
                    [("mean", "mean"), ("scale", "scale"), ("a draw", "draw")],
                    value="mean",
                    label="Shown of every pixel",
                    show_label=False,
                    container=False,
                    elem_id="walk-view",
                )
                self.reading = gr.HTML(reading, elem_id="walk-reading")
        self.outputs = [self.picture, self.reading]
        here = [self.sliders, self.view]
        look = plainly(walk.look)
        self.sliders.input(look, here, self.outputs, api_name="walk_look", **LIVE)
        self.view.input(look, here, self.outputs, **PRIVATE, **LIVE)
        self.sliders.random(plainly(walk.random), here, [self.sliders, *self.outputs], api_name="walk_random", **LIVE)


class _WaysView:
    """Two ends, and the ways between them."""

    def __init__(self, walk: Walk, model: gr.Radio, sliders: LatentSliders, mine: gr.State) -> None:
        first = {name: {end: walk.end(name, seed) for end, seed in FIRST_ENDS.items()} for name in NAMES}
        strip, *lines = walk.ways(NAMES[0], first[NAMES[0]])
        self.ends = gr.State(first)
        rows = []
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=8):
                self.strip = PictureStrip(strip, elem_id="walk-strip")
            with gr.Column(scale=3, min_width=240):
                for (end, seed), line in zip(FIRST_ENDS.items(), lines, strict=True):
                    with gr.Column(elem_classes="walk-end"):
                        number = gr.Number(seed, label=f"{end}: seed, 0 to {SEEDS - 1}", elem_id=f"walk-seed-{end}")
                        with gr.Row():
                            buttons = [
                                gr.Button(text, size="md", min_width=70)
                                for text in ("Random", "From Walk", "From Rebuild")
                            ]
                        rows.append((end, number, buttons, gr.HTML(line, padding=True)))
        self.outputs = [self.strip, *(line for *_, line in rows)]
        for end, number, buttons, _ in rows:
            self._connect(walk, end, number, buttons, model, sliders, mine)

    def _connect(
        self,
        walk: Walk,
        end: str,
        number: gr.Number,
        buttons: Sequence[gr.Button],
        model: gr.Radio,
        sliders: LatentSliders,
        mine: gr.State,
    ) -> None:
        """Wire the controls of one end."""

        def put(name: str, ends: dict[str, dict[str, Value]], chosen: Value) -> tuple[Any, ...]:
            ends = ends | {name: ends[name] | {end: chosen}}
            return ends, *walk.ways(name, ends[name])

        @plainly
        def by_seed(seed: float | None, name: str, ends: dict[str, dict[str, Value]]) -> Any:
            return gr.skip() if seed is None else put(name, ends, walk.end(name, checked_seed(seed)))

        def at_random(name: str, ends: dict[str, dict[str, Value]]) -> tuple[Any, ...]:
            seed = secrets.randbelow(SEEDS)
            return seed, *put(name, ends, walk.end(name, seed))

        @plainly
        def from_walk(value: object, ends: dict[str, dict[str, Value]]) -> tuple[Any, ...]:
            name, z = walk.place(value)
            return put(name, ends, {"z": z.tolist(), "what": "the picture that the sliders show"})

        @plainly
        def from_mine(mine: Mine | None, name: str, ends: dict[str, dict[str, Value]]) -> tuple[Any, ...]:
            return put(name, ends, {"z": walk.encoded(name, mine), "what": "the picture under Rebuild, encoded"})

        both = [self.ends, *self.outputs]
        random, walked, own = buttons
        number.input(by_seed, [number, model, self.ends], both, api_name=f"walk_end_{end.lower()}", **LIVE)
        random.click(at_random, [model, self.ends], [number, *both], **PRIVATE, **LIVE)
        walked.click(from_walk, [sliders, self.ends], both, **PRIVATE, **LIVE)
        own.click(from_mine, [mine, model, self.ends], both, **PRIVATE, **LIVE)


class _RebuildView:
    """Any picture, rebuilt and priced."""

    def __init__(self, app: gr.Blocks, walk: Walk, model: gr.Radio, mine: gr.State) -> None:
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=4, min_width=280, elem_classes="walk-given"):
                pad = SketchPad(elem_id="walk-pad")
                upload = PictureUpload(elem_id="walk-upload")
                another = gr.Button("Another example")
            with gr.Column(scale=7):
                with gr.Row(elem_classes="walk-trio"):
                    seen = PictureView(title="What it sees", elem_id="walk-seen")
                    mean = PictureView(title="Rebuilt: mean", elem_id="walk-mean")
                    draw = PictureView(title="Rebuilt: a draw", elem_id="walk-draw")
                source = gr.HTML(elem_id="walk-source")
                bound = gr.HTML(css_template=BOUND_CSS, elem_id="walk-bound")
                self.back = gr.Button("Walk from here", variant="primary")
        self.outputs = [seen, mean, draw, bound, source]

        def show(name: str, made: Mine) -> tuple[Any, ...]:
            return made, *walk.judged(name, made)

        @plainly
        def drawn(drawing: str | None, name: str) -> tuple[Any, ...]:
            made = from_drawing(drawing)
            return show(name, made) if made else (*[gr.skip()] * len(self.outputs), f"<p>{EMPTY}</p>")

        @plainly
        def uploaded(path: str | None, name: str) -> Any:
            return gr.skip() if path is None else show(name, from_file(path))

        def example(name: str) -> tuple[Any, ...]:
            return show(name, walk.example(secrets.randbelow(SEEDS)))

        both = [mine, *self.outputs]
        pad.input(drawn, [pad, model], both, api_name="walk_rebuild_drawing", **LIVE)
        sent = upload.input(uploaded, [upload, model], both, api_name="walk_rebuild_upload", **LIVE)
        sent.failure(lambda: None, None, upload, **PRIVATE, show_progress="hidden")  # what is no picture does not stay
        another.click(example, model, both, **PRIVATE, show_progress="minimal")
        app.load(lambda name: show(name, walk.example(FIRST_EXAMPLE)), model, both, **PRIVATE, show_progress="hidden")


def build(app: gr.Blocks, models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    walk = Walk(models)
    cards = {name: models.card(name) for name in NAMES}
    gr.HTML(STYLE, elem_classes="walk-style")
    with gr.Row(elem_classes="walk-top"):
        hint = gr.HTML(WALK_HINT, scale=1, min_width=280)
        with gr.Column(scale=0, min_width=300):
            model = StrictRadio(
                [(f"{card.config['latent']} dimensions", name) for name, card in cards.items()],
                value=NAMES[0],
                label="Latent space",
                show_label=False,
                container=False,
                elem_id="walk-model",
            )
    mine, places = gr.State(None), gr.State({})
    with gr.Tabs() as views:
        with gr.Tab("Walk", id="walk-sliders") as walking:
            here = _WalkView(walk)
        with gr.Tab("From A to B", id="walk-ways") as crossing:
            between = _WaysView(walk, model, here.sliders, mine)
        with gr.Tab("Rebuild", id="walk-rebuild") as rebuilding:
            rebuilt = _RebuildView(app, walk, model, mine)
    figure = gr.HTML(figure_line(cards[NAMES[0]]))
    with gr.Accordion("How does this work?", open=False):
        gr.Markdown(HOW, latex_delimiters=LATEX)

    @plainly
    def switch(
        name: str, value: object, view: latent.View, places: dict[str, list[float]], ends: Value, mine: Mine | None
    ) -> tuple[Any, ...]:
        """The other latent space; where one was in this one is kept."""
        left, z = walk.place(value)
        places = places | {left: z.tolist()}
        there = walk.sliders(name, places.get(name) or walk.prior(name, FIRST_SEED))
        judged = walk.judged(name, mine) if mine else [gr.skip()] * len(rebuilt.outputs)
        return places, there, *walk.look(there, view), *walk.ways(name, ends[name]), *judged, figure_line(cards[name])

    @plainly
    def walk_from_here(name: str, mine: Mine | None, view: latent.View) -> tuple[Any, ...]:
        """The sliders where the picture under Rebuild lies."""
        there = walk.sliders(name, walk.encoded(name, mine))
        return gr.Tabs(selected="walk-sliders"), there, *walk.look(there, view)

    for tab, words in ((walking, WALK_HINT), (crossing, WAYS_HINT), (rebuilding, REBUILD_HINT)):
        tab.select(None, None, hint, js=f"() => {json.dumps(words)}", **PRIVATE)
    everything = [places, here.sliders, *here.outputs, *between.outputs, *rebuilt.outputs, figure]
    model.input(switch, [model, here.sliders, here.view, places, between.ends, mine], everything, **PRIVATE, **LIVE)
    rebuilt.back.click(
        walk_from_here, [model, mine, here.view], [views, here.sliders, *here.outputs], **PRIVATE, **LIVE
    )
