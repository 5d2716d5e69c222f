"""What happens on the Noise tab: a visitor's drawings, and what a link asks for."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.base.checks import to_number
from demo.base.errors import show_errors
from demo.base.serving.waiting import check_wanted
from demo.base.sessions import Session
from demo.noise.drawings import (
    ANY,
    MOST_STEPS,
    PICTURES,
    UNGUIDED,
    USUAL_STEPS,
    Drawings,
    NoiseRequest,
)
from demo.noise.words import method_choices, model_options
from demo.shared.model_line import figure_line
from demo.shell.address import Asked
from demo.widgets.noise_player.messages import PlayerMessage

LINK = ("class", "seed", "steps", "model", "pictures", "method", "guidance", "temperature")
"""What a link to a drawing says, in the order of the handlers' inputs."""


class NoiseSession(Session):
    """What one visitor is having drawn: a newer drawing puts an end to an older one.

    Attributes:
        drawn: Whether any drawing has come to its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drawn = False


class NoiseHandlers:
    """What the tab's handlers do.

    Args:
        drawings: What draws.

    Attributes:
        options: What its models are called.
    """

    def __init__(self, drawings: Drawings) -> None:
        self.drawings = drawings
        self.options = model_options(self.drawings.cards)

    def lane(self, sent: list[Any]) -> str:
        """The lane of a drawing.

        Args:
            sent: The values of the controls in the order of :data:`LINK`, as a client sent them.
        """
        drawings, parts = self.drawings, sent[: len(LINK)]
        is_good = len(parts) == len(LINK) and not any(drawings.problems(*parts))
        return drawings.costs.lane(drawings.kind(NoiseRequest(*parts)) if is_good else None)

    def check(self, *sent: Any) -> list[dict[str, Any]]:
        """What is wrong with each input, if anything, for the field it came from; the last input is the session."""
        problems = self.drawings.problems(*sent[: len(LINK)])
        return [*(gr.validate(problem is None, problem or "") for problem in problems), gr.validate(True, "")]

    def usual(self, model: str) -> list[Any]:
        """The values that the controls have for a model where nothing is asked for, in the order of :data:`LINK`."""
        drawings = self.drawings
        method = drawings.usual_method(model)
        return [ANY, drawings.seed(model), USUAL_STEPS, model, PICTURES[0], method, UNGUIDED, 1.0]

    def restore(self, asked: Asked) -> list[Any]:
        """The controls as an address asks for them, and the line about the model.

        There are defaults for what is wrong.
        What the address does not say is left alone: the visitor may have changed it already.

        Args:
            asked: Of :data:`LINK`; see :class:`~demo.shell.address.Address`.
        """
        drawings, problems = self.drawings, []
        named = asked.get("model", drawings.first)
        model = named if named in drawings.cards else drawings.first
        usual = self.usual(model)
        values: list[Any] = [asked.get(key, default) for key, default in zip(LINK, usual, strict=True)]
        values[3] = named
        for place in (1, 2, 6, 7):
            values[place] = to_number(values[place])
        if values[5] == drawings.usual_method(drawings.first):  # the page's default, which an address may spell out
            values[5] = values[5] if values[5] in drawings.methods(model) else usual[5]
        for place, problem in enumerate(drawings.problems(*values)):
            if problem:
                problems.append(f"{problem} Drawn instead: {usual[place]}.")
                values[place] = usual[place]
        if problems:
            gr.Warning(f"Something in this link is wrong: {' '.join(problems)}")
        updates = [
            gr.update(value=value) if key in asked else gr.skip() for key, value in zip(LINK, values, strict=True)
        ]
        if "model" in asked or "method" in asked:
            form = self.form(model, values[0], values[2], values[5])
            for place, update in zip((0, 2, 5, 6), form, strict=True):
                updates[place] = {**updates[place], **update} if LINK[place] in asked else update
        about = self.about(model) if "model" in asked else gr.skip()
        return [*updates, about]

    def form(self, model: str, label: str, steps: float, method: str) -> list[Any]:
        """What the fields of class, steps, method and guidance can say for a model, and what they say.

        Args:
            model: Its name.
            label: The chosen class; any where the model does not know it.
            steps: As chosen; fewer where they would be too many.
            method: As chosen; the model's usual one where it has no such.
        """
        drawings = self.drawings
        labels, methods, is_paced = drawings.labels(model), drawings.methods(model), drawings.is_paced(model)
        method = method if method in list(methods) else drawings.usual_method(model)
        most = drawings.most_steps(model, method) if is_paced else MOST_STEPS
        fewer = {"value": most} if isinstance(steps, int | float) and steps > most else {}
        return [
            gr.update(choices=labels, value=label if label in labels else ANY),
            gr.update(maximum=most, interactive=is_paced, **fewer),
            gr.update(choices=method_choices(methods) if is_paced else [("one layer a step", *methods)], value=method),
            gr.update(interactive=len(labels) > 1),
        ]

    def switch(self, model: str, label: str, seed: float, steps: float, method: str) -> list[Any]:
        """Another model or method was chosen: the class, seed, steps, method, guidance, and the line about the model.

        The seed stays if the user has chosen another than a model's own.
        """
        drawings = self.drawings
        if model not in list(drawings.cards):  # the field says so when the drawing is asked for
            return [gr.skip()] * 6
        label_field, steps_field, method_field, guidance_field = self.form(model, label, steps, method)
        own = drawings.seed(model) if seed in [drawings.seed(name) for name in drawings.cards] else gr.skip()
        return [label_field, own, steps_field, method_field, guidance_field, self.about(model)]

    def about(self, model: str) -> str:
        """One line: which checkpoint, and how good it was measured to be."""
        return figure_line(self.drawings.cards[model])

    @show_errors
    def draw(
        self,
        label: str,
        seed: float,
        steps: float,
        model: str,
        pictures: str,
        method: str,
        guidance: float,
        temperature: float,
        session: NoiseSession,
    ) -> Iterator[PlayerMessage]:
        """Draw pictures, as messages for the player; the last holds every frame."""
        request = NoiseRequest(label, seed, steps, model, pictures, method, guidance, temperature)
        yield from self._draw(request, session)

    def draw_first(self, *values: Any) -> Iterator[PlayerMessage]:
        """The drawing on arrival; none if the visitor has already got one."""
        *parts, session = values
        if not session.drawn:
            yield from self._draw(NoiseRequest(*parts), session)

    def _draw(self, request: NoiseRequest, session: NoiseSession) -> Iterator[PlayerMessage]:
        check_wanted()  # what the queue has ended for a newer one may begin only now, and must not end that one
        run = session.begin()
        for message in self.drawings.messages(request, run):
            if not session.is_current(run):
                return
            yield message
        session.drawn = True  # and the last message was taken
