"""The view "A to B": two pictures, and the ways between them."""

import base64
import secrets
from typing import Any

import gradio as gr
import torch

from demo.base.checks import SHORT_SEEDS, read_seed
from demo.base.errors import InputError, sentence, show_errors
from demo.base.events import LIVE, public
from demo.base.words import note_html
from demo.shared.picture_input import PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.sliders import Value, Walk
from demo.widgets.picture_strip import PictureStrip, StripValue
from gm_core.rendering import gif, grid

FIRST_ENDS, FIRST_CODES = {"A": 11, "B": 12}, {"A": 25, "B": 54}
"""Seeds of the ends on arrival; in a wide space, numbers of held-out pictures."""

Ends = dict[str, dict[str, Value | UserPicture]]
"""By model and by A or B: a point ``z``, and ``what`` it is in words; or a picture, encoded when it is needed."""


class Ways:
    """What lies between two points.

    Args:
        walk: What sliders through a latent space ask for.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def first(self) -> Ends:
        """The ends on arrival."""
        return {name: {end: self._first(name, end) for end in FIRST_ENDS} for name in self.walk.cards}

    def _first(self, name: str, end: str) -> Value:
        z, what = self.walk.beginning(name, FIRST_ENDS[end], FIRST_CODES[end])
        return {"z": z, "what": what}

    def drawn(self, name: str, seed: int) -> Value:
        """An end: a draw from the prior."""
        z = latent.drawn(self.walk.models.variational(name), seed)
        return {"z": z, "what": f"drawn from the prior with seed {seed}"}

    @torch.inference_mode()
    def encoded(self, name: str, mine: UserPicture) -> Value:
        """An end: a picture, encoded."""
        picture = model_input(self.walk.models, mine, name)
        z = self.walk.models.variational(name).encode(picture.image).mean[0].cpu()
        what = picture.source[:1].lower() + picture.source[1:-1]
        return {"z": z.clamp(-latent.FAR, latent.FAR).tolist(), "what": what}

    def shown(self, name: str, ends: Ends) -> tuple[StripValue, str, str]:
        """The strips from A to B, and what the two ends are."""
        both = {end: ends[name][end] for end in FIRST_ENDS}
        points = {
            end: chosen if isinstance(chosen, dict) else self.encoded(name, chosen) for end, chosen in both.items()
        }
        a, b = (torch.tensor(chosen["z"]) for chosen in points.values())
        lines = [note_html(f"<b>{end}</b> is {chosen['what']}.") for end, chosen in points.items()]
        strip = latent.path(self.walk.models.variational(name), a, b)
        return {**strip, "model": name, "ends": [a.tolist(), b.tolist()]}, lines[0], lines[1]

    def film(self, sent: Value) -> Value:
        """All three ways, there and back, as an endless film: a GIF file in base64."""
        _, vae = self.walk.model(sent)
        ends = sent.get("ends")
        if not isinstance(ends, list) or len(ends) != 2:
            raise latent.PointError("A film leads from one point to another.")
        a, b = (latent.point(vae, end, latent.FAR) for end in ends)
        frames = latent.frames(vae, a, b)
        sheets = [grid(torch.stack(three), columns=3, zoom=5) for three in zip(*frames.values(), strict=True)]
        content = gif(sheets + sheets[-2:0:-1], milliseconds=60, hold=60)
        return {"film": base64.b64encode(content).decode()}


class WaysView:
    """Two ends, and the ways between them.

    Args:
        walk: What sliders through a latent space ask for.
        model: Which latent space.
        sliders: Where the sliders of the view "Walk" stand.
        mine: The picture under Rebuild.

    Attributes:
        ends: The ends.
        outputs: What shows them.
    """

    def __init__(self, walk: Walk, model: gr.Radio, sliders: gr.HTML, mine: gr.State) -> None:
        self.walk, self.ways = walk, Ways(walk)
        first = self.ways.first()
        strip, *lines = self.ways.shown(walk.first, first)
        self.ends = gr.State(first)
        wells = []
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=8):
                self.strip = PictureStrip(strip, animate=self.ways.film, elem_id="walk-strip")
            with gr.Column(scale=4, min_width=280):
                for (end, seed), line in zip(FIRST_ENDS.items(), lines, strict=True):
                    with gr.Column(elem_classes="walk-end"):
                        said = gr.HTML(line, elem_id=f"walk-what-{end}", padding=False)
                        with gr.Row():
                            buttons = [
                                gr.Button(text, size="md", min_width=70)
                                for text in ("Random", "From Walk", "From Rebuild")
                            ]
                        with gr.Accordion(f"Draw or upload {end}, or give a seed", open=False):
                            number = gr.Number(seed, label=f"Seed, 0 to {SHORT_SEEDS - 1}", elem_id=f"walk-seed-{end}")
                            given = PictureInput(f"walk-{end.lower()}", walk.models, walk.cards)
                        wells.append((end, number, buttons, given, said))
        self.outputs = [self.strip, *(said for *_, said in wells)]
        for end, number, buttons, given, _ in wells:
            self._connect(end, number, buttons, given, model, sliders, mine)

    def put(self, end: str, name: str, ends: Ends, chosen: dict[str, Value | UserPicture]) -> tuple[Any, ...]:
        """Another end, in each latent space that it is known in."""
        ends = ends | {space: ends[space] | {end: value} for space, value in chosen.items()}
        return ends, *self.ways.shown(name, ends)

    def _connect(
        self,
        end: str,
        number: gr.Number,
        buttons: list[gr.Button],
        given: PictureInput,
        model: gr.Radio,
        sliders: gr.HTML,
        mine: gr.State,
    ) -> None:
        """Wire the controls of one end."""
        put, ways = self.put, self.ways

        def drawn(seed: int) -> dict[str, Value | UserPicture]:
            return {space: ways.drawn(space, seed) for space in self.walk.cards}

        def by_seed(seed: float | None, name: str, ends: Ends) -> Any:
            if seed is None:  # while it is being typed
                return gr.skip()
            try:
                return gr.skip(), *put(end, name, ends, drawn(read_seed(seed)))
            except InputError as error:
                return note_html(sentence(error)), *[gr.skip()] * len(both)

        def at_random(name: str, ends: Ends) -> tuple[Any, ...]:
            seed = secrets.randbelow(SHORT_SEEDS)
            return "", seed, *put(end, name, ends, drawn(seed))

        @show_errors
        def from_walk(value: object, ends: Ends) -> tuple[Any, ...]:
            name, z = self.walk.point(value)
            return None, *put(end, name, ends, {name: {"z": z.tolist(), "what": "the picture that the sliders show"}})

        def from_mine(made: UserPicture, name: str, ends: Ends) -> tuple[Any, ...]:
            return "", None, *put(end, name, ends, dict.fromkeys(self.walk.cards, made))

        both = [self.ends, *self.outputs]
        random, walked, own = buttons
        seeding = [number, model, self.ends]
        number.input(by_seed, seeding, [given.note, *both], **public(f"walk_end_{end.lower()}"))
        random.click(at_random, [model, self.ends], [given.note, number, *both], **LIVE)
        walked.click(from_walk, [sliders, self.ends], [number, *both], **LIVE)
        own.click(from_mine, [mine, model, self.ends], [given.note, number, *both], **LIVE)
        given.connect(from_mine, [model, self.ends], [given.note, number, *both], f"walk_end_{end.lower()}")
