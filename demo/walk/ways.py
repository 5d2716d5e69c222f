"""The view "A to B": two pictures, and the ways between them."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr
import torch

from demo.base.checks import SHORT_SEEDS, read_seed
from demo.base.errors import SHOWN, InputError, sentence, show_errors
from demo.base.events import LIVE, public
from demo.base.words import note_html
from demo.shared.picture_input import PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.codes import encode_point
from demo.walk.ends import FIRST_CODES, FIRST_SEEDS, End, Ends, Point, Seed
from demo.walk.links import Link
from demo.walk.spaces import Spaces, Value
from demo.widgets.picture_strip import PictureStrip, StripValue
from gm_core.rendering import gif, grid


class Ways:
    """What lies between two points.

    Args:
        spaces: The latent spaces.
    """

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces

    def point(self, name: str, end: str, ends: Ends) -> Point:
        """One end as a point of a latent space.

        Args:
            name: The model.
            end: A or B.
            ends: What the user has chosen.
        """
        chosen = ends.get(name, {}).get(end)
        if chosen is None:
            return Point(*self.spaces.start(name, FIRST_SEEDS[end], FIRST_CODES[end]))
        if isinstance(chosen, Point):
            return chosen
        model = self.spaces.models.latent(name)
        if isinstance(chosen, Seed):
            z = latent.sample_prior(model, chosen.seed)
            return Point(z, f"drawn from the prior with seed {chosen.seed}")
        picture = model_input(self.spaces.models, chosen, name)
        code = latent.encode(model, picture.image).clamp(-latent.FAR, latent.FAR)
        return Point(code.tolist(), picture.source[:1].lower() + picture.source[1:-1])

    def show(self, name: str, ends: Ends) -> tuple[StripValue, str, str]:
        """The strips from A to B, and what the two ends are."""
        points = {end: self.point(name, end, ends) for end in FIRST_SEEDS}
        a, b = (torch.tensor(point.z) for point in points.values())
        line_a, line_b = (note_html(f"<b>{end}</b> is {point.what}.") for end, point in points.items())
        strip = latent.path(self.spaces.models.latent(name), a, b)
        codes = [encode_point(point.z) if self._needs_code(name, end, ends) else "" for end, point in points.items()]
        return {**strip, "model": name, "ends": [a.tolist(), b.tolist()], "codes": codes}, line_a, line_b

    @staticmethod
    def _needs_code(name: str, end: str, ends: Ends) -> bool:
        """Whether no seed says what an end is."""
        return not isinstance(ends.get(name, {}).get(end, Seed(0)), Seed)

    def animation(self, sent: Value) -> Value:
        """All three ways, there and back, as an endless animation: a GIF file in base64."""
        _, model = self.spaces.model(sent)
        ends = sent.get("ends")
        if not isinstance(ends, list) or len(ends) != 2:
            raise InputError("An animation leads from one point to another.")
        a, b = (latent.check_point(model, end, latent.FAR) for end in ends)
        frames = latent.frames(model, a, b)
        sheets = [grid(torch.stack(three), columns=3, zoom=5) for three in zip(*frames.values(), strict=True)]
        content = gif(sheets + sheets[-2:0:-1], milliseconds=60, hold=60)
        return {"gif": base64.b64encode(content).decode()}


class WaysView:
    """Two ends, and the ways between them.

    Args:
        spaces: The latent spaces.
        model: Which of them.
        sliders: Where the sliders of the view "Walk" stand.
        picture: The picture under Rebuild.

    Attributes:
        ends: The ends.
        seeds: The fields of their seeds, by A and B.
        inputs: What :meth:`show` needs besides the model's name.
        outputs: What it sets.
    """

    def __init__(self, spaces: Spaces, model: gr.Radio, sliders: gr.HTML, picture: gr.State) -> None:
        self.spaces, self.ways = spaces, Ways(spaces)
        self.ends = gr.State({})
        controls = []
        with gr.Column(elem_classes="walk-ways"):
            strip = PictureStrip(animate=self.ways.animation, taken=spaces.taken, elem_id="walk-strip")
            with gr.Row(elem_classes="walk-ends"):
                for end, seed in FIRST_SEEDS.items():
                    with gr.Column(elem_classes="walk-end", min_width=0):
                        line = gr.HTML(elem_id=f"walk-what-{end}", padding=False)
                        with gr.Row():
                            buttons = [
                                gr.Button(text, size="sm", min_width=60)
                                for text in ("Random", "Use Walk's point", "Use Rebuild's picture")
                            ]
                        with gr.Accordion(f"Draw or upload {end}, or give a seed", open=False):
                            number = gr.Number(seed, label=f"Seed, 0 to {SHORT_SEEDS - 1}", elem_id=f"walk-seed-{end}")
                            given = PictureInput(f"walk-{end.lower()}", spaces.models, spaces.cards)
                        controls.append((end, number, buttons, given, line))
        self.seeds = {end: number for end, number, *_ in controls}
        self.inputs = [self.ends]
        self.outputs = [strip, *(line for *_, line in controls)]
        for end, number, buttons, given, _ in controls:
            self._connect(end, number, buttons, given, model, sliders, picture)

    def show(self, name: str, ends: Ends) -> tuple[Any, ...]:
        """The ways in a latent space."""
        return self.ways.show(name, ends)

    def arrive(self, link: Link, anew: bool, ends: Ends) -> tuple[Any, ...]:
        """The ways between the ends of a link."""
        return self.show(link.space, (anew and ends) or link.ends)

    def change(self, end: str, name: str, ends: Ends, chosen: Mapping[str, End]) -> tuple[Any, ...]:
        """Another end, in each latent space that it is chosen for."""
        ends = ends | {space: ends.get(space, {}) | {end: value} for space, value in chosen.items()}
        return ends, *self.show(name, ends)

    def _connect(
        self,
        end: str,
        number: gr.Number,
        buttons: list[gr.Button],
        given: PictureInput,
        model: gr.Radio,
        sliders: gr.HTML,
        picture: gr.State,
    ) -> None:
        """Wire the controls of one end."""
        everywhere = dict.fromkeys

        def use_seed(seed: float | None, name: str, ends: Ends) -> Any:
            if seed is None:  # while it is being typed
                return gr.skip()
            try:
                chosen = everywhere(self.spaces.cards, Seed(read_seed(seed)))
                return gr.skip(), *self.change(end, name, ends, chosen)
            except SHOWN as error:
                return note_html(sentence(error)), *[gr.skip()] * len(both)

        @show_errors
        def use_random_point(name: str, ends: Ends) -> tuple[Any, ...]:
            seed = secrets.randbelow(SHORT_SEEDS)
            return "", seed, *self.change(end, name, ends, everywhere(self.spaces.cards, Seed(seed)))

        @show_errors
        def use_sliders(value: object, ends: Ends) -> tuple[Any, ...]:
            name, z = self.spaces.point(value)
            chosen = Point(z.tolist(), "the picture that the sliders show")
            return None, *self.change(end, name, ends, {name: chosen})

        def use_picture(own: UserPicture, name: str, ends: Ends) -> tuple[Any, ...]:
            return "", None, *self.change(end, name, ends, everywhere(self.spaces.cards, own))

        both = [self.ends, *self.outputs]
        random, from_walk, from_rebuild = buttons
        name = f"walk_end_{end.lower()}"
        number.input(use_seed, [number, model, self.ends], [given.note, *both], **public(name))
        random.click(use_random_point, [model, self.ends], [given.note, number, *both], **LIVE)
        from_walk.click(use_sliders, [sliders, self.ends], [number, *both], **LIVE)
        from_rebuild.click(show_errors(use_picture), [picture, model, self.ends], [given.note, number, *both], **LIVE)
        given.connect(use_picture, [model, self.ends], [given.note, number, *both], name)
