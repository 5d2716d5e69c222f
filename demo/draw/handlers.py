"""What happens on the Draw tab: a visitor's drawings, and the picture that they start from."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from demo.base.checks import is_index, to_number
from demo.base.errors import InputError, show_errors
from demo.base.serving.waiting import check_wanted, waiting
from demo.base.sessions import Session
from demo.draw.answers import ANY, UNGUIDED
from demo.draw.drawings import EACH, PICTURES, Drawings, DrawRequest
from demo.draw.starts import Start, read_link, read_start, read_values
from demo.draw.words import model_options
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shell.address import Asked
from demo.widgets.pixel_canvas.messages import CanvasMessage
from gm_core import CheckpointError, in_levels, open_picture, prepare
from gm_core.data.catalog import FIRST

FIRST_SEED = FIRST.seeds.drawings.get(FIRST.pixelcnn, FIRST.seeds.picture)

LINK = ("class", "temperature", "seed", "pictures", "model", "guidance")
"""What a link to a picture says, in the order of the handlers' inputs."""

HALF = "half"
"""In a link, in the place of a picture that is given: the upper half of the one that the rest of the link asks for."""

Validation = dict[str, Any]
"""Whether a field is valid, and if not why, as ``gr.validate`` says it."""


class DrawingSession(Session):
    """What one visitor is having drawn: a newer drawing puts an end to an older one.

    Attributes:
        start: The picture that drawings start from, if any.
        uploaded: The picture that was uploaded last, if any.
        asked: Number of the canvas' last message about it; the canvas counts them.
        drawn: Whether any drawing has come to its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start: Start | None = None
        self.uploaded: Start | None = None
        self.asked = 0
        self.drawn = False


class DrawHandlers:
    """What the tab's handlers do.

    Args:
        models: The app's models.

    Attributes:
        drawings: What draws.
        options: What its models are called.
    """

    def __init__(self, models: Models) -> None:
        self.models, self.drawings = models, Drawings(models)
        self.options = model_options(self.drawings.cards)

    def lane(self, sent: list[Any]) -> str:
        """The lane of a drawing.

        Args:
            sent: The values of label, temperature, seed, pictures and model, as a client sent them.
        """
        kind = tuple(sent[3:5])
        return self.drawings.costs.lane(kind[::-1] if all(isinstance(part, str) for part in kind) else None)

    def check(
        self,
        label: object,
        temperature: object,
        seed: object,
        pictures: object,
        model: object,
        guidance: object,
        session: DrawingSession,
    ) -> list[Validation]:
        """What is wrong with each input, if anything, for the field it came from."""
        problems = self.drawings.problems(label, temperature, seed, pictures, model, guidance)
        return [*(gr.validate(problem is None, problem or "") for problem in problems), gr.validate(True, "")]

    def restore(self, asked: Asked, session: DrawingSession) -> list[Any]:
        """The controls as an address asks for them, the line about the model, and whether what is seldom used is open.

        There are defaults for what is wrong.
        What the address does not say is left alone: the visitor may have changed it already.

        Args:
            asked: Of :data:`LINK` and ``given``; see :class:`~demo.shell.address.Address`.
            session: The visitor's, which takes what is given.
        """
        usual, problems = [ANY, 1.0, FIRST_SEED, PICTURES[0], self.drawings.first, UNGUIDED], []
        values: list[Any] = [asked.get(key, default) for key, default in zip(LINK, usual, strict=True)]
        for place in (1, 2, 5):
            values[place] = to_number(values[place])
        for place, problem in enumerate(self.drawings.problems(*values)):
            if problem:
                problems.append(f"{problem} Drawn instead: {usual[place]}.")
                values[place] = usual[place]
        model = values[4]
        if "given" in asked:
            try:
                session.start = self._given(asked["given"], DrawRequest(*values))
            except (InputError, CheckpointError) as error:
                problems.append(f"{error} Drawn instead: a whole picture.")
        if problems:
            gr.Warning(f"Something in this link is wrong: {' '.join(problems)}")
        updates = [
            gr.update(value=value) if key in asked else gr.skip() for key, value in zip(LINK, values, strict=True)
        ]
        if "model" in asked:
            updates[0] = gr.update(choices=self.drawings.choices(model), value=values[0])
            updates[3] = gr.update(choices=self.drawings.counts(model), value=values[3])
        about = self.about(model) if "model" in asked else gr.skip()
        is_usual = (values[1], values[5]) == (1.0, UNGUIDED)
        return [*updates, about, gr.skip() if is_usual else gr.update(open=True)]

    def _given(self, text: str, request: DrawRequest) -> Start | None:
        """What an address says is given: a picture, or the upper half of the one that is asked for."""
        if not text:
            return None
        model = self.models.autoregressive(request.model)
        if text != HALF:
            return read_link(text, model)
        whole = replace(request, pictures=PICTURES[0])
        (message,) = self.drawings.messages(whole, None, 0, live=True)
        image = read_values(message["values"][0], model)
        return Start.upper_half(image, model.config.image.levels, dice=1)

    def switch(self, model: str, label: str, pictures: str, seed: float) -> list[Any]:
        """Another model was chosen: its classes, how many pictures it draws at once, what is known of it, and its seed.

        The seed stays if the user has chosen another than a model's own.
        """
        if model not in self.drawings.cards:  # the field says so when the drawing is asked for
            return [gr.skip()] * 4
        choices, counts = self.drawings.choices(model), self.drawings.counts(model)
        usual = {self.drawings.seed(name) for name in self.drawings.cards}
        return [
            gr.update(choices=choices, value=label if label in choices else ANY),
            gr.update(choices=counts, value=pictures if pictures in counts else PICTURES[0]),
            self.about(model),
            self.drawings.seed(model) if seed in usual else gr.skip(),
        ]

    def about(self, model: str) -> str:
        """One line: which checkpoint, and how good it was measured to be."""
        return figure_line(self.drawings.cards[model])

    @show_errors
    def draw(
        self,
        label: str,
        temperature: float,
        seed: float,
        pictures: str,
        model: str,
        guidance: float,
        session: DrawingSession,
    ) -> Iterator[CanvasMessage]:
        """Draw pictures, as messages for the canvas; the last holds every pixel, and what they add up to."""
        yield from self._draw(DrawRequest(label, temperature, seed, pictures, model, guidance), session)

    def draw_first(
        self,
        label: str,
        temperature: float,
        seed: float,
        pictures: str,
        model: str,
        guidance: float,
        session: DrawingSession,
        request: gr.Request,
    ) -> Iterator[CanvasMessage]:
        """The drawing on arrival; none if the visitor has already got one, unless a link asks for it.

        One that the visitor has asked for and not got has ended for this one, which is of the same controls; but a
        picture from another tab may be there already, and the model that draws on from it only about to be chosen.
        """
        order, asked = DrawRequest(label, temperature, seed, pictures, model, guidance), set(request.query_params)
        if self._is_usable(session.start, model) and (not session.drawn or {*LINK, "given"} & asked):
            yield from self._draw(order, session)

    def _is_usable(self, start: Start | None, model: str) -> bool:
        """Whether a model can begin with that."""
        return start is None or start.fits(self.models.autoregressive(model))

    def _draw(self, request: DrawRequest, session: DrawingSession) -> Iterator[CanvasMessage]:
        check_wanted()  # what the queue has ended for a newer one may begin only now, and must not end that one
        run = session.begin()
        if not self._is_usable(session.start, request.model):
            session.start = None
        # A start that arrives while this is drawn is for the next drawing.
        start, asked = session.start, session.asked
        for message in self.drawings.messages(request, start, run):
            if not session.is_current(run):
                return
            yield {**message, "asked": asked}
        session.drawn = True  # and the last message was taken

    @show_errors
    def set_start(self, sent: Any, model: str, session: DrawingSession) -> None:
        """Take what the canvas sends as the start of drawings from now on.

        Raises:
            gr.Error: It is not what a canvas would send.
        """
        sent = sent if isinstance(sent, dict) else {}
        if model not in self.drawings.cards:  # the field says so when the drawing is asked for
            return
        session.start = read_start(sent.get("start"), self.models.autoregressive(model))
        number = sent.get("number")
        session.asked = number if is_index(number, 2**53) else 0

    @show_errors
    def upload(self, path: str | None, model: str, session: DrawingSession) -> None:
        """Take an uploaded picture, in the form of the model's, as the start, with its lower half left to the model.

        Without a picture, what came of the last one is taken back.

        Raises:
            gr.Error: It is not a picture that can be read.
        """
        if path is None:
            if session.start is session.uploaded:
                session.start = None
            session.uploaded = None
            return
        picture = open_picture(path, name="this file", wanted=waiting())
        if model in self.drawings.cards:  # else the field says so when the drawing is asked for
            form, config = self.drawings.cards[model].record.form, self.models.autoregressive(model).config
            image = in_levels(prepare(picture, size=config.image.height, form=form).image, config.image.levels)
            session.start = session.uploaded = Start.upper_half(image, config.image.levels)

    @show_errors
    def bring(
        self, sent: Any, model: str, label: str, pictures: str, seed: float, session: DrawingSession
    ) -> list[Any]:
        """Take a picture from another tab as the start, with a model that draws such pictures.

        Args:
            sent: ``pixels``, 0 to 255 in raster order, their ``channels``, ``height`` and ``width``, and if it is
                known the ``dataset`` that they look like.
            model: Name of the chosen model; the first that fits is chosen where it does not.
            label: The chosen class.
            pictures: How many are drawn at once.
            seed: The chosen seed.
            session: The visitor's.

        Raises:
            gr.Error: It is no such picture, or no model draws any of its size.
        """
        sent = sent if isinstance(sent, dict) else {}
        size = tuple(sent.get(name) for name in ("channels", "height", "width"))
        cards = self.drawings.cards
        fitting = [name for name, card in cards.items() if card.model_config.image.size == size]
        if not fitting:
            raise InputError("No model here draws pictures of this size.")
        fitting = [name for name in fitting if cards[name].dataset == sent.get("dataset")] or fitting
        chosen = model if model in fitting else fitting[0]
        network = self.models.autoregressive(chosen)
        image = in_levels(read_values(sent.get("pixels"), network, levels=256), network.config.image.levels)
        session.start = Start.upper_half(image, network.config.image.levels)
        return [chosen, *self.switch(chosen, label, pictures, seed)]

    def press_key(self, sent: Any, model: Any, pictures: Any) -> list[Any]:
        """A class key was pressed: the controls show what the canvas is already drawing."""
        choice = sent.get("label") if isinstance(sent, dict) else None
        known = model in self.drawings.cards and choice in self.drawings.choices(model)
        one = PICTURES[0] if pictures == EACH else gr.skip()
        return [choice if known else gr.skip(), one]
