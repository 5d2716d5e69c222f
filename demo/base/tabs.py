"""The tabs of the page, and the part of them that waits: nothing is loaded or computed before a user sees it.

Building the page reads cards, never weights. What a tab shows first is computed by the handler of an :class:`Opening`,
when the tab (or a view inside it) is opened for the first time. In a tab's module::

    def build(models: Models) -> None:
        opening = Opening()  # at the top of the tab or view: its place is where a notice appears
        picture = PictureView()  # empty
        opening.run(lambda: first_picture(models), [], [picture])

    TAB = Tab("draw", "Draw: PixelCNN", build)

A handler may be a generator, and may return its values by component (a ``dict``), as any handler of Gradio's. While it
runs, the page says "Loading …". Where a checkpoint is missing or damaged, the ``CheckpointError`` is shown at the place
of the ``Opening``, as one sentence with the remedy, and all other tabs work; handlers of buttons and
fields get the same from :func:`demo.base.errors.show_errors`.
"""

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Generic, TypeVar

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.events import Dependency

from demo.base.errors import SHOWN, sentence
from demo.base.events import QUIET
from demo.base.words import message_html
from gm_core import CheckpointError

M = TypeVar("M")

OPENED = "<i hidden></i>"
"""What an :class:`Opening` holds once its handler has run: nothing to see."""

SCRIPT = (Path(__file__).parent / "opening.js").read_text()


@dataclass(frozen=True)
class Tab(Generic[M]):
    """A tab of the page.

    Attributes:
        id: Its name in links.
        title: Its name on the page.
        build: Builds its components inside the current ``gr.Tab``, from the app's models, of which it loads none.
    """

    id: str
    title: str
    build: Callable[[M], None]


class Opening:
    """Runs a handler when a user first sees this part of the page, once for each time that the page is loaded.

    Create it inside the tab or view, before the components that the handler fills. One part may have several.

    Attributes:
        notice: The component; shows what went wrong, if anything.
    """

    def __init__(self) -> None:
        self.notice = gr.HTML(js_on_load=SCRIPT, elem_classes="opening", padding=False, apply_default_css=False)

    def run(
        self,
        handler: Callable[..., Any],
        inputs: Component | Sequence[Component] | None,
        outputs: Component | Sequence[Component],
        **settings: Any,
    ) -> Dependency:
        """Say what is to be done at the first opening.

        Args:
            handler: From the inputs' values to the outputs'.
            inputs: Components that it reads.
            outputs: Components that it fills.
            **settings: Of the event, where they are not to be :data:`demo.base.events.QUIET`.

        Returns:
            The event, for what is to follow it: see :meth:`then`.
        """
        event: Dependency = self.notice.opened(**self._wire(handler, inputs, outputs, settings))
        return event

    def then(
        self,
        event: Dependency,
        handler: Callable[..., Any],
        inputs: Component | Sequence[Component] | None,
        outputs: Component | Sequence[Component],
        **settings: Any,
    ) -> Dependency:
        """Say what follows, with its errors at the same place; arguments as for :meth:`run`."""
        following: Dependency = event.success(**self._wire(handler, inputs, outputs, settings))
        return following

    def _wire(self, handler: Callable[..., Any], inputs: Any, outputs: Any, settings: dict[str, Any]) -> dict[str, Any]:
        filled = [outputs] if isinstance(outputs, Component) else list(outputs)
        fn = guard(handler, self.notice, len(filled))
        return QUIET | {"fn": fn, "inputs": inputs, "outputs": [self.notice, *filled]} | settings


def guard(handler: Callable[..., Any], notice: Component, count: int) -> Callable[..., Any]:
    """A handler whose errors are shown by a notice.

    Args:
        handler: A handler of Gradio's, or a generator of its values.
        notice: Holds what went wrong, or :data:`OPENED`.
        count: How many components the handler fills.

    Returns:
        A handler that fills the notice first, then the same components.
    """

    def with_notice(values: Any) -> Any:
        if isinstance(values, dict) and all(isinstance(key, Block) for key in values):  # not a value that is one
            return {notice: OPENED, **values}
        return (OPENED, values) if count == 1 else (OPENED, *values)

    def with_error(error: Exception) -> tuple[Any, ...]:
        if isinstance(error, CheckpointError):
            logging.getLogger(__name__).warning("%s", error)
        return message_html(sentence(error)), *[gr.skip()] * count

    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def steps(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                for values in handler(*args, **kwargs):
                    yield with_notice(values)
            except SHOWN as error:
                yield with_error(error)

        return steps

    @wraps(handler)
    def step(*args: Any, **kwargs: Any) -> Any:
        try:
            return with_notice(handler(*args, **kwargs))
        except SHOWN as error:
            return with_error(error)

    return step
